//! Expressions in n: their language, and the compiler for it.
//!
//! `n % 7 == 3 && prime(n)` goes from characters to words ([`lex`]), from words to what was written
//! ([`parse`], [`syntax`]), and from there to a [`tree`] that makes sense ([`check`]): of the right
//! kinds, with [`bounds`] for every part over the range, and refused if it must fail. The rules of
//! its arithmetic are in [`compute`].

mod bounds;
mod check;
mod code;
mod compiled;
pub(crate) mod compute;
mod error;
mod evaluate;
mod filter;
mod filtered;
pub(crate) mod functions;
mod hints;
pub(crate) mod items;
mod lex;
mod linear;
mod loop_bounds;
mod names;
mod operations;
mod parse;
mod prime_windows;
mod reach;
mod reduction;
mod selected;
mod syntax;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
mod width;
mod windows;

pub use compiled::{Expression, UnusableExpression, expression, expression_over};
pub use error::{ExpressionError, Fault, Place};
use evenly_core::Interval;
pub use operations::{Operation, operations};
use reach::Bounds;
use tree::Node;

/// What an expression says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Understood {
    pub(crate) tree: Node,
    /// What deserves a word although it is right, a line each.
    pub(crate) hints: Vec<String>,
}

/// What the source says about the numbers of a range; without one, about all that there may be, and
/// without hints.
///
/// # Errors
/// What is wrong with it, and where. That includes an operation that fails for every number.
pub(crate) fn understand(
    source: &str,
    range: Option<Interval>,
) -> Result<Understood, ExpressionError> {
    understand_behind("", source, range)
}

/// The same for a source behind definitions, which are ASCII. Columns count from the source on.
pub(crate) fn understand_behind(
    definitions: &str,
    source: &str,
    range: Option<Interval>,
) -> Result<Understood, ExpressionError> {
    let before = definitions.len();
    let whole = format!("{definitions}{source}");
    understand_whole(&whole, before, range).map_err(|error| ExpressionError {
        column: error.column.saturating_sub(before).max(1),
        ..error
    })
}

fn understand_whole(
    source: &str,
    before: usize,
    range: Option<Interval>,
) -> Result<Understood, ExpressionError> {
    let n = range.map_or((i64::MIN, i64::MAX), |range| (range.first(), range.last()));
    let syntax = parse::parse(source)?;
    let tree = check::check(source, &syntax, Bounds::new(n.0.into(), n.1.into()))?;
    let hints = if range.is_some() { hints::hints(&tree, before) } else { Vec::new() };
    Ok(Understood { tree, hints })
}
