//! Resumption of a run whose journal covers some numbers.

use super::Scheduler;
use crate::aggregate::{Aggregate, Value};
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
        self.ledger = Ledger::resume(self.whole, done)?.ascending(is_from_below);
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
