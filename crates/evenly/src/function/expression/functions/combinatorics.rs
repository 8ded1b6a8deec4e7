//! Binomial coefficients, factorials and Fibonacci numbers.

use super::row::{Limit, Row, from_to};
use crate::function::Kind;
use crate::function::expression::reach::{Bounds, BoundsResult};
use evenly_core::Arithmetic;

pub(super) static ROWS: &[Row] = &[
    Row {
        form: "binomial(a, k)",
        summary: "a over k; a may be negative, and k < 0 gives 0",
        example: ("binomial(49, 6)", "13983816"),
        gives: Kind::Integer,
        cost: 400,
        domain: &[],
        bounds: |b| binomial_bounds(b[0], b[1]),
        value: |a| binomial(a[0], a[1]),
    },
    Row {
        form: "factorial(a)",
        summary: "product of 1 to a; up to 33",
        example: ("factorial(10)", "3628800"),
        gives: Kind::Integer,
        cost: 60,
        domain: &[Limit::at_least(0, 0, Arithmetic::FactorialOfNegative)],
        bounds: |b| from_to(factorial, &[b[0].low], &[b[0].high]),
        value: factorial,
    },
    Row {
        form: "fibonacci(a)",
        summary: "0, 1, 1, 2, 3, 5 and so on; a may be negative",
        example: ("fibonacci(100)", "354224848179261915075"),
        gives: Kind::Integer,
        cost: 100,
        domain: &[],
        bounds: |b| fibonacci_bounds(b[0]),
        value: |a| fibonacci(a[0]),
    },
];

fn binomial(a: i128, k: i128) -> Result<i128, Arithmetic> {
    if k < 0 {
        return Ok(0);
    }
    let (size, is_negative) = if a >= 0 {
        (chosen(a.unsigned_abs(), k.unsigned_abs()), false)
    } else if k == 0 {
        (Some(1), false)
    } else {
        // (-1)^k times k - a - 1 over k. The sum is below 2^128.
        let above = (k - 1).unsigned_abs() + a.unsigned_abs();
        (chosen(above, k.unsigned_abs()), k & 1 == 1)
    };
    signed(size.ok_or(Arithmetic::Overflow)?, is_negative)
}

/// The number with this size and sign, if it fits.
fn signed(size: u128, is_negative: bool) -> Result<i128, Arithmetic> {
    let fitting =
        if is_negative { 0_i128.checked_sub_unsigned(size) } else { i128::try_from(size).ok() };
    fitting.ok_or(Arithmetic::Overflow)
}

/// `a` over `k`, if it is below 2^128.
fn chosen(a: u128, k: u128) -> Option<u128> {
    if k > a {
        return Some(0);
    }
    let k = k.min(a - k);
    let mut result = 1_u128;
    // From a - k over 0 to a over k. It doubles at least with each step, so that few of them fit.
    for i in 1..=k {
        let factor = a - k + i;
        // What the divisor and the result have not in common divides the factor.
        let common = common_divisor(result, i);
        result = (result / common).checked_mul(factor / (i / common))?;
    }
    Some(result)
}

fn common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn binomial_bounds(a: Bounds, k: Bounds) -> BoundsResult {
    if a.low < 0 {
        return Bounds::ALL.reach(true);
    }
    if k.high < 0 {
        return Bounds::new(0, 0).reach(false);
    }
    // For each a it rises to the middle and falls from there, and for each k it rises with a.
    match binomial(a.high, (a.high / 2).clamp(k.low.max(0), k.high)) {
        Ok(high) => Bounds::new(0, high).reach(false),
        Err(_) => Bounds::new(0, i128::MAX).reach(true),
    }
}

fn factorial(a: &[i128]) -> Result<i128, Arithmetic> {
    let mut product = 1_i128;
    for factor in 2..=a[0] {
        product = product.checked_mul(factor).ok_or(Arithmetic::Overflow)?;
    }
    Ok(product)
}

fn fibonacci(a: i128) -> Result<i128, Arithmetic> {
    let (mut this, mut next) = (0_u128, 1_u128);
    for _ in 0..a.unsigned_abs() {
        let sum = this.checked_add(next).ok_or(Arithmetic::Overflow)?;
        (this, next) = (next, sum);
    }
    signed(this, a < 0 && a & 1 == 0)
}

fn fibonacci_bounds(a: Bounds) -> BoundsResult {
    if a.low >= 0 {
        return from_to(|a| fibonacci(a[0]), &[a.low], &[a.high]);
    }
    match fibonacci(a.magnitude().1.try_into().unwrap_or(i128::MAX)) {
        Ok(most) => Bounds::new(-most, most).reach(false),
        Err(_) => Bounds::ALL.reach(true),
    }
}
