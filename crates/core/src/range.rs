//! Half-open range of signed 64-bit numbers, possibly empty.

use crate::interval::Interval;
use core::fmt;

/// The numbers from `start` up to but not including `end`.
///
/// The ends are kept in 128 bits, because the range of all `i64` ends at 2^63, which is no `i64`.
/// A range may hold up to 2^64 numbers and may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    start: i128,
    end: i128,
}

/// Why two ends are not a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The end lies below the start.
    #[error("the range is reversed: {start} is above {end}")]
    Reversed {
        /// The start as given.
        start: i128,
        /// The end as given (excluded).
        end: i128,
    },
    /// A number of the range is no signed 64-bit number.
    #[error("n = {n} of the range does not fit a signed 64-bit integer (-2^63 to 2^63-1)")]
    Outside {
        /// The first number that does not fit.
        n: i128,
    },
}

impl Range {
    /// The range `start..end`.
    ///
    /// # Errors
    /// If the range is reversed, or if it has a number that does not fit `i64`. The ends of an
    /// empty range may lie anywhere.
    pub fn new(start: i128, end: i128) -> Result<Self, RangeError> {
        if start > end {
            return Err(RangeError::Reversed { start, end });
        }
        let (lowest, top) = (i128::from(i64::MIN), i128::from(i64::MAX) + 1);
        if start < end && start < lowest {
            return Err(RangeError::Outside { n: start });
        }
        if start < end && end > top {
            return Err(RangeError::Outside { n: start.max(top) });
        }
        Ok(Self { start, end })
    }

    /// No number at all.
    pub const EMPTY: Self = Self { start: 0, end: 0 };

    /// The lower end, which belongs to the range unless it is empty.
    #[must_use]
    pub fn start(&self) -> i128 {
        self.start
    }

    /// The upper end, which does not belong to the range.
    #[must_use]
    pub fn end(&self) -> i128 {
        self.end
    }

    /// How many numbers the range holds, at most 2^64.
    #[must_use]
    pub fn len(&self) -> u128 {
        self.end.abs_diff(self.start)
    }

    /// Whether there is no number in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Part `part`, from 0, of `parts` parts that follow one another and differ by at most one number: the chunk
    /// of each worker under [`Policy::Static`](crate::Policy). Empty for a part behind the last.
    #[must_use]
    pub fn part(&self, part: u32, parts: u32) -> Self {
        let parts = parts.max(1);
        let part = part.min(parts);
        // At most 2^64, so that the sum stays between the ends.
        let start_of =
            |part| self.start + crate::policy::part_start(self.len(), part, parts) as i128;
        Self { start: start_of(part), end: start_of(part.saturating_add(1).min(parts)) }
    }

    /// The same numbers by their first and last, or `None` if there are none.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        let first = i64::try_from(self.start).ok()?;
        let last = i64::try_from(self.end - 1).ok()?;
        Interval::new(first, last)
    }
}

impl From<Interval> for Range {
    fn from(interval: Interval) -> Self {
        Self { start: interval.first().into(), end: i128::from(interval.last()) + 1 }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: i128 = 1 << 63;

    #[test]
    fn all_of_i64_is_a_range_of_two_to_the_64() {
        let all = Range::new(-TOP, TOP).unwrap();
        assert_eq!(all.len(), 1 << 64);
        assert_eq!(all.interval(), Interval::new(i64::MIN, i64::MAX));
    }

    #[test]
    fn an_empty_range_is_legal_wherever_its_ends_are() {
        for end in [0, TOP, i128::MAX, i128::MIN] {
            let empty = Range::new(end, end).unwrap();
            assert!(empty.is_empty());
            assert_eq!(empty.len(), 0);
            assert_eq!(empty.interval(), None);
        }
    }

    #[test]
    fn a_reversed_range_is_refused() {
        assert_eq!(Range::new(1, 0), Err(RangeError::Reversed { start: 1, end: 0 }));
        assert!(Range::new(i128::MAX, i128::MIN).is_err());
    }

    #[test]
    fn the_first_number_that_does_not_fit_is_named() {
        assert_eq!(Range::new(0, TOP + 1), Err(RangeError::Outside { n: TOP }));
        assert_eq!(Range::new(-TOP - 1, 0), Err(RangeError::Outside { n: -TOP - 1 }));
        assert_eq!(Range::new(5, i128::MAX), Err(RangeError::Outside { n: TOP }));
        assert_eq!(Range::new(TOP + 7, TOP + 9), Err(RangeError::Outside { n: TOP + 7 }));
        assert!(Range::new(TOP - 1, TOP).is_ok());
    }
}
