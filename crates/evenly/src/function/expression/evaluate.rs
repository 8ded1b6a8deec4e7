//! Tree-walking evaluator of expressions: the reference for the machine code.

use super::compute;
use super::tree::{Node, What};
use evenly_core::Arithmetic;

/// The value for `n`; of a truth value, 0 or 1.
///
/// # Errors
/// Why it has none.
pub(crate) fn evaluate(node: &Node, n: i64) -> Result<i128, Arithmetic> {
    match &node.what {
        What::N => Ok(n.into()),
        What::Constant(value) => Ok(*value),
        What::One(function, x) => compute::one(*function, evaluate(x, n)?),
        What::Two(function, a, b) => compute::two(*function, evaluate(a, n)?, evaluate(b, n)?),
        What::Compare(comparison, a, b) => {
            Ok(compute::compare(*comparison, evaluate(a, n)?, evaluate(b, n)?).into())
        }
        What::Both(a, b) if evaluate(a, n)? == 1 => evaluate(b, n),
        What::Both(..) => Ok(0),
        What::Either(a, b) if evaluate(a, n)? == 0 => evaluate(b, n),
        What::Either(..) => Ok(1),
        What::If(condition, yes, no) => {
            evaluate(if evaluate(condition, n)? == 1 { yes } else { no }, n)
        }
    }
}
