//! Which of consecutive numbers are prime, as bits: one sieve for the windows of several parts `prime(a * n + b)`.
//!
//! A sieve with all base primes up to the root is exact. One with fewer leaves bits of composites, too: it only tells which
//! numbers need a test.

use super::{PrimeCounter, RESIDUES};

/// Numbers of a block: 32 bytes of a segment, and 15 words of bits.
const BLOCK: u64 = 960;
const BLOCK_BYTES: usize = 32;
const BLOCK_WORDS: usize = 15;

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

/// The bits of consecutive numbers, from a multiple of [`BLOCK`] on.
#[derive(Debug, Default)]
pub(crate) struct PrimeBits {
    start: u64,
    words: Vec<u64>,
}

impl PrimeBits {
    /// Sieves the numbers from `low` to `high`, which fits `i64`, by the base primes up to `bound`.
    pub(crate) fn sieve(&mut self, primes: &mut PrimeCounter, low: u64, high: u64, bound: u64) {
        self.start = low / BLOCK * BLOCK;
        self.words.clear();
        let blocks = (high / BLOCK - low / BLOCK + 1) as usize;
        self.words.resize(blocks * BLOCK_WORDS, 0);
        if high >= 7 {
            let bound = bound.min(high.isqrt());
            let (start_byte, words) = (self.start / 30, &mut self.words);
            primes.segments(self.start.max(7), high, bound, |segment, byte| {
                let at = (byte - start_byte) as usize / BLOCK_BYTES * BLOCK_WORDS;
                let (blocks, rest) = segment.as_chunks::<BLOCK_BYTES>();
                let mut last = [0; BLOCK_BYTES];
                last[..rest.len()].copy_from_slice(rest);
                let places = words[at..].as_chunks_mut::<BLOCK_WORDS>().0;
                for (place, block) in places.iter_mut().zip(blocks.iter().chain([&last])) {
                    spread(block, place);
                }
            });
        }
        if self.start == 0 {
            self.words[0] |= 1 << 2 | 1 << 3 | 1 << 5;
        }
    }

    /// Writes the bits of the numbers `begin`, `begin + step` and so on. Numbers that were not sieved have 0.
    pub(crate) fn copy(&self, begin: i64, step: i64, words: &mut [u64]) {
        // Behind the lowest number there is, nothing is sieved either.
        let mut at = begin.saturating_sub_unsigned(self.start);
        if step == 1 {
            let (first, shift) = (at >> 6, at & 63);
            // In two steps, because a shift by 64 is none.
            let joined = |low: u64, high: u64| low >> shift | high << 1 << (63 - shift);
            let inner = usize::try_from(first).ok().and_then(|first| self.words.get(first..));
            let pairs = inner.unwrap_or_default().windows(2);
            let inner = pairs.len().min(words.len());
            for (to, pair) in words.iter_mut().zip(pairs) {
                *to = joined(pair[0], pair[1]);
            }
            for (to, from) in words.iter_mut().zip(first..).skip(inner) {
                *to = joined(self.word(from), self.word(from + 1));
            }
            return;
        }
        for to in words {
            *to = 0;
            for place in 0..64 {
                *to |= (self.word(at >> 6) >> (at & 63) & 1) << place;
                at = at.wrapping_add(step);
            }
        }
    }

    fn word(&self, at: i64) -> u64 {
        usize::try_from(at).ok().and_then(|at| self.words.get(at)).copied().unwrap_or(0)
    }
}

/// The bits of the numbers of a block.
fn spread(block: &[u8; BLOCK_BYTES], words: &mut [u64; BLOCK_WORDS]) {
    // 60 numbers each.
    let pairs = block.as_chunks::<2>().0;
    let sixty = |at: usize| {
        let [low, high] = pairs[at];
        u64::from(SPREAD[usize::from(low)]) | u64::from(SPREAD[usize::from(high)]) << 30
    };
    let mut piece = sixty(0);
    for (at, word) in words.iter_mut().enumerate() {
        let next = sixty(at + 1);
        *word = piece >> (4 * at) | next << (60 - 4 * at);
        piece = next;
    }
}
