//! Reference for functions of prime factors: small numbers by their definitions, others from factors that are checked.

use super::{abs, gcd, prime};
use crate::function::factor;
use evenly_core::Arithmetic::{self, *};
use num_bigint::BigInt;

/// Up to here, every number is tried.
const SMALL: u64 = 300;

/// The value of a function of factors, by its form.
pub(super) fn function(form: &str, a: &[BigInt]) -> Result<BigInt, Arithmetic> {
    if a[0] < BigInt::from(1) {
        return Err(FactorsBelowOne);
    }
    let n = u64::try_from(&a[0]).map_err(|_| FactorsTooLarge)?;
    let power = match a.get(1) {
        Some(k) if *k < BigInt::ZERO => return Err(NegativeExponent),
        // Above this, only the divisor 1 has a power that fits.
        Some(k) => u32::try_from(k).unwrap_or(200).min(200),
        None => 1,
    };
    Ok(if n < SMALL { by_definition(form, n, power) } else { by_factors(form, n, power) })
}

pub(super) fn is_squarefree(a: &BigInt) -> Result<bool, Arithmetic> {
    let n = u64::try_from(abs(a)).map_err(|_| FactorsTooLarge)?;
    if n < SMALL {
        return Ok(n > 0 && (2..=n).all(|d| !n.is_multiple_of(d * d)));
    }
    Ok(factors(n).iter().all(|(_, exponent)| *exponent == 1))
}

fn by_definition(form: &str, n: u64, power: u32) -> BigInt {
    let divisors = || (1..=n).filter(|d| n.is_multiple_of(*d));
    let is_prime = |n: u64| n > 1 && (2..n).all(|d| !n.is_multiple_of(d));
    let primes = || divisors().filter(|d| is_prime(*d));
    let is_squarefree = (2..=n).all(|d| !n.is_multiple_of(d * d));
    match form {
        "omega(a)" => primes().count().into(),
        // A power of a prime for each time that it divides.
        "bigomega(a)" => {
            let powers = |p: u64| (1..).map_while(move |e| p.checked_pow(e));
            let exponent = |p| powers(p).filter(|power| n.is_multiple_of(*power)).count();
            primes().map(exponent).sum::<usize>().into()
        }
        "tau(a)" => divisors().count().into(),
        "sigma(a)" | "sigma(a, k)" => divisors().map(|d| BigInt::from(d).pow(power)).sum(),
        "phi(a)" => (1..=n).filter(|x| gcd(&(*x).into(), &n.into()) == 1.into()).count().into(),
        "mobius(a)" if !is_squarefree => 0.into(),
        "mobius(a)" => if primes().count() % 2 == 0 { 1 } else { -1 }.into(),
        "rad(a)" => primes().product::<u64>().into(),
        "lpf(a)" => primes().next().unwrap_or(1).into(),
        "gpf(a)" => primes().next_back().unwrap_or(1).into(),
        _ => panic!("no reference for {form}"),
    }
}

fn by_factors(form: &str, n: u64, power: u32) -> BigInt {
    let factors = factors(n);
    let big = |(p, _): &(u64, u32)| BigInt::from(*p);
    match form {
        "omega(a)" => factors.len().into(),
        "bigomega(a)" => factors.iter().map(|(_, exponent)| exponent).sum::<u32>().into(),
        "tau(a)" => factors.iter().map(|(_, exponent)| BigInt::from(exponent + 1)).product(),
        "sigma(a)" | "sigma(a, k)" => {
            let sum = |f: &(u64, u32)| (0..=f.1).map(|e| big(f).pow(power * e)).sum::<BigInt>();
            factors.iter().map(sum).product()
        }
        "phi(a)" => factors.iter().map(|f| (big(f) - 1) * big(f).pow(f.1 - 1)).product(),
        "mobius(a)" => {
            factors.iter().map(|(_, e)| BigInt::from(if *e == 1 { -1 } else { 0 })).product()
        }
        "rad(a)" => factors.iter().map(big).product(),
        "lpf(a)" => big(&factors[0]),
        "gpf(a)" => big(factors.last().unwrap()),
        _ => panic!("no reference for {form}"),
    }
}

/// The factors as the language finds them, if they are primes whose product is the number: then there are no others.
fn factors(n: u64) -> Vec<(u64, u32)> {
    let factors = factor::factors(n).to_vec();
    let product: BigInt =
        factors.iter().map(|(p, exponent)| BigInt::from(*p).pow(*exponent)).product();
    assert_eq!(product, n.into(), "{factors:?}");
    assert!(factors.iter().all(|(p, _)| prime(&(*p).into()) == Ok(true)), "{factors:?}");
    assert!(factors.is_sorted_by(|a, b| a.0 < b.0), "{factors:?}");
    factors
}
