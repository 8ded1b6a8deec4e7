//! At-most-once setting of a plan.
//!
//! `oracle/begin_ledger` and `oracle/begin_rules` check it.

use evenly_core::scheduler::Counts;

/// What begins at once where nothing may begin twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtMostOnce {
    pub(crate) counts: Counts,
    /// Whether a worker begins all numbers of a chunk together.
    pub(crate) is_whole: bool,
}
