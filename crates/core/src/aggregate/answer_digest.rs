//! Digest of an answer: a few bytes by which two answers to the same chunk are compared.

use super::{Aggregate, Value};
use crate::real::{PRIME, Place};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What remains of a value when it is compared with another over the same numbers. It is small however
/// long the value is, and that of a whole follows from those of its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerDigest {
    /// Of counts and sums, of the counts and lines of different numbers: they add up.
    sum: u128,
    /// Of doubles: their sum modulo a prime.
    residue: u64,
    /// Of those that only compare.
    smallest: Option<(Place, i64)>,
}

impl AnswerDigest {
    /// That of a value. `Max` is turned round, so that the smallest is kept.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let sum = |sum| Self { sum, ..Self::default() };
        let smallest = |smallest| Self { smallest, ..Self::default() };
        match value {
            Value::Nothing => Self::default(),
            Value::Count(count) => sum(*count),
            Value::Sum(one) => sum(one.low_bits()),
            Value::RealSum(one) => {
                let (sum, residue) = one.residues();
                Self { sum, residue, ..Self::default() }
            }
            Value::Mean(mean) => {
                let (sum, residue) = mean.sum.residues();
                Self { sum: sum.wrapping_add(mean.count << 64), residue, ..Self::default() }
            }
            Value::Min(_) | Value::RealMin(_) => {
                smallest(value.extreme().map(|(value, n)| (value.place(), n)))
            }
            Value::Max(_) | Value::RealMax(_) => {
                smallest(value.extreme().map(|(value, n)| (value.place().turned(), n)))
            }
            Value::Witness(witness) => smallest(witness.map(|n| (Place::of_integer(0), n))),
            Value::Histogram(values) => {
                sum(values.iter().fold(0, |sum, (value, count)| add_count(sum, *value, 0, *count)))
            }
            Value::RealHistogram(values) => sum(values.iter().fold(0, |sum, (value, count)| {
                let Place { whole, rest } = value.place();
                add_count(sum, whole, rest.cast_unsigned(), *count)
            })),
            Value::Binned(binned) => sum(binned
                .indices()
                .fold(0, |sum, (row, count)| add_count(sum, row.into(), 0, count))),
            Value::Lines { text, .. } => {
                sum(text.split_inclusive(|byte| *byte == b'\n').fold(0, |sum: u128, line| {
                    sum.wrapping_add(u128::from(xxh3_64_with_seed(line, 0)))
                }))
            }
        }
    }

    /// Two different values as integers, for a message; `None` if they are not both integers of 64 bits.
    pub(crate) fn integers(both: [Self; 2], aggregate: Aggregate) -> Option<[i64; 2]> {
        let integer = |digest: &Self| {
            if digest.residue > 0 {
                return None;
            }
            let value = match aggregate {
                Aggregate::Count | Aggregate::Sum => digest.sum.cast_signed(),
                Aggregate::Min => digest.smallest?.0.integer()?,
                Aggregate::Max => digest.smallest?.0.turned().integer()?,
                Aggregate::Find { .. }
                | Aggregate::Any
                | Aggregate::All
                | Aggregate::Hist
                | Aggregate::Binned(_)
                | Aggregate::Map
                | Aggregate::Mean
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
        self.residue = (self.residue + other.residue) % PRIME;
        self.smallest = match (self.smallest, other.smallest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Adds how many numbers give a value, which is an integer where `rest` is 0.
fn add_count(sum: u128, whole: i128, rest: u64, count: u128) -> u128 {
    let hash = u128::from(xxh3_64_with_seed(&whole.to_le_bytes(), rest));
    sum.wrapping_add(hash.wrapping_mul(count))
}
