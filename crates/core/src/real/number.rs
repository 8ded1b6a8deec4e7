//! Value that is an integer of 128 bits or a double, and its reading from text.

use super::{LEAST_LARGE, Place, Real};
use core::cmp::Ordering;
use core::fmt;

/// A value: an integer of 128 bits, or a double.
///
/// A whole double below 1e16 is an integer, so 5 and 5.0 are the same value. The text of a value reads back as it.
///
/// ```
/// use evenly_core::real::Number;
///
/// let read = |text: &str| text.parse::<Number>().unwrap();
/// assert_eq!(read("5.0"), Number::Integer(5));
/// assert_eq!(read("1e3"), Number::Integer(1000));
/// assert_eq!(read("-007").to_string(), "-7");
/// assert_eq!(read("0.10").to_string(), "0.1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// An integer.
    Integer(i128),
    /// A double that is not whole, or has a magnitude of 1e16 or more.
    Real(Real),
}

impl Number {
    /// The value of a double; `None` for NaN.
    #[inline]
    #[must_use]
    pub fn of(value: f64) -> Option<Self> {
        let integer = value as i64;
        if integer as f64 == value && value.abs() < LEAST_LARGE {
            return Some(Self::Integer(integer.into()));
        }
        Real::new(value).map(Self::Real)
    }

    /// What a program printed: as [`from_str`](core::str::FromStr::from_str), but for an integer of 128 bits whose units
    /// are not written, such as `1.3701e+10`. Programs that compute in doubles round integers so, and a rounded integer
    /// is no exact value.
    ///
    /// # Errors
    /// If it says no value, or a rounded integer.
    pub fn printed(text: &str) -> Result<Self, UnreadableNumber> {
        let number: Self = text.parse()?;
        let is_beyond = matches!(number.place().whole, i128::MAX | i128::MIN);
        if is_beyond || are_units_written(text) {
            Ok(number)
        } else {
            Err(UnreadableNumber::Rounded)
        }
    }

    /// The value of a double, unless that is an integer.
    #[must_use]
    pub fn real(value: Real) -> Option<Real> {
        matches!(Self::of(value.get()), Some(Self::Real(_))).then_some(value)
    }

    pub(crate) fn place(self) -> Place {
        match self {
            Self::Integer(integer) => Place::of_integer(integer),
            Self::Real(real) => real.place(),
        }
    }
}

/// By value; of the same value the integer is first.
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let is_real = |number: &Self| matches!(number, Self::Real(_));
        (self.place(), is_real(self)).cmp(&(other.place(), is_real(other)))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Real(real) => real.fmt(f),
        }
    }
}

/// Why a text is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableNumber {
    /// It says NaN.
    #[error("not a number")]
    NotANumber,
    /// It is an integer whose last digits are not written.
    #[error("a rounded integer")]
    Rounded,
    /// It is no decimal, or beyond what is computed with.
    #[error("no decimal")]
    Malformed,
}

impl core::str::FromStr for Number {
    type Err = UnreadableNumber;

    /// Reads an integer of 128 bits, which may have a sign, leading zeros, and zeros behind a point; a decimal with a
    /// point, an exponent or both, as the nearest double; or an infinity, as `inf` or `infinity`.
    fn from_str(text: &str) -> Result<Self, UnreadableNumber> {
        let is_integer = |text: &str| {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
            _ => text,
        };
        if is_integer(whole)
            && let Ok(integer) = whole.parse()
        {
            return Ok(Self::Integer(integer));
        }
        let value: f64 = text.parse().map_err(|_| UnreadableNumber::Malformed)?;
        let is_too_large = value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit());
        if is_too_large || is_integer(text) {
            return Err(UnreadableNumber::Malformed);
        }
        Self::of(value).ok_or(UnreadableNumber::NotANumber)
    }
}

/// Whether the digit in front of the point is among those of a decimal, once its exponent has moved the point.
fn are_units_written(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return true };
    let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    // An exponent of more digits is that of 0 or beyond all doubles.
    exponent.parse().is_ok_and(|exponent: i64| exponent <= fraction as i64)
}
