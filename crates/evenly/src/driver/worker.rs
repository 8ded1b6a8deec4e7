//! The worker's side of the pipes: reads chunks, counts them, writes answers.
//!
//! It blocks in `read` while it has nothing to do, and ends at end of file. Answers are collected
//! and written many at once, but none is kept back while the worker waits or works on something
//! long: they go out when a frame is full, when there is nothing left to do, and when the clock
//! shows that the oldest has waited for [`OVERDUE_NS`].
//!
//! A long chunk is computed in slices of at most about [`SLICE_NS`]. Between two of them, and as
//! often as answers are overdue, the worker looks at its assignment pipe: chunks may be taken back,
//! or the primary may be gone. Every [`REPORT_NS`] it reports what it has covered of the chunk: so
//! progress shows, and a worker that is lost loses little.
//!
//! What it knows about its chunks is in [`evenly_core::Worker`]; here are pipes and the clock.

mod commands;
mod coprocess;
mod errand;
mod errors;
mod memory;

use super::clock::Clock;
use crate::function::{Form, Function};
use crate::process::cgroup::Kills;
use crate::process::signals;
use crate::process::sys::{copies, last_gasp, position};
use crate::process::workers::{Call, Unsettled, in_call};
use commands::Shop;
pub(super) use commands::Terms;
use evenly_core::frame::{Malformed, PIPE_FRAME, Unpacker};
use evenly_core::worker::Outcome;
use evenly_core::{Aggregate, Worker, WorkerId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

/// How long a slice should take at most.
const SLICE_NS: u64 = 20_000_000;
/// How old an answer may get before it is sent although the frame has room.
const OVERDUE_NS: u64 = 1_000_000;
/// How often a long chunk is reported on: after about every slice. A worker that is killed again and
/// again, every few hundredths of a second, gets on all the same.
const REPORT_NS: u64 = 10_000_000;
/// What is worth as much as a report: so many bytes of one take as long again before the next.
const HEAVY: u64 = 64 << 10;
/// The clock is read about this often; reading it for each number would cost more than many do.
const LOOK_NS: u64 = 500_000;
/// No slice is longer than this, however fast the function is.
const LONGEST_SLICE: u128 = 1 << 62;
/// The most that one read takes; the size of a pipe unless it was changed (pipe(7)).
const READ_AT_ONCE: usize = 64 << 10;

/// Left because the work is over.
const STATUS_DONE: i32 = 0;
/// Left because it could not arrange its descriptors or signals (sysexits.h, EX_OSERR).
pub(super) const STATUS_UNSETTLED: i32 = 71;
/// Left because a system call failed (sysexits.h, EX_IOERR).
const STATUS_IO: i32 = 74;
/// Left because the assignments made no sense (sysexits.h, EX_PROTOCOL).
const STATUS_PROTOCOL: i32 = 76;

/// Why a worker leaves before the end of its work.
enum Leave {
    /// The primary is gone, or has no more use for it.
    Abandoned,
    /// Somebody asks this worker to leave: the kernel when the primary ends, or whoever wants it gone.
    Asked,
    Failed(Call, Errno),
    Protocol,
}

impl From<(Call, Errno)> for Leave {
    fn from((call, cause): (Call, Errno)) -> Self {
        Self::Failed(call, cause)
    }
}

impl From<Malformed> for Leave {
    fn from(_: Malformed) -> Self {
        Self::Protocol
    }
}

/// The memory that a worker works with. It is allocated once, before the workers are forked: an
/// allocation in each of them would tidy up the heap that they share with the primary, and so copy
/// page after page of it (a third of all page faults at start-up, as measured).
#[derive(Debug)]
pub(super) struct Desk {
    unpacker: Unpacker,
    worker: Worker,
}

impl Desk {
    pub(super) fn new(aggregate: Aggregate) -> Self {
        Self {
            unpacker: Unpacker::new(PIPE_FRAME, READ_AT_ONCE),
            worker: Worker::new(WorkerId(0), aggregate, PIPE_FRAME),
        }
    }
}

/// Works until end of file; the result is the status to leave with.
pub(super) fn work(
    name: WorkerId,
    desk: &mut Desk,
    function: &mut dyn Function,
    terms: Terms<'_>,
    ends: Result<(&File, &File), Unsettled<'_>>,
) -> i32 {
    let Desk { unpacker, worker } = desk;
    worker.rename(name);
    copies::mark();
    let (assignments, results) = match ends {
        Ok(ends) => ends,
        Err(Unsettled { call, cause, results }) => {
            say_farewell(worker, results, call, cause);
            return STATUS_UNSETTLED;
        }
    };
    let kills = terms.wall.and_then(|wall| wall.enter(terms.slot));
    // Before any number is at work: neither the time nor the fault of a number.
    if let Err(error) = function.begin() {
        let cause = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        say_farewell(worker, results.as_fd(), Call::DLOPEN, cause);
        return STATUS_UNSETTLED;
    }
    if function.says_at()
        && let Err((call, cause)) = last_gasp::prepare(name, terms.timeout, terms.memory.is_some())
    {
        say_farewell(worker, results.as_fd(), call, cause);
        return STATUS_UNSETTLED;
    }
    let mut seat = Seat {
        worker,
        function,
        assignments,
        results,
        clock: Clock::start(),
        busy_since_ns: 0,
        sent_ns: 0,
        pipe_ns: 0,
        looked_ns: 0,
        since_look: 0,
        slice_len: 1,
        look_len: 1,
    };
    match seat.work(unpacker, terms, kills) {
        Ok(()) | Err(Leave::Abandoned) => STATUS_DONE,
        Err(Leave::Asked) => {
            signals::leave_as_asked();
            STATUS_DONE
        }
        Err(Leave::Protocol) => STATUS_PROTOCOL,
        Err(Leave::Failed(call, cause)) => {
            say_farewell(seat.worker, results.as_fd(), call, cause);
            STATUS_IO
        }
    }
}

/// Tells the primary why this worker leaves; where even that fails, standard error.
fn say_farewell(worker: &mut Worker, results: BorrowedFd<'_>, call: Call, cause: Errno) {
    copies::leave_if_copied();
    // What could not be sent before is lost with this worker and done again.
    worker.forget_frames();
    worker.say_farewell(call.0, cause.raw_os_error().cast_unsigned());
    worker.seal(0);
    let told = rustix::io::retry_on_intr(|| rustix::io::write(results, worker.first_frame()));
    if let Err(untold) = told {
        let _ = writeln!(
            std::io::stderr(),
            "evenly: a worker leaves because of {}: {cause}, and cannot tell it: write: {untold}",
            call.name()
        );
    }
}

struct Seat<'a> {
    worker: &'a mut Worker,
    function: &'a mut dyn Function,
    assignments: &'a File,
    results: &'a File,
    clock: Clock,
    /// When the time that no frame accounts for yet began.
    busy_since_ns: u64,
    /// When something was last sent, and when the assignment pipe was last looked at.
    sent_ns: u64,
    pipe_ns: u64,
    /// When the clock was last read, and how many numbers were done since.
    looked_ns: u64,
    since_look: u64,
    /// About how many numbers take [`SLICE_NS`], and [`LOOK_NS`]; from 1, learnt by doing.
    slice_len: u64,
    look_len: u64,
}

impl Seat<'_> {
    fn work(
        &mut self,
        unpacker: &mut Unpacker,
        terms: Terms<'_>,
        kills: Option<Kills>,
    ) -> Result<(), Leave> {
        match self.function.command() {
            None => self.until_end_of_file(unpacker),
            Some(command) => {
                let mut shop = Shop::open(command, terms, kills)?;
                match shop.command.form() {
                    Form::PerNumber | Form::PerChunk => self.run_commands(unpacker, &mut shop),
                    Form::Coprocess => self.run_coprocess(unpacker, &mut shop),
                }
            }
        }
    }

    fn until_end_of_file(&mut self, unpacker: &mut Unpacker) -> Result<(), Leave> {
        while self.read(unpacker)? {
            self.start_the_watch();
            self.work_off_the_queue(unpacker)?;
            self.send()?;
        }
        Ok(())
    }

    /// Reads once from the assignment pipe, which may block; `false` at end of file.
    fn read(&mut self, unpacker: &mut Unpacker) -> Result<bool, Leave> {
        // What a copy reads, the worker does not get.
        copies::leave_if_copied();
        let room = unpacker.room();
        let count = rustix::io::retry_on_intr(|| rustix::io::read(self.assignments, &mut *room))
            .map_err(in_call(Call::READ))?;
        if count == 0 {
            // End of file in the middle of a frame is a primary that died while it wrote.
            return if unpacker.is_inside_frame() { Err(Leave::Abandoned) } else { Ok(false) };
        }
        unpacker.filled(count);
        while let Some(frame) = unpacker.next_frame()? {
            self.worker.take(frame.body)?;
        }
        Ok(true)
    }

    /// Counts, slice by slice and chunk by chunk, until nothing is left to do.
    fn work_off_the_queue(&mut self, unpacker: &mut Unpacker) -> Result<(), Leave> {
        while let Some(step) = self.worker.next(self.slice_len) {
            if step.is_begun_again {
                self.send()?;
            }
            position::enter(step.slice.first(), step.slice.last());
            let last = self.function.fold(step.slice, self.worker.tally());
            position::leave();
            self.since_look += last.abs_diff(step.slice.first()) + 1;
            match self.worker.counted(last) {
                Outcome::Answered => {
                    if self.worker.is_full() {
                        self.send()?;
                    }
                    if self.since_look >= self.look_len && self.look_at_the_clock()? {
                        self.look_at_the_pipe(unpacker)?;
                    }
                }
                Outcome::ToReport => {
                    self.report()?;
                    self.look_at_the_clock()?;
                    if self.looked_ns - self.pipe_ns >= OVERDUE_NS {
                        self.look_at_the_pipe(unpacker)?;
                    }
                }
                Outcome::Going => {
                    self.look_at_the_clock()?;
                    self.look_at_the_pipe(unpacker)?;
                    let weight = self.worker.weight() as u64;
                    if self.looked_ns - self.busy_since_ns >= REPORT_NS * (1 + weight / HEAVY) {
                        self.report()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Packs what is done of the chunk in work; it is sent when it is a frame's worth, or overdue.
    fn report(&mut self) -> Result<(), Leave> {
        let busy_ns = (self.clock.now_ns() - self.busy_since_ns).max(1);
        self.worker.report(busy_ns);
        self.busy_since_ns += busy_ns;
        let is_overdue = self.busy_since_ns - self.sent_ns >= OVERDUE_NS;
        if is_overdue || self.worker.waiting() >= PIPE_FRAME / 2 {
            self.write_frames()?;
        }
        Ok(())
    }

    /// Learns what numbers cost, and sends answers that have waited too long; whether they had.
    fn look_at_the_clock(&mut self) -> Result<bool, Leave> {
        let now_ns = self.clock.now_ns();
        let taken_ns = (now_ns - self.looked_ns).max(1);
        let by_cost = u128::from(self.since_look) * u128::from(SLICE_NS) / u128::from(taken_ns);
        // A few numbers say little about the next ones: no more than 16 times as many at once.
        let most = (u128::from(self.slice_len) * 16).min(LONGEST_SLICE);
        self.slice_len = by_cost.clamp(1, most) as u64;
        self.look_len = (self.slice_len / (SLICE_NS / LOOK_NS)).max(1);
        self.since_look = 0;
        self.looked_ns = now_ns;
        let is_overdue = now_ns - self.sent_ns >= OVERDUE_NS;
        if is_overdue {
            self.send()?;
        }
        Ok(is_overdue)
    }

    /// Reads the assignment pipe if something is in it. If every write end of it is closed although
    /// there is work to do, nobody wants that any more.
    fn look_at_the_pipe(&mut self, unpacker: &mut Unpacker) -> Result<(), Leave> {
        self.pipe_ns = self.looked_ns;
        let mut ends = [PollFd::new(self.assignments, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())))
            .map_err(in_call(Call::POLL))?;
        let found = ends[0].revents();
        if found.contains(PollFlags::NVAL) {
            return Err(Leave::Failed(Call::POLL, Errno::BADF));
        }
        if found.contains(PollFlags::IN) && self.read(unpacker)? {
            // What is given back is waited for.
            return self.send();
        }
        if found.is_empty() { Ok(()) } else { Err(Leave::Abandoned) }
    }

    /// Sends the answers collected so far, if any.
    fn send(&mut self) -> Result<(), Leave> {
        let busy_ns = (self.clock.now_ns() - self.busy_since_ns).max(1);
        self.worker.seal(busy_ns);
        if self.worker.is_silent() {
            return Ok(());
        }
        self.write_frames()
    }

    /// Writes whole frames, as many to a write as have room: up to `PIPE_BUF` bytes a write is atomic, so that
    /// frames of different workers never mix (pipe(7)).
    fn write_frames(&mut self) -> Result<(), Leave> {
        copies::leave_if_copied();
        self.worker.seal(0);
        while !self.worker.is_silent() {
            let frame = self.worker.first_frames(rustix::pipe::PIPE_BUF);
            assert!(frame.len() <= rustix::pipe::PIPE_BUF, "a longer write is not atomic");
            let written = rustix::io::retry_on_intr(|| rustix::io::write(self.results, frame));
            let written = match written {
                // A worker that ignores `SIGPIPE` learns here that the primary is gone.
                Err(Errno::PIPE) if self.is_abandoned() => return Err(Leave::Abandoned),
                written => written.map_err(in_call(Call::WRITE))?,
            };
            assert!(written == frame.len(), "a write up to PIPE_BUF is all or nothing");
            self.worker.sent(written);
        }
        // The time that the write may have blocked is nobody's work.
        self.start_the_watch();
        Ok(())
    }

    /// Whether the primary has closed its end of the assignment pipe, as it does when it ends.
    fn is_abandoned(&self) -> bool {
        let mut ends = [PollFd::new(self.assignments, PollFlags::empty())];
        let found = rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())));
        found.is_ok() && ends[0].revents().contains(PollFlags::HUP)
    }

    /// Measures from now on. What was done before has been accounted for.
    fn start_the_watch(&mut self) {
        self.busy_since_ns = self.clock.now_ns();
        self.sent_ns = self.busy_since_ns;
        self.looked_ns = self.busy_since_ns;
        self.since_look = 0;
    }
}
