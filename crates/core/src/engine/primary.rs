//! The engine of a primary: the supervisor with the journal, the lines and the end of the run around it.

use super::drain::{Drain, DrainReason, DrainTimer};
use super::endings::Endings;
use super::flaky::FlakyNumbers;
use super::halt::{HaltCount, HaltSpeed};
use super::heartbeats::Heartbeats;
use super::journal_sync::{Fate, JournalSync};
use super::line_output::LineOutput;
use super::output::{EngineOutput, LossReason, Notice, Seat, StopReason};
use super::rate::RateLimiter;
use crate::aggregate::Aggregate;
use crate::interval::Interval;
use crate::lease::Assignment;
use crate::partial::Partial;
use crate::scheduler::{Record, Scheduler, Violation};
use crate::supervisor::{Order, Supervisor};
use alloc::collections::VecDeque;
use core::time::Duration;

/// What an engine still does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everything.
    Running,
    /// The run ended without an answer. Records still count; nothing is sent or started.
    Ended,
    /// And lines that are known are written.
    WritingRest,
}

/// The run of a primary.
#[derive(Debug)]
pub struct Primary {
    pub(super) supervisor: Supervisor,
    pub(super) endings: Endings,
    /// How many slots are for workers of this machine; agents have the slots above.
    pub(super) workers: usize,
    pub(super) aggregate: Aggregate,
    pub(super) journal: JournalSync,
    pub(super) lines: LineOutput,
    pub(super) heartbeats: Heartbeats,
    pub(super) drain: Drain,
    pub(super) halt: HaltCount,
    pub(super) flaky: FlakyNumbers,
    pub(super) rate: Option<RateLimiter>,
    /// Whether files must be compared before a record counts; the record that waits for that, and whether they are
    /// as they were.
    pub(super) compares_files: bool,
    to_compare: Option<Record>,
    is_compared: bool,
    pub(super) watches_records: bool,
    pub(super) phase: Phase,
    /// What inputs led to, in order.
    pub(super) outputs: VecDeque<EngineOutput>,
}

impl Primary {
    /// A run with this many slots for workers of this machine, none of which has joined.
    #[must_use]
    pub fn new(scheduler: Scheduler, aggregate: Aggregate, workers: usize) -> Self {
        Self {
            supervisor: Supervisor::new(scheduler, workers),
            endings: Endings::new(workers),
            workers,
            aggregate,
            journal: JournalSync::new(aggregate),
            lines: LineOutput::new(),
            heartbeats: Heartbeats::new(),
            drain: Drain::default(),
            halt: HaltCount::default(),
            flaky: FlakyNumbers::default(),
            rate: None,
            compares_files: false,
            to_compare: None,
            is_compared: false,
            watches_records: false,
            phase: Phase::Running,
            outputs: VecDeque::new(),
        }
    }

    /// Begins nothing: the end was asked for before the run began.
    pub fn begin_nothing(&mut self) {
        self.supervisor.drain();
    }

    /// The seats of all workers and agents that have ever joined.
    pub fn seats(&self) -> impl Iterator<Item = Seat> + use<> {
        let workers = self.workers;
        (0..self.supervisor.seats()).map(move |slot| seat(slot, workers))
    }

    fn seat(&self, slot: usize) -> Seat {
        seat(slot, self.workers)
    }

    /// The next thing to do; `None` until something happens or is due.
    ///
    /// # Errors
    /// If answers contradict each other: no answer can be trusted any more.
    #[inline]
    pub fn poll(&mut self, now_ns: u64) -> Result<Option<EngineOutput>, Violation> {
        self.heartbeats.poll(&self.supervisor, now_ns, &mut self.outputs);
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Ok(Some(output));
            }
            if let Some(due) = self.drain.poll(now_ns)
                && self.phase == Phase::Running
            {
                if let DrainTimer::Over(why) = due {
                    return Ok(Some(EngineOutput::End(StopReason::Early(why))));
                }
                self.note_due(due, now_ns);
                continue;
            }
            if let Some(record) = self.take_compared() {
                self.take(record, now_ns)?;
                continue;
            }
            if self.to_compare.is_some() {
                return Ok(Some(EngineOutput::CompareFiles));
            }
            // Of a run that has ended, no worker is silent any more, and none is missing.
            let order = match self.phase {
                Phase::Running => self.supervisor.poll(now_ns)?,
                Phase::Ended | Phase::WritingRest => self.supervisor.poll_scheduler(),
            };
            if let Some(order) = order {
                if let Some(output) = self.translate(order, now_ns)? {
                    return Ok(Some(output));
                }
                continue;
            }
            if let Some(rate) = &mut self.rate
                && self.supervisor.scheduler().is_waiting_for_allowance()
            {
                let more = rate.take(Duration::from_nanos(now_ns));
                if more > 0 {
                    self.supervisor.allow(more);
                    continue;
                }
            }
            match self.poll_around(now_ns) {
                Some(output) => return Ok(Some(output)),
                // Lines that left are credit for their workers.
                None if !self.lines.take_passed() && self.outputs.is_empty() => return Ok(None),
                None => {}
            }
        }
    }

    /// What is to do beside orders of the supervisor: lines, then the journal.
    #[inline]
    fn poll_around(&mut self, now_ns: u64) -> Option<EngineOutput> {
        if self.phase != Phase::Ended
            && let Some(output) = self.lines.poll(&mut self.supervisor)
        {
            return Some(output);
        }
        if self.lines.is_empty(&self.supervisor)
            && let Some(record) = self.journal.take_written(self.written_bound(), now_ns)
        {
            return Some(EngineOutput::Append(record));
        }
        if self.phase != Phase::Running {
            return None;
        }
        let is_ending = self.drain.why().is_some();
        let scheduler = self.supervisor.scheduler();
        self.journal.begin_sync(scheduler, is_ending, now_ns).then_some(EngineOutput::Sync)
    }

    /// Below this number the output of commands is written, once no line is left to write.
    fn written_bound(&self) -> i128 {
        match self.aggregate {
            Aggregate::Run { in_order: true } => self.supervisor.scheduler().stream().next(),
            _ => i128::MAX,
        }
    }

    fn take_compared(&mut self) -> Option<Record> {
        if core::mem::take(&mut self.is_compared) { self.to_compare.take() } else { None }
    }

    /// Turns an order into an output, or carries it out.
    #[inline]
    fn translate(&mut self, order: Order, now_ns: u64) -> Result<Option<EngineOutput>, Violation> {
        let output = match order {
            Order::Record(record) if self.compares_files => {
                self.to_compare = Some(record);
                return Ok(None);
            }
            Order::Record(record) => {
                self.take(record, now_ns)?;
                return Ok(None);
            }
            Order::Quarantined(failure) => {
                self.halt.fail();
                self.flaky.remove(failure.interval);
                EngineOutput::Notify(Notice::Failed(failure))
            }
            Order::Recovered(recovered) => {
                self.flaky.insert(recovered);
                EngineOutput::Notify(Notice::Recovered(recovered))
            }
            Order::Untouched(interval) => {
                if self.journal.untouch(now_ns) {
                    self.outputs.push_back(EngineOutput::AppendUntouched(interval));
                }
                EngineOutput::Notify(Notice::Unbegun(interval))
            }
            // Of a run that has ended, no worker gets anything, and none is started.
            _ if self.phase != Phase::Running => return Ok(None),
            Order::Assign { slot } => {
                let seat = self.seat(slot);
                if self.journal.is_ahead() {
                    if let Some(worker) = self.supervisor.name_in(slot) {
                        self.journal.hold(seat, worker, &self.supervisor.assignments());
                    }
                    return Ok(None);
                }
                EngineOutput::Assign { seat }
            }
            Order::Withdraw { slot, lease, parts } => {
                EngineOutput::Withdraw { seat: self.seat(slot), lease, parts }
            }
            Order::Credit { slot, bytes } => EngineOutput::Credit { seat: self.seat(slot), bytes },
            Order::LimitTime { slot, ns } => EngineOutput::LimitTime { seat: self.seat(slot), ns },
            Order::Fill { slot } => EngineOutput::Start { slot },
            Order::Kill { slot } => {
                self.endings.condemn(slot, LossReason::Stopped);
                EngineOutput::Kill { slot }
            }
            Order::Silenced { slot, reclaimed } => {
                EngineOutput::Notify(Notice::Silent { seat: self.seat(slot), reclaimed })
            }
            Order::GiveUp { slot, times } => {
                EngineOutput::End(StopReason::LostBeyondRepair { slot, times })
            }
            Order::Finished => return Ok(None),
        };
        Ok(Some(output))
    }

    /// Takes a record of the scheduler: it counts now, or waits.
    #[inline]
    fn take(&mut self, record: Record, now_ns: u64) -> Result<(), Violation> {
        match self.journal.take(record, now_ns) {
            Fate::Counts(record) => {
                self.count(record, now_ns)?;
                self.consider_halting(now_ns);
            }
            Fate::Waits(record) => {
                if self.halt.wait(&record, self.supervisor.scheduler()) {
                    self.journal.hurry();
                }
                self.outputs.push_back(EngineOutput::Append(record));
            }
        }
        Ok(())
    }

    #[inline]
    fn count(&mut self, record: Record, now_ns: u64) -> Result<(), Violation> {
        if self.watches_records {
            self.outputs.push_back(EngineOutput::Counted(record.copy()));
        }
        self.supervisor.recorded(record, now_ns)
    }

    /// The owner has appended rows about this many windows to the journal: a sync makes them durable, too.
    pub fn windows_appended(&mut self, windows: usize, now_ns: u64) {
        self.journal.add_windows(windows, now_ns);
    }

    /// The halt condition of the run, and what it has counted.
    #[must_use]
    pub fn reached_halt(&self) -> Option<super::halt::ReachedHalt> {
        self.halt.reached(self.supervisor.scheduler())
    }

    fn consider_halting(&mut self, now_ns: u64) {
        if self.phase != Phase::Running || self.drain.why().is_some() {
            return;
        }
        match self.halt.is_met(self.supervisor.scheduler()) {
            None => {}
            Some(HaltSpeed::Now) => {
                self.outputs.push_back(EngineOutput::End(StopReason::Early(DrainReason::Halt)));
            }
            Some(HaltSpeed::Soon) => self.end_early(DrainReason::Halt, now_ns),
        }
    }

    fn note_due(&mut self, due: DrainTimer, now_ns: u64) {
        match due {
            DrainTimer::Deadline => self.end_early(DrainReason::Deadline, now_ns),
            DrainTimer::TakesLong(why) => {
                self.outputs.push_back(EngineOutput::Notify(Notice::StillDraining(why)));
            }
            DrainTimer::Over(_) => {}
        }
    }

    fn end_early(&mut self, why: DrainReason, now_ns: u64) {
        self.drain.begin(why, now_ns);
        self.supervisor.drain();
        self.outputs.push_back(EngineOutput::Notify(Notice::EndsEarly(why)));
    }

    /// A signal asks for the end. The first drains the run. `false` at the second, which should end it at once.
    pub fn ask_for_end(&mut self, signal: i32, now_ns: u64) -> bool {
        if matches!(self.drain.why(), Some(DrainReason::Signal(_))) {
            return false;
        }
        self.drain.begin(DrainReason::Signal(signal), now_ns);
        self.supervisor.drain();
        true
    }

    /// Why the run drains, if it does.
    #[must_use]
    pub fn drains_for(&self) -> Option<DrainReason> {
        self.drain.why()
    }

    /// The files are as they were: the record that waited for that counts.
    pub fn files_are_unchanged(&mut self) {
        self.is_compared = true;
    }

    /// An appended record counts, although no journal has it: the primary of this agent was told.
    ///
    /// # Errors
    /// If its numbers counted before.
    pub fn confirm(&mut self, record: Record, now_ns: u64) -> Result<(), Violation> {
        self.count(record, now_ns)
    }

    /// The sync that was polled last is durable and took this long. These are the records in it, in any order.
    ///
    /// # Errors
    /// If their numbers counted before.
    pub fn synced(
        &mut self,
        records: impl IntoIterator<Item = Record>,
        took_ns: u64,
        now_ns: u64,
    ) -> Result<(), Violation> {
        if !self.journal.counts_before() {
            for record in records {
                self.count(record, now_ns)?;
            }
        }
        self.halt.synced();
        // What became known with this sync may end the run before anything begins.
        self.consider_halting(now_ns);
        let is_end = |output: &EngineOutput| matches!(output, EngineOutput::End(_));
        let is_ending = self.phase != Phase::Running
            || self.drain.why().is_some()
            || self.outputs.iter().any(is_end);
        let scheduler = self.supervisor.scheduler();
        self.journal.synced(scheduler, is_ending, (took_ns, now_ns), &mut self.outputs);
        Ok(())
    }

    /// The sync that was polled last was impossible, because another process has locked the journal.
    pub fn put_off_sync(&mut self, rest_ns: u64, now_ns: u64) {
        if self.journal.put_off(rest_ns, now_ns) {
            self.outputs.push_back(EngineOutput::Notify(Notice::JournalLocked));
        }
    }

    /// The run goes on without its journal. These are the records that were appended and are not durable.
    ///
    /// # Errors
    /// If their numbers counted before.
    pub fn give_up_journal(
        &mut self,
        records: impl IntoIterator<Item = Record>,
        now_ns: u64,
    ) -> Result<(), Violation> {
        let counts_before = self.journal.counts_before();
        self.journal.give_up();
        self.halt.synced();
        if !counts_before {
            for record in records {
                self.count(record, now_ns)?;
            }
        }
        self.consider_halting(now_ns);
        Ok(())
    }

    /// The owner flushed its lines; this many bytes found no room.
    pub fn flushed(&mut self, unwritten: usize) {
        self.lines.flushed(unwritten);
    }

    /// The reader of the lines may have room again.
    pub fn retry_lines(&mut self) {
        self.lines.retry();
    }

    /// What an earlier run found, as [`EngineOutput::ReadBack`] asked.
    pub fn read_back_done(&mut self, partial: Partial) {
        self.supervisor.give_back_lines(partial);
        self.lines.read_back_done();
    }

    /// Bytes of lines that the owner could not write.
    #[must_use]
    pub fn unwritten(&self) -> usize {
        self.lines.unwritten()
    }

    /// Whether every number is covered and every line written.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.supervisor.scheduler().is_finished() && self.lines.is_empty(&self.supervisor)
    }

    /// Whether nothing is left to do: the run is complete or drained, and what it did is durable.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let is_held = |assignment: &Assignment| self.journal.holds(assignment);
        let scheduler = self.supervisor.scheduler();
        let is_drained = || match self.journal.is_holding() {
            true => scheduler.is_drained_except(is_held),
            false => scheduler.is_drained(),
        };
        (self.is_complete() || is_drained()) && self.journal.is_settled()
    }

    /// The numbers that wait for the journal and then go to the worker or agent in a slot.
    pub fn held_for(&self, slot: usize) -> impl Iterator<Item = Interval> + '_ {
        self.journal.held_for(slot)
    }

    /// Until when nothing changes by itself.
    #[must_use]
    pub fn next_due_ns(&self) -> Option<u64> {
        let heartbeat_ns = self.heartbeats.next_due_ns();
        if self.phase != Phase::Running {
            return heartbeat_ns;
        }
        let is_waiting = self.supervisor.scheduler().is_waiting_for_allowance();
        let rate = self.rate.as_ref().filter(|_| is_waiting);
        let rate_ns = rate.map(|rate| rate.next().as_nanos() as u64);
        let dues = [
            self.supervisor.next_due_ns(),
            self.drain.next_due_ns(),
            rate_ns,
            heartbeat_ns,
            self.journal.next_due_ns(self.drain.why().is_some()),
        ];
        dues.into_iter().flatten().min()
    }

    /// Pieces of chunks that were done or lost since the last call, by slot; see [`Scheduler::tell_pieces`].
    pub fn take_pieces(
        &mut self,
    ) -> impl Iterator<Item = (usize, crate::scheduler::LeasePiece)> + '_ {
        self.supervisor.take_pieces()
    }
}

/// The seat of a slot in a run with this many slots for workers of this machine.
fn seat(slot: usize, workers: usize) -> Seat {
    if slot < workers { Seat::Worker(slot) } else { Seat::Agent(slot) }
}
