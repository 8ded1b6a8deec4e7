//! Roots, logarithms, and whether a number is a power.

use super::row::{Limit, NarrowFunction, Row, from_to, truth};
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

/// The function of this form for arguments of 64 bits.
pub(super) fn narrow(form: &str) -> Option<NarrowFunction> {
    match form {
        "iroot(a, k)" => Some(NarrowFunction::Two(narrow_root)),
        "is_square(a)" => Some(NarrowFunction::One(is_narrow_square)),
        "is_power(a, k)" => Some(NarrowFunction::Two(is_narrow_power)),
        _ => None,
    }
}

extern "C" fn narrow_root(a: i64, k: i64) -> i64 {
    // At most `a`, so that it fits.
    root_of_narrow(a.unsigned_abs(), k).cast_signed()
}

extern "C" fn is_narrow_square(a: i64) -> i64 {
    is_square(a.into()).into()
}

extern "C" fn is_narrow_power(a: i64, k: i64) -> i64 {
    if a < 0 && k & 1 == 0 {
        return 0;
    }
    let size = a.unsigned_abs();
    if size < 2 || k == 1 {
        return 1;
    }
    if k >= 64 || k == 3 && !may_be_cube(size) {
        return 0;
    }
    (root_of_narrow(size, k).checked_pow(k as u32) == Some(size)).into()
}

/// Whether a number has a remainder that cubes have; 18 of 19 others have not. Modulo 7, 9 and 13 there are 3, 3 and 5
/// remainders of cubes.
fn may_be_cube(a: u64) -> bool {
    const MODULUS: usize = 7 * 9 * 13;
    /// Bit r: whether r is the remainder of a cube.
    const RESIDUES: [u64; MODULUS.div_ceil(64)] = {
        let mut residues = [0; MODULUS.div_ceil(64)];
        let mut x = 0;
        while x < MODULUS {
            let remainder = x * x * x % MODULUS;
            residues[remainder / 64] |= 1 << (remainder % 64);
            x += 1;
        }
        residues
    };
    let remainder = (a % MODULUS as u64) as usize;
    RESIDUES[remainder / 64] >> (remainder % 64) & 1 == 1
}

/// The root of degree `k` >= 1, rounded down.
fn root_of_narrow(a: u64, k: i64) -> u64 {
    match (a, k) {
        (0 | 1, _) | (_, 1) => a,
        (_, 2) => a.isqrt(),
        (_, 64..) => 1,
        _ => {
            let k = k as u32;
            // Below 2^22, where floating point is off by one at most. The function for cubes is the faster one.
            let float = a as f64;
            let mut root =
                if k == 3 { float.cbrt() } else { float.powf(1.0 / f64::from(k)) } as u64;
            let fits = |root: u64| root.checked_pow(k).is_some_and(|power| power <= a);
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

fn root_of(a: &[i128]) -> Result<i128, Arithmetic> {
    // Not negative, so that it fits.
    Ok(root(a[0].unsigned_abs(), a[1]).cast_signed())
}

/// The root of degree `k` >= 1, rounded down.
fn root(a: u128, k: i128) -> u128 {
    if let (Ok(a), Ok(k)) = (u64::try_from(a), i64::try_from(k)) {
        return root_of_narrow(a, k).into();
    }
    match (a, k) {
        (0 | 1, _) | (_, 1) => a,
        (_, 2) => a.isqrt(),
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
    if let (Ok(a), Ok(k)) = (i64::try_from(a), i64::try_from(k)) {
        return is_narrow_power(a, k) == 1;
    }
    if a < 0 && k & 1 == 0 {
        return false;
    }
    let size = a.unsigned_abs();
    let root = root(size, k);
    // Above this, only 0 and 1 are powers; they are their own roots.
    let k = u32::try_from(k).unwrap_or(u32::MAX);
    size < 2 || root.checked_pow(k) == Some(size)
}
