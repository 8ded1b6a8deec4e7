//! Aggregates: the question of each verb, and how partial answers merge.

mod answer_digest;
mod binned;
mod bins;
mod real_sum;
mod real_value;
mod sum;
mod value;

use crate::interval::Interval;
use alloc::boxed::Box;
use core::num::NonZeroU64;

pub use answer_digest::AnswerDigest;
pub use binned::Binned;
pub use bins::{Bins, MOST_BINS, UnreadableBins};
pub use real_sum::{Mean, RealExtreme, RealSum};
pub use sum::Sum;
pub use value::{Extreme, Value};

/// How many different values a histogram may have. Each takes some tens of bytes in a worker and in the
/// primary, and all of them travel.
pub const MOST_VALUES: usize = 1 << 20;

/// Whether a condition (`--where`) may leave numbers of a job out of its question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Every number has a value, or fails.
    #[default]
    Every,
    /// A number that does not satisfy the condition is done and has no value.
    Some,
}

/// What is asked about the numbers of a range.
///
/// Merging is exact and does not depend on the order in which partials arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many numbers satisfy the function.
    Count,
    /// The sum of what the function gives.
    Sum,
    /// The smallest of what the function gives, and the lowest number that gives it.
    Min,
    /// The largest of what the function gives, and the lowest number that gives it.
    Max,
    /// The numbers that satisfy the function, ascending; all of them, or the lowest `first` of them.
    Find {
        /// How many.
        first: Option<NonZeroU64>,
    },
    /// Whether one satisfies the function: the lowest that does.
    Any,
    /// Whether all satisfy the function: the lowest that does not.
    All,
    /// How many numbers give each value; at most [`MOST_VALUES`] values.
    Hist,
    /// How many numbers have a value in each of some bins.
    Binned(Bins),
    /// The mean of what the function gives.
    Mean,
    /// What the function gives for each number, ascending.
    Map,
    /// The numbers that fail, ascending; all of them, or the lowest `first` of them.
    Failures {
        /// How many.
        first: Option<NonZeroU64>,
    },
    /// What is put out for the numbers, whatever that is: passed on and not looked at.
    Run {
        /// Whether in the order of the numbers; otherwise in that in which it comes.
        in_order: bool,
    },
}

impl Aggregate {
    /// The name as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Find { .. } => "find",
            Self::Any => "any",
            Self::All => "all",
            Self::Hist | Self::Binned(_) => "hist",
            Self::Map => "map",
            Self::Mean => "mean",
            Self::Failures { .. } => "failures",
            Self::Run { .. } => "run",
        }
    }

    /// Whether it asks a question of each number that is answered by yes or no.
    #[must_use]
    pub const fn wants_truth(self) -> bool {
        match self {
            Self::Count | Self::Find { .. } | Self::Any | Self::All => true,
            Self::Sum
            | Self::Min
            | Self::Max
            | Self::Hist
            | Self::Binned(_)
            | Self::Map
            | Self::Mean
            | Self::Failures { .. }
            | Self::Run { .. } => false,
        }
    }

    /// Whether its answer is text that is written while the run goes on: lines in the order of the
    /// numbers, or what is put out for them.
    #[must_use]
    pub const fn is_streamed(self) -> bool {
        match self {
            Self::Find { .. } | Self::Map | Self::Failures { .. } | Self::Run { .. } => true,
            Self::Count
            | Self::Sum
            | Self::Min
            | Self::Max
            | Self::Any
            | Self::All
            | Self::Hist
            | Self::Binned(_)
            | Self::Mean => false,
        }
    }

    /// How many lines are wanted, if not all: the lowest.
    #[must_use]
    pub const fn first(self) -> Option<NonZeroU64> {
        match self {
            Self::Find { first } | Self::Failures { first } => first,
            Self::Count
            | Self::Sum
            | Self::Min
            | Self::Max
            | Self::Any
            | Self::All
            | Self::Hist
            | Self::Binned(_)
            | Self::Map
            | Self::Mean
            | Self::Run { .. } => None,
        }
    }

    /// Whether a number can decide the answer, so that those above it need not be tested.
    #[must_use]
    pub const fn may_end_early(self) -> bool {
        match self {
            Self::Any
            | Self::All
            | Self::Find { first: Some(_) }
            | Self::Failures { first: Some(_) } => true,
            Self::Count
            | Self::Sum
            | Self::Min
            | Self::Max
            | Self::Find { first: None }
            | Self::Hist
            | Self::Binned(_)
            | Self::Map
            | Self::Mean
            | Self::Failures { first: None }
            | Self::Run { .. } => false,
        }
    }

    /// Its bins, if it has some.
    #[must_use]
    pub const fn bins(self) -> Option<Bins> {
        match self {
            Self::Binned(bins) => Some(bins),
            _ => None,
        }
    }

    /// The byte and the word that stand for it where it travels, together with its [bins](Self::bins).
    #[must_use]
    pub const fn code(self) -> (u8, u64) {
        match self {
            Self::Count => (1, 0),
            Self::Sum => (2, 0),
            Self::Min => (3, 0),
            Self::Max => (4, 0),
            Self::Find { first: None } => (5, 0),
            Self::Find { first: Some(first) } => (5, first.get()),
            Self::Any => (6, 0),
            Self::All => (7, 0),
            Self::Hist => (8, 0),
            // The bins travel as a text of their own.
            Self::Binned(_) => (13, 0),
            Self::Map => (9, 0),
            Self::Failures { first: None } => (10, 0),
            Self::Failures { first: Some(first) } => (10, first.get()),
            Self::Run { in_order } => (11, in_order as u64),
            Self::Mean => (12, 0),
        }
    }

    /// What these stand for, if they stand for an aggregate.
    #[must_use]
    pub const fn from_code(code: u8, detail: u64, bins: Option<Bins>) -> Option<Self> {
        if let Some(bins) = bins {
            return if matches!((code, detail), (13, 0)) { Some(Self::Binned(bins)) } else { None };
        }
        Some(match (code, detail) {
            (1, 0) => Self::Count,
            (2, 0) => Self::Sum,
            (3, 0) => Self::Min,
            (4, 0) => Self::Max,
            (5, first) => Self::Find { first: NonZeroU64::new(first) },
            (6, 0) => Self::Any,
            (7, 0) => Self::All,
            (8, 0) => Self::Hist,
            (9, 0) => Self::Map,
            (10, first) => Self::Failures { first: NonZeroU64::new(first) },
            (11, 0 | 1) => Self::Run { in_order: detail == 1 },
            (12, 0) => Self::Mean,
            _ => return None,
        })
    }

    /// The value over no number at all.
    #[must_use]
    pub fn empty(self) -> Value {
        match self {
            Self::Count => Value::Count(0),
            Self::Sum => Value::Sum(Sum::ZERO),
            Self::Min => Value::Min(None),
            Self::Max => Value::Max(None),
            Self::Any | Self::All => Value::Witness(None),
            Self::Hist => Value::EMPTY_HISTOGRAM,
            Self::Binned(bins) => Value::Binned(Binned::new(bins)),
            Self::Mean => Value::Mean(Box::default()),
            Self::Find { .. } | Self::Map | Self::Run { .. } => Value::EMPTY_LINES,
            Self::Failures { .. } => Value::Nothing,
        }
    }

    /// Whether `value` can be the value over these numbers. A count above the numbers counted cannot;
    /// a peer that says so is wrong, and nothing it says is merged. `selection`: whether a condition may leave out numbers.
    #[inline]
    #[must_use]
    pub fn admits(self, value: &Value, covered: &[Interval], selection: Selection) -> bool {
        // Each number has a value, or some do.
        let is_possible = |values: u128, numbers: u128| match selection {
            Selection::Every => values == numbers,
            Selection::Some => values <= numbers,
        };
        let numbers = || covered.iter().map(Interval::len).sum::<u128>();
        let is_in = |n: i64| covered.iter().any(|interval| interval.contains(Interval::single(n)));
        match (self, value) {
            (Self::Count, Value::Count(count)) => *count <= numbers(),
            (Self::Sum, Value::Sum(_))
            | (Self::Failures { .. }, Value::Nothing)
            | (Self::Run { .. }, Value::Lines { .. }) => true,
            // A chunk may have no value at all.
            (Self::Min, Value::Min(extreme)) | (Self::Max, Value::Max(extreme)) => {
                extreme.is_none_or(|extreme| is_in(extreme.n))
            }
            // Without a number there is no double.
            (Self::Sum, Value::RealSum(_)) => numbers() > 0,
            (Self::Min, Value::RealMin(extreme)) | (Self::Max, Value::RealMax(extreme)) => {
                is_in(extreme.n)
            }
            (Self::Mean, Value::Mean(mean)) => is_possible(mean.count(), numbers()),
            (Self::Hist, Value::RealHistogram(values)) => {
                is_possible(values.values().sum(), numbers())
            }
            (Self::Binned(bins), Value::Binned(binned)) => {
                binned.bins() == bins && is_possible(binned.total(), numbers())
            }
            (Self::Any | Self::All, Value::Witness(witness)) => witness.is_none_or(is_in),
            (Self::Hist, Value::Histogram(values)) => is_possible(values.values().sum(), numbers()),
            (Self::Find { .. }, Value::Lines { lines, text }) => {
                u128::from(*lines) <= numbers() && can_be_lines(*lines, text)
            }
            (Self::Map, Value::Lines { lines, text }) => {
                is_possible(u128::from(*lines), numbers()) && can_be_lines(*lines, text)
            }
            _ => false,
        }
    }

    /// The value that a short answer stands for.
    #[inline]
    #[must_use]
    pub fn from_word(self, word: u64) -> Option<Value> {
        match (self, word) {
            (Self::Count, count) => Some(Value::Count(u128::from(count))),
            (Self::Sum, sum) => Some(Value::Sum(Sum::from(i128::from(sum.cast_signed())))),
            // Nothing was found: a found number comes in a partial that names it.
            (
                Self::Find { .. }
                | Self::Any
                | Self::All
                | Self::Map
                | Self::Failures { .. }
                | Self::Run { .. },
                0,
            ) => Some(self.empty()),
            _ => None,
        }
    }
}

/// Whether a text can be this many lines of numbers: each has at least a digit and its end. What programs
/// put out can be anything.
fn can_be_lines(lines: u64, text: &[u8]) -> bool {
    lines <= text.len() as u64 / 2 && (text.is_empty() || text.ends_with(b"\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The aggregate after this one. The match has no `_` arm, so the compiler asks for each new aggregate here.
    fn next(aggregate: Aggregate) -> Option<Aggregate> {
        Some(match aggregate {
            Aggregate::Count => Aggregate::Sum,
            Aggregate::Sum => Aggregate::Min,
            Aggregate::Min => Aggregate::Max,
            Aggregate::Max => Aggregate::Find { first: None },
            Aggregate::Find { first: None } => Aggregate::Find { first: NonZeroU64::new(7) },
            Aggregate::Find { first: Some(_) } => Aggregate::Any,
            Aggregate::Any => Aggregate::All,
            Aggregate::All => Aggregate::Hist,
            Aggregate::Hist => Aggregate::Binned("-1..1/20".parse().unwrap()),
            Aggregate::Binned(_) => Aggregate::Map,
            Aggregate::Map => Aggregate::Mean,
            Aggregate::Mean => Aggregate::Failures { first: None },
            Aggregate::Failures { first: None } => {
                Aggregate::Failures { first: NonZeroU64::new(7) }
            }
            Aggregate::Failures { first: Some(_) } => Aggregate::Run { in_order: false },
            Aggregate::Run { in_order: false } => Aggregate::Run { in_order: true },
            Aggregate::Run { in_order: true } => return None,
        })
    }

    #[test]
    fn every_aggregate_is_read_back_from_its_code_and_admits_its_empty_value() {
        for aggregate in core::iter::successors(Some(Aggregate::Count), |last| next(*last)) {
            let (code, detail) = aggregate.code();
            assert_eq!(Aggregate::from_code(code, detail, aggregate.bins()), Some(aggregate));
            assert!(aggregate.admits(&aggregate.empty(), &[], Selection::Every), "{aggregate:?}");
        }
    }
}
