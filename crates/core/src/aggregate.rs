//! Aggregates: how the answers over parts of a range become the answer over all of it.

use core::fmt;

/// What is asked about the numbers of a range.
///
/// Merging is exact and does not depend on the order in which partials arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many numbers satisfy the function.
    Count,
}

/// The value of an aggregate over some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// How many of them satisfy the function, at most 2^64.
    Count(u128),
}

impl Aggregate {
    /// The name as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
        }
    }

    /// The value over no number at all.
    #[must_use]
    pub const fn empty(self) -> Value {
        match self {
            Self::Count => Value::Count(0),
        }
    }

    /// Whether `value` can be the value over `numbers` numbers. A count above the numbers counted
    /// cannot; a peer that says so is wrong, and nothing it says is merged.
    #[inline]
    #[must_use]
    pub const fn admits(self, value: Value, numbers: u128) -> bool {
        match (self, value) {
            (Self::Count, Value::Count(count)) => count <= numbers,
        }
    }
}

impl Value {
    /// The value over both the numbers of this one and those of `other`, which must be disjoint.
    ///
    /// A count cannot overflow: it stays below the 2^64 numbers of the largest range.
    #[must_use]
    pub const fn merge(self, other: Self) -> Self {
        match (self, other) {
            (Self::Count(one), Self::Count(other)) => Self::Count(one + other),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}
