//! Functions for the command line `evenly` and the fuzz targets. They are not part of the public interface and
//! may change in any version.

pub use crate::process::{
    EndSignals, end_is_asked_for, make_full_files_errors, raise_again, raise_broken_pipe,
    stack_limit, stop_if_asked,
};

/// The value of an expression for `n`, by evaluation of its syntax tree: the reference for its machine code.
///
/// # Errors
/// The arithmetic fault, if it has no value.
#[cfg(feature = "expression")]
pub fn value_by_tree(
    expression: &crate::function::Expression,
    n: i64,
) -> Result<i128, evenly_core::Arithmetic> {
    expression.value_by_tree(n)
}
