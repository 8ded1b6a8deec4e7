//! Intervals of `i64` and sets of them: coverage, counted exactly.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// The numbers from `first` to `last`, both included; never empty.
///
/// Both ends are included so that every interval up to all of `i64` can be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    first: i64,
    last: i64,
}

impl Interval {
    /// The numbers from `first` to `last`, or `None` if there are none.
    #[inline]
    #[must_use]
    pub const fn new(first: i64, last: i64) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// The interval that holds only `n`.
    #[must_use]
    pub const fn single(n: i64) -> Self {
        Self { first: n, last: n }
    }

    /// The lowest number.
    #[inline]
    #[must_use]
    pub const fn first(&self) -> i64 {
        self.first
    }

    /// The highest number.
    #[inline]
    #[must_use]
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// The shortest interval with all numbers of both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }

    /// Whether `other` begins right above the last number.
    #[inline]
    #[must_use]
    pub const fn is_followed_by(self, other: Self) -> bool {
        self.last < other.first && other.first - 1 == self.last
    }

    /// How many numbers, from 1 to 2^64.
    #[inline]
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an interval is never empty")]
    pub const fn len(&self) -> u128 {
        self.last.abs_diff(self.first) as u128 + 1
    }

    /// Whether every number of `other` is in this one.
    #[must_use]
    pub const fn contains(&self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The lowest `count` numbers and the rest. A `count` of 0 counts as 1, so that the front is
    /// never empty; where `count` reaches the length, there is no rest.
    #[inline]
    #[must_use]
    pub const fn split_front(self, count: u128) -> (Self, Option<Self>) {
        if count >= self.len() {
            return (self, None);
        }
        let count = if count == 0 { 1 } else { count };
        // Below the length, so at most 2^64 - 1: the sum wraps within u64 exactly as i64 needs it.
        let cut = self.first.wrapping_add_unsigned(count as u64);
        (Self { first: self.first, last: cut - 1 }, Some(Self { first: cut, last: self.last }))
    }

    /// The lowest `most` numbers, or all if there are fewer; one where `most` is 0.
    #[inline]
    pub(crate) const fn at_most(self, most: u64) -> Self {
        let more = if most == 0 { 0 } else { most - 1 };
        // Where a worker cuts slices of single numbers, 128 bits would cost as much as the numbers.
        if self.last.abs_diff(self.first) <= more {
            return self;
        }
        Self { first: self.first, last: self.first.wrapping_add_unsigned(more) }
    }

    /// The same interval of numbers that are higher by `by`, modulo 2^64. Both ends must move in the same direction.
    #[inline]
    pub(crate) const fn shifted(self, by: i64) -> Self {
        Self { first: self.first.wrapping_add(by), last: self.last.wrapping_add(by) }
    }

    /// What is left above `n`.
    #[inline]
    #[must_use]
    pub const fn above(self, n: i64) -> Option<Self> {
        match n.checked_add(1) {
            Some(first) => {
                Self::new(if first > self.first { first } else { self.first }, self.last)
            }
            None => None,
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.first, self.last)
    }
}

/// Sorts intervals and puts neighbours together; how many are left.
pub fn coalesce(intervals: &mut Vec<Interval>) -> usize {
    intervals.sort_unstable();
    intervals.dedup_by(|next, last| {
        let is_next = last.last.checked_add(1) == Some(next.first);
        if is_next {
            last.last = next.last;
        }
        is_next
    });
    intervals.len()
}

/// An interval that was to be added to a set overlaps what the set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is covered already")]
pub struct Overlap(pub Interval);

/// A set of numbers, kept as disjoint intervals that do not touch.
///
/// Neighbours coalesce, so the memory grows with the number of gaps and never with the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntervalSet {
    /// From the first number of each interval to its last.
    last_by_first: BTreeMap<i64, i64>,
    len: u128,
}

impl IntervalSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { last_by_first: BTreeMap::new(), len: 0 }
    }

    /// Adds numbers of which none may be in the set yet.
    ///
    /// # Errors
    /// If one is; the set is then unchanged. To count a number twice is the one thing that must
    /// never happen, so it is an error here and not a union.
    pub fn insert(&mut self, added: Interval) -> Result<(), Overlap> {
        let below = self.last_by_first.range(..=added.last()).next_back();
        let mut merged = added;
        if let Some((&first, &last)) = below {
            if last >= added.first() {
                return Err(Overlap(added));
            }
            if last + 1 == added.first() {
                merged.first = first;
            }
        }
        // `added.last()` is no key, else it would overlap; the next key may touch it.
        if let Some(next) = added.last().checked_add(1)
            && let Some(last) = self.last_by_first.remove(&next)
        {
            merged.last = last;
        }
        self.last_by_first.insert(merged.first, merged.last);
        self.len += added.len();
        Ok(())
    }

    /// Takes out the numbers below `bound`, ascending.
    pub fn take_below(&mut self, bound: i128) -> Vec<Interval> {
        let mut taken = Vec::new();
        while let Some(entry) = self.last_by_first.first_entry() {
            let whole = Interval { first: *entry.key(), last: *entry.get() };
            // A bound may be the largest of all.
            let below = bound.saturating_sub(i128::from(whole.first));
            if below <= 0 {
                break;
            }
            entry.remove();
            let (front, rest) = whole.split_front(below.cast_unsigned());
            self.len -= front.len();
            taken.push(front);
            if let Some(rest) = rest {
                self.last_by_first.insert(rest.first, rest.last);
            }
        }
        taken
    }

    /// The numbers of an interval that are not in the set, ascending.
    #[must_use]
    pub fn gaps_in(&self, interval: Interval) -> Vec<Interval> {
        let mut gaps = Vec::new();
        let mut rest = Some(interval);
        let below = self.last_by_first.range(..interval.first()).next_back();
        let within = self.last_by_first.range(interval.first()..=interval.last());
        for (&first, &last) in below.into_iter().chain(within) {
            let Some(left) = rest else { break };
            if left.first() < first {
                // The set has `first`, so a lower number exists.
                gaps.extend(Interval::new(left.first(), first - 1));
            }
            rest = left.above(last);
        }
        gaps.extend(rest);
        gaps
    }

    /// How many numbers are in the set.
    #[must_use]
    pub const fn len(&self) -> u128 {
        self.len
    }

    /// Whether the set has no number.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many intervals the set is made of.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.last_by_first.len()
    }

    /// The intervals, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.last_by_first.iter().map(|(&first, &last)| Interval { first, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn interval(first: i64, last: i64) -> Interval {
        Interval::new(first, last).unwrap()
    }

    #[test]
    fn the_whole_of_i64_can_be_split_anywhere() {
        let all = interval(i64::MIN, i64::MAX);
        let (front, rest) = all.split_front(1 << 63);
        assert_eq!(front, interval(i64::MIN, -1));
        assert_eq!(rest, Interval::new(0, i64::MAX));
        let (front, rest) = all.split_front((1 << 64) - 1);
        assert_eq!(front, interval(i64::MIN, i64::MAX - 1));
        assert_eq!(rest, Some(Interval::single(i64::MAX)));
        assert_eq!(all.split_front(1 << 64), (all, None));
        assert_eq!(all.split_front(0).0, Interval::single(i64::MIN));
    }

    #[test]
    fn nothing_is_above_the_top() {
        assert_eq!(interval(0, i64::MAX).above(i64::MAX), None);
        assert_eq!(interval(0, 9).above(-5), Interval::new(0, 9));
        assert_eq!(interval(0, 9).above(4), Interval::new(5, 9));
        assert_eq!(interval(0, 9).above(9), None);
    }

    #[test]
    fn neighbours_coalesce_at_both_ends_of_i64() {
        let mut set = IntervalSet::new();
        set.insert(interval(i64::MIN, -1)).unwrap();
        set.insert(interval(1, i64::MAX)).unwrap();
        assert_eq!(set.pieces(), 2);
        set.insert(Interval::single(0)).unwrap();
        assert_eq!(set.pieces(), 1);
        assert_eq!(set.len(), 1 << 64);
        assert!(set.insert(Interval::single(i64::MAX)).is_err());
    }

    #[test]
    fn the_whole_of_i64_is_below_the_largest_bound() {
        for bound in [i128::MIN, i128::MAX] {
            let mut set = IntervalSet::new();
            let all = [interval(i64::MIN, -1), interval(1, i64::MAX)];
            for piece in all {
                set.insert(piece).unwrap();
            }
            let taken = set.take_below(bound);
            assert_eq!(taken, if bound > 0 { all.to_vec() } else { Vec::new() });
            assert_eq!(set.is_empty(), bound > 0);
        }
    }

    proptest! {
        #[test]
        fn a_set_agrees_with_a_set_of_numbers(
            added in prop::collection::vec((-40i64..40, 0i64..12), 0..40)
        ) {
            let mut set = IntervalSet::new();
            let mut numbers = BTreeSet::new();
            for (first, more) in added {
                let piece = interval(first, first + more);
                let overlaps = (first..=first + more).any(|n| numbers.contains(&n));
                prop_assert_eq!(set.insert(piece).is_err(), overlaps);
                if !overlaps {
                    numbers.extend(first..=first + more);
                }
            }
            let listed: Vec<i64> = set.iter().flat_map(|i| i.first()..=i.last()).collect();
            prop_assert_eq!(set.len(), numbers.len() as u128);
            prop_assert_eq!(listed, numbers.into_iter().collect::<Vec<_>>());
            let pieces: Vec<Interval> = set.iter().collect();
            prop_assert!(pieces.windows(2).all(|w| w[0].last() + 1 < w[1].first()));
        }

        #[test]
        fn what_is_below_is_taken_out(
            added in prop::collection::vec((-40i64..40, 0i64..12), 0..40), bound in -60i64..60
        ) {
            let mut set = IntervalSet::new();
            for (first, more) in added {
                let _ = set.insert(interval(first, first + more));
            }
            let numbers = |pieces: Vec<Interval>| -> Vec<i64> {
                pieces.into_iter().flat_map(|piece| piece.first()..=piece.last()).collect()
            };
            let before = numbers(set.iter().collect());
            let taken = numbers(set.take_below(bound.into()));
            let left = numbers(set.iter().collect());
            prop_assert_eq!(set.len(), left.len() as u128);
            prop_assert!(taken.iter().all(|n| *n < bound) && left.iter().all(|n| *n >= bound));
            prop_assert_eq!([taken, left].concat(), before);
        }

        #[test]
        fn splitting_loses_nothing(one: i64, other: i64, count: u128) {
            let (first, last) = (one.min(other), one.max(other));
            let whole = interval(first, last);
            let (front, rest) = whole.split_front(count);
            prop_assert_eq!(front.first(), first);
            match rest {
                None => prop_assert_eq!(front, whole),
                Some(rest) => {
                    prop_assert_eq!(front.len(), count.max(1));
                    prop_assert_eq!(front.last() + 1, rest.first());
                    prop_assert_eq!(rest.last(), last);
                }
            }
        }
    }
}
