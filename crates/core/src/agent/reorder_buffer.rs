//! Reorder buffer of one lease: finished numbers in any order, until they can be reported in ascending order.

use crate::aggregate::{Aggregate, Value};
use crate::interval::Interval;
use crate::partial::{Failure, Partial};
use crate::scheduler::Record;
use crate::tally::without;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What is done of one lease.
#[derive(Clone, Debug)]
pub(super) struct ReorderBuffer {
    aggregate: Aggregate,
    /// Bytes of lines that are reported at once.
    much: u64,
    /// The first number that is not reported to the primary, and the first one that is not done
    /// with all before it: what lies between can be reported. `i64::MAX` may be done, so the latter may
    /// lie behind it.
    reported: i64,
    next: i128,
    ready: IntervalResult,
    /// What is done behind a number that is not, by its first number; neighbours are one.
    ahead: BTreeMap<i64, (i64, IntervalResult)>,
}

/// Result of some consecutive numbers.
#[derive(Clone, Debug)]
struct IntervalResult {
    value: Value,
    /// Ascending.
    failed: Vec<Failure>,
}

fn weight(done: &IntervalResult) -> u64 {
    (done.value.weight() + done.failed.len() * size_of::<Failure>()) as u64
}

impl IntervalResult {
    /// Adds what came of numbers above.
    fn append(&mut self, other: Self) {
        self.value.merge(other.value);
        self.failed.extend(other.failed);
    }
}

impl ReorderBuffer {
    /// The buffer of a lease that begins there.
    pub(super) fn new(first: i64, aggregate: Aggregate, much: u64) -> Self {
        let ready = IntervalResult { value: aggregate.empty(), failed: Vec::new() };
        Self { aggregate, much, reported: first, next: first.into(), ready, ahead: BTreeMap::new() }
    }

    /// The first number that is not reported to the primary.
    pub(super) fn reported(&self) -> i64 {
        self.reported
    }

    /// The first number that is not done, or is behind one that is not.
    pub(super) fn next(&self) -> i128 {
        self.next
    }

    /// Whether something can be reported.
    pub(super) fn is_ready(&self) -> bool {
        self.next > self.reported.into()
    }

    /// How many bytes of credit it takes to tell what can be reported.
    pub(super) fn in_flight(&self) -> u64 {
        weight(&self.ready)
    }

    /// About how many bytes lie here.
    pub(super) fn weight(&self) -> u64 {
        self.in_flight() + self.ahead.values().map(|(_, done)| weight(done)).sum::<u64>()
    }

    /// Whether what can be reported should be reported before the lease is done: because it is much, or decides
    /// what is asked.
    pub(super) fn is_urgent(&self) -> bool {
        // Some values have a weight even of no number.
        let is_much = || self.in_flight() >= self.much && self.is_ready();
        matches!(self.ready.value, Value::Witness(Some(_))) || is_much()
    }

    /// What is left of a lease that ends there: all from the first number that is not done.
    pub(super) fn rest(&self, last: i64) -> Option<Interval> {
        Interval::new(i64::try_from(self.next).ok()?, last)
    }

    /// The word for what is done since the last time that something was reported, if it says all there is to
    /// tell.
    #[inline]
    pub(super) fn word(&self) -> Option<u64> {
        self.ready.value.word().filter(|_| self.ready.failed.is_empty())
    }

    /// Puts there what is done: numbers that follow one another, `piece` being their first ones.
    #[inline]
    pub(super) fn put(&mut self, piece: Interval, record: &mut Record) {
        let value = core::mem::replace(&mut record.value, Value::Nothing);
        if record.failed.is_empty()
            && record.covered.len() == 1
            && i128::from(piece.first()) == self.next
            && self.ahead.is_empty()
        {
            // The way of almost every record.
            self.ready.value.merge(value);
            self.next = i128::from(piece.last()) + 1;
        } else {
            self.put_anything(value, record);
        }
    }

    fn put_anything(&mut self, value: Value, record: &Record) {
        let covered = record.covered.iter().copied();
        let all = covered.chain(record.failed.iter().map(|failure| failure.interval));
        let bounds = all.map(|interval| (interval.first(), interval.last()));
        let Some((first, last)) = bounds.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
            return;
        };
        let mut failed = record.failed.clone();
        failed.sort_unstable_by_key(|failure| failure.interval);
        let done = IntervalResult { value, failed };
        if i128::from(first) == self.next {
            self.ready.append(done);
            self.next = i128::from(last) + 1;
            while let Some(entry) = self.ahead.first_entry()
                && i128::from(*entry.key()) == self.next
            {
                let (last, done) = entry.remove();
                self.ready.append(done);
                self.next = i128::from(last) + 1;
            }
        } else {
            self.put_ahead(first, last, done);
        }
    }

    /// Puts something behind a number that is not done, together with its neighbours.
    fn put_ahead(&mut self, first: i64, mut last: i64, mut done: IntervalResult) {
        if let Some(above) = last.checked_add(1).and_then(|above| self.ahead.remove(&above)) {
            last = above.0;
            done.append(above.1);
        }
        if let Some((_, below)) = self.ahead.range_mut(..first).next_back()
            && below.0.checked_add(1) == Some(first)
        {
            below.0 = last;
            below.1.append(done);
        } else {
            self.ahead.insert(first, (last, done));
        }
    }

    /// What can be reported now, which counts as reported then.
    pub(super) fn take(&mut self) -> Option<Partial> {
        let done = Interval::new(self.reported, i64::try_from(self.next - 1).ok()?)?;
        let empty = IntervalResult { value: self.aggregate.empty(), failed: Vec::new() };
        let IntervalResult { value, failed } = core::mem::replace(&mut self.ready, empty);
        let covered = without(done, &failed);
        // At the highest number of all, no later report follows.
        self.reported = i64::try_from(self.next).unwrap_or(i64::MAX);
        Some(Partial { covered, failed, value })
    }
}
