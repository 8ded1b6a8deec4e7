//! Value over the numbers below the lowest that is not done, for items without an end.
//!
//! A run over `A..` ends without an answer to its question, and the value over all that is done has gaps. This merges
//! the values of records up to the first gap, and keeps those that reach above it: at most [`MOST`] values of constant
//! size. A histogram would be a table for each, so histograms and lines have no such value.

use crate::job::Job;
use crate::observe::Prefix;
use evenly_core::engine::Primary;
use evenly_core::{Aggregate, IntervalSet, Record, Scheduler, Value};

/// Most values that wait for a lower gap. Above that, the highest two become one.
const MOST: usize = 256;

/// The value up to the first gap, and those above it.
pub(super) struct PrefixValue {
    start: i128,
    /// The value has all positions below this one.
    next: i128,
    value: Value,
    covered: IntervalSet,
    /// Values whose positions are not all below `next`.
    waiting: Vec<Waiting>,
    /// Whether a position came twice, so that nothing more is added.
    is_closed: bool,
}

/// A value over some of the positions from the first to the last.
struct Waiting {
    first: i128,
    last: i128,
    value: Value,
}

impl PrefixValue {
    /// As [`of`](Self::of), for an engine that gives a copy of each record from now on.
    pub(super) fn watched(job: &Job, engine: &mut Primary) -> Option<Self> {
        let prefix = Self::of(job, engine.scheduler())?;
        engine.watch_records();
        Some(prefix)
    }

    /// For a run that begins, or goes on with what the scheduler has; `None` if its value is not kept.
    pub(super) fn of(job: &Job, scheduler: &Scheduler) -> Option<Self> {
        use Aggregate::{
            All, Any, Binned, Count, Failures, Find, Hist, Map, Max, Mean, Min, Run, Sum,
        };
        let is_small = match job.aggregate {
            Count | Sum | Mean | Min | Max | Any | All => true,
            Hist | Binned(_) | Find { .. } | Map | Failures { .. } | Run { .. } => false,
        };
        if !job.items.is_open_ended() || !is_small {
            return None;
        }
        let (start, ledger) = (job.items.positions().start(), scheduler.ledger());
        // What failed is covered in the ledger.
        if ledger.failed() > 0 {
            return None;
        }
        let (value, covered) = (scheduler.answer().clone(), ledger.covered().clone());
        let mut prefix = Self {
            start,
            next: start,
            value: job.aggregate.empty(),
            covered,
            waiting: Vec::new(),
            is_closed: false,
        };
        // The journal has one value for all that is done.
        let ends = prefix.covered.iter().next().zip(prefix.covered.iter().last());
        if let Some((first, last)) = ends.map(|(one, other)| (one.first(), other.last())) {
            prefix.waiting.push(Waiting { first: first.into(), last: last.into(), value });
            prefix.merge_up_to_the_gap();
        }
        Some(prefix)
    }

    /// Takes a record, of which no number has come before.
    pub(super) fn add(&mut self, record: &Record) {
        let firsts = record.covered.iter().map(|interval| i128::from(interval.first()));
        let lasts = record.covered.iter().map(|interval| i128::from(interval.last()));
        let Some((first, last)) = firsts.min().zip(lasts.max()) else { return };
        self.is_closed |= record.covered.iter().any(|new| self.covered.insert(*new).is_err());
        if self.is_closed {
            return;
        }
        self.waiting.push(Waiting { first, last, value: record.value.clone() });
        self.merge_up_to_the_gap();
        if self.waiting.len() > MOST {
            self.join_the_highest();
        }
    }

    /// Merges the values over positions that are all below the first gap, and below every value that reaches above it.
    fn merge_up_to_the_gap(&mut self) {
        let Some(done) = self.covered.iter().next() else { return };
        if i128::from(done.first()) != self.start {
            return;
        }
        let mut end = i128::from(done.last()) + 1;
        loop {
            let cut = self.waiting.iter().filter(|one| one.first < end && one.last >= end);
            match cut.map(|one| one.first).min() {
                Some(first) => end = first,
                None => break,
            }
        }
        for one in self.waiting.extract_if(.., |one| one.last < end) {
            self.value.merge(one.value);
        }
        self.next = self.next.max(end);
    }

    fn join_the_highest(&mut self) {
        self.waiting.sort_unstable_by_key(|one| one.first);
        if let Some(highest) = self.waiting.pop()
            && let Some(below) = self.waiting.last_mut()
        {
            below.last = below.last.max(highest.last);
            below.value.merge(highest.value);
        }
    }

    /// The value and the position up to which it goes, if it is one over some numbers.
    pub(super) fn get(&self) -> Option<Prefix> {
        let below = i64::try_from(self.next).ok().filter(|_| self.next > self.start)?;
        Some(Prefix { below, value: self.value.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function;
    use evenly_core::{Cause, Failure, Interval, Policy};

    fn begun() -> PrefixValue {
        let function = function::named("even").unwrap();
        let items: evenly_core::Items = "10..".parse().unwrap();
        let job = Job::new(Aggregate::Count, items, function);
        let range = job.items.positions();
        let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 2);
        PrefixValue::of(&job, &scheduler).unwrap()
    }

    fn record(covered: &[(i64, i64)], count: u128) -> Record {
        let interval = |(first, end): &(i64, i64)| Interval::new(*first, *end - 1).unwrap();
        Record::new(covered.iter().map(interval).collect(), vec![], Value::Count(count))
    }

    fn got(prefix: &PrefixValue) -> Option<(i64, Value)> {
        prefix.get().map(|prefix| (prefix.below, prefix.value))
    }

    #[test]
    fn the_value_goes_up_to_the_first_gap() {
        let mut prefix = begun();
        assert_eq!(got(&prefix), None);
        prefix.add(&record(&[(20, 30)], 5));
        prefix.add(&record(&[(40, 50), (30, 40)], 10));
        assert_eq!(got(&prefix), None);
        prefix.add(&record(&[(10, 20)], 5));
        assert_eq!((got(&prefix), prefix.waiting.len()), (Some((50, Value::Count(20))), 0));
        prefix.add(&record(&[(60, 70)], 5));
        prefix.add(&record(&[(52, 60)], 4));
        assert_eq!(got(&prefix), Some((50, Value::Count(20))));
        prefix.add(&record(&[(50, 52)], 1));
        assert_eq!((got(&prefix), prefix.waiting.len()), (Some((70, Value::Count(30))), 0));
    }

    #[test]
    fn a_value_that_reaches_above_the_gap_is_left_out_whole() {
        let mut prefix = begun();
        prefix.add(&record(&[(10, 20)], 5));
        prefix.add(&record(&[(30, 40), (60, 70)], 10));
        prefix.add(&record(&[(20, 30), (40, 50)], 10));
        assert_eq!((got(&prefix), prefix.waiting.len()), (Some((20, Value::Count(5))), 2));
        prefix.add(&record(&[(50, 60)], 5));
        assert_eq!((got(&prefix), prefix.waiting.len()), (Some((70, Value::Count(30))), 0));
    }

    #[test]
    fn a_failure_ends_it_and_memory_is_bounded() {
        let mut prefix = begun();
        let failure = Failure { interval: Interval::single(25), cause: Cause::Timeout };
        let covered = vec![Interval::new(20, 24).unwrap(), Interval::new(26, 29).unwrap()];
        prefix.add(&Record::new(covered, vec![failure], Value::Count(5)));
        prefix.add(&record(&[(10, 20)], 5));
        for n in 0..2 * MOST as i64 {
            prefix.add(&record(&[(30 + 2 * n, 31 + 2 * n)], 1));
        }
        assert_eq!(got(&prefix), Some((20, Value::Count(5))));
        assert_eq!(prefix.waiting.len(), MOST);
    }

    #[test]
    fn what_comes_twice_closes_it() {
        let mut prefix = begun();
        prefix.add(&record(&[(10, 20)], 5));
        prefix.add(&record(&[(10, 20), (20, 30)], 10));
        prefix.add(&record(&[(30, 40)], 5));
        assert_eq!(got(&prefix), Some((20, Value::Count(5))));
    }
}
