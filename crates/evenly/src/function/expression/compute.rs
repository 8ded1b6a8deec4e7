//! The rules: what each function of the language gives for numbers of 128 bits, exactly, or why it
//! gives nothing.
//!
//! A result that does not fit 128 bits is [`Arithmetic::Overflow`], and never anything else. Truth
//! values are 0 and 1. Machine code that computes in fewer bits must agree with what stands here.

use super::tree::{BinaryFunction, Comparison, UnaryFunction};
use crate::function::prime;
use evenly_core::Arithmetic;
use primal_check::miller_rabin;

/// No bit of a number of 128 bits has a place beyond this one.
const LAST_BIT: i128 = 127;

/// A function of one value.
///
/// # Errors
/// Why it has no value for `x`.
pub(crate) fn one(function: UnaryFunction, x: i128) -> Result<i128, Arithmetic> {
    match function {
        UnaryFunction::Negate => x.checked_neg().ok_or(Arithmetic::Overflow),
        UnaryFunction::Not => Ok(x ^ 1),
        UnaryFunction::Abs => x.checked_abs().ok_or(Arithmetic::Overflow),
        UnaryFunction::Isqrt => x.checked_isqrt().ok_or(Arithmetic::NegativeRoot),
        UnaryFunction::Popcount if x < 0 => Err(Arithmetic::NegativeBits),
        UnaryFunction::Popcount => Ok(i128::from(x.count_ones())),
        UnaryFunction::Digits => Ok(i128::from(x.unsigned_abs().checked_ilog10().unwrap_or(0) + 1)),
        UnaryFunction::DigitSum => Ok(digit_sum(x.unsigned_abs())),
        UnaryFunction::Even => Ok(i128::from(x & 1 == 0)),
        UnaryFunction::Odd => Ok(x & 1),
        UnaryFunction::Prime => is_prime(x).map(i128::from),
    }
}

/// A function of two values.
///
/// # Errors
/// Why it has no value for `a` and `b`.
pub(crate) fn two(function: BinaryFunction, a: i128, b: i128) -> Result<i128, Arithmetic> {
    let is_division = matches!(
        function,
        BinaryFunction::Divide
            | BinaryFunction::Remainder
            | BinaryFunction::DivideEuclid
            | BinaryFunction::Modulo
    );
    if is_division && b == 0 {
        return Err(Arithmetic::DivisionByZero);
    }
    let fitting = match function {
        BinaryFunction::Add => a.checked_add(b),
        BinaryFunction::Subtract => a.checked_sub(b),
        BinaryFunction::Multiply => a.checked_mul(b),
        BinaryFunction::Divide => a.checked_div(b),
        BinaryFunction::DivideEuclid => a.checked_div_euclid(b),
        // Remainders always fit; they are taken as wrapping because the lowest number by -1, whose
        // quotient does not fit, leaves 0 all the same.
        BinaryFunction::Remainder => Some(a.wrapping_rem(b)),
        BinaryFunction::Modulo => Some(a.wrapping_rem_euclid(b)),
        BinaryFunction::Power => return power(a, b),
        BinaryFunction::ShiftLeft => return shift_left(a, b),
        BinaryFunction::ShiftRight if b < 0 => return Err(Arithmetic::NegativeShift),
        BinaryFunction::ShiftRight => Some(a >> b.min(LAST_BIT)),
        BinaryFunction::And => Some(a & b),
        BinaryFunction::Or => Some(a | b),
        BinaryFunction::Xor => Some(a ^ b),
        BinaryFunction::Min => Some(a.min(b)),
        BinaryFunction::Max => Some(a.max(b)),
        BinaryFunction::Gcd => gcd(a.unsigned_abs(), b.unsigned_abs()).try_into().ok(),
        BinaryFunction::Lcm => lcm(a.unsigned_abs(), b.unsigned_abs()),
    };
    fitting.ok_or(Arithmetic::Overflow)
}

/// A comparison of two numbers or of two truth values.
pub(crate) fn compare(comparison: Comparison, a: i128, b: i128) -> bool {
    match comparison {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    }
}

/// The sum of the decimal digits.
fn digit_sum(mut x: u128) -> i128 {
    const PART: u128 = 10_000_000_000_000_000_000;
    let mut sum = 0;
    // Division of 128 bits is slow, so it only cuts off parts of 19 digits, which fit 64 bits.
    while x != 0 {
        let mut part = (x % PART) as u64;
        x /= PART;
        while part != 0 {
            sum += part % 10;
            part /= 10;
        }
    }
    i128::from(sum)
}

/// Whether it is prime, by the Miller-Rabin test with bases that are proven for all of `u64`.
fn is_prime(x: i128) -> Result<bool, Arithmetic> {
    const TWO_TO_64: i128 = 1 << 64;
    if x < 0 || x == TWO_TO_64 {
        return Ok(false);
    }
    let x = u64::try_from(x).map_err(|_| Arithmetic::PrimeTooLarge)?;
    Ok(i64::try_from(x).map_or_else(|_| miller_rabin(x), prime::is_prime))
}

/// 0 to the power of 0 is 1.
fn power(base: i128, exponent: i128) -> Result<i128, Arithmetic> {
    if exponent < 0 {
        return Err(Arithmetic::NegativeExponent);
    }
    match base {
        // Of these alone even an immense power fits.
        0 => Ok(i128::from(exponent == 0)),
        1 => Ok(1),
        -1 => Ok(1 - 2 * (exponent & 1)),
        _ => u32::try_from(exponent)
            .ok()
            .and_then(|exponent| base.checked_pow(exponent))
            .ok_or(Arithmetic::Overflow),
    }
}

/// `x` times 2 to the power of `places`: no bit is lost.
fn shift_left(x: i128, places: i128) -> Result<i128, Arithmetic> {
    if places < 0 {
        return Err(Arithmetic::NegativeShift);
    }
    if x == 0 {
        return Ok(0);
    }
    let shifted = if places <= LAST_BIT { x << places } else { 0 };
    if places <= LAST_BIT && shifted >> places == x {
        Ok(shifted)
    } else {
        Err(Arithmetic::Overflow)
    }
}

/// The greatest common divisor, by Stein: only shifts and differences. With 0 it is the other one.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    if a == 0 || b == 0 {
        return a | b;
    }
    let twos = (a | b).trailing_zeros();
    a >>= a.trailing_zeros();
    while b != 0 {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.abs_diff(b));
    }
    a << twos
}

/// The least common multiple; 0 if one of them is 0.
fn lcm(a: u128, b: u128) -> Option<i128> {
    if a == 0 || b == 0 {
        return Some(0);
    }
    (a / gcd(a, b)).checked_mul(b)?.try_into().ok()
}
