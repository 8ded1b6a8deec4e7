//! Counts the primes of a chunk, slice by slice: by the sieve with a horizon where the numbers are large.

use super::far::{FarSieve, HORIZON};
use super::{COMPLETE, FEW, PrimeCounter};

/// From here on, the sieve with a horizon pays.
const FAR: i64 = 1 << 44;

/// Counts primes where each call goes on from the one before, as far as a chunk goes.
#[derive(Debug, Default)]
pub(crate) struct ChunkCounter {
    plain: PrimeCounter,
    far: FarSieve,
}

impl ChunkCounter {
    /// The number of primes n with first <= n <= last. The next calls go on from there as far as `ahead`, or nearly so.
    pub(crate) fn count(&mut self, first: i64, last: i64, ahead: i64) -> u64 {
        let ahead = ahead.max(last);
        let mut count = 0;
        let mut from = first;
        if last.abs_diff(first) >= FEW && first >= FAR {
            while let Some(reached) = self.reach(from.cast_unsigned(), ahead.cast_unsigned()) {
                let reached = i64::try_from(reached).unwrap_or(i64::MAX);
                let to = last.min(reached);
                count += self.far.count(from.cast_unsigned(), to.cast_unsigned());
                if to == last {
                    return count;
                }
                from = to + 1;
            }
        }
        count + self.plain.count(from, last)
    }

    /// As far as where the sieve with a horizon counts from this number on, if that pays.
    fn reach(&mut self, from: u64, ahead: u64) -> Option<u64> {
        let horizon = ahead.min(from + HORIZON);
        let pays = horizon.isqrt() <= (horizon - from + 1).saturating_mul(COMPLETE);
        self.far.reaches(from).or_else(|| {
            pays.then(|| self.far.begin(from, ahead))?;
            self.far.reaches(from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_of_chunks_in_any_order_are_counted_as_alone() {
        const BASE: i64 = 30_000_000_000_000;
        let mut counter = ChunkCounter::default();
        // The first chunk is cut short, the second lies below it, and the last is too short for a sieve with a horizon.
        let chunks = [
            (BASE, 900_000, 500_000),
            (BASE - 300_000, 300_000, 300_000),
            (BASE + 500_000, 20, 20),
        ];
        for (first, announced, length) in chunks {
            let (ahead, last) = (first + announced - 1, first + length - 1);
            let mut from = first;
            let mut count = 0;
            for slice in [1, 31, 33, 100_000].into_iter().cycle() {
                let to = last.min(from + slice - 1);
                count += counter.count(from, to, ahead);
                if to == last {
                    break;
                }
                from = to + 1;
            }
            assert_eq!(count, PrimeCounter::default().count(first, last), "{length} from {first}");
        }
        for (first, last) in
            [(-5, 100), (0, 1000), (FAR - 50, FAR + 50), (i64::MIN, -1), (i64::MAX - 100, i64::MAX)]
        {
            let expected = PrimeCounter::default().count(first, last);
            assert_eq!(counter.count(first, last, i64::MAX), expected, "{first}..={last}");
        }
    }
}
