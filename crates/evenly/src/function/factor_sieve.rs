//! Segmented sieve for functions of the prime factors: their values for consecutive numbers, without factoring any.
//!
//! Each prime up to the root of the last number multiplies the value of its multiples, in ascending order. What is left
//! of a number without these primes is 1 or its greatest prime. About 10 ns a number near 10^9, and for each window
//! about 10 ns for each prime up to the root. The single-number functions in `expression/functions/factors.rs` give the
//! same values; a test compares them.
//!
//! From 2^54 on, only primes up to 2^24 are sieved. What is left of a number is 1, a prime, or a product of two primes, which
//! is factored alone. Near 10^18 that takes half the time that the factors of each number take.
//!
//! Memory: 8 bytes a number beside the values, and the base primes as bits, at most 5 MB.

use super::factor::factors;
use primal_sieve::Sieve;

/// A function of the prime factors of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FactorFunction {
    Omega,
    BigOmega,
    Tau,
    Sigma,
    /// The sum of these powers of the divisors.
    SigmaOfPowers(u32),
    Phi,
    Mobius,
    Rad,
    LeastPrime,
    GreatestPrime,
    IsSquarefree,
}

/// Up to this root, all primes are sieved: a window takes at most about 0.1 s for its base primes.
const BASE_LIMIT: u64 = 1 << 27;

/// Beyond, the primes up to here are, whose cube is above 2^63: at most two prime factors are left. Windows are short, to take
/// 0.2 s near 10^18.
const PART_LIMIT: u64 = 1 << 24;
const LONGEST_OF_PART: u64 = 1 << 14;

/// Numbers of a window. Beside 16 bytes for each, a second-level cache has room for little else; with many base primes,
/// longer windows pay all the same.
const SHORTEST: u64 = 1 << 15;
const LONGEST: u64 = 1 << 19;

/// An integer that values are computed in. Values of 64 bits are for functions whose values are known to fit.
pub(super) trait Integer: Copy + PartialEq {
    const MISSING: Self;
    fn of(x: u64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn negated(self) -> Self;
    fn times(self, other: Self) -> Self;
    /// [`Self::MISSING`] if it does not fit 128 bits.
    fn times_power_sum(self, prime: u64, k: u32, exponent: u32) -> Self;
}

impl Integer for i64 {
    const MISSING: Self = -1;

    fn of(x: u64) -> Self {
        x.cast_signed()
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn negated(self) -> Self {
        self.wrapping_neg()
    }

    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }

    fn times_power_sum(self, prime: u64, k: u32, exponent: u32) -> Self {
        i128::from(self).times_power_sum(prime, k, exponent) as i64
    }
}

impl Integer for i128 {
    const MISSING: Self = -1;

    fn of(x: u64) -> Self {
        x.into()
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn negated(self) -> Self {
        self.wrapping_neg()
    }

    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }

    fn times_power_sum(self, prime: u64, k: u32, exponent: u32) -> Self {
        if self == Self::MISSING {
            return self;
        }
        let product = i128::from(prime).checked_pow(k).and_then(|power| {
            let sum =
                (0..exponent).try_fold(1_i128, |sum, _| sum.checked_mul(power)?.checked_add(1))?;
            self.checked_mul(sum)
        });
        product.unwrap_or(Self::MISSING)
    }
}

/// Base primes, and room for the part of each number that is factored.
#[derive(Debug, Default)]
pub(super) struct FactorSieve {
    base: Option<Sieve>,
    reached: u64,
    factored: Vec<u64>,
}

impl FactorSieve {
    /// The number of numbers in a window that begins with this one; `None` if a sieve costs more than to factor
    /// each of the next `length` numbers alone.
    pub(super) fn window(first: u64, length: u64) -> Option<u64> {
        let root = first.saturating_add(LONGEST).isqrt();
        let is_whole = root <= BASE_LIMIT;
        let longest = root.next_power_of_two().clamp(SHORTEST, LONGEST);
        let window = length.min(if is_whole { longest } else { LONGEST_OF_PART });
        // In ns: one number alone, as in `factor.rs`, and one in the window. Large numbers take a fifth of the hardest, and half of
        // that where they are sieved in part.
        let hardest = 200 + 3 * first.isqrt().isqrt();
        let (alone, each) = if is_whole { (hardest, 20) } else { (hardest / 5, hardest / 10) };
        // And the primes up to the limit.
        let limit = limit(root).max(2);
        let primes = limit / u64::from(limit.ilog2()) * 15;
        (window.saturating_mul(alone) > primes + window * each).then_some(window)
    }

    /// Writes the values for the numbers from `first` on, which is at least 1. Values of 128 bits that do not fit
    /// are [`Integer::MISSING`].
    pub(super) fn fill<W: Integer>(
        &mut self,
        function: FactorFunction,
        first: u64,
        values: &mut [W],
    ) {
        let one = W::of(1);
        match function {
            FactorFunction::Omega => self.run(first, values, W::of(0), |x, _, _| x.plus(one)),
            FactorFunction::BigOmega => {
                self.run(first, values, W::of(0), |x, _, e| x.plus(W::of(e.into())));
            }
            FactorFunction::Tau => {
                self.run(first, values, one, |x, _, e| x.times(W::of(u64::from(e) + 1)));
            }
            FactorFunction::Sigma => self.run(first, values, one, |x, prime, e| {
                // At most twice the power of the prime that divides the number.
                x.times(W::of((0..e).fold(1, |sum, _| sum * prime + 1)))
            }),
            FactorFunction::SigmaOfPowers(k) => {
                self.run(first, values, one, |x, prime, e| x.times_power_sum(prime, k, e));
            }
            FactorFunction::Phi => self.run(first, values, one, |x, prime, e| {
                x.times(W::of((1..e).fold(prime - 1, |phi, _| phi * prime)))
            }),
            FactorFunction::Mobius => {
                self.run(first, values, one, |x, _, e| if e == 1 { x.negated() } else { W::of(0) });
            }
            FactorFunction::Rad => {
                self.run(first, values, one, |x, prime, _| x.times(W::of(prime)));
            }
            FactorFunction::LeastPrime => {
                self.run(first, values, one, |x, prime, _| if x == one { W::of(prime) } else { x });
            }
            FactorFunction::GreatestPrime => {
                self.run(first, values, one, |_, prime, _| W::of(prime));
            }
            FactorFunction::IsSquarefree => {
                self.run(first, values, one, |x, _, e| if e == 1 { x } else { W::of(0) });
            }
        }
    }

    /// Folds the prime powers of each number, ascending, into its value.
    fn run<W: Integer>(
        &mut self,
        first: u64,
        values: &mut [W],
        begin: W,
        step: impl Fn(W, u64, u32) -> W,
    ) {
        let Some(last) = (values.len() as u64).checked_sub(1).map(|more| first + more) else {
            return;
        };
        let root = last.isqrt();
        let limit = limit(root);
        self.prepare(limit);
        let Some(base) = &self.base else { return };
        self.factored.resize(values.len(), 1);
        let factored = &mut self.factored[..values.len()];
        for ((n, value), factored) in (first..).zip(&mut *values).zip(&mut *factored) {
            let twos = n.trailing_zeros();
            *factored = 1 << twos;
            *value = if twos > 0 { step(begin, 2, twos) } else { begin };
        }
        for prime in base.primes_from(3).map(|prime| prime as u64).take_while(|p| *p <= limit) {
            let cofactor = first.div_ceil(prime);
            let mut at = cofactor * prime - first;
            // Steps to a multiple of the square.
            let mut until_square = (prime - cofactor % prime) % prime;
            while let Some(value) = values.get_mut(at as usize) {
                let factored = &mut factored[at as usize];
                if until_square == 0 {
                    until_square = prime;
                    let (power, exponent) = power_in(first + at, prime);
                    *factored *= power;
                    *value = step(*value, prime, exponent);
                } else {
                    *factored *= prime;
                    *value = step(*value, prime, 1);
                }
                until_square -= 1;
                at += prime;
            }
        }
        for ((n, value), factored) in (first..).zip(&mut *values).zip(&*factored) {
            let rest = n / *factored;
            if rest == 1 {
                continue;
            }
            // Without a prime up to the limit, it is prime if it is below the square.
            if limit == root || rest <= limit * limit {
                *value = step(*value, rest, 1);
                continue;
            }
            for (prime, exponent) in factors(rest).iter() {
                *value = step(*value, *prime, *exponent);
            }
        }
    }

    /// Finds the base primes up to a limit. They at least double each time.
    fn prepare(&mut self, limit: u64) {
        if self.base.is_none() || self.reached < limit {
            let limit = limit.max(2 * self.reached).max(1 << 10);
            self.base = None; // The old bits are freed before the new ones are made.
            self.base = Some(Sieve::new(limit as usize));
            self.reached = limit;
        }
    }
}

/// The largest prime that is sieved, where the last number has this root.
fn limit(root: u64) -> u64 {
    if root <= BASE_LIMIT { root } else { PART_LIMIT }
}

/// The power of a prime that divides a multiple of its square, and the exponent.
fn power_in(n: u64, prime: u64) -> (u64, u32) {
    let (mut power, mut exponent) = (prime * prime, 2);
    let mut rest = n / power;
    while rest.is_multiple_of(prime) {
        rest /= prime;
        power *= prime;
        exponent += 1;
    }
    (power, exponent)
}

#[cfg(test)]
mod tests;
