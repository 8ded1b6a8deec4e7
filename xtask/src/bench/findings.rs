//! Result of one section of the benchmark: its table, and the errors of contenders in it.

use crate::table::Table;

pub(crate) struct Findings {
    pub(crate) table: Table,
    pub(crate) failures: Vec<String>,
}
