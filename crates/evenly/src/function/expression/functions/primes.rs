//! Primes: the next one, how many there are, and the one with a given place.

use super::row::{Limit, Row, between, from_to};
use crate::function::Kind;
use crate::function::prime_count::{nth_prime, prime_count};
use evenly_core::Arithmetic;
use primal_check::miller_rabin;

/// The greatest prime of 64 bits.
const GREATEST: i128 = (1 << 64) - 59;

/// Primes are counted up to here: that takes about a second.
const COUNTED: i128 = 1_000_000_000_000;

/// How many there are up to [`COUNTED`].
const MOST: i128 = 37_607_912_018;

pub(super) static ROWS: &[Row] = &[
    Row {
        form: "nextprime(a)",
        summary: "least prime from a on, a itself included",
        example: ("nextprime(90)", "97"),
        gives: Kind::Integer,
        cost: 2000,
        domain: &[Limit { high: GREATEST, above: Arithmetic::PrimeTooLarge, ..ANY }],
        bounds: |b| from_to(next, &[b[0].low], &[b[0].high]),
        value: next,
    },
    Row {
        form: "prevprime(a)",
        summary: "greatest prime up to a, a itself included",
        example: ("prevprime(96)", "89"),
        gives: Kind::Integer,
        cost: 2000,
        domain: &[Limit {
            low: 2,
            high: u64::MAX as i128,
            below: Arithmetic::NoSuchPrime,
            above: Arithmetic::PrimeTooLarge,
            ..ANY
        }],
        bounds: |b| from_to(previous, &[b[0].low], &[b[0].high]),
        value: previous,
    },
    Row {
        form: "primepi(a)",
        summary: "number of primes up to a; up to 10 ** 12",
        example: ("primepi(10 ** 6)", "78498"),
        gives: Kind::Integer,
        cost: COUNTING,
        domain: &[Limit { high: COUNTED, above: Arithmetic::TooManyPrimes, ..ANY }],
        // Behind 2 only odd numbers are prime.
        bounds: |b| between(0, b[0].high.max(0) / 2 + 1),
        value: |a| Ok(prime_count(u64::try_from(a[0]).unwrap_or(0)).into()),
    },
    Row {
        form: "nthprime(k)",
        summary: "the k-th prime, from 2 for 1; up to 10 ** 12",
        example: ("nthprime(1000)", "7919"),
        gives: Kind::Integer,
        cost: COUNTING,
        domain: &[Limit {
            low: 1,
            high: MOST,
            below: Arithmetic::NoSuchPrime,
            above: Arithmetic::TooManyPrimes,
            ..ANY
        }],
        // Rosser: below k (ln k + ln ln k) from k = 6 on.
        bounds: |b| between(b[0].low + 1, b[0].high * (i128::from(b[0].high.ilog2()) + 3)),
        value: |a| Ok(nth_prime(a[0] as u64).into()),
    },
];

/// In units of an addition, of one that is far from the one before.
const COUNTING: u64 = 1_000_000;

const ANY: Limit = Limit::at_least(0, i128::MIN, Arithmetic::Overflow);

fn next(a: &[i128]) -> Result<i128, Arithmetic> {
    let first = u64::try_from(a[0]).unwrap_or(0);
    let found = if first <= 2 { Some(2) } else { (first | 1..).step_by(2).find(|&n| is_prime(n)) };
    found.map(i128::from).ok_or(Arithmetic::PrimeTooLarge)
}

fn previous(a: &[i128]) -> Result<i128, Arithmetic> {
    let last = a[0] as u64;
    let odd = if last.is_multiple_of(2) { last - 1 } else { last };
    let found =
        (0..=odd / 2).map(|step| odd - 2 * step).take_while(|&n| n > 2).find(|&n| is_prime(n));
    Ok(found.unwrap_or(2).into())
}

/// Whether an odd number is prime.
fn is_prime(n: u64) -> bool {
    const SMALL: [u64; 11] = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    for prime in SMALL {
        if n.is_multiple_of(prime) {
            return n == prime;
        }
    }
    n < 41 * 41 && n > 1 || miller_rabin(n)
}
