//! The supervisor: workers by slot, their frames, and the replacement of lost ones, around the
//! [scheduler](crate::scheduler).
//!
//! The owner reports each event by a method, with the time; then [`poll`](Supervisor::poll) returns what must be done now,
//! one [`Order`] at a time, until it returns `None`. Until [`next_due_ns`](Supervisor::next_due_ns) nothing changes by
//! itself.

mod message;
mod whereabouts;

use crate::descriptions::Descriptions;
use crate::frame::{Assembler, Body, Frame, Malformed};
use crate::lease::{Assignment, AssignmentRow, WorkerId};
use crate::median_time::MedianTime;
use crate::partial::{Cause, Failure, Partial};
use crate::scheduler::{
    Action, Capacity, LeasePiece, Record, Scheduler, SchedulerEvent, TakenBack, Violation,
};
use crate::seats::{LOSSES_IN_A_ROW, SeatTimer, Seats};
use alloc::vec::Vec;
use core::num::NonZeroU32;

pub use message::{Heard, InvalidFrame, Order};

/// Workers and agents of a run, by slot.
#[derive(Debug)]
pub struct Supervisor {
    scheduler: Scheduler,
    seats: Seats,
    assembler: Assembler,
    descriptions: Descriptions,
    /// By slot: the worker that has it, or had it last.
    names: Vec<Option<WorkerId>>,
    /// By name: its slot.
    slots: Vec<u32>,
    /// By slot: when its last frame came.
    heard_ns: Vec<u64>,
    /// A seat that was lost too often in a row.
    given_up: Option<(usize, u32)>,
    /// Times of commands, if they limit the time of the next ones.
    times: Option<MedianTime>,
    /// Slots whose workers do not know the time limit yet.
    to_limit: Vec<usize>,
    /// Whether a worker fell silent, was lost or could not be forked since the last look for a worker that can work.
    may_be_deserted: bool,
}

impl Supervisor {
    /// Seats for `seats` workers, none of which has joined.
    #[must_use]
    pub fn new(scheduler: Scheduler, seats: usize) -> Self {
        Self {
            scheduler,
            seats: Seats::new(seats),
            assembler: Assembler::default(),
            descriptions: Descriptions::default(),
            names: alloc::vec![None; seats],
            slots: Vec::new(),
            heard_ns: alloc::vec![0; seats],
            given_up: None,
            times: None,
            to_limit: Vec::new(),
            may_be_deserted: false,
        }
    }

    /// Sets the limit of silence in nanoseconds, without which it is [`SILENCE_NS`](crate::seats::SILENCE_NS).
    /// After this time a stopped worker, or an agent from which no frame came, loses its chunks to others.
    pub(crate) fn set_silence(&mut self, silence_ns: u64) {
        self.seats.set_silence(silence_ns);
    }

    /// Limits the time of a command to this percentage of the median of those that succeeded on this machine.
    pub(crate) fn set_median_limit(&mut self, percent: NonZeroU32) {
        self.times = Some(MedianTime::new(percent));
    }

    /// What the next worker is called. A name is used up only when its worker joins.
    #[must_use]
    pub fn next_name(&self) -> WorkerId {
        WorkerId(self.slots.len() as u32)
    }

    /// The slots of seated agents, ascending.
    pub(crate) fn agents(&self) -> impl Iterator<Item = usize> + '_ {
        self.seats.agents()
    }

    /// A worker with the [next name](Self::next_name) takes an empty slot, with room for `window` chunks.
    ///
    /// # Errors
    /// None, as long as names are used in order.
    pub fn join(&mut self, slot: usize, window: usize, now_ns: u64) -> Result<(), Violation> {
        self.seats.fill(slot);
        if self.times.as_ref().is_some_and(|times| times.limit_ns().is_some()) {
            self.to_limit.push(slot);
        }
        self.seat(slot, Capacity::worker(window), now_ns)
    }

    /// An agent with the [next name](Self::next_name) takes a seat of its own: in which slot. It is
    /// [silent](Order::Silenced) when no frame of it has [come](Self::hear_agent) for the
    /// limit of silence.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub fn welcome(
        &mut self,
        workers: NonZeroU32,
        window: usize,
        now_ns: u64,
    ) -> Result<usize, Violation> {
        let slot = self.seats.welcome(now_ns);
        self.names.resize(self.names.len().max(slot + 1), None);
        self.heard_ns.resize(self.names.len(), 0);
        self.seat(slot, Capacity { window, agent: Some(workers) }, now_ns)?;
        Ok(slot)
    }

    fn seat(&mut self, slot: usize, capacity: Capacity, now_ns: u64) -> Result<(), Violation> {
        let worker = self.next_name();
        self.slots.push(slot as u32);
        self.names[slot] = Some(worker);
        self.heard_ns[slot] = now_ns;
        self.scheduler.handle(SchedulerEvent::Joined { worker, capacity }, now_ns).map(drop)
    }

    /// Takes a frame that came from the agent in a slot, by what the connection says.
    ///
    /// # Errors
    /// As [`hear`](Self::hear).
    pub fn hear_agent(
        &mut self,
        slot: usize,
        frame: Frame<'_>,
        now_ns: u64,
    ) -> Result<Heard, InvalidFrame> {
        let Some(worker) = self.names[slot] else { return Ok(Heard::Nothing) };
        if self.seats.hear(slot, now_ns) {
            self.tell(slot, SchedulerEvent::Awake { worker }, now_ns)?;
        }
        self.hear(Frame { worker, ..frame }, now_ns)
    }

    /// No worker could be made for an empty slot. It is tried again.
    pub fn refuse(&mut self, slot: usize, now_ns: u64) {
        self.seats.refuse(slot, now_ns);
        self.scheduler.expect_no_replacement();
        self.may_be_deserted = true;
    }

    /// Takes a frame that came from a worker.
    ///
    /// # Errors
    /// If it cannot be; nothing of what is wrong is used.
    #[inline]
    pub fn hear(&mut self, frame: Frame<'_>, now_ns: u64) -> Result<Heard, InvalidFrame> {
        let Frame { worker, busy_ns, body } = frame;
        let Some(slot) = self.slots.get(worker.0 as usize) else {
            return Err(InvalidFrame::UnknownName);
        };
        let slot = *slot as usize;
        if self.names[slot] != Some(worker) {
            return Ok(Heard::Nothing);
        }
        self.heard_ns[slot] = now_ns;
        let event = match body {
            Body::Answers(answers) => {
                if answers.iter().next().is_some() {
                    self.add_time(slot, busy_ns);
                }
                SchedulerEvent::Answered { worker, busy_ns, answers }
            }
            Body::Part(part) => match self.assembler.take(worker, part) {
                Ok(None) => return Ok(Heard::Work),
                Ok(Some(partial)) => {
                    if partial.failed.is_empty() {
                        self.add_time(slot, busy_ns);
                    }
                    SchedulerEvent::Partly { worker, lease: part.lease, busy_ns, partial }
                }
                Err(malformed) => return Err(Self::fault(slot, worker, malformed)),
            },
            Body::Begun(begun) => {
                let begun = SchedulerEvent::Begun { worker, busy_ns, begun };
                return self.tell(slot, begun, now_ns);
            }
            Body::Releases(releases) => {
                let released = SchedulerEvent::Released { worker, busy_ns, releases };
                // There may be work again for empty seats.
                self.seats.look_again();
                return self.tell(slot, released, now_ns);
            }
            Body::Farewell { call, errno } => return Ok(Heard::Farewell { slot, call, errno }),
            Body::Description(description) => {
                self.descriptions.keep(description);
                return Ok(Heard::Description { n: description.n, cause: description.cause });
            }
            Body::Recovered(recovered) => {
                recovered.iter().for_each(|one| self.scheduler.recovered(worker, one));
                return Ok(Heard::Work);
            }
            Body::Text(text) => {
                return self.tell(slot, SchedulerEvent::Printed { worker, text }, now_ns);
            }
            // An agent handles the crash reports of its workers itself.
            Body::CrashReport { n, cause } if !self.seats.is_agent(slot) => {
                self.tell(slot, SchedulerEvent::CrashReported { worker, n, cause }, now_ns)?;
                return Ok(Heard::CrashReport { slot, n, cause });
            }
            Body::CrashReport { .. }
            | Body::Assignments(_)
            | Body::Withdrawals(_)
            | Body::Credit { .. }
            | Body::Supplement(_)
            | Body::Lines(_)
            | Body::TimeLimit { .. } => {
                return Err(Self::fault(slot, worker, Malformed::Entry));
            }
        };
        let heard = self.tell(slot, event, now_ns)?;
        self.seats.finished_something(slot);
        Ok(heard)
    }

    /// The worker in a slot is gone and what it wrote has been heard; see [`SchedulerEvent::Lost`]. How many
    /// chunks it held, and how many of their numbers were not covered.
    ///
    /// # Errors
    /// None, as long as the slot had a worker.
    pub fn lose(
        &mut self,
        slot: usize,
        cause: Option<Cause>,
        now_ns: u64,
    ) -> Result<(usize, u128), Violation> {
        let Some(worker) = self.names[slot].take() else { return Ok((0, 0)) };
        self.assembler.forget(worker);
        let quarantined = self.scheduler.quarantined();
        let taken_back = self.scheduler.handle(SchedulerEvent::Lost { worker, cause }, now_ns)?;
        if self.scheduler.quarantined() > quarantined {
            // That number is done with, so the run got on.
            self.seats.finished_something(slot);
        }
        let TakenBack { chunks, numbers, is_explained } = taken_back;
        let times = self.seats.lose(slot, is_explained, now_ns);
        if times >= LOSSES_IN_A_ROW {
            self.given_up = Some((slot, times));
        }
        self.seats.look_again();
        self.may_be_deserted = true;
        Ok((chunks, numbers))
    }

    /// A record is as durable as it is going to be.
    ///
    /// # Errors
    /// If its numbers were recorded before.
    #[inline]
    pub fn recorded(&mut self, record: Record, now_ns: u64) -> Result<(), Violation> {
        self.scheduler.handle(SchedulerEvent::Recorded(record), now_ns).map(drop)
    }

    /// Ends the run early; see [`Scheduler::drain`]. No worker is replaced any more.
    pub fn drain(&mut self) {
        self.scheduler.drain();
    }

    /// The next thing to do; `None` until something happens or is due.
    ///
    /// # Errors
    /// None of its own: those of the scheduler.
    #[inline]
    pub fn poll(&mut self, now_ns: u64) -> Result<Option<Order>, Violation> {
        if let Some((slot, times)) = self.given_up.take() {
            return Ok(Some(Order::GiveUp { slot, times }));
        }
        if let Some(order) = self.poll_scheduler().or_else(|| self.poll_limit()) {
            return Ok(Some(order));
        }
        let is_work = self.is_work();
        // Without work it does not matter yet.
        if is_work
            && core::mem::take(&mut self.may_be_deserted)
            && let Some(slot) = self.seats.in_the_way()
        {
            return Ok(Some(Order::Kill { slot }));
        }
        match self.seats.due(is_work, now_ns) {
            None => Ok(None),
            Some(SeatTimer::Fill { slot }) => Ok(Some(Order::Fill { slot })),
            Some(SeatTimer::Silence { slot }) => self.silence(slot, now_ns),
        }
    }

    /// Counts the time of a command of this machine that succeeded.
    #[inline]
    fn add_time(&mut self, slot: usize, busy_ns: u64) {
        if let Some(times) = &mut self.times
            && !self.seats.is_agent(slot)
            && times.add(busy_ns)
        {
            let is_worker =
                |slot: &usize| self.names[*slot].is_some() && !self.seats.is_agent(*slot);
            self.to_limit = (0..self.names.len()).filter(is_worker).collect();
        }
    }

    fn poll_limit(&mut self) -> Option<Order> {
        let ns = self.times.as_ref()?.limit_ns()?;
        Some(Order::LimitTime { slot: self.to_limit.pop()?, ns })
    }

    /// Lets more begin; see [`Scheduler::allow`].
    pub fn allow(&mut self, more: u64) {
        self.scheduler.allow(more);
    }

    /// Lines that can be passed on, in order; see [`Scheduler::next_lines`].
    pub fn next_lines(&mut self) -> Option<Vec<u8>> {
        self.scheduler.next_lines()
    }

    /// Passes on the lines of everything that is done, also above numbers that are not done; these numbers
    /// failed besides.
    pub fn pass_over_gaps(&mut self, failed: &[Failure]) {
        self.scheduler.pass_over_gaps(failed);
    }

    /// Passes on what commands printed that were ended by force, behind all other lines.
    pub fn pass_interrupted(&mut self) {
        self.scheduler.pass_interrupted();
    }

    /// Gives back what an earlier run has found in the first of the numbers that are
    /// [due](crate::stream::Stream::due).
    pub fn give_back_lines(&mut self, partial: Partial) {
        self.scheduler.give_back_lines(partial);
    }

    /// The text that a worker or agent sent about a failure, of one or more lines that are safe for a terminal, and the
    /// number that it is about: the lowest of the failure that has one.
    #[must_use]
    pub fn description(&self, failure: &Failure) -> Option<(i64, &str)> {
        self.descriptions.of(failure)
    }

    /// The texts about all of these failures, by number.
    pub fn descriptions<'a>(
        &'a self,
        failures: &'a [Failure],
    ) -> impl Iterator<Item = (i64, &'a str)> {
        self.descriptions.of_all(failures)
    }

    /// The rows of chunks of the [`Order::Assign`] that was polled last.
    #[must_use]
    pub fn assigned(&self) -> &[AssignmentRow] {
        self.scheduler.assigned()
    }

    /// Each of these chunks by itself.
    #[must_use]
    pub fn assignments(&self) -> Vec<Assignment> {
        self.scheduler.assignments()
    }

    /// Until when nothing changes by itself.
    #[must_use]
    pub fn next_due_ns(&self) -> Option<u64> {
        self.seats.next_ns()
    }

    /// The slots of the workers that owe answers, or may give late ones. The author of bytes that are no frame is among
    /// them, or owes nothing: all workers share the result pipe. Agents do not share it.
    pub fn suspects(&self) -> impl Iterator<Item = usize> + '_ {
        let at_work = |name: &Option<WorkerId>| name.is_some_and(|name| self.scheduler.owes(name));
        let slots = self.names.iter().enumerate().filter(move |(_, name)| at_work(name));
        slots.map(|(slot, _)| slot).filter(|slot| !self.seats.is_agent(*slot))
    }

    /// What was done and lost since the last call, with the slot of each worker; see
    /// [`Scheduler::tell_pieces`].
    pub fn take_pieces(&mut self) -> impl Iterator<Item = (usize, LeasePiece)> + '_ {
        let pieces = self.scheduler.take_pieces().into_iter();
        pieces.map(|piece| (self.slots[piece.worker.0 as usize] as usize, piece))
    }

    /// What is known about the numbers.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Numbers came in: looks who wants them, and whose seats are empty since there was no work.
    pub(crate) fn supplied(&mut self) {
        self.scheduler.supplied();
        self.seats.look_again();
    }

    /// The scheduler, for the owner of an open run.
    pub(crate) fn scheduler_mut(&mut self) -> &mut Scheduler {
        &mut self.scheduler
    }

    /// Whether there is something that a new worker could do.
    #[must_use]
    pub fn is_work(&self) -> bool {
        !self.scheduler.is_draining() && !self.scheduler.ledger().is_exhausted()
    }

    #[inline]
    fn tell(
        &mut self,
        slot: usize,
        event: SchedulerEvent<'_>,
        now_ns: u64,
    ) -> Result<Heard, InvalidFrame> {
        match self.scheduler.handle(event, now_ns) {
            Ok(_) => Ok(Heard::Work),
            Err(
                violation @ (Violation::Conflict { .. }
                | Violation::Twice { .. }
                | Violation::Overlap(_)
                | Violation::TooManyValues),
            ) => Err(InvalidFrame::Run { slot, violation }),
            Err(violation) => Err(InvalidFrame::Worker { slot, violation }),
        }
    }

    fn fault(slot: usize, worker: WorkerId, malformed: Malformed) -> InvalidFrame {
        InvalidFrame::Worker { slot, violation: Violation::Malformed { worker, malformed } }
    }

    #[inline]
    pub(crate) fn poll_scheduler(&mut self) -> Option<Order> {
        let slot_of = |slots: &[u32], worker: WorkerId| slots[worker.0 as usize] as usize;
        Some(match self.scheduler.poll()? {
            Action::Assign { worker } => Order::Assign { slot: slot_of(&self.slots, worker) },
            Action::Withdraw { worker, lease, parts } => {
                Order::Withdraw { slot: slot_of(&self.slots, worker), lease, parts }
            }
            Action::Credit { worker, bytes } => {
                Order::Credit { slot: slot_of(&self.slots, worker), bytes }
            }
            Action::Record(record) => Order::Record(record),
            Action::Quarantined(failure) => Order::Quarantined(failure),
            Action::Recovered(recovered) => Order::Recovered(recovered),
            Action::Untouched(interval) => Order::Untouched(interval),
            Action::Finished => Order::Finished,
        })
    }

    fn silence(&mut self, slot: usize, now_ns: u64) -> Result<Option<Order>, Violation> {
        let mut silenced = None;
        if let Some(worker) = self.names[slot] {
            let quarantined = self.scheduler.quarantined();
            let taken_back = self.scheduler.handle(SchedulerEvent::Silent { worker }, now_ns)?;
            let TakenBack { chunks, numbers, .. } = taken_back;
            silenced = Some(Order::Silenced { slot, reclaimed: (chunks, numbers) });
            if self.scheduler.quarantined() > quarantined {
                // That number is done with, so the run got on.
                self.seats.finished_something(slot);
            }
        }
        // If it is the only one, another worker has to take its place.
        self.may_be_deserted = true;
        self.seats.look_again();
        Ok(silenced.or_else(|| self.poll_scheduler()))
    }
}

#[cfg(test)]
mod tests;
