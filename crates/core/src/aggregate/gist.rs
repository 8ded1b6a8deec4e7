//! Digest of an answer: a few bytes by which two answers to the same chunk are compared.

use super::{Aggregate, Extreme, Value};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What remains of a value when it is compared with another over the same numbers. It is small however
/// long the value is, and that of a whole follows from those of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gist {
    /// Of counts and sums, of the counts and lines of different numbers: they add up.
    sum: u128,
    /// Of those that only compare.
    smallest: Option<(i128, i64)>,
}

impl Gist {
    /// That of a value. `Max` is turned round, so that the smallest is kept.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let sum = |sum| Self { sum, smallest: None };
        let smallest = |extreme: &Option<Extreme>, turned: fn(i128) -> i128| Self {
            sum: 0,
            smallest: extreme.map(|extreme| (turned(extreme.value), extreme.n)),
        };
        match value {
            Value::Nothing => Self::default(),
            Value::Count(count) => sum(*count),
            Value::Sum(one) => sum(one.low_bits()),
            Value::Min(extreme) => smallest(extreme, |value| value),
            Value::Max(extreme) => smallest(extreme, |value| !value),
            Value::Witness(witness) => Self { sum: 0, smallest: witness.map(|n| (0, n)) },
            Value::Histogram(values) => sum(values.iter().fold(0, |sum: u128, (value, count)| {
                let hash = u128::from(xxh3_64_with_seed(&value.to_le_bytes(), 0));
                sum.wrapping_add(hash.wrapping_mul(*count))
            })),
            Value::Lines { text, .. } => {
                sum(text.split_inclusive(|byte| *byte == b'\n').fold(0, |sum: u128, line| {
                    sum.wrapping_add(u128::from(xxh3_64_with_seed(line, 0)))
                }))
            }
        }
    }

    /// Two different values as integers, for a message; `None` if they are not both integers of 64 bits.
    pub(crate) fn integers(both: [Self; 2], aggregate: Aggregate) -> Option<[i64; 2]> {
        let integer = |gist: &Self| {
            let value = match aggregate {
                Aggregate::Count | Aggregate::Sum => gist.sum.cast_signed(),
                Aggregate::Min => gist.smallest?.0,
                Aggregate::Max => !gist.smallest?.0,
                Aggregate::Find { .. }
                | Aggregate::Any
                | Aggregate::All
                | Aggregate::Hist
                | Aggregate::Map
                | Aggregate::Failures { .. }
                | Aggregate::Run { .. } => return None,
            };
            i64::try_from(value).ok()
        };
        let [one, other] = [integer(&both[0])?, integer(&both[1])?];
        // Of extremes, the numbers alone may differ.
        (one != other).then_some([one, other])
    }

    /// Adds that of other numbers.
    pub fn add(&mut self, other: Self) {
        self.sum = self.sum.wrapping_add(other.sum);
        self.smallest = match (self.smallest, other.smallest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}
