//! Bins of a histogram: their edges as doubles, their text, and the bin of a value.

use crate::real::{Number, Real};
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// K bins of equal width over [LOW, HIGH), and a bin for the values on either side.
///
/// Edge i is LOW + i (HIGH - LOW) / K as a rational number, rounded once to the nearest double. A value is in the bin
/// whose lower edge is at most the value and whose upper edge is above it; both comparisons are exact. So a value is in
/// one bin, and it does not depend on which process asks. Values below LOW, with -inf, are in the first bin, whose
/// lower edge is -inf. HIGH and all values above it, with inf, are in the last one, whose lower edge is HIGH.
///
/// ```
/// use evenly_core::aggregate::Bins;
/// use evenly_core::real::Number;
///
/// let bins: Bins = "0..1/10".parse().unwrap();
/// let row = bins.row_of("0.3".parse().unwrap());
/// assert_eq!((row, bins.lower_edge(row).to_string()), (4, "0.3".to_owned()));
/// assert_eq!(bins.lower_edge(0).to_string(), "-inf");
/// assert_eq!(bins.row_of(Number::Integer(1)), bins.rows() - 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bins {
    /// Both ends in units of a power of ten.
    low: i64,
    high: i64,
    /// The exponent of that power: the largest for which both ends are integers, and 0 where both are 0.
    exponent: i32,
    count: u32,
}

/// The most bins between LOW and HIGH: as many as a histogram has values.
pub const MOST_BINS: u32 = 1 << 20;

/// The ends have at most this many digits between the first of the larger and the last of either.
const MOST_DIGITS: u32 = 18;

/// Ends are integers in units of 10^-60 at least and of 10^60 at most.
const MOST_EXPONENT: i32 = 60;

/// Edges are further apart than this part of the larger end, so that no two of them round to the same double.
const LEAST_WIDTH: f64 = 1.0 / (1u64 << 50) as f64;

/// Why a text is no bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableBins {
    /// It has another form.
    #[error("it is not LO..HI/K; write, for example, --bins 0..1/20")]
    Form,
    /// An end is no decimal.
    #[error(
        "LO and HI are decimals such as -2.5, 0 and 1e3; write, for example, --bins -2.5..1e3/20"
    )]
    End,
    /// The ends have too many digits.
    #[error("LO and HI have at most 18 digits together, and exponents of at most 60; round them")]
    Digits,
    /// There is nothing between the ends.
    #[error("LO must be below HI")]
    Reversed,
    /// There is no bin, or there are too many.
    #[error("K is a number of bins from 1 to {MOST_BINS}")]
    Count,
    /// Edges would be the same double.
    #[error("the bins are too narrow for doubles; take fewer")]
    Narrow,
}

impl Bins {
    /// How many rows a histogram of them has: K, and one for the values on either side.
    #[must_use]
    pub const fn rows(self) -> u32 {
        self.count + 2
    }

    /// The lower edge of the bin of a row: -inf for row 0, HIGH for the last one.
    #[must_use]
    pub fn lower_edge(self, row: u32) -> Number {
        let edge = row.checked_sub(1).map_or(f64::NEG_INFINITY, |index| self.edge(index));
        Number::of(edge).unwrap_or(Number::Integer(0))
    }

    /// The row of a value.
    #[must_use]
    pub fn row_of(self, value: Number) -> u32 {
        let (low, high) = (self.edge(0), self.edge(self.count));
        let near = match value {
            Number::Integer(integer) => integer as f64,
            Number::Real(real) => real.get(),
        };
        // A guess, which the exact comparisons correct. The conversion saturates.
        let guess = (near - low) / (high - low) * f64::from(self.count) + 1.0;
        let mut row = (guess as u32).min(self.count + 1);
        while row > 0 && is_below(value, self.edge(row - 1)) {
            row -= 1;
        }
        while row <= self.count && !is_below(value, self.edge(row)) {
            row += 1;
        }
        row
    }

    /// The nearest double to edge `index`, of 0 to K.
    fn edge(self, index: u32) -> f64 {
        const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
        let (low, high) = (i128::from(self.low), i128::from(self.high));
        let count = i128::from(self.count);
        let numerator = low * (count - i128::from(index)) + high * i128::from(index);
        let power = || 10u128.checked_pow(self.exponent.unsigned_abs());
        let (above, below) = if self.exponent < 0 {
            (
                Some(numerator.unsigned_abs()),
                power().and_then(|power| power.checked_mul(count as u128)),
            )
        } else {
            (
                power().and_then(|power| power.checked_mul(numerator.unsigned_abs())),
                Some(count as u128),
            )
        };
        let magnitude = match (above, below) {
            // The quotient of two doubles is rounded once.
            (Some(above), Some(below)) if above <= EXACT && below <= EXACT => {
                above as f64 / below as f64
            }
            _ => self.long_quotient(numerator.unsigned_abs()),
        };
        if numerator < 0 { -magnitude } else { magnitude }
    }

    /// The nearest double to `numerator` / K in units of the power, by its decimal digits.
    ///
    /// A rational with this denominator that is no midpoint of two doubles is further from each of them than
    /// 10^-126 units: that number of digits, and one more where something follows, round as it does.
    fn long_quotient(self, numerator: u128) -> f64 {
        const GROUPS: usize = 7;
        const GROUP: u128 = 10u128.pow(18);
        let count = u128::from(self.count);
        let mut text = format!("{}.", numerator / count);
        let mut rest = numerator % count;
        for _ in 0..GROUPS {
            rest *= GROUP;
            text += &format!("{:018}", rest / count);
            rest %= count;
        }
        text += if rest > 0 { "1" } else { "" };
        text += &format!("e{}", self.exponent);
        text.parse().unwrap_or(f64::NAN)
    }

    fn new((low, high): (Decimal, Decimal), count: u32) -> Result<Self, UnreadableBins> {
        let exponent = match (low.digits, high.digits) {
            (0, _) => high.exponent,
            (_, 0) => low.exponent,
            _ => low.exponent.min(high.exponent),
        };
        if exponent.abs() > MOST_EXPONENT {
            return Err(UnreadableBins::Digits);
        }
        let scaled = |end: Decimal| end.in_units_of(exponent).ok_or(UnreadableBins::Digits);
        let bins = Self { low: scaled(low)?, high: scaled(high)?, exponent, count };
        if bins.low >= bins.high {
            return Err(UnreadableBins::Reversed);
        }
        if !(1..=MOST_BINS).contains(&count) {
            return Err(UnreadableBins::Count);
        }
        let (low, high) = (bins.edge(0), bins.edge(count));
        let width = (high - low) / f64::from(count);
        if width <= low.abs().max(high.abs()) * LEAST_WIDTH {
            return Err(UnreadableBins::Narrow);
        }
        Ok(bins)
    }
}

/// Whether a value is below a double. Exact.
fn is_below(value: Number, edge: f64) -> bool {
    match value {
        Number::Real(real) => real.get() < edge,
        Number::Integer(integer) => match i32::try_from(integer) {
            Ok(small) => f64::from(small) < edge,
            Err(_) => Real::new(edge).is_some_and(|edge| value.place() < edge.place()),
        },
    }
}

/// The normal form, which reads back as the same bins: both ends without zeros that say nothing.
impl fmt::Display for Bins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, exponent, count } = *self;
        let [low, high] = [low, high].map(|digits| Decimal::new(digits, exponent));
        write!(f, "{low}..{high}/{count}")
    }
}

impl FromStr for Bins {
    type Err = UnreadableBins;

    fn from_str(text: &str) -> Result<Self, UnreadableBins> {
        let (ends, count) = text.rsplit_once('/').ok_or(UnreadableBins::Form)?;
        let (low, high) = ends.split_once("..").ok_or(UnreadableBins::Form)?;
        let count = Decimal::read(count).ok_or(UnreadableBins::Form)?.in_units_of(0);
        let ends = Decimal::read(low).zip(Decimal::read(high)).ok_or(UnreadableBins::End)?;
        let count = count.and_then(|count| u32::try_from(count).ok());
        Self::new(ends, count.ok_or(UnreadableBins::Count)?)
    }
}

/// A decimal: `digits` times ten to the power of `exponent`, with no zero at the end of its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    digits: i64,
    exponent: i32,
}

impl Decimal {
    fn new(mut digits: i64, mut exponent: i32) -> Self {
        if digits == 0 {
            return Self { digits, exponent: 0 };
        }
        while digits % 10 == 0 {
            (digits, exponent) = (digits / 10, exponent + 1);
        }
        Self { digits, exponent }
    }

    /// Reads a decimal such as `-2.50`, `1_000`, `.5`, `1e-3`. `None` too if it has more digits than fit.
    fn read(text: &str) -> Option<Self> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match rest.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i16>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let all: String = [whole, fraction].concat().chars().filter(|one| *one != '_').collect();
        let places = fraction.bytes().filter(u8::is_ascii_digit).count();
        let is_written = digits.bytes().any(|byte| byte.is_ascii_digit());
        if !is_written || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let all = if all.is_empty() { "0" } else { &all };
        let digits: i64 = all.parse().ok()?;
        Some(Self::new(sign * digits, i32::from(exponent) - i32::try_from(places).ok()?))
    }

    /// How many units of this power of ten it is, if that is an integer of at most 18 digits.
    fn in_units_of(self, exponent: i32) -> Option<i64> {
        if self.digits == 0 {
            return Some(0);
        }
        let power = 10i64.checked_pow(self.exponent.checked_sub(exponent)?.try_into().ok()?)?;
        let units = self.digits.checked_mul(power)?;
        (units.unsigned_abs() < 10u64.pow(MOST_DIGITS)).then_some(units)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { digits, exponent } = *self;
        let plain = u32::try_from(exponent).ok().and_then(|exponent| 10i64.checked_pow(exponent));
        if let Some(plain) = plain.and_then(|power| digits.checked_mul(power)) {
            return write!(f, "{plain}");
        }
        // With up to 18 places behind the point.
        match exponent.checked_neg().and_then(|places| u32::try_from(places).ok()) {
            Some(places) if places <= MOST_DIGITS => {
                let power = 10u64.pow(places);
                let (sign, digits) = (if digits < 0 { "-" } else { "" }, digits.unsigned_abs());
                let (whole, fraction) = (digits / power, digits % power);
                write!(f, "{sign}{whole}.{fraction:0width$}", width = places as usize)
            }
            _ => write!(f, "{digits}e{exponent}"),
        }
    }
}

#[cfg(test)]
mod tests;
