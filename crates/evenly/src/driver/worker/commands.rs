//! A worker that runs commands: one after the other, each for a number or for a chunk.
//!
//! While one runs, the worker waits for it and for its own assignment pipe alike: what is withdrawn
//! meanwhile is given back at once, except for what the command is at. At end of file, and when `SIGTERM`
//! says the same, the command is killed with its process group and the worker leaves; what commands have put
//! into other groups ends with the worker.
//!
//! A command that fails costs no worker: that its numbers have no value is what the worker says of them.
//! A chunk that fails is halved here until the number is found; only what is put out for `run` is not,
//! for that would be done twice, and nothing is where each command is started once at most.

use super::errand::{Errand, Executed, LeftBehind};
use super::errors::{Errors, named};
use super::{Leave, Seat};
use crate::function::{Command, Form};
use crate::process::call::{Call, in_call};
use crate::process::cgroup::{Kills, Wall};
use crate::process::orphans::Orphans;
use crate::process::signals::{self, InheritedMask};
use crate::process::sys::spawn::Launcher;
use crate::process::sys::{self, SignalSet, position};
use evenly_core::frame::{Description, Unpacker};
use evenly_core::worker::Outcome;
use evenly_core::{Aggregate, Cause, Interval, LeaseId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

/// What a worker is told beside its function.
#[derive(Clone, Copy)]
pub(in crate::driver) struct Terms<'a> {
    /// Its place, from 0.
    pub(in crate::driver) slot: usize,
    /// How long a command may take.
    pub(in crate::driver) timeout: Option<Duration>,
    /// Time between `SIGTERM` and `SIGKILL` for a command.
    pub(in crate::driver) grace: Duration,
    /// How much memory it may have, or a worker without commands.
    pub(in crate::driver) memory: Option<u64>,
    /// What is around its memory, if anything is.
    pub(in crate::driver) wall: Option<&'a Wall>,
    /// Signals as they were before the job, which is how commands get them.
    pub(in crate::driver) mask: InheritedMask,
}

/// What a worker needs to run commands.
pub(super) struct Shop {
    pub(super) command: Rc<Command>,
    pub(super) launcher: Launcher,
    /// Can be read when somebody asks this worker to leave.
    leave: OwnedFd,
    /// Why this worker leaves as soon as its command has ended.
    pub(super) leaving: Option<Leave>,
    pub(super) mask: SignalSet,
    pub(super) slot: usize,
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) memory: Option<u64>,
    /// Whom the kernel has killed for its memory, if we can know.
    pub(super) kills: Option<Kills>,
    /// What commands say on standard error, on its way to ours.
    pub(super) errors: Errors,
    /// How many numbers to do at once: less after a chunk has failed.
    pub(super) longest: u64,
    /// What commands leave behind.
    pub(super) orphans: Orphans,
    /// How many commands left processes in their group that were ended.
    left_behind: u64,
}

impl Shop {
    pub(super) fn open(
        command: Rc<Command>,
        terms: Terms<'_>,
        kills: Option<Kills>,
    ) -> Result<Self, (Call, Errno)> {
        sys::forget_handlers();
        // A coprocess that closes its input, or a primary that is gone, is an error of the write then.
        // Commands get the mask that the job was started with.
        signals::block_broken_pipes();
        let leave = signals::take_requests_to_leave().map_err(in_call(Call::SIGNALFD))?;
        let orphans = Orphans::adopt().map_err(|(_, cause)| (Call::PRCTL, cause))?;
        let Terms { slot, timeout, grace, memory, mask, .. } = terms;
        let longest = if command.form() == Form::PerNumber { 1 } else { u64::MAX };
        Ok(Self {
            command,
            launcher: Launcher::new(),
            leave,
            leaving: None,
            mask: mask.set(),
            slot,
            timeout,
            grace,
            memory,
            kills,
            errors: Errors::new(),
            longest,
            orphans,
            left_behind: 0,
        })
    }

    /// What is tried next of numbers that failed after so many repetitions: all of them once more, or the
    /// lower half. `None`: they have failed.
    pub(super) fn next_try(
        &mut self,
        numbers: Interval,
        repeated: &mut u8,
        aggregate: Aggregate,
    ) -> Option<Interval> {
        if *repeated < self.command.repeats_of_failed() {
            *repeated += 1;
            return Some(numbers);
        }
        // Halving does things twice, and here somebody would notice.
        let is_done_once =
            matches!(aggregate, Aggregate::Run { .. }) || self.command.is_at_most_once();
        if numbers.len() == 1 || is_done_once {
            return None;
        }
        let half = numbers.split_front(numbers.len() / 2).0;
        self.longest = half.len() as u64;
        *repeated = 0;
        Some(half)
    }

    /// Whether the kernel has killed a process of a command for its memory since this was asked last.
    pub(super) fn has_hit_the_wall(&mut self) -> bool {
        self.kills.as_mut().is_some_and(Kills::has_killed)
    }

    /// Says that processes were ended which a command left in its group; after the first, only how many more
    /// commands did so, at the end.
    pub(super) fn note_left_behind(&mut self, numbers: Interval, what: LeftBehind) {
        self.left_behind += 1;
        if self.left_behind > 1 {
            return;
        }
        let of = named(numbers);
        let grace = self.grace.as_secs_f64();
        let what = match what {
            LeftBehind::HoldsOutput => format!(
                "evenly: {of}: a process that the command left in the background held its output {grace} s after the \
                 command ended; its process group was ended (--grace)\n"
            ),
            LeftBehind::Silent => {
                format!(
                    "evenly: {of}: processes that the command left in the background were ended\n"
                )
            }
        };
        self.errors.say(what.as_bytes());
    }

    /// Says what is left to say.
    fn end(&mut self) {
        if let Some(more @ 1..) = self.left_behind.checked_sub(1) {
            let (worker, s) = (self.slot + 1, if more == 1 { "" } else { "s" });
            let what = format!(
                "evenly: worker {worker}: {more} more command{s} left processes in the background, which were ended\n"
            );
            self.errors.say(what.as_bytes());
        }
        self.errors.end();
    }

    /// Something went well: twice as much may be tried again.
    pub(super) fn lengthen(&mut self) {
        if self.command.form() != Form::PerNumber {
            self.longest = self.longest.saturating_mul(2);
        }
    }
}

impl Seat<'_> {
    /// Runs the commands of all chunks until end of file.
    pub(super) fn run_commands(
        &mut self,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<(), Leave> {
        let outcome = self.run_commands_until_the_end(unpacker, shop);
        shop.end();
        outcome
    }

    fn run_commands_until_the_end(
        &mut self,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<(), Leave> {
        loop {
            // No command is begun that is not wanted any more.
            self.wait(unpacker, shop, [], Some(Duration::ZERO))?;
            let Some(step) = self.worker.next(shop.longest) else {
                self.send()?;
                self.wait(unpacker, shop, [], None)?;
                self.start_the_watch();
                continue;
            };
            if step.is_begun_again {
                self.send()?;
            }
            let last = self.run_one(step.slice, unpacker, shop)?;
            self.note(last)?;
        }
    }

    /// Notes that everything up to `last` is in the tally, and says so.
    pub(super) fn note(&mut self, last: i64) -> Result<(), Leave> {
        match self.worker.counted(last) {
            Outcome::Answered => self.send(),
            Outcome::Going | Outcome::ToReport => {
                self.report()?;
                self.write_frames()
            }
        }
    }

    /// Runs a command for these numbers, or for the first of them; how far that went. Passes on the standard error
    /// of the last attempt, and of those before it only if the command says so: they wrote about the same numbers.
    fn run_one(
        &mut self,
        mut numbers: Interval,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
    ) -> Result<i64, Leave> {
        let aggregate = self.worker.tally().aggregate();
        let attempt = self.worker.lease().map_or(1, LeaseId::attempt);
        let mut repeated = 0;
        loop {
            self.worker.hold(numbers);
            let errand = Errand { numbers, attempt: u32::from(attempt) + u32::from(repeated) };
            position::enter(numbers.first(), numbers.last());
            let executed = self.execute(&errand, unpacker, shop);
            position::leave();
            let Executed { end, output, errors } = executed?;
            shop.orphans.reap();
            let command = Rc::clone(&shop.command);
            let tally = self.worker.tally();
            let told = end.and_then(|end| command.tell(numbers, end, &output, tally));
            if let Some(leave) = shop.leaving.take() {
                shop.errors.put(errors, numbers);
                let told = told.map_err(|cause| {
                    let next = shop.next_try(numbers, &mut repeated, aggregate);
                    next.map_or(cause, |_| Cause::Unknown)
                });
                self.report_at_last(numbers, told, &output, &command);
                return Err(leave);
            }
            let Err(cause) = told else {
                shop.errors.put(errors, numbers);
                shop.lengthen();
                return Ok(numbers.last());
            };
            match shop.next_try(numbers, &mut repeated, aggregate) {
                Some(next) => {
                    if command.shows_failed_attempts() {
                        shop.errors.put(errors, numbers);
                    }
                    numbers = next;
                }
                None => {
                    shop.errors.put(errors, numbers);
                    if cause == Cause::Garbage {
                        let text = command.describe(aggregate, &output);
                        self.describe(numbers, cause, &text);
                    }
                    self.fail(numbers, cause, &output, &command);
                    return Ok(numbers.last());
                }
            }
        }
    }

    /// Reports the last command of a worker that leaves; of one that was ended, what it printed.
    fn report_at_last(
        &mut self,
        numbers: Interval,
        told: Result<(), Cause>,
        output: &[u8],
        command: &Command,
    ) {
        match told {
            Ok(()) => {}
            Err(Cause::Unknown) if output.is_empty() => return,
            Err(Cause::Unknown)
                if !matches!(self.worker.tally().aggregate(), Aggregate::Run { .. }) =>
            {
                return;
            }
            Err(cause) => self.fail(numbers, cause, output, command),
        }
        // Then the numbers are done again.
        let _ = self.note(numbers.last()).and_then(|()| self.write_frames());
    }

    /// Sends the words for a failure that is about to be told to the tally.
    pub(super) fn describe(&mut self, numbers: Interval, cause: Cause, text: &str) {
        self.worker.describe(Description { n: numbers.first(), cause, text });
    }

    pub(super) fn fail(
        &mut self,
        numbers: Interval,
        cause: Cause,
        output: &[u8],
        command: &Command,
    ) {
        command.tell_failure(numbers, cause, output, self.worker.tally());
    }

    /// Waits for frames, and for what is watched, for so long at most; does what frames say. What was
    /// found of what is watched.
    pub(super) fn wait<const N: usize>(
        &mut self,
        unpacker: &mut Unpacker,
        shop: &mut Shop,
        watched: [Option<(BorrowedFd<'_>, PollFlags)>; N],
        timeout: Option<Duration>,
    ) -> Result<[PollFlags; N], Leave> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs() as i64,
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        let mut fds = Vec::with_capacity(N + 3);
        let is_leaving = shop.leaving.is_some();
        if !is_leaving {
            fds.push(PollFd::new(self.assignments, PollFlags::IN));
            fds.push(PollFd::new(&shop.leave, PollFlags::IN));
        }
        fds.extend(watched.iter().flatten().map(|(fd, what)| PollFd::from_borrowed_fd(*fd, *what)));
        let errors = shop.errors.awaited();
        fds.extend(errors.map(|errors| PollFd::from_borrowed_fd(errors, PollFlags::OUT)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => fds.iter_mut().for_each(PollFd::clear_revents),
            Err(cause) => return Err(Leave::Failed(Call::POLL, cause)),
        }
        let mut found = fds.iter().map(PollFd::revents);
        let mut next = || found.next().unwrap_or(PollFlags::empty());
        let (frames, requests) =
            if is_leaving { (PollFlags::empty(), PollFlags::empty()) } else { (next(), next()) };
        let watched = watched.map(|one| one.map_or(PollFlags::empty(), |_| next()));
        shop.errors.flush();
        if !requests.is_empty() {
            return Err(Leave::Asked);
        }
        if frames.contains(PollFlags::NVAL) {
            return Err(Leave::Failed(Call::POLL, Errno::BADF));
        }
        if !frames.is_empty() {
            if !self.read(unpacker)? {
                return Err(Leave::Abandoned);
            }
            self.give_back()?;
        }
        Ok(watched)
    }

    /// Sends what is given back, which is waited for. The time of what is at work is not over.
    fn give_back(&mut self) -> Result<(), Leave> {
        self.worker.seal(0);
        if !self.worker.is_silent() {
            let since_ns = self.busy_since_ns;
            self.write_frames()?;
            self.busy_since_ns = since_ns;
        }
        Ok(())
    }
}
