//! Set of numbers for the oracle, written apart from `IntervalSet` of the core on purpose.

use evenly_core::Interval;
use std::collections::BTreeMap;

/// Disjoint intervals, by their first numbers, in 128 bits. Neighbours are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NumberSet {
    /// From the first number to the one after the last.
    ends: BTreeMap<i128, i128>,
}

impl NumberSet {
    /// Adds an interval; `false` if a number of it is in the set already.
    pub(crate) fn add(&mut self, interval: Interval) -> bool {
        let (mut start, mut end) = (i128::from(interval.first()), i128::from(interval.last()) + 1);
        if let Some((&below, &below_end)) = self.ends.range(..end).next_back() {
            if below_end > start {
                return false;
            }
            if below_end == start {
                self.ends.remove(&below);
                start = below;
            }
        }
        if let Some(above_end) = self.ends.remove(&end) {
            end = above_end;
        }
        self.ends.insert(start, end);
        true
    }

    /// Removes an interval; `false` if a number of it is not in the set.
    pub(crate) fn take(&mut self, interval: Interval) -> bool {
        let (start, end) = (i128::from(interval.first()), i128::from(interval.last()) + 1);
        let Some((below, below_end)) = self.around(start).filter(|(_, above)| *above >= end) else {
            return false;
        };
        self.ends.remove(&below);
        if below < start {
            self.ends.insert(below, start);
        }
        if end < below_end {
            self.ends.insert(end, below_end);
        }
        true
    }

    /// The interval of the set that contains a number.
    fn around(&self, n: i128) -> Option<(i128, i128)> {
        let (&start, &end) = self.ends.range(..=n).next_back()?;
        (n < end).then_some((start, end))
    }

    /// Whether the set contains all of these numbers.
    pub(crate) fn has_all(&self, interval: Interval) -> bool {
        let end = i128::from(interval.last()) + 1;
        self.around(interval.first().into()).is_some_and(|(_, above)| above >= end)
    }

    /// Whether the set contains one of these numbers.
    pub(crate) fn has_any(&self, interval: Interval) -> bool {
        let end = i128::from(interval.last()) + 1;
        let below = self.ends.range(..end).next_back();
        below.is_some_and(|(_, &above)| above > interval.first().into())
    }

    pub(crate) fn has(&self, n: i64) -> bool {
        let below = self.ends.range(..=i128::from(n)).next_back();
        below.is_some_and(|(_, &end)| end > i128::from(n))
    }

    /// The intervals, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        let interval = |(&start, &end): (&i128, &i128)| {
            Interval::new(i64::try_from(start).ok()?, i64::try_from(end - 1).ok()?)
        };
        self.ends.iter().filter_map(interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_in_twice_and_neighbours_are_joined() {
        let interval = |first, last| Interval::new(first, last).unwrap();
        let mut set = NumberSet::default();
        assert!(set.add(interval(i64::MIN, -1)) && set.add(interval(5, 9)));
        assert!(
            !set.add(interval(9, 12)) && !set.add(interval(-9, 4)) && !set.add(interval(0, 20))
        );
        assert!(set.add(interval(0, 4)) && set.add(interval(10, i64::MAX)));
        assert!(set.iter().eq([interval(i64::MIN, i64::MAX)]));
        assert!(set.has(i64::MAX) && set.has(0));
        assert!(set.take(interval(3, 5)) && !set.take(interval(5, 6)) && !set.take(interval(2, 3)));
        assert!(set.iter().eq([interval(i64::MIN, 2), interval(6, i64::MAX)]));
        assert!(set.has_any(interval(0, 4)) && set.has_any(interval(5, 6)));
        assert!(!set.has_any(interval(3, 5)) && set.has_all(interval(0, 2)));
        assert!(!set.has_all(interval(2, 3)) && !set.has_all(interval(5, 6)));
    }
}
