//! State machine of an agent: a worker towards the primary that it joined, and a primary towards its own workers.
//!
//! Its leases are supplied to an open run ([`Scheduler::open_ended`]), so the same scheduler divides
//! them again. What its workers answer is *recorded* by telling the primary, as a journal would
//! record it on disk. A worker answers ascending, and so does an agent: what is done of a lease is
//! kept on a buffer until the numbers before it are done, too. A lost agent loses what lies there,
//! and others do it again.
//!
//! What is absent: system calls, clocks, and any knowledge of how the primary is reached.

mod reorder_buffer;
mod texts;

use crate::aggregate::Aggregate;
use crate::credit::{CREDIT, much};
use crate::frame::{Body, EVERY_LEASE, Malformed, Packer};
use crate::interval::Interval;
use crate::lease::{Assignment, LeaseId, WorkerId};
use crate::partial::{Cause, Failure, Partial};
use crate::scheduler::{Record, Scheduler};
use crate::supervisor::Supervisor;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use reorder_buffer::ReorderBuffer;

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
    /// The agent: its workers contradicted each other, or a coprocess itself. What it told before cannot be
    /// trusted either.
    Untrusted,
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
            Self::Untrusted => (0x104, 0),
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
            0x104 => Self::Untrusted,
            other => Self::Other(other, detail),
        }
    }
}

/// The side of an agent that faces its primary.
#[derive(Debug)]
pub struct Agent {
    aggregate: Aggregate,
    /// What it was lent and has not answered, ascending. Chunks mostly come and are mostly answered in
    /// this order, so that both ends are where something happens.
    held: VecDeque<HeldLease>,
    /// The bytes of a partial on their way into frames.
    encoded: Vec<u8>,
    /// Those of `held` of which something may be reported.
    advanced: Vec<i64>,
    /// How many more bytes of lines it may send, and how many at first; see [`CREDIT`].
    credit: i64,
    whole_credit: i64,
    /// Bytes of lines that wait in its buffers, and what its workers will be credited for them.
    in_flight: u64,
    owed: Vec<(WorkerId, u64)>,
    /// Whether the primary keeps other output back until a command of this agent has ended: then lines of other numbers
    /// would only use up the credit that this command needs.
    is_held_by_text: bool,
}

/// Workers must wait when the buffers hold this many times the credit.
const MOST_BUFFERED: u64 = 4;

/// More credit than a worker uses.
const PLENTY: i64 = 1 << 60;

/// A lease that the agent holds.
#[derive(Debug)]
struct HeldLease {
    lease: LeaseId,
    /// All of it, answered or not.
    first: i64,
    last: i64,
    buffer: ReorderBuffer,
    /// Whether text was sent of a number that is not reported. Its answer is a partial then, which names this agent.
    has_sent_text: bool,
}

impl HeldLease {
    fn is_done(&self) -> bool {
        self.buffer.next() > self.last.into()
    }
}

impl Agent {
    /// An agent that holds nothing.
    #[must_use]
    pub fn new(aggregate: Aggregate) -> Self {
        Self {
            aggregate,
            held: VecDeque::new(),
            encoded: Vec::new(),
            advanced: Vec::new(),
            // Where there is a limit, the primary says so first.
            credit: if aggregate.is_streamed() { 0 } else { CREDIT },
            whole_credit: CREDIT,
            in_flight: 0,
            owed: Vec::new(),
            is_held_by_text: false,
        }
    }

    /// The same for another credit than [`CREDIT`], which primary and workers must know.
    #[must_use]
    pub fn with_credit(mut self, bytes: u32) -> Self {
        self.whole_credit = bytes.into();
        self
    }

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
                    self.hold(assignment, scheduler)?;
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
                self.report_lowest(packer);
                // There may be room in the buffers.
                self.give_credit(scheduler);
                Ok(())
            }
            Body::Credit { bytes } => {
                self.credit = self.credit.saturating_add_unsigned(bytes);
                self.tell_what_waited(scheduler, packer);
                Ok(())
            }
            _ => Err(Malformed::Entry),
        }
    }

    /// Takes over what the workers have done, and packs the answer to the lease that is done with it.
    /// Of the record, the value is taken.
    pub fn record(
        &mut self,
        record: &mut Record,
        supervisor: &mut Supervisor,
        packer: &mut Packer,
    ) {
        // What a command printed must be there before its answer.
        self.pass_texts(supervisor, packer);
        let covered = record.covered.iter().copied();
        let Some(piece) = covered.chain(record.failed.iter().map(|f| f.interval)).min() else {
            return;
        };
        // What is given back is forgotten, so whatever is recorded is in a lease.
        let Some(index) = self.find(piece.first()) else {
            debug_assert!(false, "{piece} is in no lease");
            return;
        };
        if let Some(worker) = record.worker.filter(|_| record.in_flight > 0) {
            self.in_flight += record.in_flight;
            self.owed.push((worker, record.in_flight));
        }
        let held = &mut self.held[index];
        debug_assert!(piece.last() <= held.last, "{piece} is in more than one lease");
        let is_news = !held.buffer.is_ready();
        held.buffer.put(piece, record);
        let is_urgent = held.buffer.is_urgent();
        if (held.is_done() || is_urgent) && self.may_send(index) {
            self.tell(index, packer);
            self.report_lowest(packer);
        } else if is_news && self.held[index].buffer.is_ready() {
            self.advanced.push(self.held[index].first);
        }
        self.give_credit(supervisor.scheduler_mut());
    }

    /// Whether there is credit to report a lease. The last half of the credit is for the lowest lease, for which
    /// the output of others may wait.
    fn may_send(&self, index: usize) -> bool {
        let has_credit = self.has_credit_for(index) && !self.is_held_by_text;
        has_credit || self.held[index].buffer.in_flight() == 0
    }

    fn has_credit_for(&self, index: usize) -> bool {
        self.credit > if index == 0 { 0 } else { self.whole_credit / 2 }
    }

    /// Tells what is done of a lease, and that it is done if it is.
    fn tell(&mut self, index: usize, packer: &mut Packer) {
        if self.held[index].is_done() {
            self.answer(index, packer);
        } else if let Some(partial) = self.held[index].buffer.take() {
            self.send(index, &partial, packer, 0);
        }
    }

    fn send(&mut self, index: usize, partial: &Partial, packer: &mut Packer, busy_ns: u64) {
        let in_flight = partial.in_flight();
        self.credit -= in_flight as i64;
        self.held[index].has_sent_text = false;
        self.encoded.clear();
        partial.encode(&mut self.encoded);
        packer.partial(self.held[index].lease, &self.encoded, busy_ns);
    }

    /// Reports what is done of the lowest lease, and had to wait until it was the lowest.
    fn report_lowest(&mut self, packer: &mut Packer) {
        while let Some(lowest) = self.held.front()
            && (lowest.is_done() || lowest.buffer.is_urgent())
            && self.may_send(0)
        {
            self.tell(0, packer);
        }
    }

    /// Reports what had to wait for credit.
    fn tell_what_waited(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        let mut index = 0;
        while index < self.held.len() && self.credit > 0 {
            let before = self.held.len();
            let buffer = &self.held[index].buffer;
            if (self.held[index].is_done() || buffer.is_urgent()) && self.may_send(index) {
                self.tell(index, packer);
            }
            index += usize::from(self.held.len() == before);
        }
        self.give_credit(scheduler);
    }

    /// Lets the workers go on if there is room in the buffers.
    fn give_credit(&mut self, scheduler: &mut Scheduler) {
        scheduler.hold_back(self.credit <= 0);
        if self.owed.is_empty() {
            return;
        }
        self.in_flight = self.held.iter().map(|held| held.buffer.weight()).sum();
        if self.in_flight < MOST_BUFFERED * self.whole_credit.unsigned_abs() {
            for (worker, bytes) in self.owed.drain(..) {
                scheduler.give_credit(worker, bytes);
            }
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
            let Some(index) = self.find(first) else { continue };
            if !self.may_send(index) {
                // It is reported when there is credit again, or when all leases are returned.
                self.advanced.push(first);
            } else if let Some(partial) = self.held[index].buffer.take() {
                self.send(index, &partial, packer, core::mem::take(&mut busy_ns));
            }
        }
        if busy_ns > 0 {
            // The next request counts anew.
            packer.time(busy_ns);
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
        let held = HeldLease {
            lease,
            first,
            last,
            buffer: ReorderBuffer::new(first, self.aggregate, much(self.whole_credit) as u64),
            has_sent_text: false,
        };
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
        let held = &mut self.held[index];
        if let Some(word) = held.buffer.word().filter(|_| !held.has_sent_text) {
            packer.answer(held.lease, word);
        } else if let Some(partial) = held.buffer.take() {
            self.send(index, &partial, packer, 0);
        }
        self.held.remove(index);
    }

    /// Keeps one of `parts` parts of what is not done of a lease, and more if workers are at it.
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
        let Some(rest) = held.buffer.rest(held.last) else { return };
        let tail = match parts {
            0 => Some(rest),
            parts => rest.split_front(rest.len().div_ceil(parts.into())).1,
        };
        let Some(taken) = tail.and_then(|tail| scheduler.take_back(tail)) else { return };
        packer.release(lease, taken.first());
        match taken.first().checked_sub(1) {
            Some(last) if taken.first() > held.buffer.reported() => {
                held.last = last;
                if held.is_done() {
                    self.answer(index, packer);
                }
            }
            // That was all of it.
            _ => drop(self.held.remove(index)),
        }
    }

    /// Returns the numbers of all leases that no worker has begun, and reports the rest as unknown: workers may be at
    /// these numbers.
    fn give_back_what_is_untouched(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        for index in 0..self.held.len() {
            let (lease, reported) = (self.held[index].lease, self.held[index].buffer.reported());
            let Some(rest) = Interval::new(reported, self.held[index].last) else { continue };
            let untouched = scheduler.take_back(rest);
            let begun = match untouched {
                Some(untouched) if untouched.first() == reported => None,
                Some(untouched) => Interval::new(reported, untouched.first() - 1),
                None => Some(rest),
            };
            if let Some(interval) = begun {
                let failed = [Failure { interval, cause: Cause::Unknown }].into();
                let value = self.aggregate.empty();
                let partial = Partial { covered: Vec::new(), failed, value };
                self.send(index, &partial, packer, 0);
            }
            if let Some(untouched) = untouched {
                packer.release(lease, untouched.first());
            }
        }
        self.held.clear();
    }

    fn give_everything_back(&mut self, scheduler: &mut Scheduler, packer: &mut Packer) {
        self.pass_urgent_texts(scheduler, packer);
        self.is_held_by_text = false;
        // This report does not wait for credit, but the primary gives credit for it all the same.
        self.credit += PLENTY;
        self.report(packer, 0);
        self.credit -= PLENTY;
        if scheduler.is_at_most_once() {
            self.give_back_what_is_untouched(scheduler, packer);
        }
        for held in self.held.drain(..) {
            packer.release(held.lease, held.buffer.reported());
        }
        scheduler.forget_everything();
        self.give_credit(scheduler);
    }
}

#[cfg(test)]
mod tests;
