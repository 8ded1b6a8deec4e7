//! Workers that end, stop, go on, or say what cannot be: what they held goes to others, and lost ones
//! are replaced.

use super::EventLoop;
use crate::driver::worker::STATUS_UNSETTLED;
use crate::driver::worker_pool::{Changed, Inheritance, Refused};
use crate::error::{Error, system, told_errno};
use crate::observe::{Loss, Observation, Piece, Reason};
use crate::process::End;
use crate::process::limits;
use crate::process::workers::{Call, Change};
use crate::transport::Transport;
use crate::transport::pipe::{self, Received};
use evenly_core::frame::Malformed;
use evenly_core::{Cause, Violation};
use rustix::io::Errno;
use rustix::process::Signal;
use std::os::fd::AsFd;
use std::time::Duration;

/// With nobody left, so many refusals in a row to make a worker, so far apart, end the job.
const REFUSALS_IN_A_ROW: u32 = 5;
const REFUSALS_APART: Duration = Duration::from_millis(900);

/// So many workers that could not begin, before the first number is done, are enough.
const UNSETTLED_AT_FIRST: u32 = 3;

impl EventLoop<'_> {
    /// Finds out what has become of the workers.
    pub(super) fn heed_children(&mut self) -> Result<(), Error> {
        while let Some(changed) = self.pool.next_change().map_err(system("waitid"))? {
            let Changed { slot, pid, change } = changed;
            let now_ns = self.clock.now_ns();
            match change {
                Change::Stopped(signal) => {
                    self.pool.slots[slot].is_stopped = true;
                    self.engine.supervisor_mut().stop(slot, now_ns);
                    if let Some(numbers) = self.numbers_of(slot) {
                        let cause = Cause::Signal(signal);
                        self.engine.supervisor_mut().stopped_at(slot, numbers, cause, now_ns);
                    }
                }
                Change::Continued => {
                    self.pool.slots[slot].is_stopped = false;
                    self.engine.supervisor_mut().go_on(slot, now_ns)?;
                }
                Change::Ended(end) => {
                    self.pool.slots[slot].unheard = Some((pid, end));
                    // What it wrote before it died is in the pipe and counts.
                    while self.receive()? == Received::Bytes {}
                    self.act()?;
                    if self.is_over() {
                        return Ok(());
                    }
                    self.take_back_unheard(slot)?;
                }
            }
        }
        self.pool.end_orphans();
        Ok(())
    }

    /// Takes back what a worker had that has ended, unless that was done while it was heard out.
    fn take_back_unheard(&mut self, slot: usize) -> Result<(), Error> {
        match self.pool.slots[slot].unheard.take() {
            Some((pid, end)) => self.take_back(slot, pid, end),
            None => Ok(()),
        }
    }

    /// Tells the supervisor of a loss, and whoever watches.
    fn take_back(&mut self, slot: usize, pid: u32, end: End) -> Result<(), Error> {
        self.losses += 1;
        self.hub.close(slot);
        let place = &mut self.pool.slots[slot];
        place.is_stopped = false;
        place.last_end = Some(end);
        let is_alone = place.is_only_suspect;
        if self.pool.has_hit_the_wall(slot) && end == End::Signal(Signal::KILL.as_raw()) {
            self.pool.slots[slot].reason.get_or_insert(Reason::Memory);
        }
        if self.pool.slots[slot].reason.is_none()
            && end == End::Signal(Signal::KILL.as_raw())
            && let Some(n) = self.overdue_at(slot)
        {
            self.engine.supervisor_mut().gasp_for(slot, n, Cause::Timeout);
            self.pool.slots[slot].reason = Some(Reason::Timeout { n: Some(n) });
        }
        let reason = self.pool.slots[slot].reason;
        let cause = match (reason, end) {
            // Its chunks are not to blame for what it may not even have done.
            (Some(Reason::Call { .. } | Reason::Stopped), _) => None,
            (Some(Reason::Garbage), _) => is_alone.then_some(Cause::Garbage),
            (Some(Reason::Said(_)), _) => Some(Cause::Garbage),
            (Some(Reason::Memory), _) => Some(Cause::Memory),
            (Some(Reason::Timeout { .. }), _) => Some(Cause::Timeout),
            (None | Some(Reason::Gasp { .. }), End::Exit(status)) => Some(Cause::Exit(status)),
            (None | Some(Reason::Gasp { .. }), End::Signal(signal)) => Some(Cause::Signal(signal)),
        };
        let reclaimed = self.engine.supervisor_mut().lose(slot, cause, self.clock.now_ns())?;
        self.tell_pieces();
        let lost = Observation::WorkerLost { worker: slot + 1, pid, end, reason, reclaimed };
        self.observer.observe(&lost);
        match (end, reason) {
            (End::Exit(STATUS_UNSETTLED), Some(Reason::Call { call, cause })) => {
                self.consider_the_system(call, cause)
            }
            _ => Ok(()),
        }
    }

    /// A worker could not even begin. Where that is so from the very start, it will stay so: a
    /// sandbox forbids a call, or the kernel does not know it.
    fn consider_the_system(&mut self, call: &'static str, cause: Errno) -> Result<(), Error> {
        self.pool.unsettled += 1;
        let is_beginning = self.engine.scheduler().ledger().covered().is_empty();
        if is_beginning && self.pool.unsettled >= UNSETTLED_AT_FIRST {
            return Err(Error::NoWorker { call, cause, advice: limits::advice(call, cause) });
        }
        Ok(())
    }

    /// Forks a worker into an empty place, with an assignment pipe of its own.
    pub(super) fn fill(&mut self, slot: usize) -> Result<(), Error> {
        match self.fork_replacement(slot) {
            Ok(()) => {
                self.pool.refusals_in_a_row = 0;
                self.admit(slot)
            }
            Err((_, Refused::Threads(count))) => Err(Error::Threads { count }),
            Err((call, Refused::Fork(cause))) => {
                self.engine.supervisor_mut().refuse(slot, self.clock.now_ns());
                self.count_refusal();
                if self.pool.living() == 0 && self.pool.refusals_in_a_row >= REFUSALS_IN_A_ROW {
                    return Err(Error::NoWorkerLeft { call, cause });
                }
                if !std::mem::replace(&mut self.pool.slots[slot].is_refused, true) {
                    let refused = (call, cause, limits::advice(call, cause));
                    let not_replaced = Observation::NotReplaced { worker: slot + 1, refused };
                    self.observer.observe(&not_replaced);
                }
                Ok(())
            }
        }
    }

    /// Many places may be refused at the same moment; that is one refusal.
    fn count_refusal(&mut self) {
        let now = self.clock.elapsed();
        if self.pool.refusals_in_a_row == 0 || now >= self.pool.refused_at + REFUSALS_APART {
            self.pool.refusals_in_a_row += 1;
            self.pool.refused_at = now;
        }
    }

    fn fork_replacement(&mut self, slot: usize) -> Result<(), (&'static str, Refused)> {
        let refused = |call| move |cause| (call, Refused::Fork(cause));
        let pipe = self.hub.make_assignment_pipe().map_err(refused("pipe2"))?;
        let inode = pipe::inode(&pipe.write_end).map_err(refused("fstat"))?;
        let results = self.hub.open_result_write_end().map_err(refused("open /proc/self/fd"))?;
        if self.is_end_of_file {
            // The last worker had gone; now the pipe has a writer again.
            self.hub.watch_results().map_err(refused("epoll_ctl"))?;
            self.is_end_of_file = false;
        }
        // The name is used up only when nothing can fail any more: the supervisor expects names in
        // order.
        let name = self.engine.supervisor().next_name();
        let mut inheritance = Inheritance {
            signals: self.signals,
            function: &mut *self.job.function,
            stops_to_be_seen: false,
            timeout: self.job.timeout,
            grace: self.job.grace,
            memory: self.job.memory,
        };
        let ends = (pipe.read_end.as_fd(), results.as_fd());
        let child = self.pool.fork((slot, name), ends.0, ends.1, &mut inheritance)?;
        self.hub
            .replace(slot, name, pipe.write_end)
            .map_err(|failed| (failed.call, Refused::Fork(failed.cause)))?;
        self.stages.note_replaced(slot, child.number(), inode);
        self.pool.seat(slot, child);
        Ok(())
    }

    /// A worker says why it is about to leave.
    ///
    /// # Errors
    /// If that would befall every other worker as well, or puts in doubt what it said before.
    pub(super) fn note_farewell(
        &mut self,
        slot: usize,
        call: u32,
        errno: u32,
    ) -> Result<(), Error> {
        let cause = told_errno(errno).unwrap_or(Errno::IO);
        match (Call(call), self.job.function.command()) {
            (Call::EXECVE, Some(_)) => {
                let command = self.job.function.name().to_owned();
                let is_beginning = self.engine.scheduler().ledger().covered().is_empty();
                Err(Error::CannotExecute { command, cause, is_beginning })
            }
            (Call::ANSWER, Some(_)) => Err(Error::Unasked),
            (call, _) => {
                self.pool.slots[slot].reason = Some(Reason::Call { call: call.name(), cause });
                Ok(())
            }
        }
    }

    /// A worker says at which number something ends it.
    pub(super) fn note_gasp(&mut self, slot: usize, n: i64, cause: Option<Cause>) {
        self.pool.slots[slot].reason = Some(Reason::Gasp { n, cause });
    }

    /// Ends a worker that said what cannot be.
    pub(super) fn dismiss(&mut self, slot: usize, violation: Violation) -> Result<(), Error> {
        self.end_because(slot, Reason::Said(violation))
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

    /// Kills a stopped worker, so that another can take its place.
    pub(super) fn make_room(&mut self, slot: usize) -> Result<(), Error> {
        self.end_because(slot, Reason::Stopped)
    }

    /// Bytes that are no frame came from somebody. An answer may have been lost in them, and then
    /// its author would wait for ever; so everybody who owes one is killed, and their chunks go out
    /// again. If nobody owes any, it was somebody who has nothing to do, and nobody knows who.
    ///
    /// Nothing that they wrote behind it is used: if what was lost is a report on a part of a chunk,
    /// the answer over the rest would be taken for one over more than that.
    pub(super) fn suspect(&mut self, what: Malformed) -> Result<(), Error> {
        if self.engine.scheduler().is_finished() {
            // Nobody owes anything any more.
            return Ok(());
        }
        let mut suspects: Vec<usize> = self.engine.supervisor().suspects().collect();
        if suspects.is_empty() {
            suspects = (0..self.pool.slots.len()).collect();
        }
        let is_only_suspect = suspects.len() == 1;
        let is_new = |slot: &usize| {
            let place = &self.pool.slots[*slot];
            place.child.pid().is_some() || place.unheard.is_some()
        };
        suspects.retain(is_new);
        if suspects.is_empty() {
            return Ok(());
        }
        let garbage = Observation::Garbage { what, suspects: suspects.len() };
        self.observer.observe(&garbage);
        for slot in suspects {
            self.pool.slots[slot].is_only_suspect = is_only_suspect;
            self.end_because(slot, Reason::Garbage)?;
        }
        Ok(())
    }

    /// Kills a worker, waits for that, and takes back what it had: what it wrote and was not heard yet
    /// is not heard any more.
    fn end_because(&mut self, slot: usize, reason: Reason) -> Result<(), Error> {
        let place = &mut self.pool.slots[slot];
        // Who has gasped and lives is ended for what it did since.
        place.reason = place.reason.filter(|before| !matches!(before, Reason::Gasp { .. }));
        place.reason.get_or_insert(reason);
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
            limit: self.job.silence.limit(),
            reclaimed,
        };
        self.observer.observe(&silent);
        self.tell_pieces();
    }

    pub(super) fn beyond_repair(&self, slot: usize, times: u32) -> Error {
        let place = &self.pool.slots[slot];
        let end = place.last_end.unwrap_or(End::Exit(0));
        Error::LostBeyondRepair { worker: slot + 1, times, end, reason: place.reason }
    }

    /// Tells what was done and lost since the last time, if anybody wants to know.
    pub(super) fn tell_pieces(&mut self) {
        if !self.job.tells_pieces {
            return;
        }
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
            self.observer.observe(&Observation::Done(&Piece {
                worker: slot + 1,
                attempt: piece.attempt,
                interval: piece.interval,
                lost,
                is_end: piece.is_end,
                began: now.saturating_sub(took),
                took,
            }));
        }
    }
}
