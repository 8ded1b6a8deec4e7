//! Factorisation of one number of 64 bits, by trial division and Pollard's rho in the variant of Brent.
//!
//! `num-prime` does the same on integers of any size, with eight crates of dependencies and random
//! numbers. For 64 bits it is a page on top of the deterministic Miller-Rabin test that is already here.
//! About 0.3 us near 10^6, 5 us near 10^12 and 100 us for the product of two primes near 2^30.
//!
//! Source: Brent, "An improved Monte Carlo factorization algorithm", 1980.

use super::montgomery::{Montgomery, Residue};
use primal_check::miller_rabin;
use std::cell::Cell;
use std::ops::Deref;

/// No number of 64 bits has more different primes: the product of the first 16 is above 2^64.
pub(crate) const MOST_PRIMES: usize = 15;

/// No number of 64 bits has more divisors than 18401055938125660800 (OEIS A002182, A002183).
pub(crate) const MOST_DIVISORS: i128 = 184_320;

/// The primes of a number, ascending, with their exponents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Factors {
    primes: [(u64, u32); MOST_PRIMES],
    length: usize,
}

impl Deref for Factors {
    type Target = [(u64, u32)];

    fn deref(&self) -> &Self::Target {
        &self.primes[..self.length]
    }
}

impl Factors {
    /// Adds a prime, which may be there already.
    fn add(&mut self, prime: u64, exponent: u32) {
        let at = self.partition_point(|(known, _)| *known < prime);
        if at < self.length && self.primes[at].0 == prime {
            self.primes[at].1 += exponent;
            return;
        }
        self.primes.copy_within(at..self.length, at + 1);
        self.primes[at] = (prime, exponent);
        self.length += 1;
    }
}

thread_local! {
    /// The last number that was factored: an expression often asks for several functions of one number.
    static LAST: Cell<(u64, Factors)> = const {
        Cell::new((1, Factors { primes: [(0, 0); MOST_PRIMES], length: 0 }))
    };
}

/// The factors of a number; 1 has none, and neither has 0.
pub(crate) fn factors(n: u64) -> Factors {
    let (last, known) = LAST.get();
    if last == n {
        return known;
    }
    let mut factors = Factors::default();
    let rest = divide_by_small_primes(n, &mut factors);
    split(rest, &mut factors);
    LAST.set((n, factors));
    factors
}

/// An odd prime, and what tells whether it divides a number without a division: the product with its inverse modulo
/// 2^64 is the quotient then, and above every quotient otherwise.
struct SmallPrime {
    prime: u64,
    inverse: u64,
    largest_quotient: u64,
}

/// The number of odd primes below 256.
const SMALL: usize = 53;

const SMALL_PRIMES: [SmallPrime; SMALL] = {
    let mut primes = [const { SmallPrime { prime: 1, inverse: 1, largest_quotient: 0 } }; SMALL];
    let (mut found, mut candidate) = (0, 3_u64);
    while found < SMALL {
        let mut divisor = 3;
        while divisor * divisor <= candidate && candidate % divisor != 0 {
            divisor += 2;
        }
        if divisor * divisor > candidate {
            let mut inverse = candidate;
            let mut step = 0;
            while step < 5 {
                inverse = inverse.wrapping_mul(2_u64.wrapping_sub(candidate.wrapping_mul(inverse)));
                step += 1;
            }
            let largest_quotient = u64::MAX / candidate;
            primes[found] = SmallPrime { prime: candidate, inverse, largest_quotient };
            found += 1;
        }
        candidate += 2;
    }
    primes
};

/// A number without a prime factor below this is prime if it is below the square.
const NEXT_PRIME: u64 = 257;

/// What is left without the small primes; 1 if nothing is.
fn divide_by_small_primes(n: u64, factors: &mut Factors) -> u64 {
    if n == 0 {
        return 1;
    }
    let twos = n.trailing_zeros();
    if twos > 0 {
        factors.add(2, twos);
    }
    let mut rest = n >> twos;
    for small in &SMALL_PRIMES {
        if small.prime * small.prime > rest {
            break;
        }
        let mut exponent = 0;
        loop {
            let quotient = rest.wrapping_mul(small.inverse);
            if quotient > small.largest_quotient {
                break;
            }
            rest = quotient;
            exponent += 1;
        }
        if exponent > 0 {
            factors.add(small.prime, exponent);
        }
    }
    rest
}

/// Adds the factors of an odd number. It has no small primes, unless it is prime itself.
fn split(n: u64, factors: &mut Factors) {
    if n == 1 {
        return;
    }
    if n < NEXT_PRIME * NEXT_PRIME || miller_rabin(n) {
        factors.add(n, 1);
        return;
    }
    let divisor = divisor(n);
    split(divisor, factors);
    split(n / divisor, factors);
}

/// A divisor of an odd composite number, neither 1 nor the number.
fn divisor(n: u64) -> u64 {
    // Rho finds one of two equal primes too, but only after more steps.
    let root = n.isqrt();
    if root * root == n {
        return root;
    }
    (1..).find_map(|start| rho(n, start)).unwrap_or(n)
}

/// Differences that are multiplied before their common divisor with the number is taken.
const AT_ONCE: u64 = 128;

/// Walks along x -> x^2 + c until two numbers of the walk are congruent modulo a divisor. `None` if they are so modulo all
/// divisors at once.
fn rho(n: u64, c: u64) -> Option<u64> {
    let field = Montgomery::new(n)?;
    let c = field.residue(c);
    let step = |x: Residue| field.plus(field.times(x, x), c);
    let mut ahead = field.residue(2);
    let mut length = 1;
    loop {
        let anchor = ahead;
        for _ in 0..length {
            ahead = step(ahead);
        }
        let mut done = 0;
        while done < length {
            let begin = ahead;
            let mut product = field.residue(1);
            for _ in 0..AT_ONCE.min(length - done) {
                ahead = step(ahead);
                product = field.times(product, Montgomery::apart(anchor, ahead));
            }
            match field.common_divisor(product) {
                1 => done += AT_ONCE,
                found if found < n => return Some(found),
                // Several divisors at once: one by one again.
                _ => {
                    let mut ahead = begin;
                    loop {
                        ahead = step(ahead);
                        let found = field.common_divisor(Montgomery::apart(anchor, ahead));
                        if found > 1 {
                            return (found < n).then_some(found);
                        }
                    }
                }
            }
        }
        length *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(n: u64) {
        let factors = factors(n);
        let product = factors.iter().map(|(p, e)| u128::from(*p).pow(*e)).product();
        assert_eq!(u128::from(n), product, "{factors:?}");
        assert!(factors.iter().all(|(p, e)| miller_rabin(*p) && *e > 0), "{factors:?}");
        assert!(factors.windows(2).all(|pair| pair[0].0 < pair[1].0), "{factors:?}");
    }

    #[test]
    fn all_small_numbers_and_both_ends() {
        for n in
            (1..200_000).chain(u64::MAX - 300..=u64::MAX).chain((1 << 63) - 300..(1 << 63) + 300)
        {
            check(n);
        }
    }

    #[test]
    fn hard_numbers() {
        for n in [
            // Powers and products of primes that rho finds late or all at once.
            4_294_967_291_u64.pow(2),
            2_097_143_u64.pow(3),
            65_521_u64.pow(4),
            4_294_967_291 * 4_294_967_279,
            257 * 263 * 269 * 271 * 277,
            614_889_782_588_491_410,
            3_825_123_056_546_413_051,
            18_446_744_073_709_551_557,
            9_223_372_036_854_775_783,
        ] {
            check(n);
        }
    }

    proptest! {
        #[test]
        fn any_number(n in 1..=u64::MAX, shift in 0..60_u32) {
            check((n >> shift).max(1));
        }
    }
}
