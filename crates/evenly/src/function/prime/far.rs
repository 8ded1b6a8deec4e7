//! Sieve of a long interval of large numbers, where most base primes strike no number of a segment.
//!
//! Each base prime above the length of a segment is in the bucket of the segment that it strikes next, and moves on from
//! there. Base primes that strike no number up to the horizon are in no bucket. So a segment costs what its strikes cost,
//! and the horizon costs about 8 ns for each base prime: 0.4 s near 10^18. The state stays from one call to the next, so
//! that a chunk can be counted in short slices.
//!
//! Memory: 8 bytes for each base prime with a strike up to the horizon, 170 MiB near 10^18 and at most 240 MiB, and 1 MiB.
//!
//! Source: Oliveira e Silva, "Fast implementation of the segmented sieve of Eratosthenes", for the buckets.

use super::{CLEAR, GAPS, PrimeCounter, RESIDUES, bits_where, count_ones};
use std::mem::take;

/// Bytes of a segment: half of a usual second-level cache.
const SEGMENT_BITS: u32 = 19;
const SEGMENT: u64 = 1 << SEGMENT_BITS;

/// Base primes up to here strike every segment, and are in no bucket.
const NEAR: u64 = SEGMENT;

/// Numbers up to the horizon.
pub(super) const HORIZON: u64 = 1 << 29;

/// Strikes of a block of a bucket: 8 KiB.
const BLOCK: usize = 1024;

/// A strike: the prime divided by 30, the byte of the segment, and the residues of prime and cofactor modulo 30.
type Strike = u64;
const STATE_BITS: u32 = 6;
const PLACE_BITS: u32 = SEGMENT_BITS + STATE_BITS;

/// What a strike does, by the residues of prime and cofactor: their places in [`RESIDUES`], times 8 and plus.
#[derive(Clone, Copy)]
struct State {
    clear: u8,
    /// From this cofactor to the next.
    gap: u8,
    /// Bytes to the next strike, beside those for the gap times the prime divided by 30.
    carry: u8,
    next: u8,
}

const STATES: [State; 64] = {
    let mut states = [State { clear: 0, gap: 0, carry: 0, next: 0 }; 64];
    let mut at = 0;
    while at < 64 {
        let (prime, cofactor) = (RESIDUES[at / 8], at % 8);
        let residue = prime * RESIDUES[cofactor] % 30;
        let next = (cofactor + 1) % 8;
        let gap = GAPS[cofactor] as usize;
        let carry = (residue + prime * gap - prime * RESIDUES[next] % 30) / 30;
        states[at] = State {
            clear: CLEAR[residue],
            gap: gap as u8,
            carry: carry as u8,
            next: (at / 8 * 8 + next) as u8,
        };
        at += 1;
    }
    states
};

/// By residue modulo 30 of a cofactor: the place of the next residue with a bit, and the distance to it.
const NEXT: [(u8, u8); 30] = {
    let mut next = [(0, 0); 30];
    let mut residue = 0;
    while residue < 30 {
        let mut place = 0;
        while RESIDUES[place] < residue {
            place += 1;
        }
        next[residue] = (place as u8, (RESIDUES[place] - residue) as u8);
        residue += 1;
    }
    next
};

/// Strikes by the segment that they are in.
#[derive(Debug, Default)]
struct Buckets {
    /// By segment, the block that is being filled.
    open: Vec<Vec<Strike>>,
    /// By segment, blocks that are full.
    full: Vec<Vec<Vec<Strike>>>,
    spare: Vec<Vec<Strike>>,
}

impl Buckets {
    /// Empties all, for this many segments.
    fn clear(&mut self, segments: usize) {
        let blocks = self.open.drain(..).chain(self.full.drain(..).flatten());
        self.spare.extend(blocks.filter(|block| block.capacity() > 0));
        self.spare.iter_mut().for_each(Vec::clear);
        self.open.resize_with(segments, Vec::new);
        self.full.resize_with(segments, Vec::new);
    }

    /// Adds a strike, unless it is beyond the last segment.
    #[inline]
    fn add(&mut self, segment: usize, strike: Strike) {
        let Some(open) = self.open.get_mut(segment) else { return };
        if open.len() == open.capacity() {
            let spare = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK));
            let block = std::mem::replace(open, spare);
            if block.capacity() > 0 {
                self.full[segment].push(block);
            }
        }
        open.push(strike);
    }
}

/// The sieve from one number to the horizon, with the segment that it is at.
#[derive(Debug, Default)]
pub(super) struct FarSieve {
    /// Finds the base primes and strikes the near ones.
    near: PrimeCounter,
    buckets: Buckets,
    /// The first byte, counted from the number 0.
    start: u64,
    segments: u64,
    /// Segments that were sieved. The last of them is there.
    sieved: u64,
}

impl FarSieve {
    /// The last number that can be counted, if this one can be.
    pub(super) fn reaches(&self, n: u64) -> Option<u64> {
        let from = self.start + self.sieved.saturating_sub(1) * SEGMENT;
        let end = self.start + self.segments * SEGMENT;
        (from..end).contains(&(n / 30)).then(|| end * 30 - 1)
    }

    /// Sets the horizon for numbers from `first` on, as far as `last` or less.
    pub(super) fn begin(&mut self, first: u64, last: u64) {
        let distance = last - first + 1;
        let distance = distance.div_ceil(distance.div_ceil(HORIZON));
        self.start = first / 30;
        self.segments = ((first + distance - 1) / 30 - self.start + 1).div_ceil(SEGMENT);
        self.sieved = 0;
        self.buckets.clear(self.segments as usize);
        let (start, end) = (self.start * 30, (self.start + self.segments * SEGMENT) * 30);
        let root = (end - 1).isqrt();
        let buckets = &mut self.buckets;
        self.near.segments(NEAR + 1, root, root.isqrt().max(NEAR), |bytes, first_byte| {
            let (words, rest) = bytes.as_chunks::<8>();
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            for (part, word) in (first_byte..).step_by(8).zip(words.iter().chain([&last])) {
                // Word by word: the end of a loop over the bits of one byte is hard to predict.
                let mut left = u64::from_le_bytes(*word);
                while left != 0 {
                    let bit = u64::from(left.trailing_zeros());
                    left &= left - 1;
                    enter(buckets, part + bit / 8, bit % 8, start, end);
                }
            }
        });
        if (self.near.segment.len() as u64) < SEGMENT {
            self.near.segment.resize(SEGMENT as usize, 0);
        }
    }

    /// The number of primes from `first` to `last`, where the sieve reaches.
    pub(super) fn count(&mut self, first: u64, last: u64) -> u64 {
        let mut count = 0;
        let mut from = first;
        loop {
            let segment = (from / 30 - self.start) / SEGMENT;
            while self.sieved <= segment && self.sieved < self.segments {
                self.sieve_next();
            }
            let start = self.start + segment * SEGMENT;
            let to = last.min((start + SEGMENT) * 30 - 1);
            count += ones(&self.near.segment[..SEGMENT as usize], start, from, to);
            if to == last {
                return count;
            }
            from = to + 1;
        }
    }

    fn sieve_next(&mut self) {
        let at = self.sieved as usize;
        self.sieved += 1;
        self.near.mark(self.start + at as u64 * SEGMENT, SEGMENT as usize, NEAR);
        let Some(bytes) = self.near.segment.first_chunk_mut::<{ SEGMENT as usize }>() else {
            return;
        };
        let buckets = &mut self.buckets;
        let blocks = take(&mut buckets.full[at]);
        for mut block in blocks.into_iter().chain([take(&mut buckets.open[at])]) {
            for strike in &block {
                let part = strike >> PLACE_BITS;
                let mut place = strike >> STATE_BITS & (SEGMENT - 1);
                let mut state = strike & 63;
                while place < SEGMENT {
                    let State { clear, gap, carry, next } = STATES[state as usize];
                    bytes[place as usize] &= clear;
                    place += part * u64::from(gap) + u64::from(carry);
                    state = next.into();
                }
                let place_within = (place & (SEGMENT - 1)) << STATE_BITS;
                let strike = part << PLACE_BITS | place_within | state;
                buckets.add(at + (place >> SEGMENT_BITS) as usize, strike);
            }
            block.clear();
            if block.capacity() > 0 {
                buckets.spare.push(block);
            }
        }
    }
}

/// Puts a base prime in the bucket of its first strike from `start` on, if that is before `end`. Both are multiples of 30.
#[inline]
fn enter(buckets: &mut Buckets, part: u64, class: u64, start: u64, end: u64) {
    let prime = part * 30 + RESIDUES[class as usize] as u64;
    let cofactor = start.div_ceil(prime);
    // Most strike nothing, and are done with here.
    let distance = cofactor * prime - start;
    if distance >= end - start {
        return;
    }
    let (place, more) = NEXT[(cofactor % 30) as usize];
    let distance = distance + u64::from(more) * prime;
    if distance >= end - start {
        return;
    }
    let byte = distance / 30;
    let state = class * 8 + u64::from(place);
    let within = (byte & (SEGMENT - 1)) << STATE_BITS;
    buckets.add((byte >> SEGMENT_BITS) as usize, part << PLACE_BITS | within | state);
}

/// The bits of the numbers from `first` to `last`, all of them within a segment that begins with the byte `start`.
fn ones(segment: &[u8], start: u64, first: u64, last: u64) -> u64 {
    let within = |byte: u64| {
        bits_where(|residue| (first..=last).contains(&(byte * 30 + residue)))
            & segment[(byte - start) as usize]
    };
    let (low, high) = (first / 30, last / 30);
    if low == high {
        return within(low).count_ones().into();
    }
    let inner = &segment[(low - start) as usize + 1..(high - start) as usize];
    u64::from(within(low).count_ones() + within(high).count_ones()) + count_ones(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(first: u64, length: u64, slices: &[u64]) {
        let last = first + length - 1;
        let expected = PrimeCounter::default().sieve(first, last, last.isqrt().min(1 << 20));
        let mut sieve = FarSieve::default();
        sieve.begin(first, last);
        let (mut from, mut count) = (first, 0);
        for slice in slices.iter().cycle() {
            let to = last.min(from + slice - 1);
            count += sieve.count(from, to);
            if to == last {
                break;
            }
            from = to + 1;
        }
        assert_eq!(count, expected, "{length} from {first}");
    }

    #[test]
    fn segments_and_slices_are_seamless() {
        check(20_000_000_000_000, 35_000_000, &[1, 29, 30, 15_728_640, 1_000_003]);
        check(100_000_000_000_007, 20_000_000, &[20_000_000]);
    }

    /// The largest base primes that there are, above 3 * 10^9.
    #[test]
    fn the_last_numbers_of_64_bits_with_a_sign() {
        let last = i64::MAX.cast_unsigned();
        check(last - 20_000, 20_001, &[7000]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn any_interval(
            first in 2_000_000_000_000_u64..400_000_000_000_000,
            length in 1..300_000_u64,
            slices in prop::collection::vec(1..100_000_u64, 4),
        ) {
            check(first, length, &slices);
        }
    }
}
