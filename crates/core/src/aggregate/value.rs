//! Value of an aggregate over some numbers.

use super::{Binned, MOST_VALUES, Mean, RealExtreme, RealSum, Sum};
use crate::real::{Number, Real};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// The value of an aggregate over some numbers: the answer of a run, if these are all numbers of its range.
///
/// Its text is what the command line prints: a number for a count, a sum and a witness; the value, a tab and the number
/// for a smallest or largest value; a line for each value of a histogram; nothing where there is no value. A sum is
/// exact: it has 192 bits, and 2^64 values of 128 bits fit in it. Its text is a number if it fits in 128 bits. A sum of
/// doubles is exact, too, and its text is that of the nearest double, whatever the order of the values.
///
/// ```
/// use evenly_core::{Extreme, Sum, Value};
///
/// assert_eq!(Value::Count(50).to_string(), "50");
/// assert_eq!(Value::Sum(Sum::from(-3)).to_string(), "-3");
/// assert_eq!(Value::Min(None).to_string(), "");
///
/// let mut smallest = Value::Min(Some(Extreme { value: 4, n: 10 }));
/// smallest.merge(Value::Min(Some(Extreme { value: 4, n: 2 })));
/// assert_eq!(smallest, Value::Min(Some(Extreme { value: 4, n: 2 })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing: the aggregate asks for failures only.
    Nothing,
    /// How many numbers satisfy the function, at most 2^64.
    Count(u128),
    /// The sum of the function's values.
    Sum(Sum),
    /// The smallest value; `None` over no number.
    Min(Option<Extreme>),
    /// The largest value; `None` over no number.
    Max(Option<Extreme>),
    /// The sum of values of which one at least is a double and no [integer](Number::Integer).
    RealSum(Box<RealSum>),
    /// The smallest value, where that is such a double.
    RealMin(RealExtreme),
    /// The largest value, where that is such a double.
    RealMax(RealExtreme),
    /// For each value, how many numbers give it, where one value at least is such a double.
    RealHistogram(BTreeMap<Number, u128>),
    /// For each bin, how many numbers have a value in it.
    Binned(Binned),
    /// The mean of the function's values.
    Mean(Box<Mean>),
    /// The lowest number that decides the answer of `Any` or `All`; `None` if there is none.
    Witness(Option<i64>),
    /// For each value, how many numbers give it.
    Histogram(BTreeMap<i128, u128>),
    /// A line for some of them or for each, ascending; or what was put out for each.
    Lines {
        /// How many.
        lines: u64,
        /// A line begins with its number and ends with a newline; what was put out may be anything.
        text: Vec<u8>,
    },
}

/// A smallest or largest value, and the lowest number that gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extreme {
    /// The value.
    pub value: i128,
    /// The number.
    pub n: i64,
}

impl Value {
    pub(super) const EMPTY_HISTOGRAM: Self = Self::Histogram(BTreeMap::new());
    pub(super) const EMPTY_LINES: Self = Self::Lines { lines: 0, text: Vec::new() };

    /// Adds the value over other numbers. Lines must be those of numbers above.
    ///
    /// A count cannot overflow: it stays below the 2^64 numbers of the largest range.
    ///
    /// # Panics
    /// Where debug assertions are on, if they are values of different aggregates.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Count(one), Self::Count(other)) => *one += other,
            (Self::Sum(one), Self::Sum(other)) => one.add(other),
            (one, other) => one.merge_others(other),
        }
    }

    /// Whether it is a histogram of more values than one may have.
    #[must_use]
    pub fn has_too_many_values(&self) -> bool {
        match self {
            Self::Histogram(values) => values.len() > MOST_VALUES,
            Self::RealHistogram(values) => values.len() > MOST_VALUES,
            _ => false,
        }
    }

    fn merge_others(&mut self, other: Self) {
        match (self, other) {
            (Self::Min(one), Self::Min(other)) => {
                *one = better(*one, other, |value, best| value < best);
            }
            (Self::Max(one), Self::Max(other)) => {
                *one = better(*one, other, |value, best| value > best);
            }
            (Self::Witness(one), Self::Witness(other)) => {
                *one = match (*one, other) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
            (Self::RealSum(one), Self::RealSum(other)) => one.merge(*other),
            (Self::RealSum(one), Self::Sum(other)) => one.add_integers(other),
            (one, Self::RealSum(mut other)) => {
                if let Self::Sum(one) = one {
                    other.add_integers(*one);
                }
                *one = Self::RealSum(other);
            }
            (Self::Mean(one), Self::Mean(other)) => one.merge(*other),
            (one, other @ (Self::Min(_) | Self::RealMin(_))) => one.merge_least(other.extreme()),
            (one, other @ (Self::Max(_) | Self::RealMax(_))) => one.merge_largest(other.extreme()),
            (Self::Histogram(one), Self::Histogram(other)) => {
                for (value, count) in other {
                    *one.entry(value).or_default() += count;
                }
            }
            (Self::Binned(one), Self::Binned(other)) => one.merge(&other),
            (one, Self::Histogram(other)) => {
                for (value, count) in other {
                    one.count_values(Number::Integer(value), count);
                }
            }
            (one, Self::RealHistogram(other)) => {
                for (value, count) in other {
                    one.count_values(value, count);
                }
            }
            (Self::Lines { lines, text }, Self::Lines { lines: more, text: others }) => {
                *lines += more;
                if text.is_empty() {
                    *text = others;
                } else {
                    text.extend_from_slice(&others);
                }
            }
            (Self::Nothing, Self::Nothing) => {}
            (one, other) => debug_assert!(false, "{one:?} and {other:?} do not merge"),
        }
    }

    /// The word that stands for it in a short answer, if one does; see
    /// [`Aggregate::from_word`](super::Aggregate::from_word).
    #[inline]
    #[must_use]
    pub fn word(&self) -> Option<u64> {
        match self {
            Self::Count(count) => u64::try_from(*count).ok(),
            Self::Sum(sum) => {
                let sum = i64::try_from(sum.number()?).ok()?;
                Some(sum.cast_unsigned())
            }
            Self::Witness(None) | Self::Nothing | Self::Lines { lines: 0, .. } => Some(0),
            _ => None,
        }
    }

    /// About how many bytes of memory it takes beside its own.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Histogram(values) => 40 * values.len(),
            Self::RealHistogram(values) => 56 * values.len(),
            Self::Binned(binned) => binned.weight(),
            Self::RealSum(_) => size_of::<RealSum>(),
            Self::Mean(_) => size_of::<Mean>(),
            Self::Lines { text, .. } => text.len(),
            _ => 0,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing | Self::Min(None) | Self::Max(None) | Self::Witness(None) => Ok(()),
            Self::Count(count) => write!(f, "{count}"),
            Self::Sum(sum) => match sum.number() {
                Some(number) => write!(f, "{number}"),
                None => f.write_str("more than 128 bits"),
            },
            Self::Min(Some(extreme)) | Self::Max(Some(extreme)) => {
                write!(f, "{}\t{}", extreme.value, extreme.n)
            }
            Self::RealSum(sum) => write_real(f, sum.rounded()),
            Self::RealMin(extreme) | Self::RealMax(extreme) => {
                write!(f, "{}\t{}", extreme.value, extreme.n)
            }
            Self::Mean(mean) if mean.count() == 0 => Ok(()),
            Self::Mean(mean) => write_real(f, mean.rounded()),
            Self::RealHistogram(values) => {
                values.iter().try_for_each(|(value, count)| writeln!(f, "{value}\t{count}"))
            }
            Self::Binned(binned) => {
                binned.rows().try_for_each(|(edge, count)| writeln!(f, "{edge}\t{count}"))
            }
            Self::Witness(Some(n)) => write!(f, "{n}"),
            Self::Histogram(values) => {
                values.iter().try_for_each(|(value, count)| writeln!(f, "{value}\t{count}"))
            }
            Self::Lines { text, .. } => f.write_str(core::str::from_utf8(text).unwrap_or_default()),
        }
    }
}

fn write_real(f: &mut fmt::Formatter<'_>, real: Option<Real>) -> fmt::Result {
    match real {
        Some(real) => write!(f, "{real}"),
        None => f.write_str("inf and -inf"),
    }
}

/// The better of two, and of two that are as good the one of the lower number.
fn better(
    one: Option<Extreme>,
    other: Option<Extreme>,
    is_better: fn(i128, i128) -> bool,
) -> Option<Extreme> {
    let (Some(a), Some(b)) = (one, other) else { return one.or(other) };
    let is_b = is_better(b.value, a.value) || (a.value == b.value && b.n < a.n);
    Some(if is_b { b } else { a })
}
