//! Interval analysis: the bounds of a value from those of its operands, and whether it may or must fail.
//!
//! Bounds always contain the value, and are tight in the usual cases. Where a result may be beyond
//! 128 bits, its bounds reach the end of these. So code that computes in 64 bits, because the bounds of a
//! value and of its parts fit, needs no check for overflow.

use super::compute;
use super::reach::{Bounds, BoundsResult};
use super::tree::{BinaryFunction, Comparison, UnaryFunction};
use evenly_core::Arithmetic;

/// A number that may be beyond 128 bits, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wide {
    Below,
    Fits(i128),
    Above,
}

use Wide::{Above, Below, Fits};

/// Of a function of one value.
pub(super) fn one(function: UnaryFunction, x: Bounds) -> BoundsResult {
    if let Some(x) = x.only() {
        return compute::one(function, x).and_then(|value| Bounds::new(value, value).reach(false));
    }
    let (least, most) = x.magnitude();
    match function {
        UnaryFunction::Negate => fitting([
            two_wide(BinaryFunction::Subtract, 0, x.low),
            two_wide(BinaryFunction::Subtract, 0, x.high),
        ]),
        UnaryFunction::Abs => fitting([wide(least), wide(most)]),
        UnaryFunction::Isqrt if x.high < 0 => Err(Arithmetic::NegativeRoot),
        UnaryFunction::Isqrt => Bounds::new(x.low.max(0).isqrt(), x.high.isqrt()).reach(x.low < 0),
        UnaryFunction::Popcount if x.high < 0 => Err(Arithmetic::NegativeBits),
        UnaryFunction::Popcount => {
            // Most ones has the highest number of the form 2^k - 1.
            let most = (x.high.unsigned_abs() + 1).ilog2();
            Bounds::new(i128::from(x.low > 0), i128::from(most)).reach(x.low < 0)
        }
        UnaryFunction::Digits => Bounds::new(digits(least), digits(most)).reach(false),
        UnaryFunction::DigitSum => {
            let most = i128::try_from(most).unwrap_or(i128::MAX).min(9 * digits(most));
            Bounds::new(i128::from(least > 0), most).reach(false)
        }
        UnaryFunction::Prime if x.low > 1 << 64 => Err(Arithmetic::PrimeTooLarge),
        UnaryFunction::Prime => Bounds::new(0, i128::from(x.high > 1)).reach(x.high > 1 << 64),
        UnaryFunction::Not | UnaryFunction::Even | UnaryFunction::Odd => Bounds::TRUTH.reach(false),
    }
}

/// Of a function of two values.
pub(super) fn two(function: BinaryFunction, a: Bounds, b: Bounds) -> BoundsResult {
    if let (Some(a), Some(b)) = (a.only(), b.only()) {
        return compute::two(function, a, b)
            .and_then(|value| Bounds::new(value, value).reach(false));
    }
    match function {
        // The lowest is where both are lowest or, taken away, highest; and the highest likewise.
        BinaryFunction::Add | BinaryFunction::Subtract | BinaryFunction::Multiply => {
            corners(function, a, &[b])
        }
        BinaryFunction::Divide | BinaryFunction::DivideEuclid => quotient(function, a, b),
        BinaryFunction::Remainder | BinaryFunction::Modulo => remainder(function, a, b),
        BinaryFunction::Power => power(a, b),
        BinaryFunction::ShiftLeft | BinaryFunction::ShiftRight => {
            let places = b.within(0, i128::MAX).ok_or(Arithmetic::NegativeShift)?;
            let reach = corners(function, a, &[places])?;
            reach.bounds.reach(reach.may_fail || b.low < 0)
        }
        BinaryFunction::And => and(a, b).reach(false),
        BinaryFunction::Or => inverted(and(inverted(a), inverted(b))).reach(false),
        BinaryFunction::Xor => xor(a, b).reach(false),
        BinaryFunction::Min => Bounds::new(a.low.min(b.low), a.high.min(b.high)).reach(false),
        BinaryFunction::Max => Bounds::new(a.low.max(b.low), a.high.max(b.high)).reach(false),
        BinaryFunction::Gcd => gcd(a, b),
        BinaryFunction::Lcm => lcm(a, b),
    }
}

/// Of a number times itself: never negative.
pub(super) fn square(x: Bounds) -> BoundsResult {
    power(x, Bounds::new(2, 2))
}

/// Of a comparison.
pub(super) fn compare(comparison: Comparison, a: Bounds, b: Bounds) -> Bounds {
    let (always, never) = match comparison {
        Comparison::Equal => (a.only().is_some() && a == b, a.high < b.low || b.high < a.low),
        Comparison::NotEqual => (a.high < b.low || b.high < a.low, a.only().is_some() && a == b),
        Comparison::Less => (a.high < b.low, a.low >= b.high),
        Comparison::LessOrEqual => (a.high <= b.low, a.low > b.high),
        Comparison::Greater => (a.low > b.high, a.high <= b.low),
        Comparison::GreaterOrEqual => (a.low >= b.high, a.high < b.low),
    };
    Bounds::new(i128::from(always), i128::from(!never))
}

/// From the lowest to the highest of these; overflow where it may be beyond 128 bits.
pub(super) fn fitting(ends: impl IntoIterator<Item = Wide>) -> BoundsResult {
    let (low, high) =
        ends.into_iter().fold((Above, Below), |(low, high), end| (low.min(end), high.max(end)));
    let clamped = match (low, high) {
        (Above, _) | (_, Below) => return Err(Arithmetic::Overflow),
        (Below, Above) => Bounds::ALL,
        (Below, Fits(high)) => Bounds::new(i128::MIN, high),
        (Fits(low), Above) => Bounds::new(low, i128::MAX),
        (Fits(low), Fits(high)) => Bounds::new(low, high),
    };
    clamped.reach(low == Below || high == Above)
}

/// Of a function that rises or falls all along each side, whichever way: it is lowest and highest
/// in corners.
fn corners(function: BinaryFunction, a: Bounds, parts: &[Bounds]) -> BoundsResult {
    let corner = |b: Bounds| [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)];
    fitting(parts.iter().copied().flat_map(corner).map(|(a, b)| two_wide(function, a, b)))
}

/// The value, beyond 128 bits if need be; only for values that exist.
pub(super) fn two_wide(function: BinaryFunction, a: i128, b: i128) -> Wide {
    match compute::two(function, a, b) {
        Ok(value) => Fits(value),
        Err(_) if is_below(function, a, b) => Below,
        Err(_) => Above,
    }
}

/// On which side of 128 bits a value lies that does not fit them.
fn is_below(function: BinaryFunction, a: i128, b: i128) -> bool {
    match function {
        BinaryFunction::Multiply => (a < 0) != (b < 0),
        BinaryFunction::Power => a < 0 && b & 1 == 1,
        // The lowest number by -1.
        BinaryFunction::Divide | BinaryFunction::DivideEuclid => false,
        BinaryFunction::Subtract => b > 0,
        _ => a < 0,
    }
}

fn wide(magnitude: u128) -> Wide {
    i128::try_from(magnitude).map_or(Above, Fits)
}

fn digits(magnitude: u128) -> i128 {
    i128::from(magnitude.checked_ilog10().unwrap_or(0) + 1)
}

fn quotient(function: BinaryFunction, a: Bounds, b: Bounds) -> BoundsResult {
    let parts = [b.within(i128::MIN, -1), b.within(1, i128::MAX)];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return Err(Arithmetic::DivisionByZero);
    }
    let reach = corners(function, a, &parts)?;
    reach.bounds.reach(reach.may_fail || b.contains(0))
}

fn remainder(function: BinaryFunction, a: Bounds, b: Bounds) -> BoundsResult {
    let (least, most) = b.magnitude();
    if most == 0 {
        return Err(Arithmetic::DivisionByZero);
    }
    let is_small = a.magnitude().1 < least;
    if is_small && (function == BinaryFunction::Remainder || a.low >= 0) {
        return a.reach(false);
    }
    if let Some(by) = b.only() {
        let quotient = if function == BinaryFunction::Modulo {
            BinaryFunction::DivideEuclid
        } else {
            BinaryFunction::Divide
        };
        let [low, high] = [a.low, a.high].map(|a| two_wide(quotient, a, by));
        // Within one period it rises with its left side.
        if low == high && low != Above {
            return corners(function, a, &[b]);
        }
    }
    // At most 2^127 - 1.
    let limit = i128::try_from(most - 1).unwrap_or(i128::MAX);
    let bounds = match function {
        BinaryFunction::Modulo if a.low >= 0 => Bounds::new(0, limit.min(a.high)),
        BinaryFunction::Modulo => Bounds::new(0, limit),
        _ => Bounds::new(a.low.clamp(-limit, 0), a.high.clamp(0, limit)),
    };
    bounds.reach(b.contains(0))
}

fn power(a: Bounds, b: Bounds) -> BoundsResult {
    let exponents = b.within(0, i128::MAX).ok_or(Arithmetic::NegativeExponent)?;
    let mut ends = Vec::new();
    // Among even exponents it rises or falls all along between -1, 0 and 1, and among odd ones.
    for parity in [0, 1] {
        if exponents.only().is_some_and(|only| only & 1 != parity) {
            continue;
        }
        let first = exponents.low + i128::from(exponents.low & 1 != parity);
        let last = exponents.high - i128::from(exponents.high & 1 != parity);
        for base in [a.low, a.high, -1, 0, 1].into_iter().filter(|base| a.contains(*base)) {
            ends.extend(
                [first, last].map(|exponent| two_wide(BinaryFunction::Power, base, exponent)),
            );
        }
    }
    let reach = fitting(ends)?;
    reach.bounds.reach(reach.may_fail || b.low < 0)
}

/// All bits that are in both; a negative number has ones without end.
fn and(a: Bounds, b: Bounds) -> Bounds {
    let is_negative = a.high < 0 && b.high < 0;
    let high = match (a.low >= 0, b.low >= 0) {
        (true, true) => a.high.min(b.high),
        (true, false) => a.high,
        (false, true) => b.high,
        (false, false) if is_negative => a.high.min(b.high),
        (false, false) => a.high.max(b.high),
    };
    let low = if a.low >= 0 || b.low >= 0 { 0 } else { -1 << bits(a.low.min(b.low)) };
    Bounds::new(low, high)
}

fn xor(a: Bounds, b: Bounds) -> Bounds {
    let bits = [a.low, a.high, b.low, b.high].map(bits).into_iter().max().unwrap_or(127);
    let is_same = a.low >= 0 && b.low >= 0 || a.high < 0 && b.high < 0;
    let is_other = a.low >= 0 && b.high < 0 || a.high < 0 && b.low >= 0;
    let highest = !(-1_i128 << bits);
    Bounds::new(if is_same { 0 } else { !highest }, if is_other { -1 } else { highest })
}

/// How many bits it needs beside its sign.
fn bits(x: i128) -> u32 {
    128 - (if x < 0 { !x } else { x }).leading_zeros()
}

/// Of the number with all bits turned over.
fn inverted(x: Bounds) -> Bounds {
    Bounds::new(!x.high, !x.low)
}

fn gcd(a: Bounds, b: Bounds) -> BoundsResult {
    let ((a_least, a_most), (b_least, b_most)) = (a.magnitude(), b.magnitude());
    // It divides whichever is not 0, and with 0 it is the other one.
    let most = match (a_least == 0, b_least == 0) {
        (true, true) => a_most.max(b_most),
        (true, false) => b_most,
        (false, true) => a_most,
        (false, false) => a_most.min(b_most),
    };
    fitting([wide(u128::from(a_least.max(b_least) > 0)), wide(most)])
}

fn lcm(a: Bounds, b: Bounds) -> BoundsResult {
    let ((a_least, a_most), (b_least, b_most)) = (a.magnitude(), b.magnitude());
    let least = if a_least == 0 || b_least == 0 { 0 } else { a_least.max(b_least) };
    fitting([wide(least), a_most.checked_mul(b_most).map_or(Above, wide)])
}
