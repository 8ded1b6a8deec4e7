//! Messages of the scheduler: events in, actions out; records and violations.

use super::window::Capacity;
use crate::aggregate::{Aggregate, Value};
use crate::frame::{Answers, Begun, Malformed, Releases, Text};
use crate::interval::{Interval, Overlap};
use crate::lease::{LeaseId, WorkerId};
use crate::partial::{Cause, Failure, Partial};
use alloc::vec::Vec;
use core::fmt;

/// Something that happened.
#[derive(Debug)]
pub enum SchedulerEvent<'a> {
    /// A worker is ready. Names are given out ascending from 0 and never again.
    Joined {
        /// Its name.
        worker: WorkerId,
        /// How much it may have in hand.
        capacity: Capacity,
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
    /// A worker begins chunks that were lost before.
    Begun {
        /// Who says so.
        worker: WorkerId,
        /// How long it worked before; 0 if the next message accounts for it.
        busy_ns: u64,
        /// The leases.
        begun: Begun<'a>,
    },
    /// A worker gives back leases, from some number on.
    Released {
        /// Who says so.
        worker: WorkerId,
        /// How long it worked before; 0 if the next message accounts for it.
        busy_ns: u64,
        /// The leases, each with the first number that is given back.
        releases: Releases<'a>,
    },
    /// A worker passes on a part of what a command prints.
    Printed {
        /// Its name.
        worker: WorkerId,
        /// What was printed.
        text: Text<'a>,
    },
    /// A worker reports the number at which something ends it.
    CrashReported {
        /// Its name.
        worker: WorkerId,
        /// The number. It is believed only as far as running it alone bears it out.
        n: i64,
        /// What ends it, where the way it ends does not say so.
        cause: Option<Cause>,
    },
    /// A worker that lives has said nothing for too long. What it holds goes to others, and it gets
    /// nothing until it is awake; what it says late is dropped.
    Silent {
        /// Its name.
        worker: WorkerId,
    },
    /// A silent worker is at work again.
    Awake {
        /// Its name.
        worker: WorkerId,
    },
    /// A worker is gone. Everything it wrote before must have been handled.
    Lost {
        /// Its name.
        worker: WorkerId,
        /// How it ended; `None` if the chunks it was at have nothing to do with it.
        cause: Option<Cause>,
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
    /// Ask a worker for a part of a lease: of what it has not counted yet, it should keep one of so
    /// many parts.
    Withdraw {
        /// Whom.
        worker: WorkerId,
        /// Which lease; [`EVERY_LEASE`](crate::frame::EVERY_LEASE) for all of them.
        lease: LeaseId,
        /// Into how many parts; 0 to keep nothing.
        parts: u64,
    },
    /// Make this durable, then give it back as [`SchedulerEvent::Recorded`].
    Record(Record),
    /// Let a worker send more bytes of lines.
    Credit {
        /// Which.
        worker: WorkerId,
        /// How many.
        bytes: u64,
    },
    /// A number was lost together with its worker as often as is allowed. It has no value.
    Quarantined(Failure),
    /// Numbers of which a try failed of this cause have a value after all.
    Recovered(Failure),
    /// Of a run in which nothing is handed out [twice](super::Scheduler::at_most_once): these were
    /// handed out, and are back although no worker has begun them.
    Untouched(Interval),
    /// Every number is covered. Said once.
    Finished,
}

/// The number that a worker names in its crash report, and the cause where the end of its process does not say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CrashReport {
    pub(super) n: i64,
    pub(super) cause: Option<Cause>,
}

/// What was taken back from a worker that is lost or silent. It goes out again by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Chunks that the worker held.
    pub chunks: usize,
    /// Numbers of these chunks that were not covered.
    pub numbers: u128,
    /// Whether the chunks are to blame rather than the worker: the worker named one of the numbers in its last
    /// crash report, or was lost at a chunk that had been lost before.
    pub is_explained: bool,
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
    /// Who found it, where it is of one worker alone.
    pub(crate) worker: Option<WorkerId>,
    /// What it has of that worker's credit.
    pub(crate) in_flight: u64,
    /// How many intervals there were when neighbours were last put together.
    pub(super) tidy: usize,
}

/// An entry of a message that cannot be true. It is not used. The text is a predicate: the caller puts
/// before it the worker or agent that sent the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A message from a name that was never given out.
    #[error("sent a message although it is not at work")]
    UnknownWorker(WorkerId),
    /// A value that no set of this many numbers has.
    #[error("reported a value that is impossible for its numbers")]
    ImpossibleValue {
        /// Who said it.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseId,
    },
    /// A partial that does not begin where its lease stands, or goes beyond it.
    #[error("answered for numbers that are not in its chunk")]
    NotDue {
        /// Who said it.
        worker: WorkerId,
        /// Under which lease.
        lease: LeaseId,
    },
    /// Two workers found different values for the same numbers.
    #[error(
        "and another worker found different values for the numbers {numbers}{}: the function gives \
         different values for the same n, or a machine has a fault",
        Both(.values)
    )]
    Conflict {
        /// The numbers.
        numbers: Interval,
        /// The two values, where both are 64-bit integers.
        values: Option<[i64; 2]>,
    },
    /// One worker answered the same chunk twice, with different values.
    #[error(
        "answered twice for the chunk that begins at n = {first}, with different values{}", Both(.values)
    )]
    Twice {
        /// The lowest number of the answer.
        first: i64,
        /// The two values, where both are 64-bit integers.
        values: Option<[i64; 2]>,
    },
    /// A message that makes no sense although its checksum is right.
    #[error("sent {malformed}")]
    Malformed {
        /// Who sent it.
        worker: WorkerId,
        /// What is wrong with it.
        malformed: Malformed,
    },
    /// A histogram of more than [`MOST_VALUES`](crate::aggregate::MOST_VALUES) values.
    #[error("more than {} different values", crate::aggregate::MOST_VALUES)]
    TooManyValues,
    /// Numbers were recorded twice: a fault in the calling program.
    #[error(transparent)]
    Overlap(#[from] Overlap),
}

/// Two contradictory values, in parentheses.
struct Both<'a>(&'a Option<[i64; 2]>);

impl fmt::Display for Both<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some([one, other]) => write!(f, " ({one} and {other})"),
            None => Ok(()),
        }
    }
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
    /// Workers that are in, those of agents included.
    pub workers: u32,
    /// Agents that are in.
    pub agents: u32,
}

impl Record {
    pub(super) fn empty(aggregate: Aggregate) -> Self {
        Self {
            covered: Vec::new(),
            failed: Vec::new(),
            value: aggregate.empty(),
            worker: None,
            in_flight: 0,
            tidy: 0,
        }
    }

    /// What an earlier run recorded of these numbers.
    #[must_use]
    pub fn new(covered: Vec<Interval>, failed: Vec<Failure>, value: Value) -> Self {
        Self { covered, failed, value, worker: None, in_flight: 0, tidy: 0 }
    }

    /// A copy, for an owner that watches records beside those that are given back.
    #[doc(hidden)]
    #[must_use]
    pub fn copy(&self) -> Self {
        let Self { covered, failed, value, worker, in_flight, tidy } = self;
        let (covered, failed, value) = (covered.clone(), failed.clone(), value.clone());
        Self { covered, failed, value, worker: *worker, in_flight: *in_flight, tidy: *tidy }
    }

    /// Takes in another one of the same aggregate, over other numbers; not where the answer is lines.
    /// However many there are, they take no more memory than there are gaps between their numbers.
    pub fn join(&mut self, other: Self) {
        debug_assert!(self.in_flight + other.in_flight == 0, "lines belong to one worker");
        self.value.merge(other.value);
        self.failed.extend(other.failed);
        other.covered.into_iter().for_each(|interval| self.cover(interval));
        if self.covered.len() >= 2 * self.tidy.max(1 << 10) {
            self.tidy = crate::interval::coalesce(&mut self.covered);
        }
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
    pub(super) fn add(&mut self, interval: Interval, value: Value) {
        self.value.merge(value);
        self.cover(interval);
    }

    #[inline]
    fn cover(&mut self, interval: Interval) {
        if let Some(last) = self.covered.last_mut()
            && last.last().checked_add(1) == Some(interval.first())
            && let Some(longer) = Interval::new(last.first(), interval.last())
        {
            *last = longer;
        } else {
            self.covered.push(interval);
        }
    }

    /// The same memory with nothing in it.
    pub(super) fn emptied(mut self, aggregate: Aggregate) -> Self {
        self.covered.clear();
        self.failed.clear();
        Self { value: aggregate.empty(), worker: None, in_flight: 0, tidy: 0, ..self }
    }

    /// A record of this alone.
    pub(crate) fn of(partial: Partial, worker: WorkerId) -> Self {
        let in_flight = partial.in_flight();
        let Partial { covered, failed, value } = partial;
        Self { covered, failed, value, worker: Some(worker), in_flight, tidy: 0 }
    }

    pub(super) fn append(&mut self, partial: Partial) {
        self.covered.extend_from_slice(&partial.covered);
        self.failed.extend_from_slice(&partial.failed);
        self.value.merge(partial.value);
    }

    /// Takes over the memory of a record that is done with, if it has none itself.
    pub(super) fn reuse(&mut self, done: Self) {
        if self.is_empty() {
            self.covered = done.covered;
            self.covered.clear();
        }
    }
}

/// Numbers of one chunk that a worker answered for at once, or that were lost with it. For logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeasePiece {
    /// Who did or lost them.
    pub worker: WorkerId,
    /// At which attempt.
    pub attempt: u8,
    /// The numbers.
    pub interval: Interval,
    /// How long they took, as a share by number of what the worker measured for all of a message;
    /// 0 where it measures that with a later message.
    pub busy_ns: u64,
    /// Whether the lease ended with them.
    pub is_end: bool,
    /// Whether they were lost.
    pub is_lost: bool,
    /// What ended each of them, where an agent found it.
    pub failed: Option<Cause>,
}
