//! Workers that end, stop, go on, or send what cannot be: the engine gives their chunks to others, and lost workers
//! are replaced.

use super::EventLoop;
use crate::driver::worker_pool::{ForkError, ForkSettings, WorkerChange};
use crate::error::{Error, no_worker, system};
use crate::observe::{FailedCall, Loss, Observation, Piece, Reason};
use crate::os_error::OsError;
use crate::process::workers::{SystemCall, WaitStatus};
use crate::process::{ProcessEnd, WorkerExit};
use crate::transport::Transport;
use crate::transport::pipe::{self, ResultRead};
use evenly_core::engine::{LossReason, WorkerLoss as Lost};
use evenly_core::frame::{Description, Malformed};
use evenly_core::{Cause, Violation};
use rustix::io::Errno;
use rustix::process::Signal;
use std::os::fd::AsFd;
use std::time::Duration;

impl EventLoop<'_> {
    /// Finds out what has become of the workers.
    pub(super) fn heed_children(&mut self) -> Result<(), Error> {
        while let Some(changed) = self.pool.next_change().map_err(system("waitid"))? {
            let WorkerChange { slot, pid, change } = changed;
            let now_ns = self.clock.now_ns();
            match change {
                WaitStatus::Stopped(signal) => {
                    self.pool.slots[slot].is_stopped = true;
                    let cause = Cause::Signal(signal);
                    let numbers = self.numbers_of(slot).map(|numbers| (numbers, cause));
                    self.engine.worker_stopped(slot, numbers, now_ns);
                }
                WaitStatus::Continued => {
                    self.pool.slots[slot].is_stopped = false;
                    self.engine.worker_continued(slot, now_ns)?;
                }
                WaitStatus::Ended(end) => {
                    self.pool.slots[slot].unheard = Some((pid, end));
                    // What it wrote before it died is in the pipe and counts.
                    while self.receive()? == ResultRead::Bytes {}
                    self.act()?;
                    if self.is_over() {
                        return Ok(());
                    }
                    self.take_back_unheard(slot)?;
                }
            }
        }
        self.pool.end_orphans(&self.agents.launched());
        Ok(())
    }

    /// Takes back what a worker had that has ended, unless that was done while it was heard out.
    fn take_back_unheard(&mut self, slot: usize) -> Result<(), Error> {
        match self.pool.slots[slot].unheard.take() {
            Some((pid, end)) => self.take_back(slot, pid, end),
            None => Ok(()),
        }
    }

    /// Gives the chunks of a worker that has ended to others, and reports the loss.
    fn take_back(&mut self, slot: usize, pid: u32, end: ProcessEnd) -> Result<(), Error> {
        self.worker_pipes.close(slot);
        let place = &mut self.pool.slots[slot];
        place.is_stopped = false;
        place.last_end = Some(end);
        let is_killed = end == ProcessEnd::Signal(Signal::KILL.as_raw());
        if self.pool.was_killed_for_memory(slot) && is_killed {
            self.engine.note_reason(slot, LossReason::Memory);
        }
        if is_killed
            && self.engine.loss_reason(slot).is_none()
            && let Some(n) = self.overdue_at(slot)
        {
            self.engine.worker_is_late(slot, Some(n));
        }
        let cause = match end {
            ProcessEnd::Exit(status) => Cause::Exit(status),
            ProcessEnd::Signal(signal) => Cause::Signal(signal),
        };
        if let Some(exit) = own_exit(end, self.engine.loss_reason(slot)) {
            self.describe_exit(slot, exit);
        }
        let now_ns = self.clock.now_ns();
        let Lost { reason, reclaimed, .. } = self.engine.worker_ended(slot, Some(cause), now_ns)?;
        if end == ProcessEnd::Exit(WorkerExit::CannotBegin.status())
            && matches!(reason, Some(LossReason::Left { .. }))
        {
            self.engine.worker_could_not_begin(slot);
        }
        self.tell_pieces();
        let reason = reason_of(end, reason);
        let lost = Observation::WorkerLost { worker: slot + 1, pid, end, reason, reclaimed };
        self.observer.observe(&lost);
        Ok(())
    }

    /// Describes the number that a worker has in hand alone, and that ends it with an exit status of its own.
    fn describe_exit(&mut self, slot: usize, exit: WorkerExit) {
        if let Some(held) = self.engine.lowest_held(slot).filter(|held| held.len() == 1) {
            let (n, cause) = (held.first(), Cause::Exit(exit.status()));
            let text = format!("{cause}: {exit}");
            self.engine.describe(Description { n, cause, text: &text });
            self.describe_upstream(n, cause);
        }
    }

    /// Forks a worker into an empty place, with an assignment pipe of its own.
    pub(super) fn fill(&mut self, slot: usize) -> Result<(), Error> {
        match self.fork_replacement(slot) {
            Ok(()) => self.admit(slot),
            Err((_, ForkError::Threads(count))) => Err(Error::Threads { count }),
            Err((call, ForkError::Fork(cause))) => {
                self.pool.refused = Some((call, cause));
                if self.engine.worker_refused(slot, self.clock.now_ns()) {
                    let refused = FailedCall::of(call, cause);
                    let not_replaced = Observation::NotReplaced { worker: slot + 1, refused };
                    self.observer.observe(&not_replaced);
                }
                Ok(())
            }
        }
    }

    fn fork_replacement(&mut self, slot: usize) -> Result<(), (&'static str, ForkError)> {
        let refused = |call| move |cause| (call, ForkError::Fork(cause));
        let pipe = self.worker_pipes.make_assignment_pipe().map_err(refused("pipe2"))?;
        let inode = pipe::inode(&pipe.write_end).map_err(refused("fstat"))?;
        let results =
            self.worker_pipes.open_result_write_end().map_err(refused("open /proc/self/fd"))?;
        if self.is_end_of_file {
            // The last worker had gone; now the pipe has a writer again.
            self.worker_pipes.watch_results().map_err(refused("epoll_ctl"))?;
            self.is_end_of_file = false;
        }
        // The name is used up only when nothing can fail any more: the supervisor expects names in
        // order.
        let name = self.engine.next_name();
        let mut settings = ForkSettings {
            signals: self.signals,
            function: &mut *self.job.function,
            stops_to_be_seen: false,
            items: &self.job.items,
            timeout: self.job.timeout,
            median_timeout: self.job.median_timeout,
            grace: self.job.grace,
            memory: self.job.memory,
        };
        let ends = (pipe.read_end.as_fd(), results.as_fd());
        let child = self.pool.fork((slot, name), ends.0, ends.1, &mut settings)?;
        self.worker_pipes
            .replace(slot, name, pipe.write_end)
            .map_err(|failed| (failed.call, ForkError::Fork(failed.cause)))?;
        self.stages.note_replaced(slot, child.number(), inode);
        self.pool.seat(slot, child);
        Ok(())
    }

    /// Ends the job if the system call that a worker leaves for would fail in every other worker as well, or puts
    /// in doubt what it sent before.
    pub(super) fn note_farewell(&self, call: u32, errno: u32) -> Result<(), Error> {
        let cause = OsError::received(errno).unwrap_or(OsError::of(Errno::IO));
        match (SystemCall(call), self.job.function.command()) {
            (SystemCall::EXECVE, Some(_)) => {
                let command = self.job.function.name().to_owned();
                let is_beginning = self.engine.scheduler().ledger().covered().is_empty();
                Err(Error::CannotExecute { command, cause, is_beginning })
            }
            (SystemCall::RESULT_FILE, Some(_)) => Err(Error::ResultFile { cause }),
            (SystemCall::LINE, Some(command)) if cause.errno() == Errno::STALE => {
                let path = command.lines().map(|lines| lines.named().to_owned());
                Err(Error::FileChanged { path: path.unwrap_or_default() })
            }
            (SystemCall::ANSWER, Some(_)) => Err(Error::Unasked),
            _ => Ok(()),
        }
    }

    /// The error of a message that shows that no answer can be trusted.
    pub(super) fn contradiction(&self, slot: usize, violation: Violation) -> Error {
        let (Violation::Conflict { .. } | Violation::Twice { .. }) = violation else {
            return violation.into();
        };
        let by = match self.agents.seen(slot) {
            Some(agent) => agent.to_string(),
            None => format!("worker {} (pid {})", slot + 1, self.pool.slots[slot].child.number()),
        };
        Error::Contradiction { by, violation }
    }

    /// Kills the workers that may have written bytes that are no frame.
    pub(super) fn suspect(&mut self, what: Malformed) -> Result<(), Error> {
        let suspects = self.engine.suspect();
        if !suspects.is_empty() {
            let garbage = Observation::Garbage { what, suspects: suspects.len() };
            self.observer.observe(&garbage);
        }
        suspects.into_iter().try_for_each(|slot| self.kill(slot))
    }

    /// Kills a worker, waits for that, and takes back its chunks: what it wrote and was not heard yet is not heard
    /// any more. The engine knows why.
    pub(super) fn kill(&mut self, slot: usize) -> Result<(), Error> {
        let place = &mut self.pool.slots[slot];
        let pid = place.child.number();
        place.child.signal(Signal::KILL);
        match place.child.wait().map_err(system("waitid"))? {
            Some(end) => self.take_back(slot, pid, end),
            None => self.take_back_unheard(slot),
        }
    }

    pub(super) fn tell_silence(&mut self, slot: usize, reclaimed: (usize, u128)) {
        let pid = self.pool.slots[slot].child.number();
        let silent = Observation::WorkerSilent {
            worker: slot + 1,
            pid,
            limit: self.job.worker_settings.silence.limit(),
            reclaimed,
        };
        self.observer.observe(&silent);
        self.tell_pieces();
    }

    pub(super) fn beyond_repair(&self, slot: usize, times: u32) -> Error {
        let end = self.pool.slots[slot].last_end.unwrap_or(ProcessEnd::Exit(0));
        let reason = reason_of(end, self.engine.loss_reason(slot));
        Error::LostBeyondRepair { worker: slot + 1, times, end, reason }
    }

    pub(super) fn no_worker_left(&self) -> Error {
        let (call, cause) = self.pool.refused.unwrap_or(("fork", Errno::AGAIN));
        Error::NoWorkerLeft { call, cause: OsError::of(cause) }
    }

    pub(super) fn no_worker_begins(&self, slot: usize) -> Error {
        let (call, cause) = match self.engine.loss_reason(slot).map(to_observe) {
            Some(Reason::Call { call, cause }) => (call, cause.errno()),
            _ => ("fork", Errno::IO),
        };
        no_worker(call)(cause)
    }

    /// Gives what was done and lost since the last time to the observer, and to the audit of the journal.
    pub(super) fn tell_pieces(&mut self) {
        let (is_told, is_audited) = (self.job.tells_pieces, self.job.audits_windows());
        if !is_told && !is_audited {
            return;
        }
        let mut audited = 0;
        let now = self.clock.elapsed();
        let slots = &self.pool.slots;
        for (slot, piece) in self.engine.take_pieces() {
            let took = Duration::from_nanos(piece.busy_ns);
            let lost = piece.failed.map(Loss::Failed);
            let lost = lost.or_else(|| {
                piece.is_lost.then(|| match slots.get(slot) {
                    // Who is still there has lost its chunks by being silent, however its predecessor
                    // ended.
                    Some(place) if place.child.pid().is_none() => {
                        place.last_end.map_or(Loss::Silent, Loss::Ended)
                    }
                    Some(_) => Loss::Silent,
                    None if self.agents.seen(slot).is_some() => Loss::Silent,
                    None => Loss::Gone,
                })
            });
            let piece = Piece {
                worker: slot + 1,
                attempt: piece.attempt,
                interval: piece.interval,
                lost,
                is_end: piece.is_end,
                began: now.saturating_sub(took),
                took,
            };
            if is_told {
                self.observer.observe(&Observation::Done(&piece));
            }
            if is_audited && self.journal_file.has_journal() {
                self.journal_file.append_window(&piece);
                audited += 1;
            }
        }
        if audited > 0 {
            self.engine.windows_appended(audited, self.clock.now_ns());
        }
    }
}

/// What the exit status of a worker means that ended by itself, without another reason.
fn own_exit(end: ProcessEnd, reason: Option<LossReason>) -> Option<WorkerExit> {
    match (end, reason) {
        (ProcessEnd::Exit(status), None) => WorkerExit::of(status),
        _ => None,
    }
}

/// The reason of a loss, for observers, if it is known.
fn reason_of(end: ProcessEnd, reason: Option<LossReason>) -> Option<Reason> {
    reason.map(to_observe).or_else(|| own_exit(end, reason).map(Reason::Exit))
}

/// The reason of a loss, for observers.
fn to_observe(reason: LossReason) -> Reason {
    match reason {
        LossReason::Left { call, errno } => {
            let cause = OsError::received(errno).unwrap_or(OsError::of(Errno::IO));
            Reason::Call { call: SystemCall(call).name(), cause }
        }
        LossReason::CrashReport { n, cause } => Reason::CrashReport { n, cause },
        LossReason::Violation(violation) => Reason::Said(violation),
        LossReason::Garbage => Reason::Garbage,
        LossReason::Stopped => Reason::Stopped,
        LossReason::Memory => Reason::Memory,
        LossReason::Timeout { n } => Reason::Timeout { n },
    }
}
