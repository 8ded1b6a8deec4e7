//! Counts the primes of any interval of `i64`: the builtin `prime`.
//!
//! Three ways, chosen by [`PrimeCounter::count`] from the length of the interval and the root of
//! its end (the largest possible least factor of a composite in it):
//!
//! - A **few numbers** are asked one by one: trial division by the primes to 53, then the
//!   deterministic Miller-Rabin test, whose bases are proven for all of `u64`. From 20 ns a number
//!   near 0 to 160 ns near 10^18.
//! - An interval **long enough for its size** is sieved by all primes up to the root: the segmented
//!   sieve of Eratosthenes on a wheel modulo 30. About 0.08 ns a number up to 10^10, and about
//!   0.4 ns for every number below the root, whatever the length.
//! - Between the two, and beyond [`BASE_LIMIT`] squared, the sieve stops at a smaller bound and
//!   Miller-Rabin decides on what is left: about 100 ns a number near 10^18.
//!
//! - Of **large numbers**, a chunk is counted slice by slice by the [sieve with a horizon](far), about 1.5 ns a number
//!   near 10^18.
//!
//! Memory: at most 240 MiB for that sieve. For the others, at most 36 MB for the base primes (as bits, below 2^30), 4 MiB for the segment (512 KiB
//! while the root is small) and about 1 MiB for the rest.
//!
//! Sources: Oliveira e Silva, "Fast implementation of the segmented sieve of Eratosthenes", for
//! fitting the parts to the caches; OEIS A014233 for the bases of Miller-Rabin.

#[cfg(feature = "expression")]
mod bits;
mod chunk;
mod far;
#[cfg(feature = "expression")]
mod progression;

#[cfg(feature = "expression")]
pub(crate) use bits::PrimeBits;
#[cfg(feature = "expression")]
pub(crate) use progression::{Progressions, SieveUse};

pub(crate) use chunk::ChunkCounter;

use primal_check::miller_rabin;
use primal_sieve::Sieve;

/// The residues modulo 30 of the numbers coprime to 30: a byte of the segment stands for 30
/// numbers, and its bit `i` for the one with residue `RESIDUES[i]`.
const RESIDUES: [usize; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// From each residue to the next one, cyclically.
const GAPS: [u64; 8] = [6, 4, 2, 4, 2, 4, 6, 2];

/// By residue modulo 30: the byte that clears its bit, or clears nothing if it has no bit.
const CLEAR: [u8; 30] = {
    let mut clear = [0xff; 30];
    let mut bit = 0;
    while bit < 8 {
        clear[RESIDUES[bit]] = !(1 << bit);
        bit += 1;
    }
    clear
};

/// The primes that are struck by copying patterns, besides 7, 11 and 13, which share one. A pattern
/// repeats after as many bytes as the product of its primes, so the least of these shares one with
/// the largest, the second with the last but one, and so on.
const PRESIEVED: [usize; 32] = [
    17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163,
];
const LARGEST_PRESIEVED: u64 = 163;

/// Bytes that are presieved at once; they and the patterns read for them share the caches.
const PIECE: usize = 2 << 10;

/// Bytes that the smallest primes strike before they go on: a first-level data cache.
const BLOCK: usize = 32 << 10;

/// The primes below strike a block several times, so that going block by block pays.
const BLOCKWISE: usize = BLOCK / 4;

/// Bytes marked at once: half of a usual second-level cache. More if the root is larger, because
/// each base prime costs a division in each segment, even if it strikes nothing there; but not so
/// much that the workers of one machine would drive each other out of the cache they share.
const SMALLEST_SEGMENT: u64 = 512 << 10;
const LARGEST_SEGMENT: u64 = 4 << 20;

/// The primes up to here are kept in lists as well; those above strike a segment so rarely that
/// they are taken from the bits.
const LISTED: u64 = 1 << 20;

/// No base prime is larger: this caps the memory for their bits.
const BASE_LIMIT: u64 = 1 << 30;

/// Below this length the sieve costs more than asking each number.
const FEW: u64 = 32;

/// The cost rule. A complete sieve costs about 0.4 ns for each number below the root (that is 8 ns
/// for each prime), Miller-Rabin on the survivors of a partial one 50 to 100 ns for each number of
/// the interval; so completeness pays when the root is at most this many times the length.
const COMPLETE: u64 = 128;

/// A partial sieve goes this many times the length far: beyond, finding a composite by a further
/// base prime is dearer than by Miller-Rabin.
const PARTIAL: u64 = 10;
const PARTIAL_LIMIT: u64 = 1 << 24;

/// Counts primes, and keeps between the calls what they have in common: base primes, patterns and
/// the segment. Nothing is allocated before the first call that sieves.
#[derive(Debug, Default)]
pub(crate) struct PrimeCounter {
    base: Option<Sieve>,
    /// Up to where the base primes were asked for and listed. The sieve itself reaches a little
    /// further (it rounds up), but what lies there is in no list.
    reached: u64,
    /// The base primes above the presieved ones and up to `LISTED`, by residue modulo 30.
    classes: [Vec<BasePrime>; 8],
    patterns: Vec<Pattern>,
    segment: Vec<u8>,
}

impl PrimeCounter {
    /// The number of primes n with first <= n <= last.
    pub(crate) fn count(&mut self, first: i64, last: i64) -> u64 {
        debug_assert!(first <= last);
        if last.abs_diff(first) < FEW {
            return (first..=last).map(|n| u64::from(is_prime(n))).sum();
        }
        let Ok(last) = u64::try_from(last) else { return 0 };
        let first = u64::try_from(first).unwrap_or(0);
        let length = last - first + 1;
        let root = last.isqrt();
        let bound = if root <= length.saturating_mul(COMPLETE).min(BASE_LIMIT) {
            root
        } else {
            root.min(length.saturating_mul(PARTIAL)).min(PARTIAL_LIMIT)
        };
        let off_the_wheel = [2, 3, 5].iter().filter(|&&n| first <= n && n <= last).count() as u64;
        off_the_wheel + self.sieve(first.max(7), last, bound)
    }

    /// Counts the primes from `first` >= 7 to `last` by a sieve with the base primes up to `bound`,
    /// and by Miller-Rabin where this bound is below the root.
    fn sieve(&mut self, first: u64, last: u64, bound: u64) -> u64 {
        let partial = bound < last.isqrt();
        let mut count = 0;
        self.segments(first, last, bound, |segment, start| {
            count += if partial { count_confirmed(segment, start) } else { count_ones(segment) };
        });
        count
    }

    /// Sieves the numbers from `first` >= 7 to `last` by the base primes up to `bound`. Each segment goes to `each`, with
    /// its first byte counted from the number 0.
    fn segments(&mut self, first: u64, last: u64, bound: u64, mut each: impl FnMut(&[u8], u64)) {
        self.prepare(bound);
        let (first_byte, last_byte) = (first / 30, last / 30);
        let capacity = bound.next_power_of_two().clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT);
        let capacity = capacity.min(last_byte - first_byte + 1);
        if (self.segment.len() as u64) < capacity {
            self.segment.resize(capacity as usize, 0);
        }
        let mut start = first_byte;
        while start <= last_byte {
            let length = capacity.min(last_byte - start + 1);
            self.mark(start, length as usize, bound);
            let segment = &mut self.segment[..length as usize];
            for end in [0, length as usize - 1] {
                let thirty = (start + end as u64) * 30;
                segment[end] &= bits_where(|residue| (first..=last).contains(&(thirty + residue)));
            }
            each(segment, start);
            start += length;
        }
    }

    /// Makes patterns and base primes up to `bound`. They at least double each time, so that chunks
    /// in ascending order do not find the same base primes over and over.
    fn prepare(&mut self, bound: u64) {
        if self.patterns.is_empty() {
            let (small, large) = PRESIEVED.split_at(PRESIEVED.len() / 2);
            let pairs = small.iter().zip(large.iter().rev());
            self.patterns.push(Pattern::new(&[7, 11, 13]));
            self.patterns.extend(pairs.map(|(&least, &largest)| Pattern::new(&[least, largest])));
        }
        if self.reached >= bound.max(LARGEST_PRESIEVED) {
            return;
        }
        let limit = bound.max(2 * self.reached).clamp(1 << 10, BASE_LIMIT);
        self.base = None; // The old bits are freed before the new ones are made.
        self.classes.iter_mut().for_each(Vec::clear);
        let base = Sieve::new(limit as usize);
        let above_presieved = base.primes_from(LARGEST_PRESIEVED as usize + 1);
        for prime in above_presieved.take_while(|&prime| prime as u64 <= limit.min(LISTED)) {
            let class = RESIDUES.partition_point(|&residue| residue < prime % 30);
            self.classes[class].push(BasePrime { prime: prime as u32, next: 0 });
        }
        self.base = Some(base);
        self.reached = limit;
    }

    /// Makes the first `length` bytes of the segment stand for the numbers from `start * 30` on:
    /// all bits but those of composites with a factor up to `bound`.
    fn mark(&mut self, start: u64, length: usize, bound: u64) {
        let Some(base) = &self.base else { return };
        let segment = &mut self.segment[..length];
        presieve(segment, &self.patterns, start);

        let last = (start + length as u64) * 30 - 1;
        let bound = bound.min(last.isqrt());
        let dense = bound.min(LISTED).min(length.max(BLOCKWISE) as u64);
        let mut classes = self.classes.each_mut().map(|primes| up_to(dense, primes));
        for (class, primes) in CLASSES.iter().zip(&mut classes) {
            (class.enter)(segment, primes, start);
        }
        let mut blockwise = classes.map(|primes| up_to(BLOCKWISE as u64, primes));
        for block in (0..length).step_by(BLOCK) {
            for (class, primes) in CLASSES.iter().zip(&mut blockwise) {
                (class.strike)(segment, primes, length.min(block + BLOCK));
            }
        }
        if dense < bound {
            let sparse = base.primes_from(dense as usize + 1);
            for prime in sparse.take_while(|&prime| prime as u64 <= bound) {
                strike_sparse(segment, prime as u64, start);
            }
        }

        // The primes struck themselves too: it is cheaper to set their bits again.
        let struck = bound.max(LARGEST_PRESIEVED).min(last);
        if start * 30 <= struck {
            let themselves = base.primes_from((start as usize * 30).max(7));
            for prime in themselves.take_while(|&prime| prime as u64 <= struck) {
                segment[prime / 30 - start as usize] |= !CLEAR[prime % 30];
            }
        }
    }
}

/// A base prime p and its place in the segment. Its multiples come in periods of p bytes (30 p
/// numbers), and the periods begin at the multiples of p, counted in bytes from the number 0.
#[derive(Debug, Clone, Copy)]
struct BasePrime {
    prime: u32,
    /// The byte of the segment where the first period begins that is still to be struck.
    next: u32,
}

/// The beginning of an ascending list: the primes up to `bound`.
fn up_to(bound: u64, primes: &mut [BasePrime]) -> &mut [BasePrime] {
    let end = primes.partition_point(|base| u64::from(base.prime) <= bound);
    &mut primes[..end]
}

/// The code for the primes of one residue modulo 30. With a constant residue, the bits that a
/// period clears are constants of the machine code.
struct Class {
    enter: fn(&mut [u8], &mut [BasePrime], u64),
    strike: fn(&mut [u8], &mut [BasePrime], usize),
}

const CLASSES: [Class; 8] = [
    Class::of::<1>(),
    Class::of::<7>(),
    Class::of::<11>(),
    Class::of::<13>(),
    Class::of::<17>(),
    Class::of::<19>(),
    Class::of::<23>(),
    Class::of::<29>(),
];

impl Class {
    const fn of<const RESIDUE: usize>() -> Class {
        Class {
            enter: enter::<RESIDUE>,
            strike: |segment, primes, end| {
                primes.iter_mut().for_each(|base| strike::<RESIDUE>(segment, base, end));
            },
        }
    }
}

/// The multiples with a bit in one period, ascending: where they lie, and what clears the bit.
fn period<const RESIDUE: usize>(prime: usize) -> [(usize, u8); 8] {
    RESIDUES.map(|cofactor| {
        (prime / 30 * cofactor + RESIDUE * cofactor / 30, CLEAR[RESIDUE * cofactor % 30])
    })
}

/// Strikes the period that reaches into the segment from before it, and, for primes that do not go
/// block by block, all others.
fn enter<const RESIDUE: usize>(segment: &mut [u8], primes: &mut [BasePrime], start: u64) {
    for base in primes {
        let prime = base.prime as usize;
        let before = (start % u64::from(base.prime)) as usize;
        for (offset, clear) in period::<RESIDUE>(prime) {
            // What lies before the segment wraps around to far behind it.
            if let Some(byte) = segment.get_mut(offset.wrapping_sub(before)) {
                *byte &= clear;
            }
        }
        base.next = (prime - before) as u32;
        if prime > BLOCKWISE {
            strike::<RESIDUE>(segment, base, segment.len());
        }
    }
}

/// Strikes the periods that begin before `end`, and the last one as far as the segment reaches.
#[inline]
fn strike<const RESIDUE: usize>(segment: &mut [u8], base: &mut BasePrime, end: usize) {
    let prime = base.prime as usize;
    let multiples = period::<RESIDUE>(prime);
    // Always so; said here, it need not be checked at each byte below.
    assert!(multiples.iter().all(|&(offset, _)| offset < prime));
    let mut next = base.next as usize;
    while next < end {
        let Some(period) = segment.get_mut(next..next + prime) else { break };
        for (offset, clear) in multiples {
            period[offset] &= clear;
        }
        next += prime;
    }
    base.next = next as u32;
    if next < end {
        for (offset, clear) in multiples {
            let Some(byte) = segment.get_mut(next + offset) else { break };
            *byte &= clear;
        }
    }
}

/// Strikes multiple by multiple, for a prime that has few of them in the segment or none.
fn strike_sparse(segment: &mut [u8], prime: u64, start: u64) {
    let first = start * 30;
    let cofactor = first.div_ceil(prime);
    let residue = (cofactor % 30) as usize;
    let mut bit = RESIDUES.iter().filter(|&&before| before < residue).count();
    let cofactor = cofactor - residue as u64 + RESIDUES[bit] as u64;
    let mut distance = cofactor * prime - first;
    while let Some(byte) = segment.get_mut((distance / 30) as usize) {
        *byte &= CLEAR[(distance % 30) as usize];
        distance += prime * GAPS[bit];
        bit = (bit + 1) % 8;
    }
}

/// The segment of the numbers from 0 on with the multiples of some primes struck, one period and
/// a piece long, so that a piece can be taken from anywhere in the period.
#[derive(Debug)]
struct Pattern {
    period: usize,
    bytes: Vec<u8>,
}

impl Pattern {
    fn new(primes: &[usize]) -> Pattern {
        let period = primes.iter().product();
        let mut bytes = vec![0xff; period + PIECE];
        for &prime in primes {
            strike_sparse(&mut bytes, prime as u64, 0);
        }
        Pattern { period, bytes }
    }

    fn piece(&self, start: u64, length: usize) -> &[u8] {
        let offset = (start % self.period as u64) as usize;
        &self.bytes[offset..offset + length]
    }
}

/// Fills the segment with all patterns.
fn presieve(segment: &mut [u8], patterns: &[Pattern], mut start: u64) {
    let Some((first, others)) = patterns.split_first() else { return };
    for piece in segment.chunks_mut(PIECE) {
        let length = piece.len();
        piece.copy_from_slice(first.piece(start, length));
        for four in others.as_chunks::<4>().0 {
            let [a, b, c, d] = four.each_ref().map(|pattern| pattern.piece(start, length));
            for ((((byte, a), b), c), d) in piece.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *byte &= a & b & c & d;
            }
        }
        start += length as u64;
    }
}

fn bits_where(keep: impl Fn(u64) -> bool) -> u8 {
    (0..8).filter(|&bit| keep(RESIDUES[bit] as u64)).map(|bit| 1 << bit).sum()
}

fn count_ones(segment: &[u8]) -> u64 {
    let (words, rest) = segment.as_chunks::<8>();
    let in_words = words.iter().map(|&word| u64::from_le_bytes(word).count_ones());
    in_words.chain(rest.iter().map(|byte| byte.count_ones())).map(u64::from).sum()
}

/// The number of primes among what a partial sieve left.
fn count_confirmed(segment: &[u8], start: u64) -> u64 {
    let mut count = 0;
    for (first, &byte) in (start * 30..).step_by(30).zip(segment) {
        let mut candidates = byte;
        while candidates != 0 {
            let residue = RESIDUES[candidates.trailing_zeros() as usize] as u64;
            count += u64::from(miller_rabin(first + residue));
            candidates &= candidates - 1;
        }
    }
    count
}

/// Whether n is prime; negative numbers, 0 and 1 are not.
pub(crate) fn is_prime(n: i64) -> bool {
    let Ok(n) = u64::try_from(n) else { return false };
    for prime in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53] {
        if n.is_multiple_of(prime) {
            return n == prime;
        }
    }
    // Without a factor below 59, a composite is at least 59 * 59.
    if n < 59 * 59 { n > 1 } else { miller_rabin(n) }
}

#[cfg(test)]
mod tests;
