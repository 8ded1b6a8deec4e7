//! Time limit for a command: a percentage of the median time of those that succeeded.
//!
//! The primary keeps the times in a histogram of fixed size, so a run of any length needs the same memory. It sends a
//! new limit to its workers when the median has moved.

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// Buckets of each power of two, so that a bucket is at most 1.6 % wide.
const PER_OCTAVE: u64 = 64;
/// Powers of two from 64 us on: 2^34 times that is 12 days.
const OCTAVES: u64 = 34;
/// The first buckets have 1 us each.
const BUCKETS: usize = ((OCTAVES + 1) * PER_OCTAVE) as usize;

/// Successful commands after which there is a median.
const LEAST: u64 = 3;

/// The shortest limit in nanoseconds. A busy machine may delay a command of a millisecond by this much.
const SHORTEST_NS: u64 = 100_000_000;

/// The median of times, and the limit that follows from it.
#[derive(Debug)]
pub(crate) struct MedianTime {
    percent: NonZeroU32,
    counts: Vec<u64>,
    total: u64,
    limit_ns: Option<u64>,
}

impl MedianTime {
    pub(crate) fn new(percent: NonZeroU32) -> Self {
        Self { percent, counts: vec![0; BUCKETS], total: 0, limit_ns: None }
    }

    /// The limit; `None` before the third command has succeeded.
    pub(crate) fn limit_ns(&self) -> Option<u64> {
        self.limit_ns
    }

    /// Adds the time of a command that succeeded. Returns whether that changes the limit by 1 % at least.
    pub(crate) fn add(&mut self, ns: u64) -> bool {
        self.counts[bucket(ns / 1000)] += 1;
        self.total += 1;
        // The more times there are, the less one moves the median. A search costs some microseconds.
        let is_due = self.total >= LEAST
            && (self.total < 1000 || self.total.is_multiple_of(self.total.ilog2().into()));
        let Some(median_us) = is_due.then(|| self.median_us()).flatten() else { return false };
        let limit_ns = u128::from(median_us) * u128::from(self.percent.get()) * 10;
        let limit_ns = u64::try_from(limit_ns).unwrap_or(u64::MAX).max(SHORTEST_NS);
        let has_moved = self.limit_ns.is_none_or(|old| old.abs_diff(limit_ns) >= old / 100);
        if has_moved && self.limit_ns != Some(limit_ns) {
            self.limit_ns = Some(limit_ns);
            return true;
        }
        false
    }

    fn median_us(&self) -> Option<u64> {
        let mut below = 0;
        let found = self.counts.iter().position(|count| {
            below += count;
            below >= self.total.div_ceil(2)
        });
        found.map(longest_in)
    }
}

/// The bucket of a time: its highest seven bits.
fn bucket(us: u64) -> usize {
    let octave = u64::from((us / PER_OCTAVE).checked_ilog2().unwrap_or(0));
    let bucket = octave * PER_OCTAVE + (us >> octave);
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The time at the upper edge of a bucket.
fn longest_in(bucket: usize) -> u64 {
    let bucket = bucket as u64 + 1;
    let octave = (bucket / PER_OCTAVE).saturating_sub(1);
    (bucket - octave * PER_OCTAVE) << octave
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn median(percent: u32) -> MedianTime {
        MedianTime::new(NonZeroU32::new(percent).unwrap())
    }

    #[test]
    fn a_bucket_is_at_most_a_sixty_fourth_wide() {
        for us in (0..2_000).chain((0..38).flat_map(|log| [1 << log, (1 << log) + 12_345])) {
            let longest = longest_in(bucket(us));
            assert!(us < longest && longest <= us + us / PER_OCTAVE + 2, "{us}: {longest}");
        }
    }

    #[test]
    fn the_limit_is_known_from_the_third_time_on_and_follows_the_median() {
        let mut times = median(300);
        assert!(!times.add(100 * SECOND) && !times.add(SECOND));
        assert_eq!(times.limit_ns(), None);
        assert!(times.add(2 * SECOND));
        let limit = times.limit_ns().unwrap();
        assert!((6 * SECOND..=6 * SECOND + SECOND / 10).contains(&limit), "{limit}");
        assert!(times.add(SECOND));
        let limit = times.limit_ns().unwrap();
        assert!((3 * SECOND..=3 * SECOND + SECOND / 10).contains(&limit), "{limit}");
        assert!(!times.add(SECOND));
    }

    #[test]
    fn a_short_median_still_leaves_a_tenth_of_a_second() {
        let mut times = median(200);
        assert_eq!([1_000_000; 3].map(|ns| times.add(ns)), [false, false, true]);
        assert_eq!(times.limit_ns(), Some(SHORTEST_NS));
        // Longer than any bucket.
        assert!([u64::MAX; 9].map(|ns| times.add(ns)).contains(&true));
        assert!(times.limit_ns() > Some(SHORTEST_NS));
    }
}
