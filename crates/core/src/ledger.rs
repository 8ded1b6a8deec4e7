//! Ledger of a range: which numbers wait, were returned, are covered, or failed.
//!
//! What is leased is in the lease table and what waits to be recorded is in a record; the
//! scheduler checks that all of it together is the range, exactly once.

mod blocks;
mod permutation;
mod returned;

use crate::interval::{Interval, IntervalSet, Overlap};
use crate::partial::{Cause, Failure};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use blocks::Blocks;
pub use blocks::Shuffle;
pub use permutation::Permutation;
use returned::ReturnedChunks;
pub(crate) use returned::{Returned, Taker};

/// Everything that is not in a worker's hands.
#[derive(Debug, Default)]
pub struct Ledger {
    /// To be handed out in any length: the range, and behind it what workers gave back of theirs.
    remaining: Option<Interval>,
    /// Whether all of it goes out from below: lines wait for the lowest number.
    is_from_below: bool,
    given_back: VecDeque<Interval>,
    given_back_len: u128,
    /// In a shuffled order, the rest of the range. What was taken of it is before, in `remaining`.
    blocks: Option<Blocks>,
    /// Handed out and taken back; goes out again before anything new.
    returned: ReturnedChunks,
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

    /// The same with what remains in a shuffled order.
    pub(crate) fn shuffled(mut self, whole: Option<Interval>, shuffle: Option<Shuffle>) -> Self {
        let Some((whole, shuffle)) = whole.zip(shuffle) else { return self };
        (self.remaining, self.given_back_len, self.is_from_below) = (None, 0, false);
        self.given_back.clear();
        self.blocks = Some(Blocks::new(whole, self.covered.clone(), shuffle));
        self.refill();
        self
    }

    /// Whether everything goes out from below for now, in spite of a shuffled order.
    pub(crate) fn set_from_below(&mut self, is_from_below: bool) {
        if self.blocks.is_some() {
            self.is_from_below = is_from_below;
        }
    }

    /// Puts the lowest of what remains in front, if a shuffled order is to go out from below.
    fn bring_lowest(&mut self) {
        let Some(blocks) = self.blocks.as_mut().filter(|_| self.is_from_below) else { return };
        let lowest = self.remaining.iter().chain(&self.given_back).min().map(Interval::first);
        let taken = blocks.take_lowest(lowest);
        taken.into_iter().flatten().for_each(|piece| self.give_back(piece));
        let Some(index) = (0..self.given_back.len()).min_by_key(|at| self.given_back[*at]) else {
            return;
        };
        if let Some(remaining) =
            self.remaining.as_mut().filter(|one| **one > self.given_back[index])
        {
            core::mem::swap(remaining, &mut self.given_back[index]);
            self.count_given_back();
        }
    }

    /// Sees to it that something remains in front, if anything does.
    fn refill(&mut self) {
        while self.remaining.is_none() {
            self.remaining = self.given_back.pop_front();
            if let Some(next) = self.remaining {
                self.given_back_len -= next.len();
                return;
            }
            let Some(pieces) = self.blocks.as_mut().and_then(Blocks::take_next) else { return };
            pieces.into_iter().for_each(|piece| self.give_back(piece));
        }
    }

    /// Takes the returned chunk that is next, whole; `None` also if something else is lower and goes
    /// out from below.
    #[inline]
    pub(crate) fn take_returned(&mut self, taker: Taker) -> Option<Returned> {
        if self.is_from_below {
            self.bring_lowest();
        }
        if self.returned.is_empty() {
            return None;
        }
        let below = self.remaining.filter(|_| self.is_from_below).map(|front| front.first());
        self.returned.take(taker, self.is_from_below, below)
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
            self.refill();
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
        self.blocks = None;
        self.returned = ReturnedChunks::default();
    }

    pub(crate) fn put_back(&mut self, returned: Returned) {
        if let Some(interval) = self.wanted(returned.interval) {
            self.returned.push(Returned { interval, ..returned });
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
        self.waived += self.blocks.as_mut().map_or(0, |blocks| blocks.drop_above(limit));
        let pieces = self.remaining.take().into_iter().chain(core::mem::take(&mut self.given_back));
        let pieces: Vec<Interval> = pieces.collect();
        self.given_back_len = 0;
        pieces.into_iter().for_each(|piece| self.give_back(piece));
        self.refill();
        self.returned.take_all().for_each(|chunk| self.put_back(chunk));
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
        let in_blocks = self.blocks.as_ref().map_or(0, Blocks::left);
        self.remaining.map_or(0, |interval| interval.len()) + self.given_back_len + in_blocks
    }

    /// How many numbers were taken back and not handed out again yet.
    #[must_use]
    pub fn returned(&self) -> u128 {
        self.returned.numbers()
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
        self.remaining.is_none() && self.returned.are_all_set_apart()
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
mod tests;
