//! Digits in any base.

use super::row::{Limit, Row, truth};
use crate::function::Kind;
use crate::function::expression::reach::{Bounds, BoundsResult};
use evenly_core::Arithmetic;

const BASE: Limit = Limit::at_least(1, 2, Arithmetic::BaseTooSmall);

pub(super) static ROWS: &[Row] = &[
    Row {
        form: "digits(a, base)",
        summary: "number of digits in this base",
        example: ("digits(255, 2)", "8"),
        gives: Kind::Integer,
        cost: 60,
        domain: &[BASE],
        bounds: |b| {
            let (least, most) = b[0].magnitude();
            Bounds::new(count(least, b[1].high), count(most, b[1].low)).reach(false)
        },
        value: |a| Ok(count(a[0].unsigned_abs(), a[1])),
    },
    Row {
        form: "digit_sum(a, base)",
        summary: "sum of the digits in this base",
        example: ("digit_sum(255, 16)", "30"),
        gives: Kind::Integer,
        cost: 100,
        domain: &[BASE],
        bounds: |b| {
            let (least, most) = b[0].magnitude();
            let digits = count(most, b[1].low);
            let by_digits = (b[1].high - 1).saturating_mul(digits);
            let most = i128::try_from(most).unwrap_or(i128::MAX).min(by_digits);
            Bounds::new(i128::from(least > 0), most).reach(false)
        },
        value: |a| Ok(sum(a[0].unsigned_abs(), a[1]).cast_signed()),
    },
    Row {
        form: "reverse(a)",
        summary: "the decimal digits from the last to the first",
        example: ("reverse(1230)", "321"),
        gives: Kind::Integer,
        cost: 100,
        domain: &[],
        bounds: |b| reversed(b[0], Bounds::new(10, 10)),
        value: |a| reverse(a[0], 10),
    },
    Row {
        form: "reverse(a, base)",
        summary: "the same in this base",
        example: ("reverse(6, 2)", "3"),
        gives: Kind::Integer,
        cost: 100,
        domain: &[BASE],
        bounds: |b| reversed(b[0], b[1]),
        value: |a| reverse(a[0], a[1]),
    },
    Row {
        form: "is_palindrome(a)",
        summary: "the decimal digits read the same backwards",
        example: ("is_palindrome(12321)", "true"),
        gives: Kind::Truth,
        cost: 100,
        domain: &[],
        bounds: truth,
        value: |a| Ok(is_palindrome(a[0], 10)),
    },
    Row {
        form: "is_palindrome(a, base)",
        summary: "the same in this base",
        example: ("is_palindrome(9, 2)", "true"),
        gives: Kind::Truth,
        cost: 100,
        domain: &[BASE],
        bounds: truth,
        value: |a| Ok(is_palindrome(a[0], a[1])),
    },
];

/// How many digits a number has; 0 has one.
fn count(x: u128, base: i128) -> i128 {
    i128::from(x.checked_ilog(base.unsigned_abs()).unwrap_or(0) + 1)
}

/// The sum of the digits. It is below 2^127, because a number of 2^127 has two digits or more in every base.
fn sum(x: u128, base: i128) -> u128 {
    match (u64::try_from(x), u64::try_from(base)) {
        (Ok(mut rest), Ok(base)) => {
            let mut sum = 0;
            while rest != 0 {
                sum += rest % base;
                rest /= base;
            }
            sum.into()
        }
        _ => digits_of(x, base).sum(),
    }
}

/// The digits from the lowest up.
fn digits_of(x: u128, base: i128) -> impl Iterator<Item = u128> {
    let base = base.unsigned_abs();
    std::iter::successors(Some(x), move |rest| Some(rest / base))
        .take_while(|rest| *rest != 0)
        .map(move |rest| rest % base)
}

/// The number with the digits in the other order, and the same sign.
fn reverse(x: i128, base: i128) -> Result<i128, Arithmetic> {
    let sign = if x < 0 { -1 } else { 1 };
    if let (Ok(mut rest), Ok(base)) = (u64::try_from(x.unsigned_abs()), u32::try_from(base)) {
        // Less than base times x, so less than 2^96.
        let base = u64::from(base);
        let mut reversed = 0_i128;
        while rest != 0 {
            reversed = reversed * i128::from(base) + i128::from(rest % base);
            rest /= base;
        }
        return Ok(sign * reversed);
    }
    let mut digits = digits_of(x.unsigned_abs(), base);
    let reversed = digits.try_fold(0_i128, |reversed, digit| {
        let digit = i128::try_from(digit).ok()? * sign;
        reversed.checked_mul(base)?.checked_add(digit)
    });
    reversed.ok_or(Arithmetic::Overflow)
}

/// A number of as many digits at most.
fn reversed(x: Bounds, base: Bounds) -> BoundsResult {
    let digits = count(x.magnitude().1, base.low) as u32;
    // A larger base has fewer digits, but they may be larger: then it is less than the base times x.
    let by_size = x.magnitude().1.checked_mul(base.high.unsigned_abs());
    let most = match base.only() {
        Some(base) => base.unsigned_abs().checked_pow(digits).map(|power| power - 1),
        None => by_size,
    };
    match most.and_then(|most| i128::try_from(most).ok()) {
        Some(most) => {
            let low = if x.low >= 0 { 0 } else { -most };
            let high = if x.high <= 0 { 0 } else { most };
            Bounds::new(low, high).reach(false)
        }
        None => Bounds::ALL.reach(true),
    }
}

fn is_palindrome(x: i128, base: i128) -> i128 {
    // A palindrome is its own reverse, which fits as it does.
    i128::from(reverse(x, base) == Ok(x))
}
