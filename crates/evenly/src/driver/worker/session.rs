//! The worker's connection to its primary: reads assignments, writes answers, and measures the time between.
//!
//! A worker writes many answers at once. It writes them when a frame is full, when its queue is empty, and at the
//! latest when the oldest answer is [`OVERDUE_NS`] old.

use super::early_exit::EarlyExit;
use crate::driver::clock::Clock;
use crate::process::sys::copies;
use crate::process::system_call::{SystemCall, in_call};
use evenly_core::frame::{PIPE_FRAME, Unpacker};
use evenly_core::worker::{ChunkState, ComputeStep};
use evenly_core::{Aggregate, Interval, Tally, Worker, WorkerId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

/// Aim for the length of a slice.
const SLICE_NS: u64 = 20_000_000;
/// Longest time that an answer waits for its frame to fill up.
pub(super) const OVERDUE_NS: u64 = 1_000_000;
/// Aim for the time between two readings of the clock. A reading costs more than many numbers do.
const CLOCK_NS: u64 = 500_000;
/// Longest slice, for the fastest function.
const LONGEST_SLICE: u128 = 1 << 62;
/// Bytes per read: the size of a pipe (pipe(7)).
const READ_SIZE: usize = 64 << 10;

/// Queue and frame buffers of a worker. The primary allocates them once, before it forks: an allocation in each
/// worker would reorganise the heap that it shares with the primary, and so copy its pages (a third of all page
/// faults at start-up, as measured).
#[derive(Debug)]
pub(in crate::driver) struct WorkerState {
    unpacker: Unpacker,
    worker: Worker,
}

impl WorkerState {
    pub(in crate::driver) fn new(aggregate: Aggregate) -> Self {
        Self {
            unpacker: Unpacker::new(PIPE_FRAME, READ_SIZE),
            worker: Worker::new(WorkerId(0), aggregate, PIPE_FRAME),
        }
    }

    /// Sets the name of the worker in its frames.
    pub(super) fn rename(&mut self, name: WorkerId) {
        self.worker.rename(name);
    }

    /// Reports to the primary which system call ends this worker. Writes to standard error if that fails.
    pub(super) fn say_farewell(&mut self, results: BorrowedFd<'_>, call: SystemCall, cause: Errno) {
        copies::leave_if_copied();
        // The primary assigns again what the dropped frames answer.
        self.worker.forget_frames();
        self.worker.say_farewell(call.0, cause.raw_os_error().cast_unsigned());
        self.worker.seal(0);
        let frame = self.worker.first_frame();
        let written = rustix::io::retry_on_intr(|| rustix::io::write(results, frame));
        if let Err(error) = written {
            let _ = writeln!(
                std::io::stderr(),
                "evenly: a worker leaves because of {}: {cause}, and cannot tell it: write: {error}",
                call.name()
            );
        }
    }
}

/// The worker's connection to its primary.
pub(super) struct WorkerSession<'a> {
    state: &'a mut WorkerState,
    assignments: &'a File,
    results: &'a File,
    clock: Clock,
    /// Start of the time that no frame accounts for yet.
    busy_since_ns: u64,
    /// Time of the last write.
    sent_ns: u64,
    /// Time of the last poll of the assignment pipe.
    polled_ns: u64,
    /// Time of the last reading of the clock.
    read_ns: u64,
    /// Numbers computed since that reading.
    computed: u64,
    /// Numbers that take about [`SLICE_NS`]: from 1, adapted at each reading of the clock.
    slice_len: u64,
    /// Numbers that take about [`CLOCK_NS`].
    clock_len: u64,
}

impl<'a> WorkerSession<'a> {
    pub(super) fn new(
        state: &'a mut WorkerState,
        assignments: &'a File,
        results: &'a File,
    ) -> Self {
        Self {
            state,
            assignments,
            results,
            clock: Clock::start(),
            busy_since_ns: 0,
            sent_ns: 0,
            polled_ns: 0,
            read_ns: 0,
            computed: 0,
            slice_len: 1,
            clock_len: 1,
        }
    }

    /// The queue of chunks, with the tally of the chunk in work.
    #[inline]
    pub(super) fn worker(&mut self) -> &mut Worker {
        &mut self.state.worker
    }

    /// The read end of the assignment pipe, to wait for.
    pub(super) fn assignments(&self) -> BorrowedFd<'a> {
        self.assignments.as_fd()
    }

    /// The next slice to compute; `None` if the queue is empty.
    #[inline]
    pub(super) fn next_slice(&mut self) -> Option<ComputeStep> {
        self.state.worker.next(self.slice_len)
    }

    /// Computes the first row of the queue with `fold`, until the clock is due; see [`Worker::compute_row`].
    #[inline]
    pub(super) fn compute_row(
        &mut self,
        fold: impl FnMut(Interval, &mut Tally) -> i64,
    ) -> ChunkState {
        let most = self.clock_len.saturating_sub(self.computed);
        let (computed, state) = self.state.worker.compute_row(most, fold);
        self.computed += computed;
        state
    }

    /// Counts numbers that were computed, for the next reading of the clock.
    #[inline]
    pub(super) fn add_computed(&mut self, numbers: u64) {
        self.computed += numbers;
    }

    /// Numbers computed since the last reading of the clock.
    pub(super) fn computed(&self) -> u64 {
        self.computed
    }

    /// Whether about [`CLOCK_NS`] have passed since the last reading of the clock.
    #[inline]
    pub(super) fn is_clock_due(&self) -> bool {
        self.computed >= self.clock_len
    }

    /// Time between the last poll of the assignment pipe and the last reading of the clock.
    pub(super) fn ns_since_poll(&self) -> u64 {
        self.read_ns - self.polled_ns
    }

    /// Time that no frame accounts for, up to the last reading of the clock.
    pub(super) fn unreported_ns(&self) -> u64 {
        self.read_ns - self.busy_since_ns
    }

    /// Reads once from the assignment pipe, which may block; `false` at end of file.
    pub(super) fn receive(&mut self) -> Result<bool, EarlyExit> {
        // A forked copy must not take frames from the worker.
        copies::leave_if_copied();
        let WorkerState { unpacker, worker } = &mut *self.state;
        let room = unpacker.room();
        let count = rustix::io::retry_on_intr(|| rustix::io::read(self.assignments, &mut *room))
            .map_err(in_call(SystemCall::READ))?;
        if count == 0 {
            // End of file inside a frame means that the primary died while it wrote.
            return if unpacker.is_inside_frame() {
                Err(EarlyExit::PrimaryGone)
            } else {
                Ok(false)
            };
        }
        unpacker.filled(count);
        while let Some(frame) = unpacker.next_frame()? {
            worker.take(frame.body)?;
        }
        Ok(true)
    }

    /// Packs the progress in the chunk in work. Writes it if it fills half a frame or is overdue.
    pub(super) fn report(&mut self) -> Result<(), EarlyExit> {
        let busy_ns = (self.clock.now_ns() - self.busy_since_ns).max(1);
        self.state.worker.report(busy_ns);
        self.busy_since_ns += busy_ns;
        let is_overdue = self.busy_since_ns - self.sent_ns >= OVERDUE_NS;
        if is_overdue || self.state.worker.waiting() >= PIPE_FRAME / 2 {
            self.write_frames()?;
        }
        Ok(())
    }

    /// Reads the clock, adapts the length of slices to the cost of the numbers, and writes overdue answers. Returns
    /// whether answers were overdue.
    pub(super) fn read_clock(&mut self) -> Result<bool, EarlyExit> {
        let now_ns = self.clock.now_ns();
        let taken_ns = (now_ns - self.read_ns).max(1);
        let by_cost = u128::from(self.computed) * u128::from(SLICE_NS) / u128::from(taken_ns);
        // The next numbers may cost more: a slice grows by a factor of at most 16.
        let most = (u128::from(self.slice_len) * 16).min(LONGEST_SLICE);
        self.slice_len = by_cost.clamp(1, most) as u64;
        self.clock_len = (self.slice_len / (SLICE_NS / CLOCK_NS)).max(1);
        self.computed = 0;
        self.read_ns = now_ns;
        let is_overdue = now_ns - self.sent_ns >= OVERDUE_NS;
        if is_overdue {
            self.send()?;
        }
        Ok(is_overdue)
    }

    /// Reads the assignment pipe if it has data, after `settle` has completed the tally. The worker exits if the primary has closed the pipe before all
    /// chunks are computed: the primary has ended, or needs no more answers.
    pub(super) fn poll_assignments(
        &mut self,
        settle: impl FnOnce(&mut Tally),
    ) -> Result<(), EarlyExit> {
        self.polled_ns = self.read_ns;
        let mut ends = [PollFd::new(self.assignments, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())))
            .map_err(in_call(SystemCall::POLL))?;
        let found = ends[0].revents();
        if found.contains(PollFlags::NVAL) {
            // What is computed counts: the function would close the pipe of the next worker at the same number.
            settle(self.state.worker.tally());
            self.report()?;
            self.write_frames()?;
            return Err(EarlyExit::Failed(SystemCall::POLL, Errno::BADF));
        }
        if found.contains(PollFlags::IN) {
            settle(self.state.worker.tally());
            if self.receive()? {
                // Another worker may be idle until the withdrawn chunks are released.
                return self.send();
            }
        }
        if found.is_empty() { Ok(()) } else { Err(EarlyExit::PrimaryGone) }
    }

    /// Writes the answers collected so far, if any.
    pub(super) fn send(&mut self) -> Result<(), EarlyExit> {
        let busy_ns = (self.clock.now_ns() - self.busy_since_ns).max(1);
        self.state.worker.seal(busy_ns);
        if self.state.worker.is_silent() {
            return Ok(());
        }
        self.write_frames()
    }

    /// Writes all frames, several per write up to `PIPE_BUF` bytes: such a write is atomic, so that frames of
    /// different workers never mix (pipe(7)).
    pub(super) fn write_frames(&mut self) -> Result<(), EarlyExit> {
        copies::leave_if_copied();
        self.state.worker.seal(0);
        while !self.state.worker.is_silent() {
            let frames = self.state.worker.first_frames(rustix::pipe::PIPE_BUF);
            assert!(frames.len() <= rustix::pipe::PIPE_BUF, "a longer write is not atomic");
            let written = rustix::io::retry_on_intr(|| rustix::io::write(self.results, frames));
            let written = match written {
                // A worker that ignores `SIGPIPE` detects by this error that the primary has ended.
                Err(Errno::PIPE) if self.is_abandoned() => return Err(EarlyExit::PrimaryGone),
                written => written.map_err(in_call(SystemCall::WRITE))?,
            };
            assert!(written == frames.len(), "a write up to PIPE_BUF is all or nothing");
            self.state.worker.sent(written);
        }
        // The write may have blocked, and that time is not the cost of any number.
        self.restart_timing();
        Ok(())
    }

    /// Writes what is packed at once: released chunks, because another worker may be idle until then, or lines of a
    /// running command. The time of the chunk in work goes on.
    pub(super) fn send_at_once(&mut self) -> Result<(), EarlyExit> {
        self.state.worker.seal(0);
        if !self.state.worker.is_silent() {
            let since_ns = self.busy_since_ns;
            self.write_frames()?;
            self.busy_since_ns = since_ns;
        }
        Ok(())
    }

    /// As [`WorkerState::say_farewell`].
    pub(super) fn say_farewell(&mut self, call: SystemCall, cause: Errno) {
        self.state.say_farewell(self.results.as_fd(), call, cause);
    }

    /// Whether the primary has closed its end of the assignment pipe, as it does when it ends.
    fn is_abandoned(&self) -> bool {
        let mut ends = [PollFd::new(self.assignments, PollFlags::empty())];
        let found = rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())));
        found.is_ok() && ends[0].revents().contains(PollFlags::HUP)
    }

    /// Starts all measurements anew. The frames written so far account for the time before.
    pub(super) fn restart_timing(&mut self) {
        self.busy_since_ns = self.clock.now_ns();
        self.sent_ns = self.busy_since_ns;
        self.read_ns = self.busy_since_ns;
        self.computed = 0;
    }
}
