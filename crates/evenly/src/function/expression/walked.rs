//! An expression as a function, by walking over its tree for each number.

use super::{ExpressionError, Understood, evaluate, understand};
use crate::function::{Function, Kind};
use evenly_core::{Cause, Interval, Range, Tally};

/// So many nodes are walked over in a moment: about a millisecond.
const MOMENT: u64 = 100_000;

/// An expression in `n` over the numbers of a range, with what deserves a word although it is right, a
/// line each. It must not be applied to other numbers.
///
/// ```
/// use evenly::{Range, function};
///
/// let (expression, hints) = function::expression("n % 7 == 3", Range::new(0, 100)?)?;
/// assert_eq!(expression.name(), "n % 7 == 3");
/// assert!(hints.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What is wrong with it, and where. That includes an operation that fails for every number.
pub fn expression(
    source: &str,
    range: Range,
) -> Result<(Box<dyn Function>, Vec<String>), ExpressionError> {
    let Understood { tree, hints } = understand(source, range.interval())?;
    Ok((Box::new(Walked { source: source.to_owned(), tree }), hints))
}

struct Walked {
    source: String,
    tree: super::tree::Node,
}

impl Function for Walked {
    fn name(&self) -> &str {
        &self.source
    }

    fn kind(&self) -> Kind {
        self.tree.kind
    }

    fn opening(&self) -> u64 {
        // No part is written in less than a character.
        (MOMENT / self.source.len().max(1) as u64).clamp(1, 1000)
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        for n in slice.first()..=slice.last() {
            match (evaluate(&self.tree, n), self.tree.kind) {
                (Ok(value), Kind::Truth) => tally.truth(n, value != 0),
                (Ok(value), Kind::Integer) => tally.number(n, value),
                (Err(why), _) => tally.fail(n, Cause::Arithmetic(why)),
            }
            if tally.is_full() {
                return n;
            }
        }
        slice.last()
    }
}
