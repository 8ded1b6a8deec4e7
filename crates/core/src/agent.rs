//! The agent as a state machine: a worker towards the primary that it joined, and a primary towards
//! the workers of its own machine.
//!
//! Its leases are supplied to an open run ([`Scheduler::open_ended`]), so the same scheduler divides
//! them again. What its workers answer is *recorded* by telling the primary, as a journal would
//! record it on disk. A worker answers ascending, and so does an agent: what is done of a lease is
//! kept on a shelf until the numbers before it are done, too. A lost agent loses what lies there,
//! and others do it again.
//!
//! What is absent: system calls, clocks, and any knowledge of how the primary is reached.

mod shelf;

use crate::frame::{Body, EVERY_LEASE, Malformed, Packer};
use crate::lease::{Assignment, LeaseId};
use crate::scheduler::{Record, Scheduler};
use crate::supervisor::Supervisor;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use shelf::Shelf;

/// Why one end of the connection between a primary and an agent leaves.
///
/// As a farewell it is a code and a detail; a code that is not known is [`Leave::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The primary: every number is covered, or the job ended early.
    Over,
    /// The agent: a signal asked it to end.
    Signal(u32),
    /// The agent: it cannot start a worker, or lost one too often.
    NoWorker(u32),
    /// The agent: what the primary said cannot be.
    Protocol,
    /// A reason that this version does not know.
    Other(u32, u32),
}

impl Leave {
    /// The two words of a farewell.
    #[must_use]
    pub const fn code(self) -> (u32, u32) {
        match self {
            Self::Over => (0x100, 0),
            Self::Signal(signal) => (0x101, signal),
            Self::NoWorker(errno) => (0x102, errno),
            Self::Protocol => (0x103, 0),
            Self::Other(code, detail) => (code, detail),
        }
    }

    /// What a farewell says.
    #[must_use]
    pub const fn from_code(code: u32, detail: u32) -> Self {
        match code {
            0x100 => Self::Over,
            0x101 => Self::Signal(detail),
            0x102 => Self::NoWorker(detail),
            0x103 => Self::Protocol,
            other => Self::Other(other, detail),
        }
    }
}

/// The side of an agent that faces its primary.
#[derive(Debug, Default)]
pub struct Agent {
    /// What it was lent and has not answered, ascending. Chunks mostly come and are mostly answered in
    /// this order, so that both ends are where something happens.
    held: VecDeque<Held>,
    /// The bytes of a partial on their way into frames.
    encoded: Vec<u8>,
    /// Those of `held` of which something may be reported.
    advanced: Vec<i64>,
}

/// A chunk in hand.
#[derive(Debug)]
struct Held {
    lease: LeaseId,
    /// All of it, answered or not.
    first: i64,
    last: i64,
    shelf: Shelf,
}

impl Held {
    fn is_done(&self) -> bool {
        self.shelf.next() > self.last.into()
    }
}

impl Agent {
    /// Takes in what the primary says, and packs what is to be said at once.
    ///
    /// # Errors
    /// If that is not for an agent, or makes no sense.
    pub fn take(
        &mut self,
        body: Body<'_>,
        supervisor: &mut Supervisor,
        packer: &mut Packer,
    ) -> Result<(), Malformed> {
        let scheduler = supervisor.scheduler_mut();
        match body {
            Body::Assignments(assignments) => {
                for assignment in assignments.iter() {
                    self.hold(assignment?, scheduler)?;
                }
                supervisor.supplied();
                Ok(())
            }
            Body::Withdrawals(withdrawals) => {
                for (lease, parts) in withdrawals.iter() {
                    if lease == EVERY_LEASE && parts == 0 {
                        self.give_everything_back(scheduler, packer);
                    } else {
                        self.give_back(lease, parts, scheduler, packer);
                    }
                }
                Ok(())
            }
            _ => Err(Malformed::Entry),
        }
    }

    /// Takes over what the workers have done, and packs the answer to the lease that is done with it.
    pub fn record(&mut self, record: &Record, packer: &mut Packer) {
        let covered = record.covered.iter().copied();
        let Some(piece) = covered.chain(record.failed.iter().map(|f| f.interval)).min() else {
            return;
        };
        // What is given back is forgotten, so whatever is recorded is in a lease.
        let Some(index) = self.find(piece.first()) else {
            debug_assert!(false, "{piece} is in no lease");
            return;
        };
        let held = &mut self.held[index];
        debug_assert!(piece.last() <= held.last, "{piece} is in more than one lease");
        let is_news = !held.shelf.is_ready();
        held.shelf.put(piece, record);
        if held.is_done() {
            self.answer(index, packer);
        } else if is_news && held.shelf.is_ready() {
            self.advanced.push(held.first);
        }
    }

    /// Which of its leases has this number.
    #[inline]
    fn find(&self, n: i64) -> Option<usize> {
        let index = match self.held.front() {
            Some(front) if n <= front.last => 0,
            _ => self.held.partition_point(|held| held.last < n),
        };
        self.held.get(index).filter(|held| held.first <= n).map(|_| index)
    }

    /// Whether something has been done of a lease that is not done, and not been reported.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.advanced.is_empty()
    }

    /// Reports what has been done of leases that are not done; `busy_ns` is what the workers worked
    /// since the last frame that says so.
    pub fn report(&mut self, packer: &mut Packer, busy_ns: u64) {
        packer.seal(0);
        let mut busy_ns = busy_ns;
        for first in core::mem::take(&mut self.advanced) {
            if let Some(index) = self.find(first)
                && let held = &mut self.held[index]
                && let Some(partial) = held.shelf.take()
            {
                self.encoded.clear();
                partial.encode(&mut self.encoded);
                packer.partial(held.lease, &self.encoded, core::mem::take(&mut busy_ns));
            }
        }
    }

    /// Gives back everything that is not done, before leaving.
    pub fn leave(&mut self, supervisor: &mut Supervisor, packer: &mut Packer, why: Leave) {
        self.give_everything_back(supervisor.scheduler_mut(), packer);
        let (code, detail) = why.code();
        packer.farewell(code, detail);
    }

    /// How many leases it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    fn hold(&mut self, assignment: Assignment, scheduler: &mut Scheduler) -> Result<(), Malformed> {
        let Assignment { lease, interval } = assignment;
        let (first, last) = (interval.first(), interval.last());
        let held = Held { lease, first, last, shelf: Shelf::new(first) };
        if self.held.back().is_none_or(|back| back.last < first) {
            self.held.push_back(held);
        } else {
            let index = self.held.partition_point(|held| held.last < first);
            if self.held.get(index).is_some_and(|above| above.first <= last) {
                return Err(Malformed::Entry);
            }
            self.held.insert(index, held);
        }
        scheduler.supply(interval);
        Ok(())
    }

    /// The end of a lease.
    fn answer(&mut self, index: usize, packer: &mut Packer) {
        let Some(mut held) = self.held.remove(index) else { return };
        if let Some(count) = held.shelf.count() {
            packer.answer(held.lease, count);
        } else if let Some(partial) = held.shelf.take() {
            self.encoded.clear();
            partial.encode(&mut self.encoded);
            packer.partial(held.lease, &self.encoded, 0);
        }
    }

    /// Keeps one of so many parts of what is not done of a lease, and more if its workers are at it.
    fn give_back(
        &mut self,
        lease: LeaseId,
        parts: u64,
        scheduler: &mut Scheduler,
        packer: &mut Packer,
    ) {
        let found = self.held.iter().position(|held| held.lease == lease);
        let Some(index) = found else { return };
        let held = &mut self.held[index];
        let Some(rest) = held.shelf.rest(held.last) else { return };
        let tail = match parts {
            0 => Some(rest),
            parts => rest.split_front(rest.len().div_ceil(parts.into())).1,
        };
        let Some(taken) = tail.and_then(|tail| scheduler.take_back(tail)) else { return };
        packer.release(lease, taken.first());
        match taken.first().checked_sub(1) {
            Some(last) if taken.first() > held.shelf.told() => {
                held.last = last;
                if held.is_done() {
                    self.answer(index, packer);
                }
            }
            // That was all of it.
            _ => drop(self.held.remove(index)),
        }
    }

    fn give_everything_back(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        self.report(packer, 0);
        for held in self.held.drain(..) {
            packer.release(held.lease, held.shelf.told());
        }
        scheduler.forget_everything();
    }
}

#[cfg(test)]
mod tests;
