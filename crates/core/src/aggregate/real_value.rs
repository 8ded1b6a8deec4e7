//! Values of an aggregate that integers and doubles are added to, of either kind.

use super::{Binned, Extreme, RealExtreme, RealSum, Sum, Value};
use crate::real::Number;

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

    /// How many numbers give each value, or have one in the bin with this lower edge; ascending. `None` unless it is a
    /// histogram.
    #[must_use]
    pub fn counts(&self) -> Option<impl Iterator<Item = (Number, u128)> + '_> {
        let (integers, reals, binned) = match self {
            Self::Histogram(values) => (Some(values), None, None),
            Self::RealHistogram(values) => (None, Some(values), None),
            Self::Binned(binned) => (None, None, Some(binned)),
            _ => return None,
        };
        let binned = binned.into_iter().flat_map(Binned::counts);
        let integers = integers.into_iter().flatten();
        let integers = integers.map(|(value, count)| (Number::Integer(*value), *count));
        let reals = reals.into_iter().flatten().map(|(value, count)| (*value, *count));
        Some(integers.chain(reals).chain(binned))
    }

    /// Adds the value of one number. Only for values of numbers: a sum, a mean, an extreme, a histogram.
    pub(crate) fn add_number(&mut self, n: i64, number: Number) {
        match (&mut *self, number) {
            (Self::RealSum(sum), Number::Real(real)) => sum.add(real),
            (Self::RealSum(sum), Number::Integer(integer)) => sum.add_integer(integer),
            (Self::Sum(sum), Number::Integer(integer)) => sum.add(Sum::from(integer)),
            (Self::Sum(sum), Number::Real(real)) => {
                let mut reals = RealSum::default();
                reals.add_integers(*sum);
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
            (Self::Binned(binned), number) => binned.add(number, count),
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
