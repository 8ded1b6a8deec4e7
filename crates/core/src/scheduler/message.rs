//! What is told to the scheduler and what it answers: events, actions, records, violations.

use crate::aggregate::{Aggregate, Value};
use crate::frame::Answers;
use crate::interval::{Interval, Overlap};
use crate::lease::{LeaseId, WorkerId};
use crate::partial::{Failure, Partial};
use alloc::vec::Vec;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A worker is ready. Names are given out ascending from 0 and never again.
    Joined {
        /// Its name.
        worker: WorkerId,
        /// The most chunks it may hold at once: what its pipe has room for.
        window: usize,
    },
    /// A worker finished leases.
    Answered {
        /// Who says so.
        worker: WorkerId,
        /// How long it worked on them; 0 if the next message accounts for it.
        busy_ns: u64,
        /// The finished leases with their counts.
        answers: Answers<'a>,
    },
    /// A worker finished some numbers from the front of what a lease still lacks.
    Partly {
        /// Who says so.
        worker: WorkerId,
        /// The lease it belongs to.
        lease: LeaseId,
        /// How long it worked on it; 0 if the next message accounts for it.
        busy_ns: u64,
        /// What it finished.
        partial: Partial,
    },
    /// A worker is gone. Everything it wrote before must have been handled.
    Lost {
        /// Its name.
        worker: WorkerId,
    },
    /// A record is as durable as it is going to be.
    Recorded(Record),
}

/// Something that must be done now.
#[derive(Debug)]
pub enum Action {
    /// Send chunks to a worker: those in
    /// [`Scheduler::assignments`](super::Scheduler::assignments).
    Assign {
        /// To whom.
        worker: WorkerId,
    },
    /// Make this durable, then give it back as [`Event::Recorded`].
    Record(Record),
    /// Chunks of a lost worker were taken back; they go out again by themselves.
    Reclaimed {
        /// The lost worker.
        worker: WorkerId,
        /// How many chunks it held.
        chunks: usize,
        /// How many numbers of them were not covered.
        numbers: u128,
    },
    /// Every number is covered. Said once.
    Finished,
}

/// Answers on their way into the result. It can be given back only once, because it is moved.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Numbers that are part of the value.
    pub covered: Vec<Interval>,
    /// Numbers without a value.
    pub failed: Vec<Failure>,
    /// The value over the covered numbers.
    pub value: Value,
}

/// A worker said what cannot be. The fault is the worker's; the entry that says so is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A message from a name that was never given out.
    #[error("a message from worker {}, which is not at work", .0.0)]
    UnknownWorker(WorkerId),
    /// A value that no set of so many numbers has.
    #[error("worker {} answered {lease} with an impossible value", .worker.0)]
    ImpossibleValue {
        /// Who said it.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseId,
    },
    /// A partial that does not begin where its lease stands, or goes beyond it.
    #[error("worker {} answered {lease} for numbers that are not due", .worker.0)]
    NotDue {
        /// Who said it.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseId,
    },
    /// Numbers were recorded twice: a fault in the calling program.
    #[error(transparent)]
    Overlap(#[from] Overlap),
}

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Numbers in the range.
    pub total: u128,
    /// Numbers covered.
    pub covered: u128,
    /// Numbers per second, over about the last seconds; `None` before the first answer.
    pub per_second: Option<f64>,
    /// Seconds until the end at that rate.
    pub seconds_left: Option<f64>,
}

impl Record {
    pub(super) fn empty(aggregate: Aggregate) -> Self {
        Self { covered: Vec::new(), failed: Vec::new(), value: aggregate.empty() }
    }

    /// Whether it covers no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.covered.is_empty() && self.failed.is_empty()
    }

    /// How many numbers it covers, failed ones included.
    #[must_use]
    pub fn len(&self) -> u128 {
        let failed = self.failed.iter().map(|failure| failure.interval.len());
        self.covered.iter().map(Interval::len).chain(failed).sum()
    }

    /// Adds numbers; those that follow the last ones lengthen their interval.
    #[inline]
    pub(super) fn add(&mut self, interval: Interval, value: Value) {
        self.value = self.value.merge(value);
        if let Some(last) = self.covered.last_mut()
            && last.last().checked_add(1) == Some(interval.first())
            && let Some(longer) = Interval::new(last.first(), interval.last())
        {
            *last = longer;
        } else {
            self.covered.push(interval);
        }
    }

    pub(super) fn append(&mut self, partial: &Partial) {
        self.covered.extend_from_slice(&partial.covered);
        self.failed.extend_from_slice(&partial.failed);
        self.value = self.value.merge(partial.value);
    }

    /// Takes over the memory of a record that is done with, if it has none itself.
    pub(super) fn reuse(&mut self, done: Self) {
        if self.is_empty() {
            self.covered = done.covered;
            self.covered.clear();
        }
    }
}
