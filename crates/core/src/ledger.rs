//! Ledger of a range: which numbers wait, were returned, are covered, or failed.
//!
//! What is leased is in the lease table and what waits to be recorded is in a record; the
//! scheduler checks that all of it together is the range, exactly once.

use crate::interval::{Interval, IntervalSet, Overlap};
use crate::lease::LeaseId;
use crate::partial::{Cause, Failure};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A chunk that was taken back from a lost worker, or from one that is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) interval: Interval,
    /// How often it was handed out already.
    pub(crate) attempts: u8,
    /// How often it was lost while a worker was at it.
    pub(crate) losses: u8,
    /// Of what the last time, as a digest; 0 if never.
    pub(crate) cause: u16,
    /// Its last lease, if the worker that held it may still answer.
    pub(crate) late: Option<LeaseId>,
}

impl Returned {
    /// Whether it is a number that a worker was lost at: it is tried alone.
    pub(crate) fn is_set_apart(&self) -> bool {
        self.losses > 0 && self.interval.len() == 1
    }
}

/// Who takes a chunk that was taken back from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// A worker that has not done anything: rather a number that is set apart than anything else.
    Fresh,
    /// One that has, while another takes the place of one that was lost, and will be fresh.
    AnotherComes,
    /// A worker that has, while no other is expected.
    Any,
}

/// Everything that is not in a worker's hands.
#[derive(Debug, Default)]
pub struct Ledger {
    /// To be handed out in any length: the range, and behind it what workers gave back of theirs.
    remaining: Option<Interval>,
    /// Whether all of it goes out from below: lines wait for the lowest number.
    is_from_below: bool,
    given_back: VecDeque<Interval>,
    given_back_len: u128,
    /// Handed out and taken back; goes out again before anything new.
    returned: VecDeque<Returned>,
    /// Covered by a merged partial, failed numbers included.
    covered: IntervalSet,
    /// Those of the covered numbers that have no value, with the cause.
    failures: Vec<Failure>,
    /// Failed numbers, and how many of them have an unknown fate.
    failed: u128,
    unknown: u128,
    /// Numbers above this one cannot change the answer; `waived` of them will not be done.
    limit: Option<i64>,
    waived: u128,
}

/// Intervals of failed numbers that are kept, the lowest ones: a longer list has no reader.
const MOST_FAILURES: usize = 10_000;

impl Ledger {
    pub(crate) fn new(whole: Option<Interval>) -> Self {
        let mut ledger = Self::default();
        whole.into_iter().for_each(|whole| ledger.give_back(whole));
        ledger
    }

    /// What is left of `whole` when this is done. What is done outside of it is refused, as the
    /// interval that lies there.
    pub(crate) fn resume(whole: Option<Interval>, done: &IntervalSet) -> Result<Self, Overlap> {
        let mut ledger = Self { covered: done.clone(), ..Self::default() };
        let mut rest = whole;
        for interval in done.iter() {
            let Some(left) = rest.filter(|left| left.contains(interval)) else {
                return Err(Overlap(interval));
            };
            if left.first() < interval.first()
                && let Some(gap) = Interval::new(left.first(), interval.first() - 1)
            {
                ledger.give_back(gap);
            }
            rest = left.above(interval.last());
        }
        rest.into_iter().for_each(|rest| ledger.give_back(rest));
        Ok(ledger)
    }

    /// The same from which everything goes out from below, or as it came in.
    pub(crate) fn ascending(self, is_from_below: bool) -> Self {
        Self { is_from_below, ..self }
    }

    /// Takes the returned chunk that is next, whole; `None` also if something else is lower and goes
    /// out from below.
    #[inline]
    pub(crate) fn take_returned(&mut self, taker: Taker) -> Option<Returned> {
        if self.returned.is_empty() {
            return None;
        }
        let wants = |is_set_apart: bool| match taker {
            Taker::Fresh => is_set_apart,
            Taker::Any => true,
            Taker::AnotherComes => !is_set_apart,
        };
        let first = |index: &usize| self.returned[*index].interval.first();
        let all = || 0..self.returned.len();
        let next = |is_wanted: &dyn Fn(&usize) -> bool| {
            let mut wanted = all().filter(|index| is_wanted(index));
            if self.is_from_below { wanted.min_by_key(first) } else { wanted.next() }
        };
        let wanted = next(&|index| wants(self.returned[*index].is_set_apart()));
        // A fresh worker takes what there is, where nothing is set apart.
        let found = match wanted {
            None if taker == Taker::Fresh => next(&|_| true)?,
            found => found?,
        };
        let is_set_apart_for_it = taker == Taker::Fresh && wanted.is_some();
        let is_lower = |remaining: Interval| remaining.first() < first(&found);
        if self.is_from_below && !is_set_apart_for_it && self.remaining.is_some_and(is_lower) {
            return None;
        }
        self.returned.remove(found)
    }

    /// The numbers that no worker has begun, from the front to the first gap.
    #[inline]
    pub(crate) fn front(&self) -> Option<Interval> {
        self.remaining
    }

    /// Takes up to `len` numbers from the front of what remains.
    #[inline]
    pub(crate) fn take_front(&mut self, len: u128) -> Option<Interval> {
        let (front, rest) = self.remaining?.split_front(len);
        self.remaining = rest;
        if rest.is_none() {
            self.remaining = self.given_back.pop_front();
            self.given_back_len -= self.remaining.map_or(0, |next| next.len());
        }
        Some(front)
    }

    /// Takes in numbers that no worker has begun.
    pub(crate) fn give_back(&mut self, interval: Interval) {
        let Some(interval) = self.wanted(interval) else { return };
        let Some(remaining) = self.remaining else {
            self.remaining = Some(interval);
            return;
        };
        let mut later = interval;
        let mut at = self.given_back.len();
        if self.is_from_below {
            self.remaining = Some(remaining.min(interval));
            later = remaining.max(interval);
            at = self.given_back.partition_point(|piece| *piece < later);
        }
        self.given_back_len += later.len();
        self.given_back.insert(at, later);
    }

    /// Takes as many of the last numbers of `tail` as were never handed out.
    pub(crate) fn take_tail(&mut self, tail: Interval) -> Option<Interval> {
        let mut taken = None;
        let mut end = tail.last();
        loop {
            let mut pieces = self.remaining.iter_mut().chain(&mut self.given_back);
            let is_next = |piece: &Interval| piece.last() == end && tail.first() <= end;
            let Some(piece) = pieces.find(|piece| is_next(piece)) else { break };
            let (kept, first) = match Interval::new(piece.first(), tail.first().saturating_sub(1)) {
                Some(kept) if piece.first() < tail.first() => (Some(kept), tail.first()),
                _ => (None, piece.first()),
            };
            let gone = Interval::new(first, end);
            match kept {
                Some(kept) => *piece = kept,
                None => self.remove(end),
            }
            // What was behind `remaining` is counted by itself.
            self.count_given_back();
            taken = taken.map_or(gone, |taken: Interval| Interval::new(first, taken.last()));
            if first == tail.first() {
                break;
            }
            end = first - 1;
        }
        taken
    }

    /// Removes the piece that ends there.
    fn remove(&mut self, last: i64) {
        if self.remaining.is_some_and(|piece| piece.last() == last) {
            self.remaining = self.given_back.pop_front();
        } else {
            self.given_back.retain(|piece| piece.last() != last);
        }
    }

    fn count_given_back(&mut self) {
        self.given_back_len = self.given_back.iter().map(Interval::len).sum();
    }

    /// Forgets every number that is not covered.
    pub(crate) fn forget_everything(&mut self) {
        self.remaining = None;
        self.given_back.clear();
        self.given_back_len = 0;
        self.returned.clear();
    }

    pub(crate) fn put_back(&mut self, returned: Returned) {
        if let Some(interval) = self.wanted(returned.interval) {
            self.returned.push_back(Returned { interval, ..returned });
        }
    }

    /// Those of the numbers that are wanted; the others are waived.
    fn wanted(&mut self, interval: Interval) -> Option<Interval> {
        let Some(limit) = self.limit.filter(|limit| *limit < interval.last()) else {
            return Some(interval);
        };
        let wanted = Interval::new(interval.first(), limit);
        self.waived += interval.len() - wanted.map_or(0, |wanted| wanted.len());
        wanted
    }

    /// Numbers above `limit` are not wanted; whether they were until now.
    pub(crate) fn waive_above(&mut self, limit: i64) -> bool {
        if self.limit.is_some_and(|before| before <= limit) {
            return false;
        }
        self.limit = Some(limit);
        let pieces = self.remaining.take().into_iter().chain(core::mem::take(&mut self.given_back));
        let pieces: Vec<Interval> = pieces.collect();
        self.given_back_len = 0;
        pieces.into_iter().for_each(|piece| self.give_back(piece));
        let returned = core::mem::take(&mut self.returned);
        returned.into_iter().for_each(|chunk| self.put_back(chunk));
        true
    }

    /// Notes numbers of ended leases that will not be done.
    pub(crate) fn waive(&mut self, numbers: u128) {
        self.waived += numbers;
    }

    /// How many numbers will not be done, because they cannot change the answer.
    #[must_use]
    pub fn waived(&self) -> u128 {
        self.waived
    }

    /// The highest number that can change the answer, if that is not the last of the range.
    #[must_use]
    pub fn limit(&self) -> Option<i64> {
        self.limit
    }

    /// Notes numbers as covered.
    pub(crate) fn cover(&mut self, interval: Interval) -> Result<(), Overlap> {
        self.covered.insert(interval)
    }

    pub(crate) fn fail(&mut self, failures: &[Failure]) {
        for Failure { interval, cause } in failures {
            self.failed += interval.len();
            self.unknown += if *cause == Cause::Unknown { interval.len() } else { 0 };
        }
        self.failures.extend_from_slice(failures);
        if self.failures.len() >= 2 * MOST_FAILURES {
            self.failures.sort_unstable_by_key(|failure| failure.interval);
            self.failures.truncate(MOST_FAILURES);
        }
    }

    /// How many numbers were never begun.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> u128 {
        self.remaining.map_or(0, |interval| interval.len()) + self.given_back_len
    }

    /// How many numbers were taken back and not handed out again yet.
    #[must_use]
    pub fn returned(&self) -> u128 {
        self.returned.iter().map(|returned| returned.interval.len()).sum()
    }

    /// How many chunks were taken back and not handed out again yet.
    #[inline]
    pub(crate) fn returned_chunks(&self) -> usize {
        self.returned.len()
    }

    /// Whether nothing is left to hand out.
    #[inline]
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.remaining.is_none() && self.returned.is_empty()
    }

    /// Whether something is left to hand out, and all of it is [set apart](Returned::is_set_apart).
    pub(crate) fn is_all_set_apart(&self) -> bool {
        self.remaining.is_none()
            && !self.returned.is_empty()
            && self.returned.iter().all(Returned::is_set_apart)
    }

    /// The numbers that are done: with a value, or failed for good.
    #[must_use]
    pub fn covered(&self) -> &IntervalSet {
        &self.covered
    }

    /// How many of the covered numbers failed.
    #[must_use]
    pub fn failed(&self) -> u128 {
        self.failed
    }

    /// How many of these have an unknown fate: they may have begun, and no answer came.
    #[must_use]
    pub fn unknown(&self) -> u128 {
        self.unknown
    }

    /// The numbers that failed, in no order; where they are very many, the lowest of them.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(intervals: &[(i64, i64)]) -> IntervalSet {
        let mut set = IntervalSet::new();
        for (first, last) in intervals {
            set.insert(Interval::new(*first, *last).unwrap()).unwrap();
        }
        set
    }

    #[test]
    fn what_is_not_done_remains() {
        let whole = Interval::new(0, 99);
        let mut ledger = Ledger::resume(whole, &set(&[(0, 4), (10, 19), (99, 99)])).unwrap();
        assert_eq!(ledger.remaining(), 84);
        assert_eq!(ledger.take_front(100), Interval::new(5, 9));
        assert_eq!(ledger.take_front(100), Interval::new(20, 98));
        assert!(ledger.is_exhausted());
    }

    #[test]
    fn what_lies_outside_is_refused() {
        let whole = Interval::new(0, 9);
        assert!(Ledger::resume(whole, &set(&[(5, 10)])).is_err());
        assert!(Ledger::resume(None, &set(&[(5, 10)])).is_err());
        assert!(Ledger::resume(whole, &set(&[(0, 9)])).unwrap().is_exhausted());
    }

    fn returned(n: i64) -> Returned {
        let (interval, late) = (Interval::single(n), None);
        Returned { interval, attempts: 1, losses: 0, cause: 0, late }
    }

    #[test]
    fn what_was_returned_goes_out_as_it_came() {
        let mut ledger = Ledger::new(Interval::new(0, 9));
        [5, 3, 4].into_iter().for_each(|n| ledger.put_back(returned(n)));
        let order = core::array::from_fn(|_| {
            ledger.take_returned(Taker::Any).map(|one| one.interval.first())
        });
        assert_eq!(order, [Some(5), Some(3), Some(4), None]);
    }

    /// Lines wait for the lowest: behind all that remains, what an agent gave back held up the whole range.
    #[test]
    fn from_below_the_lowest_goes_out_first() {
        let mut ledger = Ledger::new(Interval::new(50, 99)).ascending(true);
        let interval = |first, last| Interval::new(first, last).unwrap();
        ledger.give_back(interval(30, 34));
        ledger.give_back(interval(10, 14));
        ledger.give_back(interval(20, 24));
        assert_eq!(ledger.remaining(), 65);
        [22, 9].into_iter().for_each(|n| ledger.put_back(returned(n)));
        assert_eq!(ledger.take_returned(Taker::Any), Some(returned(9)));
        assert_eq!(ledger.take_returned(Taker::Any), None);
        assert_eq!(ledger.take_front(100), Some(interval(10, 14)));
        assert_eq!(ledger.take_front(100), Some(interval(20, 24)));
        assert_eq!(ledger.take_returned(Taker::Any), Some(returned(22)));
        assert_eq!(ledger.take_front(100), Some(interval(30, 34)));
        assert_eq!(ledger.take_front(100), Some(interval(50, 99)));
        assert!(ledger.is_exhausted());
    }
}
