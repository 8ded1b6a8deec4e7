//! Tree-walking evaluator of expressions: the reference for the machine code.

use super::compute;
use super::tree::{Node, NodeForm};
use evenly_core::Arithmetic;

/// The value for `n`; of a truth value, 0 or 1.
///
/// # Errors
/// Why it has none.
pub(crate) fn evaluate(node: &Node, n: i64) -> Result<i128, Arithmetic> {
    match &node.what {
        NodeForm::N => Ok(n.into()),
        NodeForm::Constant(value) => Ok(*value),
        NodeForm::One(function, x) => compute::one(*function, evaluate(x, n)?),
        NodeForm::Two(function, a, b) => compute::two(*function, evaluate(a, n)?, evaluate(b, n)?),
        NodeForm::Compare(comparison, a, b) => {
            Ok(compute::compare(*comparison, evaluate(a, n)?, evaluate(b, n)?).into())
        }
        NodeForm::Both(a, b) if evaluate(a, n)? == 1 => evaluate(b, n),
        NodeForm::Both(..) => Ok(0),
        NodeForm::Either(a, b) if evaluate(a, n)? == 0 => evaluate(b, n),
        NodeForm::Either(..) => Ok(1),
        NodeForm::If(condition, yes, no) => {
            evaluate(if evaluate(condition, n)? == 1 { yes } else { no }, n)
        }
        NodeForm::Call(function, arguments) => {
            let values = arguments.iter().map(|argument| evaluate(argument, n));
            function.value(&values.collect::<Result<Vec<_>, _>>()?)
        }
    }
}
