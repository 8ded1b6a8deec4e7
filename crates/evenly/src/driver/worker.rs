//! The worker: reads chunks from its assignment pipe, counts, writes answers to the result pipe.
//!
//! It blocks in `read` while it has nothing to do, and ends at end of file. Answers are collected
//! and written many at once, but none is kept back while the worker waits or works on something
//! long: they go out when a frame is full, when there is nothing left to do, and when the clock
//! shows that the oldest has waited for [`OVERDUE_NS`].
//!
//! A long chunk is computed in slices of at most about [`SLICE_NS`]. Between two of them the worker
//! looks whether the primary is still there, and every [`REPORT_NS`] it reports what it has covered
//! of the chunk: so progress shows, and a worker that is lost loses little.

use super::clock::Clock;
use crate::function::Function;
use evenly_core::frame::{Body, Malformed, PIPE_FRAME, Packer, Unpacker};
use evenly_core::{Assignment, Interval, LeaseId, Partial, Value, WorkerId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;

/// How long a slice should take at most.
const SLICE_NS: u64 = 20_000_000;
/// How old an answer may get before it is sent although the frame has room.
const OVERDUE_NS: u64 = 1_000_000;
/// How often a long chunk is reported on: after about every slice. A worker that is killed again and
/// again, every few hundredths of a second, gets on all the same.
const REPORT_NS: u64 = 10_000_000;
/// The clock is read about this often; reading it for each number would cost more than many do.
const LOOK_NS: u64 = 500_000;
/// No slice is longer than this, however fast the function is.
const LONGEST_SLICE: u64 = 1 << 62;
/// The most that one read takes; the size of a pipe unless it was changed (pipe(7)).
const READ_AT_ONCE: usize = 64 << 10;

/// Left because the work is over.
const STATUS_DONE: i32 = 0;
/// Left because a system call failed (sysexits.h, EX_IOERR).
const STATUS_IO: i32 = 74;
/// Left because the assignments made no sense (sysexits.h, EX_PROTOCOL).
const STATUS_PROTOCOL: i32 = 76;

/// Why a worker leaves before the end of its work.
enum Leave {
    /// The primary is gone.
    Abandoned,
    Io,
    Protocol,
}

impl From<Errno> for Leave {
    fn from(_: Errno) -> Self {
        Self::Io
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
    packer: Packer,
    encoded: Vec<u8>,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            unpacker: Unpacker::new(PIPE_FRAME, READ_AT_ONCE),
            packer: Packer::new(WorkerId(0), PIPE_FRAME).with_room(),
            encoded: Vec::with_capacity(64),
        }
    }
}

/// Works until end of file; the result is the status to leave with.
pub(super) fn work(
    name: WorkerId,
    desk: &mut Desk,
    function: &mut dyn Function,
    assignments: &File,
    results: &File,
) -> i32 {
    let Desk { unpacker, packer, encoded } = desk;
    packer.rename(name);
    let mut worker = Worker::new((packer, encoded), function, assignments, results);
    match worker.until_end_of_file(unpacker) {
        Ok(()) | Err(Leave::Abandoned) => STATUS_DONE,
        Err(Leave::Io) => STATUS_IO,
        Err(Leave::Protocol) => STATUS_PROTOCOL,
    }
}

struct Worker<'a> {
    function: &'a mut dyn Function,
    assignments: &'a File,
    results: &'a File,
    packer: &'a mut Packer,
    /// The bytes of a partial on their way into frames.
    encoded: &'a mut Vec<u8>,
    clock: Clock,
    /// When the time that no frame accounts for yet began.
    busy_since_ns: u64,
    /// When the clock was last read, and how many numbers were done since.
    looked_ns: u64,
    since_look: u64,
    /// About how many numbers take [`LOOK_NS`]; from 1, learnt by doing.
    look_len: u64,
}

impl<'a> Worker<'a> {
    fn new(
        (packer, encoded): (&'a mut Packer, &'a mut Vec<u8>),
        function: &'a mut dyn Function,
        assignments: &'a File,
        results: &'a File,
    ) -> Self {
        Self {
            function,
            assignments,
            results,
            packer,
            encoded,
            clock: Clock::start(),
            busy_since_ns: 0,
            looked_ns: 0,
            since_look: 0,
            look_len: 1,
        }
    }

    fn until_end_of_file(&mut self, unpacker: &mut Unpacker) -> Result<(), Leave> {
        loop {
            let room = unpacker.room();
            let count =
                rustix::io::retry_on_intr(|| rustix::io::read(self.assignments, &mut *room))?;
            if count == 0 {
                // End of file in the middle of a frame is a primary that died while it wrote.
                return if unpacker.is_inside_frame() { Err(Leave::Abandoned) } else { Ok(()) };
            }
            unpacker.filled(count);
            self.start_the_watch();
            while let Some(frame) = unpacker.next_frame()? {
                let Body::Assignments(assignments) = frame.body else {
                    return Err(Leave::Protocol);
                };
                for assignment in assignments.iter() {
                    self.process(assignment?)?;
                }
            }
            self.send()?;
        }
    }

    /// Counts one chunk.
    #[inline]
    fn process(&mut self, assignment: Assignment) -> Result<(), Leave> {
        let mut count = 0;
        let mut rest = assignment.interval;
        // What of the chunk was not reported yet begins here.
        let mut unreported = rest.first();
        loop {
            let slice_len = self.look_len.saturating_mul(SLICE_NS / LOOK_NS).min(LONGEST_SLICE);
            let (slice, more) = rest.split_front(slice_len.into());
            count += self.function.count(slice);
            self.since_look += slice.len() as u64;
            let Some(more) = more else { break };
            rest = more;
            self.look_at_the_clock()?;
            if self.is_abandoned()? {
                return Err(Leave::Abandoned);
            }
            if self.looked_ns - self.busy_since_ns >= REPORT_NS {
                let covered = Interval::new(unreported, slice.last());
                self.report(assignment.lease, covered, count)?;
                (count, unreported) = (0, rest.first());
            }
        }
        if self.packer.is_full() {
            self.send()?;
        }
        self.packer.answer(assignment.lease, count);
        if self.since_look >= self.look_len {
            self.look_at_the_clock()?;
        }
        Ok(())
    }

    /// Learns what numbers cost, and sends answers that have waited too long.
    fn look_at_the_clock(&mut self) -> Result<(), Leave> {
        let now_ns = self.clock.now_ns();
        let taken_ns = (now_ns - self.looked_ns).max(1);
        let by_cost = u128::from(self.since_look) * u128::from(LOOK_NS) / u128::from(taken_ns);
        // A few numbers say little about the next ones: no more than 16 times as many at once.
        let most = u128::from(self.look_len) * 16;
        self.look_len = by_cost.clamp(1, most.min(1 << 56)) as u64;
        self.since_look = 0;
        self.looked_ns = now_ns;
        if now_ns - self.busy_since_ns >= OVERDUE_NS {
            self.send()?;
        }
        Ok(())
    }

    /// Says what is covered of a chunk that is still in work.
    fn report(
        &mut self,
        lease: LeaseId,
        covered: Option<Interval>,
        count: u64,
    ) -> Result<(), Leave> {
        let Some(covered) = covered else { return Ok(()) };
        self.encoded.clear();
        Partial::over(covered, Value::Count(count.into())).encode(self.encoded);
        let busy_ns = self.clock.now_ns() - self.busy_since_ns;
        self.packer.partial(lease, self.encoded, busy_ns);
        self.write_frames()
    }

    /// Sends the answers collected so far, if any.
    fn send(&mut self) -> Result<(), Leave> {
        let busy_ns = (self.clock.now_ns() - self.busy_since_ns).max(1);
        self.packer.seal(busy_ns);
        if self.packer.is_empty() {
            return Ok(());
        }
        self.write_frames()
    }

    /// Writes whole frames, one to a write: up to `PIPE_BUF` bytes a write is atomic, so that
    /// frames of different workers never mix (pipe(7)).
    fn write_frames(&mut self) -> Result<(), Leave> {
        while !self.packer.is_empty() {
            let frame = self.packer.first_frame();
            assert!(frame.len() <= rustix::pipe::PIPE_BUF, "a longer write is not atomic");
            let written = rustix::io::retry_on_intr(|| rustix::io::write(self.results, frame))?;
            assert!(written == frame.len(), "a write up to PIPE_BUF is all or nothing");
            self.packer.consume(written);
        }
        // The time that the write may have blocked is nobody's work.
        self.start_the_watch();
        Ok(())
    }

    /// Measures from now on. What was done before has been accounted for.
    fn start_the_watch(&mut self) {
        self.busy_since_ns = self.clock.now_ns();
        self.looked_ns = self.busy_since_ns;
        self.since_look = 0;
    }

    /// Whether every write end of the assignment pipe is closed. In the middle of a chunk that can
    /// only mean that the primary is gone; its death usually kills us first (prctl(2)).
    fn is_abandoned(&self) -> Result<bool, Errno> {
        let mut ends = [PollFd::new(self.assignments, PollFlags::empty())];
        rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())))?;
        Ok(ends[0].revents().contains(PollFlags::HUP))
    }
}
