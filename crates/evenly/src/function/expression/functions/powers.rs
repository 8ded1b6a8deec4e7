//! Roots, logarithms, and whether a number is a power.

use super::row::{Limit, Row, from_to, truth};
use crate::function::Kind;
use evenly_core::Arithmetic;

const NOT_NEGATIVE: Limit = Limit::at_least(0, 0, Arithmetic::RootOfNegative);
const DEGREE: Limit = Limit::at_least(1, 1, Arithmetic::DegreeTooSmall);

pub(super) static ROWS: &[Row] = &[
    Row {
        form: "iroot(a, k)",
        summary: "root of degree k, rounded down",
        example: ("iroot(999, 3)", "9"),
        gives: Kind::Integer,
        cost: 100,
        domain: &[NOT_NEGATIVE, DEGREE],
        bounds: |b| from_to(root_of, &[b[0].low, b[1].high], &[b[0].high, b[1].low]),
        value: root_of,
    },
    Row {
        form: "ilog(a, b)",
        summary: "logarithm to the base b, rounded down",
        example: ("ilog(999, 10)", "2"),
        gives: Kind::Integer,
        cost: 60,
        domain: &[
            Limit::at_least(0, 1, Arithmetic::LogarithmBelowOne),
            Limit::at_least(1, 2, Arithmetic::BaseTooSmall),
        ],
        bounds: |b| from_to(logarithm, &[b[0].low, b[1].high], &[b[0].high, b[1].low]),
        value: logarithm,
    },
    Row {
        form: "is_square(a)",
        summary: "the square of an integer",
        example: ("is_square(144)", "true"),
        gives: Kind::Truth,
        cost: 20,
        domain: &[],
        bounds: truth,
        value: |a| Ok(is_square(a[0]).into()),
    },
    Row {
        form: "is_power(a)",
        summary: "a square, cube or higher power; 0 and 1 are",
        example: ("is_power(-27)", "true"),
        gives: Kind::Truth,
        cost: 400,
        domain: &[],
        bounds: truth,
        value: |a| Ok(is_power(a[0]).into()),
    },
    Row {
        form: "is_power(a, k)",
        summary: "a power with the exponent k",
        example: ("is_power(64, 4)", "false"),
        gives: Kind::Truth,
        cost: 100,
        domain: &[DEGREE],
        bounds: truth,
        value: |a| Ok(is_power_of_degree(a[0], a[1]).into()),
    },
];

fn root_of(a: &[i128]) -> Result<i128, Arithmetic> {
    // Not negative, so that it fits.
    Ok(root(a[0].unsigned_abs(), a[1]).cast_signed())
}

/// The root of degree `k` >= 1, rounded down.
fn root(a: u128, k: i128) -> u128 {
    match (a, k) {
        (0 | 1, _) | (_, 1) => a,
        (_, 2) => match u64::try_from(a) {
            Ok(a) => a.isqrt().into(),
            Err(_) => a.isqrt(),
        },
        (_, 128..) => 1,
        _ => {
            let k = k as u32;
            // At most 2^43, where floating point is off by one at most.
            let mut root = (a as f64).powf(1.0 / f64::from(k)) as u128;
            let fits = |root: u128| root.checked_pow(k).is_some_and(|power| power <= a);
            while !fits(root) {
                root -= 1;
            }
            while fits(root + 1) {
                root += 1;
            }
            root
        }
    }
}

fn logarithm(a: &[i128]) -> Result<i128, Arithmetic> {
    Ok(a[0].checked_ilog(a[1]).unwrap_or(0).into())
}

fn is_square(a: i128) -> bool {
    /// Bit r: whether r is the remainder of a square modulo 64.
    const RESIDUES: u64 = {
        let (mut residues, mut x) = (0, 0);
        while x < 64 {
            residues |= 1 << (x * x % 64);
            x += 1;
        }
        residues
    };
    if a < 0 || RESIDUES >> (a & 63) & 1 == 0 {
        return false;
    }
    match u64::try_from(a) {
        Ok(a) => a.isqrt().pow(2) == a,
        Err(_) => a.isqrt().pow(2) == a,
    }
}

fn is_power(a: i128) -> bool {
    const EXPONENTS: [i128; 30] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97, 101, 103, 107, 109, 113, 127,
    ];
    let size = a.unsigned_abs();
    if size < 2 || is_square(a) {
        return true;
    }
    let most = i128::from(size.ilog2());
    let twos = size.trailing_zeros();
    // The exponent divides the number of factors 2.
    let exponents = EXPONENTS.iter().take_while(|&&k| k <= most);
    exponents.copied().any(|k| i128::from(twos) % k == 0 && is_power_of_degree(a, k))
}

fn is_power_of_degree(a: i128, k: i128) -> bool {
    if a < 0 && k & 1 == 0 {
        return false;
    }
    let size = a.unsigned_abs();
    let root = root(size, k);
    // Above this, only 0 and 1 are powers; they are their own roots.
    let k = u32::try_from(k).unwrap_or(u32::MAX);
    size < 2 || root.checked_pow(k) == Some(size)
}
