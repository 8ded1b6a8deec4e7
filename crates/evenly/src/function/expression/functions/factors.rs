//! Functions of the prime factors of a number.

use super::row::{Limit, Row, between, truth};
use crate::function::Kind;
use crate::function::expression::reach::{Bounds, BoundsResult};
use crate::function::factor::{Factors, MOST_DIVISORS, factors};
use crate::function::factor_sieve::FactorFunction;
use evenly_core::Arithmetic;

/// The numbers that are factored.
const FACTORED: Limit = Limit {
    argument: 0,
    low: 1,
    high: u64::MAX as i128,
    below: Arithmetic::FactorsBelowOne,
    above: Arithmetic::FactorsTooLarge,
};

const FACTORED_BY_SIZE: Limit =
    Limit { low: -(u64::MAX as i128), below: Arithmetic::FactorsTooLarge, ..FACTORED };

/// In units of an addition: of a number near 10^12.
const COST: u64 = 5000;

/// A row for a function of one number that is factored.
const fn row(
    form: &'static str,
    summary: &'static str,
    example: (&'static str, &'static str),
    bounds: fn(&[Bounds]) -> BoundsResult,
    value: fn(&[i128]) -> Result<i128, Arithmetic>,
) -> Row {
    let (gives, cost, domain) = (Kind::Integer, COST, &[FACTORED]);
    Row { form, summary, example, gives, cost, domain, bounds, value }
}

pub(super) static ROWS: &[Row] = &[
    row(
        "omega(a)",
        "number of different primes that divide a",
        ("omega(12)", "2"),
        |b| between(0, most_primes(b[0].high)),
        |a| Ok(of(a).len() as i128),
    ),
    row(
        "bigomega(a)",
        "the same, repeated ones counted again",
        ("bigomega(12)", "3"),
        |b| between(0, b[0].high.ilog2().into()),
        |a| Ok(of(a).iter().map(|(_, exponent)| i128::from(*exponent)).sum()),
    ),
    row(
        "tau(a)",
        "number of divisors",
        ("tau(12)", "6"),
        // Of two divisors whose product is a, one is at most the root.
        |b| between(1, (2 * b[0].high.isqrt()).min(MOST_DIVISORS)),
        |a| Ok(of(a).iter().map(|(_, exponent)| i128::from(*exponent) + 1).product()),
    ),
    row(
        "sigma(a)",
        "sum of the divisors",
        ("sigma(12)", "28"),
        |b| between(b[0].low, DIVISOR_RATIO * b[0].high),
        |a| divisor_sum(a[0], 1),
    ),
    Row {
        domain: &[FACTORED, Limit::at_least(1, 0, Arithmetic::NegativeExponent)],
        ..row(
            "sigma(a, k)",
            "sum of the k-th powers of the divisors",
            ("sigma(12, 2)", "210"),
            |b| divisor_sum_bounds(b[0], b[1]),
            |a| divisor_sum(a[0], a[1]),
        )
    },
    row(
        "phi(a)",
        "number of 1..=a that are coprime to a",
        ("phi(12)", "4"),
        |b| between(1, b[0].high),
        |a| {
            Ok(of(a)
                .iter()
                .fold(a[0], |phi, (prime, _)| phi / i128::from(*prime) * i128::from(prime - 1)))
        },
    ),
    row(
        "mobius(a)",
        "Moebius function: 0 unless a is squarefree",
        ("mobius(30)", "-1"),
        |_| between(-1, 1),
        |a| Ok(of(a).iter().map(|(_, exponent)| if *exponent > 1 { 0 } else { -1 }).product()),
    ),
    row(
        "rad(a)",
        "product of the different primes that divide a",
        ("rad(12)", "6"),
        |b| between(1, b[0].high),
        |a| Ok(of(a).iter().map(|(prime, _)| i128::from(*prime)).product()),
    ),
    row(
        "lpf(a)",
        "least prime factor; of 1, 1",
        ("lpf(35)", "5"),
        |b| between(1, b[0].high),
        |a| Ok(of(a).first().map_or(1, |(prime, _)| i128::from(*prime))),
    ),
    row(
        "gpf(a)",
        "greatest prime factor; of 1, 1",
        ("gpf(35)", "7"),
        |b| between(1, b[0].high),
        |a| Ok(of(a).last().map_or(1, |(prime, _)| i128::from(*prime))),
    ),
    Row {
        gives: Kind::Truth,
        domain: &[FACTORED_BY_SIZE],
        ..row(
            "is_squarefree(a)",
            "no square above 1 divides a; 0 is not",
            ("is_squarefree(12)", "false"),
            truth,
            |a| Ok((a[0] != 0 && of(a).iter().all(|(_, exponent)| *exponent == 1)).into()),
        )
    },
];

/// What a sieve computes in place of the function of this form, for consecutive numbers and these further arguments.
pub(super) fn sieved(form: &str, more: &[i128]) -> Option<FactorFunction> {
    match form {
        "omega(a)" => Some(FactorFunction::Omega),
        "bigomega(a)" => Some(FactorFunction::BigOmega),
        "tau(a)" => Some(FactorFunction::Tau),
        "sigma(a)" => Some(FactorFunction::Sigma),
        "sigma(a, k)" => u32::try_from(*more.first()?).ok().map(FactorFunction::SigmaOfPowers),
        "phi(a)" => Some(FactorFunction::Phi),
        "mobius(a)" => Some(FactorFunction::Mobius),
        "rad(a)" => Some(FactorFunction::Rad),
        "lpf(a)" => Some(FactorFunction::LeastPrime),
        "gpf(a)" => Some(FactorFunction::GreatestPrime),
        "is_squarefree(a)" => Some(FactorFunction::IsSquarefree),
        _ => None,
    }
}

/// The sum of the divisors of a number below 2^64 is less than this many times the number: than the product of p / (p - 1)
/// over the first 15 primes, 7.2.
const DIVISOR_RATIO: i128 = 8;

/// The factors of the first argument, which is within the domain.
fn of(a: &[i128]) -> Factors {
    factors(a[0].unsigned_abs() as u64)
}

/// How many different primes a number up to this has.
fn most_primes(high: i128) -> i128 {
    const PRIMES: [i128; 15] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];
    let products = PRIMES.iter().scan(1, |product, prime| {
        *product *= prime;
        Some(*product)
    });
    products.take_while(|product| *product <= high).count() as i128
}

/// The sum of the powers of the divisors, with an exponent that is not negative.
fn divisor_sum(a: i128, k: i128) -> Result<i128, Arithmetic> {
    let sums = of(&[a]).iter().try_fold(1_i128, |product, (prime, exponent)| {
        let prime = i128::from(*prime);
        let power = if k == 1 { prime } else { prime.checked_pow(u32::try_from(k).ok()?)? };
        // 1 + p^k + p^2k + ..., from inside out.
        let sum = (0..*exponent).try_fold(1_i128, |sum, _| sum.checked_mul(power)?.checked_add(1));
        product.checked_mul(sum?)
    });
    sums.ok_or(Arithmetic::Overflow)
}

fn divisor_sum_bounds(a: Bounds, k: Bounds) -> BoundsResult {
    if a.only() == Some(1) {
        return between(1, 1);
    }
    // Relative to a^k, it is the less the higher k is, from 1 on. For 0, it is the number of divisors.
    let exponent = u32::try_from(k.high).ok();
    let power = exponent.and_then(|exponent| a.high.checked_pow(exponent));
    match power.and_then(|power| power.checked_mul(DIVISOR_RATIO)) {
        Some(most) => between(1, if k.low == 0 { most.max(MOST_DIVISORS) } else { most }),
        None => Bounds::new(1, i128::MAX).reach(true),
    }
}
