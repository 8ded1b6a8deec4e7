//! Open runs: numbers come in while the run goes on, and leave it when they are recorded. An agent makes one of the chunks
//! that it receives.
//!
//! Each answer is a record of its own over adjacent numbers, so that the agent can report it to its primary. Covered
//! numbers are forgotten, so that memory does not grow with the work done. An open run is never finished.

use super::late::LateAnswers;
use super::{Action, Record, Scheduler};
use crate::aggregate::{Aggregate, Value};
use crate::frame::EVERY_LEASE;
use crate::interval::Interval;
use crate::partial::Failure;
use crate::policy::Policy;
use crate::range::Range;
use crate::stream::Stream;

/// As many records as one message of answers makes.
const MOST_SPARE: usize = 256;

impl Scheduler {
    /// An open run without a number, that begins with `workers` workers. Its chunks are sized by time.
    #[must_use]
    pub fn open_ended(aggregate: Aggregate, workers: u32) -> Self {
        let mut scheduler = Self::new(Range::EMPTY, aggregate, Policy::Timed, workers);
        scheduler.is_open = true;
        if matches!(aggregate, Aggregate::Run { .. }) {
            scheduler.stream = Stream::new(aggregate, None).relaying();
        }
        scheduler
    }

    /// Takes in numbers, none of which it has; say with [`supplied`](Self::supplied) when these were
    /// all for now. Chunks never reach over the end of such an interval.
    pub fn supply(&mut self, interval: Interval) {
        debug_assert!(self.is_open);
        self.total += interval.len();
        self.ledger.give_back(interval);
    }

    /// Queues all workers that have room for what came in.
    pub fn supplied(&mut self) {
        self.queue_all();
    }

    /// Takes back as many of the last numbers of `tail` as no worker has begun.
    pub fn take_back(&mut self, tail: Interval) -> Option<Interval> {
        let taken = self.ledger.take_tail(tail)?;
        self.total -= taken.len();
        Some(taken)
    }

    /// Forgets every number, also those in records that were not polled. What workers say about them comes late.
    pub fn forget_everything(&mut self) {
        debug_assert!(self.is_open);
        for worker in self.living.iter().copied() {
            self.leases.reclaim(worker, |_| {});
            let window = &mut self.workers[worker.0 as usize].window;
            if !window.is_empty() {
                window.clear();
                let everything = Action::Withdraw { worker, lease: EVERY_LEASE, parts: 0 };
                self.pending.push_back(everything);
            }
        }
        self.late = LateAnswers::default();
        self.ledger.forget_everything();
        if let Some(relay) = self.stream.relay() {
            relay.clear();
        }
        for action in core::mem::take(&mut self.pending) {
            match action {
                Action::Record(Record { worker: Some(worker), in_flight, .. }) => {
                    self.give_credit(worker, in_flight);
                }
                // Nor does a number fail that is forgotten, or is it done after all.
                Action::Record(_) | Action::Quarantined(_) | Action::Recovered(_) => {}
                other => self.pending.push_back(other),
            }
        }
        (self.total, self.recording) = (0, 0);
        self.low.extend(&self.living);
        self.queue_all();
    }

    /// Notes an answer.
    #[inline]
    pub(super) fn done(&mut self, interval: Interval, value: Value) {
        if self.is_open || self.aggregate.is_streamed() {
            let mut record = self.spare.pop().unwrap_or_else(|| Record::empty(self.aggregate));
            record.add(interval, value);
            self.pass_on(record);
        } else {
            self.to_record.add(interval, value);
        }
    }

    /// Notes a number that has no value.
    pub(super) fn fail(&mut self, failure: Failure) {
        if self.is_open || self.aggregate.is_streamed() {
            let failed = [failure].into();
            self.pass_on(Record { failed, ..Record::empty(self.aggregate) });
        } else {
            self.to_record.failed.push(failure);
        }
    }

    /// Keeps the memory of a record that has left, for the next ones.
    pub(super) fn keep_memory(&mut self, record: Record) {
        if self.spare.len() < MOST_SPARE {
            self.spare.push(record.emptied(self.aggregate));
        }
    }

    /// Hands out a record by itself.
    pub(super) fn pass_on(&mut self, record: Record) {
        self.recording += record.len();
        self.pending.push_back(Action::Record(record));
    }
}
