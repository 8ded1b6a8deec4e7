//! Arithmetic modulo a number: powers, inverses, and the Kronecker symbol.

use super::row::{Row, between};
use crate::function::Kind;
use crate::function::expression::reach::{Bounds, BoundsResult};
use crate::function::montgomery::Montgomery;
use evenly_core::Arithmetic;

pub(super) static ROWS: &[Row] = &[
    Row {
        form: "powmod(a, b, m)",
        summary: "a ** b mod m; if b is negative, of the inverse",
        example: ("powmod(2, 10 ** 18, 97)", "61"),
        gives: Kind::Integer,
        cost: 400,
        domain: &[],
        bounds: |b| residue(b[2], b[1].low < 0),
        value: |a| power(a[0], a[1], a[2]),
    },
    Row {
        form: "invmod(a, m)",
        summary: "the inverse of a mod m",
        example: ("invmod(3, 7)", "5"),
        gives: Kind::Integer,
        cost: 200,
        domain: &[],
        bounds: |b| residue(b[1], true),
        value: |a| inverse(a[0], a[1]),
    },
    Row {
        form: "kronecker(a, b)",
        summary: "Kronecker symbol, of Jacobi and Legendre too",
        example: ("kronecker(2, 7)", "1"),
        gives: Kind::Integer,
        cost: 100,
        domain: &[],
        bounds: |_| between(-1, 1),
        value: |a| Ok(kronecker(a[0], a[1])),
    },
];

/// A remainder modulo `m`, by its absolute value as for `mod`.
fn residue(m: Bounds, may_fail: bool) -> BoundsResult {
    let (least, most) = m.magnitude();
    if most == 0 {
        return Err(Arithmetic::DivisionByZero);
    }
    let highest = i128::try_from(most - 1).unwrap_or(i128::MAX);
    Bounds::new(0, highest).reach(may_fail || least == 0)
}

fn power(a: i128, b: i128, m: i128) -> Result<i128, Arithmetic> {
    if m == 0 {
        return Err(Arithmetic::DivisionByZero);
    }
    let base = if b < 0 { inverse(a, m)? } else { a.wrapping_rem_euclid(m) };
    let modulus = m.unsigned_abs();
    // Less than 2^127.
    Ok(power_of(base.unsigned_abs(), b.unsigned_abs(), modulus).cast_signed())
}

/// The power of a number below the modulus, which is at most 2^127.
fn power_of(base: u128, exponent: u128, modulus: u128) -> u128 {
    let Ok(short) = u64::try_from(modulus) else {
        return by_squaring(base, exponent, |a, b| product(a, b, modulus));
    };
    match Montgomery::new(short) {
        Some(field) => field.number(field.power(field.residue(base as u64), exponent)).into(),
        // The power 0 is 1, and 0 modulo 1.
        None => by_squaring(base, exponent, |a, b| a * b % modulus) % modulus,
    }
}

fn by_squaring(base: u128, mut exponent: u128, times: impl Fn(u128, u128) -> u128) -> u128 {
    let (mut power, mut square) = (1, base);
    loop {
        if exponent & 1 == 1 {
            power = times(power, square);
        }
        exponent >>= 1;
        if exponent == 0 {
            return power;
        }
        square = times(square, square);
    }
}

/// The product of two numbers below the modulus, which is at most 2^127: by doubling, so that nothing needs more than 128
/// bits.
fn product(mut a: u128, mut b: u128, modulus: u128) -> u128 {
    let reduced = |x: u128| if x >= modulus { x - modulus } else { x };
    let mut sum = 0;
    while b != 0 {
        if b & 1 == 1 {
            sum = reduced(sum + a);
        }
        a = reduced(a << 1);
        b >>= 1;
    }
    sum
}

/// The inverse in 0..|m|, by the extended algorithm of Euclid.
fn inverse(a: i128, m: i128) -> Result<i128, Arithmetic> {
    if m == 0 {
        return Err(Arithmetic::DivisionByZero);
    }
    let modulus = m.unsigned_abs();
    // Their remainders, and the factors of `a` in them: one is negative whenever the other is not.
    let (mut rest, mut next) = (modulus, a.wrapping_rem_euclid(m).unsigned_abs());
    let (mut factor, mut next_factor) = (0_u128, 1_u128);
    let mut is_negative = false;
    while next != 0 {
        let quotient = rest / next;
        (rest, next) = (next, rest % next);
        // At most the modulus, in the end.
        (factor, next_factor) = (next_factor, factor + quotient * next_factor);
        is_negative = !is_negative;
    }
    if rest != 1 {
        return Err(Arithmetic::NoInverse);
    }
    let inverse = if modulus == 1 {
        0
    } else if is_negative {
        factor
    } else {
        modulus - factor
    };
    Ok(inverse.cast_signed())
}

/// Cohen, "A Course in Computational Algebraic Number Theory", algorithm 1.4.10.
fn kronecker(a: i128, b: i128) -> i128 {
    if b == 0 {
        return i128::from(a.unsigned_abs() == 1);
    }
    if a & 1 == 0 && b & 1 == 0 {
        return 0;
    }
    let is_three_or_five = |x: u128| matches!(x & 7, 3 | 5);
    let twos = b.trailing_zeros();
    let mut is_negative = b < 0 && a < 0;
    is_negative ^= twos & 1 == 1 && is_three_or_five(a.cast_unsigned());
    let mut below = b.unsigned_abs() >> twos;
    let mut above = if a < 0 {
        let rest = a.unsigned_abs() % below;
        if rest == 0 { 0 } else { below - rest }
    } else {
        a.unsigned_abs() % below
    };
    while above != 0 {
        let twos = above.trailing_zeros();
        above >>= twos;
        is_negative ^= twos & 1 == 1 && is_three_or_five(below);
        is_negative ^= above & below & 2 != 0;
        (above, below) = (below % above, above);
    }
    match below {
        1 if is_negative => -1,
        1 => 1,
        _ => 0,
    }
}
