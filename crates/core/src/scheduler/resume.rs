//! Resumption of a run whose journal covers some numbers.

use super::{Policy, Scheduler};
use crate::aggregate::{Aggregate, Value};
use crate::chunk_cost::Work;
use crate::interval::{Interval, IntervalSet, Overlap};
use crate::ledger::Ledger;
use crate::partial::{Failure, Partial};

impl Scheduler {
    /// Goes on with a run of which this is done already: covered with this value, and failed, the
    /// failed numbers being among the covered.
    ///
    /// # Errors
    /// If that is not a part of the range.
    pub fn resume(
        mut self,
        done: &IntervalSet,
        value: Value,
        failed: &[Failure],
    ) -> Result<Self, Overlap> {
        let is_from_below = self.aggregate.is_streamed();
        let ledger = Ledger::resume(self.whole, done)?.ascending(is_from_below);
        self.ledger = ledger.shuffled(self.whole, self.shuffle);
        self.ledger.fail(failed);
        self.answer = value;
        self.waive_by_answer();
        Ok(self)
    }

    /// More numbers that failed in the run that this one goes on with.
    pub fn resume_failures(&mut self, failed: &[Failure]) {
        self.ledger.fail(failed);
    }

    /// What the run that this one goes on with has found in lines: how many in which numbers, ascending,
    /// and the lowest number that failed. They are given back when they are [due](crate::stream::Stream::due). To be
    /// said after it is known whether failures are left out.
    pub fn keep_lines(&mut self, kept: &[(Interval, u64)], lowest_failure: Option<i64>) {
        // What is put out as it comes waits for nothing.
        if !self.aggregate.is_streamed() || self.aggregate == (Aggregate::Run { in_order: false }) {
            return;
        }
        for (interval, lines) in kept {
            self.stream.keep(*interval, *lines);
        }
        if let Some(limit) = self.stream.limit_of_journaled(lowest_failure) {
            self.waive_above(limit);
        }
    }

    /// Begins with chunks of a good length, from the chunks of the run that this one goes on with: how many numbers each
    /// had and how many nanoseconds it took, the oldest first. To be said after what chunks [should be](Self::chunks).
    pub fn resume_pace(&mut self, chunks: &[(u128, u64)]) {
        if self.sizer.policy() != Policy::Timed || !self.sizes.is_whole {
            return;
        }
        for (numbers, busy_ns) in chunks {
            let busy_ns = *busy_ns as f64;
            self.fit.note(Work { chunks: 1, numbers: *numbers, busy_ns, reports: 1 });
            self.fit.ended(*numbers);
        }
    }

    /// Gives back what was found in the first of the numbers that are due.
    pub(crate) fn give_back_lines(&mut self, partial: Partial) {
        self.stream.give_back(partial);
    }

    /// Whether no worker has anything in hand, so that nothing comes in before something goes out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.leases.numbers() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Capacity, ChunkSizes, SchedulerEvent};
    use super::*;
    use crate::lease::WorkerId;
    use crate::range::Range;

    /// The length of the first chunk after chunks that cost 20 ms and 1 us for each number.
    fn first_chunk(lengths: &[u128], is_whole: bool) -> u128 {
        let range = Range::new(0, 100_000_000).unwrap();
        let sizes = ChunkSizes { aim_ns: 1_000_000_000, is_whole, ..ChunkSizes::default() };
        let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 2);
        let mut scheduler = scheduler.chunks(sizes);
        let chunk = |len: &u128| (*len, 20_000_000 + 1000 * *len as u64);
        let chunks: Vec<_> = lengths.iter().map(chunk).collect();
        scheduler.resume_pace(&chunks);
        let worker = WorkerId(0);
        let joined = SchedulerEvent::Joined { worker, capacity: Capacity::worker(100) };
        scheduler.handle(joined, 0).unwrap();
        assert!(matches!(scheduler.poll(), Some(Action::Assign { .. })));
        assert_eq!(scheduler.assignments().len(), 1);
        scheduler.assignments()[0].interval.len()
    }

    #[test]
    fn the_first_chunk_is_as_long_as_those_before() {
        assert_eq!(first_chunk(&[], true), 1);
        let lengths = [1, 16, 256, 4096, 65_536, 980_000, 980_000];
        let first = first_chunk(&lengths, true);
        assert!((900_000..1_100_000).contains(&first), "{first}");
        // Numbers that are done one by one need no such beginning.
        assert_eq!(first_chunk(&lengths, false), 1);
    }

    #[test]
    fn short_chunks_of_before_let_the_first_one_grow() {
        assert_eq!(first_chunk(&[1, 16], true), 256);
    }

    use std::vec::Vec;
}
