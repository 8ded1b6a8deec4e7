//! Real values: doubles without NaN, their text, and their order beside integers.

mod exact_sum;
mod number;

pub use exact_sum::ExactSum;
pub(crate) use exact_sum::PRIME;
pub use number::{Number, UnreadableNumber};

use core::cmp::Ordering;
use core::fmt;

/// A double (IEEE 754 binary64) that is a value: any but NaN. Its zero has no sign.
///
/// Its text is the shortest decimal that reads back as the same double, and has an exponent below 1e-4 and
/// from 1e16 on. Whole doubles have no `.0`; infinities are `inf` and `-inf`.
///
/// ```
/// use evenly_core::real::Real;
///
/// let text = |value| Real::new(value).unwrap().to_string();
/// assert_eq!([text(0.1), text(-0.0), text(2.5e-5)], ["0.1", "0", "2.5e-5"]);
/// assert_eq!([text(1e15), text(1e16), text(f64::INFINITY)], ["1000000000000000", "1e16", "inf"]);
/// assert_eq!(Real::new(f64::NAN), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Real(f64);

/// Doubles below this magnitude are written with an exponent.
const SMALLEST_PLAIN: f64 = 1e-4;
/// Doubles from this magnitude on are written with an exponent.
const LEAST_LARGE: f64 = 1e16;

/// -2^127 and 2^127: below the first and from the second on, a double is beyond every integer of 128 bits.
const INTEGERS: [f64; 2] = [i128::MIN as f64, -(i128::MIN as f64)];

impl Real {
    /// This double; `None` for NaN. -0 becomes 0.
    #[inline]
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        // -0 + 0 is 0.
        (!value.is_nan()).then_some(Self(value + 0.0))
    }

    /// The double.
    #[inline]
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Its eight bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// What has these bytes; `None` for NaN and -0.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        let value = f64::from_le_bytes(bytes);
        Self::new(value).filter(|real| real.0.to_bits() == value.to_bits())
    }

    /// Its place among integers and doubles.
    pub(crate) fn place(self) -> Place {
        let [least, beyond] = INTEGERS;
        let below_next = |difference: f64| {
            let bits = difference.to_bits().cast_signed();
            // Of negative doubles, those with larger bits are smaller.
            bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
        };
        if self.0 >= beyond {
            return Place { whole: i128::MAX, rest: below_next(self.0) };
        }
        if self.0 < least {
            return Place { whole: i128::MIN, rest: below_next(self.0) };
        }
        // This cuts off what is behind the point, and the difference is exact.
        let whole = self.0 as i128;
        Place { whole, rest: below_next(self.0 - whole as f64) }
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Real {}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = self;
        let magnitude = value.abs();
        let is_plain = magnitude == 0.0
            || (SMALLEST_PLAIN..LEAST_LARGE).contains(&magnitude)
            || value.is_infinite();
        if is_plain { write!(f, "{value}") } else { write!(f, "{value:e}") }
    }
}

/// Place of a value in the order of all integers of 128 bits and all doubles. Equal values have the same place.
///
/// `whole` is the value without what is behind its point, and `rest` stands for that. Values beyond 128 bits have the
/// nearest integer as `whole`, and `rest` stands for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) whole: i128,
    pub(crate) rest: i64,
}

impl Place {
    /// That of an integer.
    pub(crate) const fn of_integer(whole: i128) -> Self {
        Self { whole, rest: 0 }
    }

    /// The integer that is here, if one is.
    pub(crate) const fn integer(self) -> Option<i128> {
        if self.rest == 0 { Some(self.whole) } else { None }
    }

    /// A place in the reversed order.
    pub(crate) const fn turned(self) -> Self {
        Self { whole: !self.whole, rest: !self.rest }
    }
}

#[cfg(test)]
mod tests;
