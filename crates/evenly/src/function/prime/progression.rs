//! Which numbers of an arithmetic progression are prime, as bits: the windows of `prime(a * n + b)` in expressions.
//!
//! The sieve goes over all numbers between the first and the last of the progression, so its cost grows with the
//! factor. About 0.3 ns for each of them up to 10^10.

use super::{PrimeCounter, RESIDUES};

/// The numbers `factor * n + offset`, for all n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progression {
    factor: i64,
    offset: i128,
}

/// Largest factor of n without its sign: above, a test of each number costs less.
const LARGEST_FACTOR: u64 = 64;

/// Numbers that are sieved for a window. The larger the root of the last one, the longer it has to be.
const SHORTEST: u64 = 1 << 20;
const LONGEST: u64 = 1 << 25;

/// No base prime is larger: a window takes at most about 0.1 s for its base primes.
const BASE_LIMIT: u64 = 1 << 28;

/// A test of one number costs about as much as the base primes for this many numbers below the root.
const ALONE: u64 = 25;

/// By byte of a segment: the bits of its primes among 30 consecutive numbers.
const SPREAD: [u32; 256] = {
    let mut spread = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                spread[byte] |= 1 << RESIDUES[bit];
            }
            bit += 1;
        }
        byte += 1;
    }
    spread
};

impl Progression {
    /// `None` if no window of such numbers pays.
    pub(crate) fn new(factor: i128, offset: i128) -> Option<Self> {
        let factor = i64::try_from(factor).ok()?;
        (1..=LARGEST_FACTOR).contains(&factor.unsigned_abs()).then_some(Self { factor, offset })
    }

    fn at(self, n: i64) -> Option<i64> {
        let product = i128::from(self.factor).checked_mul(n.into())?;
        i64::try_from(product.checked_add(self.offset)?).ok()
    }

    /// The number of n in a window that begins with this one; `None` if tests of the next `length` numbers cost less,
    /// or the numbers are beyond `i64`.
    pub(crate) fn window(self, n: i64, length: u64) -> Option<u64> {
        let begin = self.at(n)?;
        let root = begin.max(0).cast_unsigned().saturating_add(LONGEST).isqrt();
        let most = (8 * root).clamp(SHORTEST, LONGEST) / self.factor.unsigned_abs();
        let window = most.min(length).min(n.abs_diff(i64::MAX)).max(1);
        self.at(n.saturating_add_unsigned(window - 1))?;
        (root <= BASE_LIMIT && root <= window.saturating_mul(ALONE)).then_some(window)
    }
}

impl PrimeCounter {
    /// Sets the bits of the primes of a progression, for `length` numbers from n on, all of which fit `i64`. All bits are
    /// 0 before.
    pub(crate) fn mark_primes(
        &mut self,
        progression: Progression,
        n: i64,
        length: u64,
        words: &mut [u64],
    ) {
        let Some(more) = length.checked_sub(1) else { return };
        let ends = (progression.at(n), progression.at(n.saturating_add_unsigned(more)));
        let (Some(begin), Some(end)) = ends else { return };
        let size = progression.factor.unsigned_abs();
        let (low, high) = (begin.min(end).max(0).cast_unsigned(), begin.max(end));
        let Ok(high) = u64::try_from(high) else { return };
        for small in [2, 3, 5].into_iter().filter(|small| (low..=high).contains(small)) {
            mark(words, small.cast_signed().abs_diff(begin), size);
        }
        if high < 7 {
            return;
        }
        self.segments(low.max(7), high, high.isqrt(), |segment, start| {
            for (at, byte) in (start.cast_signed()..).zip(segment) {
                let thirty = at * 30;
                if progression.factor == 1 {
                    spread(words, thirty - begin, SPREAD[usize::from(*byte)].into());
                    continue;
                }
                let mut left = *byte;
                while left != 0 {
                    let prime = thirty + RESIDUES[left.trailing_zeros() as usize] as i64;
                    mark(words, prime.abs_diff(begin), size);
                    left &= left - 1;
                }
            }
        });
    }
}

/// Sets the bit of the number at this distance from the first, if it is one of the progression.
fn mark(words: &mut [u64], distance: u64, size: u64) {
    let place = distance / size;
    if place * size == distance {
        words[(place / 64) as usize] |= 1 << (place % 64);
    }
}

/// Puts bits in place from `at` on. Those before the first word and behind the last one are 0.
fn spread(words: &mut [u64], at: i64, bits: u64) {
    let (at, bits) = if at < 0 { (0, bits >> -at) } else { (at as usize, bits) };
    if let Some(word) = words.get_mut(at / 64) {
        *word |= bits << (at % 64);
    }
    if at % 64 > 34
        && let Some(word) = words.get_mut(at / 64 + 1)
    {
        *word |= bits >> (64 - at % 64);
    }
}
