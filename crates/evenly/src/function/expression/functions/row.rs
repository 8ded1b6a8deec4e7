//! A row of the table of named functions, and bounds that several rows give.

use crate::function::Kind;
use crate::function::expression::reach::{Bounds, BoundsResult};
use evenly_core::Arithmetic;

/// A named function with a fixed number of arguments. A name with an optional argument has two rows.
pub(super) struct Row {
    /// How it is written, for example `powmod(a, b, m)`: this has its name and the number of its arguments.
    pub(super) form: &'static str,
    pub(super) summary: &'static str,
    /// An expression with its value.
    pub(super) example: (&'static str, &'static str),
    pub(super) gives: Kind,
    /// In units of about an addition.
    pub(super) cost: u64,
    /// Limits of the arguments, outside of which it fails.
    pub(super) domain: &'static [Limit],
    /// Bounds of the result, for arguments within the domain.
    pub(super) bounds: fn(&[Bounds]) -> BoundsResult,
    /// The value, for arguments within the domain.
    pub(super) value: fn(&[i128]) -> Result<i128, Arithmetic>,
}

/// A version of a function for arguments of 64 bits, which machine code calls directly. The arguments are within the
/// domain, and the result fits 64 bits.
#[derive(Clone, Copy)]
pub(crate) enum NarrowFunction {
    One(extern "C" fn(i64) -> i64),
    Two(extern "C" fn(i64, i64) -> i64),
}

impl NarrowFunction {
    /// Where it is.
    pub(crate) fn address(self) -> usize {
        match self {
            Self::One(function) => function as usize,
            Self::Two(function) => function as usize,
        }
    }
}

/// Limits of one argument, and the failure on either side of them.
pub(super) struct Limit {
    pub(super) argument: usize,
    pub(super) low: i128,
    pub(super) high: i128,
    pub(super) below: Arithmetic,
    pub(super) above: Arithmetic,
}

impl Limit {
    pub(super) const fn at_least(argument: usize, low: i128, below: Arithmetic) -> Self {
        Self { argument, low, high: i128::MAX, below, above: Arithmetic::Overflow }
    }
}

/// A result that lies between these, and never fails.
pub(super) fn between(low: i128, high: i128) -> BoundsResult {
    Bounds::new(low, high).reach(false)
}

/// Between the values for two lists of arguments, the first of which gives the least value and the second the
/// greatest. What is beyond 128 bits fails.
pub(super) fn from_to(
    value: fn(&[i128]) -> Result<i128, Arithmetic>,
    least: &[i128],
    greatest: &[i128],
) -> BoundsResult {
    let low = value(least)?;
    match value(greatest) {
        Ok(high) => between(low, high),
        Err(_) => Bounds::new(low, i128::MAX).reach(true),
    }
}

/// A truth value.
pub(super) fn truth(_: &[Bounds]) -> BoundsResult {
    Bounds::TRUTH.reach(false)
}
