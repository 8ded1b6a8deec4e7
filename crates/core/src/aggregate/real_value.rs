//! Parts of a value that are no integers: sums, smallest and largest values, means.

use super::{Extreme, Sum, Value};
use crate::real::{ExactSum, Number, Real};
use alloc::vec::Vec;

/// A sum of integers and doubles, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealSum {
    integers: Sum,
    reals: ExactSum,
}

impl RealSum {
    /// Adds an integer.
    #[inline]
    pub fn add_integer(&mut self, integer: i128) {
        self.integers.add(Sum::from(integer));
    }

    /// Adds a double.
    #[inline]
    pub fn add(&mut self, real: Real) {
        self.reals.add(real);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.integers.add(other.integers);
        self.reals.merge(other.reals);
    }

    pub(super) fn add_integers(&mut self, integers: Sum) {
        self.integers.add(integers);
    }

    /// The double that is nearest to it; `None` if it has an infinity and a negative one.
    #[must_use]
    pub fn rounded(&self) -> Option<Real> {
        self.divided(1)
    }

    fn divided(&self, by: u128) -> Option<Real> {
        let mut sum = self.reals.clone();
        sum.add_integer(self.integers);
        sum.divided(by)
    }

    pub(super) fn residues(&self) -> (u128, u64) {
        (self.integers.low_bits(), self.reals.residue())
    }

    /// Appends its bytes: 24 of the integers, and those of the doubles.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.integers.to_bytes());
        self.reals.encode(out);
    }

    /// What has these bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (integers, reals) = bytes.split_first_chunk()?;
        Some(Self { integers: Sum::from_bytes(integers), reals: ExactSum::decode(reals)? })
    }
}

/// The mean of some values: their sum and their count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    pub(crate) count: u128,
    pub(crate) sum: RealSum,
}

impl Mean {
    /// The mean of this many values with this sum.
    #[must_use]
    pub fn new(count: u128, sum: Sum) -> Self {
        Self { count, sum: RealSum { integers: sum, ..RealSum::default() } }
    }

    /// The double that is nearest to the mean; `None` of no value, and if an infinity and a negative one are among
    /// the values.
    #[must_use]
    pub fn rounded(&self) -> Option<Real> {
        self.sum.divided(self.count)
    }

    /// How many values it is of.
    #[must_use]
    pub const fn count(&self) -> u128 {
        self.count
    }

    /// Adds the values of other numbers.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum.merge(other.sum);
    }
}

/// A smallest or largest value that is a double and no [integer](Number::Integer), and the lowest number that gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealExtreme {
    /// The value.
    pub value: Real,
    /// The number.
    pub n: i64,
}

/// Any smallest or largest value, and its number.
type Best = (Number, i64);

impl Value {
    /// A smallest or largest value and its number, if it is such a value and there is one.
    #[must_use]
    pub const fn extreme(&self) -> Option<(Number, i64)> {
        match self {
            Self::Min(Some(Extreme { value, n })) | Self::Max(Some(Extreme { value, n })) => {
                Some((Number::Integer(*value), *n))
            }
            Self::RealMin(RealExtreme { value, n }) | Self::RealMax(RealExtreme { value, n }) => {
                Some((Number::Real(*value), *n))
            }
            _ => None,
        }
    }

    fn of_min((value, n): Best) -> Self {
        match value {
            Number::Integer(value) => Self::Min(Some(Extreme { value, n })),
            Number::Real(value) => Self::RealMin(RealExtreme { value, n }),
        }
    }

    fn of_max((value, n): Best) -> Self {
        match value {
            Number::Integer(value) => Self::Max(Some(Extreme { value, n })),
            Number::Real(value) => Self::RealMax(RealExtreme { value, n }),
        }
    }

    /// How many numbers give each value, ascending; `None` unless it is a histogram.
    #[must_use]
    pub fn counts(&self) -> Option<impl Iterator<Item = (Number, u128)> + '_> {
        let (integers, reals) = match self {
            Self::Histogram(values) => (Some(values), None),
            Self::RealHistogram(values) => (None, Some(values)),
            _ => return None,
        };
        let integers = integers.into_iter().flatten();
        let integers = integers.map(|(value, count)| (Number::Integer(*value), *count));
        let reals = reals.into_iter().flatten().map(|(value, count)| (*value, *count));
        Some(integers.chain(reals))
    }

    /// Adds the value of one number. Only for values of numbers: a sum, a mean, an extreme, a histogram.
    pub(crate) fn add_number(&mut self, n: i64, number: Number) {
        match (&mut *self, number) {
            (Self::RealSum(sum), Number::Real(real)) => sum.add(real),
            (Self::RealSum(sum), Number::Integer(integer)) => sum.add_integer(integer),
            (Self::Sum(sum), Number::Integer(integer)) => sum.add(Sum::from(integer)),
            (Self::Sum(sum), Number::Real(real)) => {
                let mut reals = RealSum { integers: *sum, ..RealSum::default() };
                reals.add(real);
                *self = Self::RealSum(reals.into());
            }
            (Self::Mean(mean), number) => {
                mean.count += 1;
                match number {
                    Number::Integer(integer) => mean.sum.add_integer(integer),
                    Number::Real(real) => mean.sum.add(real),
                }
            }
            (Self::Min(_) | Self::RealMin(_), _) => self.merge_least(Some((number, n))),
            (Self::Max(_) | Self::RealMax(_), _) => self.merge_largest(Some((number, n))),
            _ => self.count_values(number, 1),
        }
    }

    /// Adds to the count of a value. Only for a histogram.
    pub fn count_values(&mut self, number: Number, count: u128) {
        match (&mut *self, number) {
            (Self::Histogram(values), Number::Integer(integer)) => {
                *values.entry(integer).or_default() += count;
            }
            (Self::Histogram(values), Number::Real(_)) => {
                let values = core::mem::take(values).into_iter();
                let integers = values.map(|(value, count)| (Number::Integer(value), count));
                *self = Self::RealHistogram(integers.collect());
                self.count_values(number, count);
            }
            (Self::RealHistogram(values), number) => *values.entry(number).or_default() += count,
            (one, _) => debug_assert!(false, "values are no part of {one:?}"),
        }
    }

    pub(super) fn merge_least(&mut self, other: Option<Best>) {
        if let Some(best) = better(self.extreme(), other, |new, old| new.place() < old.place()) {
            *self = Self::of_min(best);
        }
    }

    pub(super) fn merge_largest(&mut self, other: Option<Best>) {
        if let Some(best) = better(self.extreme(), other, |new, old| new.place() > old.place()) {
            *self = Self::of_max(best);
        }
    }
}

/// The better of two, and of two that are as good the one of the lower number.
fn better(
    one: Option<Best>,
    other: Option<Best>,
    is_better: fn(Number, Number) -> bool,
) -> Option<Best> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let is_as_good = a.0.place() == b.0.place();
    Some(if is_better(b.0, a.0) || is_as_good && b.1 < a.1 { b } else { a })
}

#[cfg(test)]
mod tests;
