//! The loop of the primary: wait, read answers, let the scheduler decide, send chunks; replace who
//! is lost; and, when every number is covered, end of file.
//!
//! Results are read before anything is written, and nothing here blocks but the wait itself.

use super::clock::Clock;
use super::crew::{Crew, Departed, Inheritance, LOSSES_IN_A_ROW, Refused};
use super::primary::{Stages, note_range};
use crate::error::Error;
use crate::job::Job;
use crate::observe::Observation;
use crate::process::limits;
use crate::process::signals::{Signal, Signals};
use crate::transport::pipe::{self, Hub, RESULTS_TOKEN, Received};
use evenly_core::frame::{Assembler, Body, Malformed};
use evenly_core::{Action, Event, Scheduler};
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::Duration;

/// Signals wait under this token.
pub(super) const SIGNALS_TOKEN: u64 = u64::MAX - 1;

/// A job whose workers run.
pub(super) struct Gathering<'a> {
    pub(super) job: &'a mut Job,
    pub(super) scheduler: Scheduler,
    pub(super) hub: Hub,
    pub(super) crew: Crew,
    pub(super) signals: &'a Signals,
    pub(super) stages: Stages<'a>,
    pub(super) clock: Clock,
    assembler: Assembler,
    pub(super) losses: u64,
    /// When progress is told next.
    next_progress: Option<Duration>,
    pub(super) is_end_of_file: bool,
}

/// What there is to do after a wait.
#[derive(Default)]
pub(super) struct Ready {
    pub(super) results: bool,
    pub(super) signals: bool,
    peers: Vec<usize>,
}

pub(super) fn system(call: &'static str) -> impl Fn(Errno) -> Error {
    move |cause| Error::System { call, cause }
}

impl<'a> Gathering<'a> {
    pub(super) fn new(
        job: &'a mut Job,
        scheduler: Scheduler,
        hub: Hub,
        crew: Crew,
        signals: &'a Signals,
        stages: Stages<'a>,
        clock: Clock,
    ) -> Self {
        let next_progress = job.progress_every;
        let assembler = Assembler::default();
        let (losses, is_end_of_file) = (0, false);
        Self {
            job,
            scheduler,
            hub,
            crew,
            signals,
            stages,
            clock,
            assembler,
            losses,
            next_progress,
            is_end_of_file,
        }
    }

    /// Tells the scheduler of every worker and sends the first chunks.
    pub(super) fn admit_everybody(&mut self) -> Result<(), Error> {
        for slot in 0..self.crew.slots.len() {
            self.admit(slot)?;
        }
        self.act()?;
        self.hub.flush().map_err(system("write"))
    }

    fn admit(&mut self, slot: usize) -> Result<(), Error> {
        let worker = self.crew.slots[slot].name;
        let window = self.hub.window(slot).map_err(system("fcntl F_GETPIPE_SZ"))?;
        let joined = Event::Joined { worker, window };
        Ok(self.scheduler.handle(joined, self.clock.now_ns())?)
    }

    /// Until every number is covered.
    pub(super) fn gather(&mut self) -> Result<(), Error> {
        if self.stages.is_wanted && !self.scheduler.is_finished() {
            self.stand_still_at_results()?;
        }
        while !self.scheduler.is_finished() {
            let ready = self.wait(self.next_progress)?;
            if ready.results {
                self.receive()?;
            }
            if ready.signals {
                self.heed_signals()?;
                self.replace_the_lost()?;
            }
            for slot in ready.peers {
                self.attend_to(slot)?;
            }
            self.act()?;
            self.hub.flush().map_err(system("write"))?;
            self.tell_progress();
        }
        Ok(())
    }

    /// Waits until something can be done, or until `deadline` on the clock of the run.
    pub(super) fn wait(&self, deadline: Option<Duration>) -> Result<Ready, Error> {
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_sub(self.clock.elapsed());
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
        });
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
        let (events, _) = match epoll::wait(self.hub.epoll(), &mut events, timeout.as_ref()) {
            Ok(events) => events,
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(cause) => return Err(Error::System { call: "epoll_wait", cause }),
        };
        let mut ready = Ready::default();
        for event in events {
            match event.data.u64() {
                RESULTS_TOKEN => ready.results = true,
                SIGNALS_TOKEN => ready.signals = true,
                slot => ready.peers.push(slot as usize),
            }
        }
        Ok(ready)
    }

    /// Reads once from the result pipe and hands every whole frame to the scheduler.
    pub(super) fn receive(&mut self) -> Result<Received, Error> {
        let received = self.hub.receive()?;
        if received == Received::EndOfFile {
            // All workers are gone. SIGCHLD says the same, and has them replaced if need be.
            self.is_end_of_file = true;
            self.hub.ignore_results();
        }
        let now_ns = self.clock.now_ns();
        while let Some(frame) = self.hub.next_frame()? {
            let (worker, busy_ns) = (frame.worker, frame.busy_ns);
            let event = match frame.body {
                Body::Answers(answers) => Event::Answered { worker, busy_ns, answers },
                Body::Part(part) => {
                    let lease = part.lease;
                    let Some(partial) = self.assembler.take(worker, part)? else { continue };
                    Event::Partly { worker, lease, busy_ns, partial }
                }
                Body::Assignments(_) => return Err(Error::Malformed(Malformed::Entry)),
            };
            self.scheduler.handle(event, now_ns)?;
            if let Some(slot) = self.hub.slot_of(worker) {
                self.crew.slots[slot].losses_in_a_row = 0;
            }
        }
        Ok(received)
    }

    /// Carries out what the scheduler wants done.
    pub(super) fn act(&mut self) -> Result<(), Error> {
        while let Some(action) = self.scheduler.poll() {
            match action {
                Action::Assign { worker } => {
                    let assignments = self.scheduler.assignments();
                    self.hub.send(worker, assignments);
                    if self.stages.is_wanted
                        && let Some(slot) = self.hub.slot_of(worker)
                        && let Some(first) = assignments.first()
                    {
                        note_range(&mut self.stages.layout, slot, first.interval);
                    }
                }
                // Nothing is kept on disk: as durable as it is going to be.
                Action::Record(record) => {
                    self.scheduler.handle(Event::Recorded(record), self.clock.now_ns())?;
                }
                // Told with the loss of the worker, by whoever handled it.
                Action::Reclaimed { .. } | Action::Finished => {}
            }
        }
        Ok(())
    }

    /// Reads all signals that have arrived. One that asks the job to end ends it.
    pub(super) fn heed_signals(&mut self) -> Result<(), Error> {
        while let Some(signal) = self.signals.next().map_err(system("read signalfd"))? {
            if signal != Signal::CHILD {
                return Err(Error::Interrupted(signal));
            }
        }
        Ok(())
    }

    /// Room in a pipe that was full, or a worker that closed its end.
    fn attend_to(&mut self, slot: usize) -> Result<(), Error> {
        self.hub.write_to(slot).map_err(system("write"))?;
        if self.hub.is_broken(slot).map_err(system("poll"))? {
            // It will never read again. If it lives, it is of no use: SIGCHLD does the rest.
            self.hub.close_assignments(slot);
            self.crew.slots[slot].child.signal(rustix::process::Signal::KILL);
        }
        Ok(())
    }

    /// Reaps whoever has ended, takes back what they had, and fills their places.
    pub(super) fn replace_the_lost(&mut self) -> Result<(), Error> {
        while let Some(departed) = self.crew.reap_one().map_err(system("waitid"))? {
            // What it wrote before it died is in the pipe and counts.
            while self.receive()? == Received::Bytes {}
            self.act()?;
            if self.scheduler.is_finished() {
                return Ok(());
            }
            let chunks = self.take_back(departed)?;
            if chunks == 0 && self.scheduler.ledger().is_exhausted() {
                // It had nothing to do, and there is nothing for a successor either.
                continue;
            }
            self.replace(departed.slot)?;
        }
        Ok(())
    }

    /// Tells the scheduler of a loss, and whoever watches; how many chunks the worker held.
    fn take_back(&mut self, departed: Departed) -> Result<usize, Error> {
        let Departed { slot, pid, end } = departed;
        let worker = self.crew.slots[slot].name;
        self.losses += 1;
        self.assembler.forget(worker);
        self.hub.close_assignments(slot);
        self.scheduler.handle(Event::Lost { worker }, self.clock.now_ns())?;
        // The first action after a loss says what was taken back.
        let reclaimed = match self.scheduler.poll() {
            Some(Action::Reclaimed { chunks, numbers, .. }) => (chunks, numbers),
            _ => (0, 0),
        };
        let lost = Observation::WorkerLost { worker: slot + 1, pid, end, reclaimed };
        self.stages.observer.observe(&lost);
        Ok(reclaimed.0)
    }

    /// Forks a new worker into the place of a lost one, with an assignment pipe of its own.
    fn replace(&mut self, slot: usize) -> Result<(), Error> {
        let place = &mut self.crew.slots[slot];
        place.losses_in_a_row += 1;
        if place.losses_in_a_row >= LOSSES_IN_A_ROW {
            let times = place.losses_in_a_row;
            return Err(Error::LostBeyondRepair { worker: slot + 1, times });
        }
        match self.fork_replacement(slot) {
            Ok(()) => self.admit(slot),
            Err((_, Refused::Threads(count))) => Err(Error::Threads { count }),
            Err((call, Refused::Fork(cause))) if self.crew.living() == 0 => {
                Err(Error::NoWorkerLeft { call, cause })
            }
            Err((call, Refused::Fork(cause))) => {
                let refused = (call, cause, limits::advice(cause));
                let not_replaced = Observation::NotReplaced { worker: slot + 1, refused };
                self.stages.observer.observe(&not_replaced);
                Ok(())
            }
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
        // The name is used up only when nothing can fail any more: the scheduler expects names in
        // order.
        let name = self.hub.next_worker();
        let mut inheritance = Inheritance {
            signals: self.signals,
            function: &mut *self.job.function,
            stops_to_be_seen: false,
        };
        let ends = (pipe.read_end.as_fd(), results.as_fd());
        let child = self.crew.fork(name, ends.0, ends.1, &mut inheritance)?;
        self.hub.replace(slot, pipe.write_end).map_err(refused("epoll_ctl"))?;
        if self.stages.is_wanted {
            self.stages.layout.replace(slot, child.number(), inode);
        }
        let place = &mut self.crew.slots[slot];
        (place.child, place.name) = (child, name);
        Ok(())
    }

    fn tell_progress(&mut self) {
        let Some(period) = self.job.progress_every else { return };
        let now = self.clock.elapsed();
        if self.next_progress.is_some_and(|due| due <= now) {
            self.next_progress = Some(now + period);
            let progress = self.scheduler.progress(now.as_nanos() as u64);
            self.stages.observer.observe(&Observation::Progress(progress));
        }
    }
}
