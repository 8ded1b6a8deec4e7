//! Pipes, many to one: the primary's ends of n assignment pipes and one shared result pipe.
//!
//! The primary never blocks on a pipe. It writes non-blocking and keeps what did not fit until the
//! pipe has room; it reads results before it writes. So full pipes on both sides cannot stop both
//! for ever. `O_NONBLOCK` belongs to the open file description (fcntl(2)), and each end of a pipe
//! has its own, so the workers' ends stay blocking.

use super::{Arrival, Registry, Transport, TransportError, failed};
use evenly_core::WorkerId;
use evenly_core::frame::{Malformed, PIPE_FRAME, Packer, Unpacker};
use rustix::event::{PollFd, PollFlags, Timespec, epoll::EventFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// With more workers than this, pipes are made small. Otherwise the kernel shrinks those of an
/// unprivileged user after the 1024th (pipe(7), pipe-user-pages-soft), and workers get unequal windows.
const WORKERS_WITH_DEFAULT_PIPES: usize = 512;
const SMALL_PIPE: usize = 4096;
/// What the shared result pipe is grown to then, before the others take their share.
const LARGE_RESULT_PIPE: usize = 1 << 20;

/// Bytes of an assignment pipe for each chunk in the window of its worker. An entry has 32, but covers a row of
/// chunks. The primary keeps entries that the pipe has no room for.
const BYTES_PER_CHUNK: usize = 4;

/// The most that one read takes.
const READ_AT_ONCE: usize = 256 << 10;

/// The key of the result pipe; peers have their slot.
pub(crate) const RESULTS_KEY: u32 = u32::MAX;

/// A pipe, both ends.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) read_end: OwnedFd,
    pub(crate) write_end: OwnedFd,
}

impl Pipe {
    /// Makes a pipe that no executed program inherits (pipe2(2)).
    fn make() -> Result<Self, Errno> {
        let (read_end, write_end) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Self { read_end, write_end })
    }
}

/// The pipes of a run just after they were made: the primary holds both ends of all of them.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) assignments: Vec<Pipe>,
    pub(crate) results: Pipe,
}

impl Pipes {
    /// Makes up to `workers` assignment pipes and the result pipe, a larger one where `much` comes
    /// through it, and leaves room for `spare` descriptors of others. If the system refuses one, the run
    /// goes on with those that could be made, and the error is given beside them.
    ///
    /// # Errors
    /// If not even one assignment pipe and the result pipe could be made.
    pub(crate) fn make(
        workers: usize,
        spare: usize,
        much: bool,
    ) -> Result<(Self, Option<Errno>), Errno> {
        let results = Pipe::make()?;
        let is_crowded = workers > WORKERS_WITH_DEFAULT_PIPES;
        if is_crowded || much {
            // An unprivileged user may not do this. The real capacity is read from the pipe where it matters.
            let _ = fcntl_setpipe_size(&results.write_end, LARGE_RESULT_PIPE);
        }
        let mut assignments = Vec::new();
        let mut refused = None;
        while assignments.len() < workers && refused.is_none() {
            match Pipe::make() {
                Ok(pipe) => {
                    if is_crowded {
                        let _ = fcntl_setpipe_size(&pipe.write_end, SMALL_PIPE);
                    }
                    assignments.push(pipe);
                }
                Err(cause) => refused = Some(cause),
            }
        }
        // The table may also be full to the last place without a refusal so far.
        while let Err(cause) = prove_room(&results.read_end, 2 + spare) {
            refused = Some(cause);
            if assignments.pop().is_none() {
                break;
            }
        }
        match refused {
            Some(cause) if assignments.is_empty() => Err(cause),
            refused => Ok((Self { assignments, results }, refused)),
        }
    }
}

/// Whether there is room for what is opened later: two descriptors in each child, while it moves
/// its ends to their places, and as many to look at /proc or to replace a worker; and those of others.
fn prove_room(any: &OwnedFd, count: usize) -> Result<(), Errno> {
    let copies = (0..count).map(|_| rustix::io::fcntl_dupfd_cloexec(any, 0));
    copies.collect::<Result<Vec<_>, _>>().map(drop)
}

/// The inode of a pipe, under which /proc shows both of its ends (proc(5)).
pub(crate) fn inode(end: impl AsFd) -> Result<u64, Errno> {
    Ok(rustix::fs::fstat(end)?.st_ino)
}

/// Result of a read from the result pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResultRead {
    /// Bytes; frames may be complete now.
    Bytes,
    /// Nothing is waiting.
    Nothing,
    /// No write end is open any more, and everything was read.
    EndOfFile,
}

/// The primary's end of one assignment pipe.
#[derive(Debug)]
struct WorkerPipe {
    /// `None` once it is closed, which is end of file for the worker.
    write_end: Option<OwnedFd>,
    packer: Packer,
    /// Whether the pipe was full and epoll watches for room.
    is_blocked: bool,
    is_dirty: bool,
}

/// The primary's ends of all pipes, after it closed those that are not its own.
#[derive(Debug)]
pub(crate) struct WorkerPipes {
    results: OwnedFd,
    unpacker: Unpacker,
    registry: Registry,
    /// By slot; a replaced worker takes the slot of the lost one.
    peers: Vec<WorkerPipe>,
    /// Slots with frames to send.
    dirty: Vec<u32>,
    /// Whether the last read left nothing in the result pipe.
    is_emptied: bool,
    /// Whether what comes next is no frame, which has been told.
    is_at_garbage: bool,
}

impl WorkerPipes {
    /// Takes over the primary's ends. It waits for the result pipe under [`RESULTS_KEY`], and for
    /// each assignment pipe under its slot.
    pub(crate) fn new(
        results: OwnedFd,
        assignments: Vec<OwnedFd>,
        registry: Registry,
    ) -> Result<Self, TransportError> {
        rustix::io::ioctl_fionbio(&results, true).map_err(failed("ioctl FIONBIO"))?;
        let size = fcntl_getpipe_size(&results).map_err(failed("fcntl F_GETPIPE_SZ"))?;
        let at_once = size.clamp(PIPE_FRAME, READ_AT_ONCE);
        let unpacker = Unpacker::new(PIPE_FRAME, at_once);
        let mut worker_pipes = Self {
            results,
            unpacker,
            registry,
            peers: Vec::new(),
            dirty: Vec::new(),
            is_emptied: true,
            is_at_garbage: false,
        };
        worker_pipes.watch_results().map_err(failed("epoll_ctl"))?;
        for write_end in assignments {
            let slot = worker_pipes.peers.len();
            let peer = worker_pipes.admit(slot, WorkerId(slot as u32), write_end)?;
            worker_pipes.peers.push(peer);
        }
        Ok(worker_pipes)
    }

    /// The most chunks that the worker in `slot` may hold.
    pub(crate) fn window(&self, slot: usize) -> Result<usize, Errno> {
        match &self.peers[slot].write_end {
            Some(write_end) => Ok((fcntl_getpipe_size(write_end)? / BYTES_PER_CHUNK).max(1)),
            None => Ok(1),
        }
    }

    /// Gives the slot of a lost worker to another, with a pipe of its own.
    pub(crate) fn replace(
        &mut self,
        slot: usize,
        worker: WorkerId,
        write_end: OwnedFd,
    ) -> Result<(), TransportError> {
        self.close(slot);
        self.peers[slot] = self.admit(slot, worker, write_end)?;
        Ok(())
    }

    fn admit(
        &self,
        slot: usize,
        worker: WorkerId,
        write_end: OwnedFd,
    ) -> Result<WorkerPipe, TransportError> {
        rustix::io::ioctl_fionbio(&write_end, true).map_err(failed("ioctl FIONBIO"))?;
        // Nothing to wait for but an error: the worker closed its end.
        self.registry
            .add(&write_end, slot as u32, EventFlags::empty())
            .map_err(failed("epoll_ctl"))?;
        let packer = Packer::new(worker, PIPE_FRAME);
        Ok(WorkerPipe { write_end: Some(write_end), packer, is_blocked: false, is_dirty: false })
    }

    /// Writes what a full pipe did not take before. For when epoll says that it has room.
    fn write_to(&mut self, slot: usize) -> Result<(), TransportError> {
        let peer = &mut self.peers[slot];
        let Some(write_end) = &peer.write_end else { return Ok(()) };
        peer.packer.seal(0);
        while !peer.packer.is_empty() {
            match rustix::io::retry_on_intr(|| rustix::io::write(write_end, peer.packer.bytes())) {
                Ok(sent) => peer.packer.consume(sent),
                Err(Errno::AGAIN) => break,
                // The reader is gone. Its death is learnt from SIGCHLD, and then it is replaced. Should
                // it live, it finds end of file and leaves.
                Err(Errno::PIPE) => {
                    self.close(slot);
                    return Ok(());
                }
                Err(cause) => return Err(TransportError { call: "write", cause }),
            }
        }
        let is_blocked = !peer.packer.is_empty();
        if is_blocked != peer.is_blocked {
            peer.is_blocked = is_blocked;
            let wanted = if is_blocked { EventFlags::OUT } else { EventFlags::empty() };
            self.registry.modify(write_end, slot as u32, wanted).map_err(failed("epoll_ctl"))?;
        }
        Ok(())
    }

    /// Reads once from the result pipe. Never blocks.
    pub(crate) fn receive(&mut self) -> Result<ResultRead, TransportError> {
        let room = self.unpacker.room();
        let wanted = room.len();
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.results, &mut *room)) {
            Ok(0) => {
                self.is_emptied = true;
                Ok(ResultRead::EndOfFile)
            }
            Ok(count) => {
                self.unpacker.filled(count);
                self.is_emptied = count < wanted;
                Ok(ResultRead::Bytes)
            }
            Err(Errno::AGAIN) => {
                self.is_emptied = true;
                Ok(ResultRead::Nothing)
            }
            Err(cause) => Err(TransportError { call: "read", cause }),
        }
    }

    /// Stops waiting for the result pipe: after end of file it would be ready for ever.
    pub(crate) fn ignore_results(&self) {
        self.registry.remove(&self.results);
    }

    /// Waits for the result pipe, from the start or again.
    pub(crate) fn watch_results(&self) -> Result<(), Errno> {
        self.registry.add(&self.results, RESULTS_KEY, EventFlags::IN)
    }

    /// Whether the worker in `slot` closed its end of the assignment pipe (poll(2), POLLERR).
    fn is_broken(&self, slot: usize) -> Result<bool, TransportError> {
        let Some(write_end) = &self.peers[slot].write_end else { return Ok(false) };
        let mut ends = [PollFd::new(write_end, PollFlags::empty())];
        rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())))
            .map_err(failed("poll"))?;
        Ok(ends[0].revents().contains(PollFlags::ERR))
    }

    /// Bytes that wait in the result pipe.
    pub(crate) fn waiting_results(&self) -> Result<u64, Errno> {
        rustix::io::ioctl_fionread(&self.results)
    }

    /// A new write end of the result pipe, for a worker that is about to be forked. The primary
    /// closed its own, so that the pipe ends with its last worker; the read end leads back to it
    /// (proc(5): opening /proc/self/fd/N opens the same pipe again).
    pub(crate) fn open_result_write_end(&self) -> Result<OwnedFd, Errno> {
        let path = format!("/proc/self/fd/{}", self.results.as_raw_fd());
        rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())
    }

    /// Makes the assignment pipe of a worker that is about to be forked.
    pub(crate) fn make_assignment_pipe(&self) -> Result<Pipe, Errno> {
        let pipe = Pipe::make()?;
        if self.peers.len() > WORKERS_WITH_DEFAULT_PIPES {
            let _ = fcntl_setpipe_size(&pipe.write_end, SMALL_PIPE);
        }
        Ok(pipe)
    }
}

impl Transport for WorkerPipes {
    #[inline]
    fn packer(&mut self, slot: usize) -> Option<&mut Packer> {
        let peer = &mut self.peers[slot];
        peer.write_end.as_ref()?;
        if !peer.is_dirty {
            peer.is_dirty = true;
            self.dirty.push(slot as u32);
        }
        Some(&mut peer.packer)
    }

    fn flush(&mut self, _now_ns: u64) -> Result<(), TransportError> {
        while let Some(slot) = self.dirty.pop() {
            self.peers[slot as usize].is_dirty = false;
            self.write_to(slot as usize)?;
        }
        Ok(())
    }

    /// Results to read, room in a pipe that was full, or a worker that closed its end.
    fn attend(&mut self, key: u32, _now_ns: u64) -> Result<(), TransportError> {
        if key == RESULTS_KEY {
            return self.receive().map(|_| ());
        }
        let slot = key as usize;
        self.write_to(slot)?;
        if self.is_broken(slot)? {
            // It is dead or dying, and SIGCHLD does the rest; or it closed its end itself, and finds
            // that out when it has done what it has: then it leaves, and says why.
            self.close(slot);
        }
        Ok(())
    }

    /// A write up to `PIPE_BUF` is all there or not at all (pipe(7)), so the rest of a frame that
    /// is incomplete in an emptied pipe never comes.
    #[inline]
    fn next(&mut self) -> Option<Arrival<'_>> {
        let Self { unpacker, is_emptied, is_at_garbage, .. } = self;
        if std::mem::take(is_at_garbage) {
            unpacker.skip();
        }
        let what = if *is_emptied && unpacker.is_cut_off() {
            Malformed::CutOff
        } else {
            match unpacker.next_frame() {
                Ok(frame) => return frame.map(|frame| Arrival::Frame { peer: None, frame }),
                Err(malformed) => malformed,
            }
        };
        *is_at_garbage = true;
        Some(Arrival::Garbage(what))
    }

    /// Closes the primary's end of an assignment pipe: end of file for its worker. What was packed
    /// for it and not sent is dropped: it is dead, or every number is covered.
    fn close(&mut self, slot: usize) {
        let peer = &mut self.peers[slot];
        // Closing would take it out of epoll only once every copy of the description is closed,
        // and a worker that was just forked may still hold one.
        if let Some(write_end) = peer.write_end.take() {
            self.registry.remove(&write_end);
        }
        peer.packer = Packer::new(WorkerId(0), PIPE_FRAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::LeaseId;
    use evenly_core::frame::VERSION;

    #[test]
    fn a_frame_behind_an_unfinished_frame_is_found() {
        let pipe = Pipe::make().unwrap();
        let mut worker_pipes =
            WorkerPipes::new(pipe.read_end, vec![], Registry::new(0).unwrap()).unwrap();
        let mut packer = Packer::new(WorkerId(7), PIPE_FRAME);
        packer.answer(LeaseId(3), 5);
        packer.seal(1);
        // Of a frame of 4096 bytes.
        let beginning = [b'e', b'v', VERSION, 2, 0, 16, 0, 0];
        let bytes = [&beginning[..], &[0; 16], packer.bytes()].concat();
        rustix::io::write(&pipe.write_end, &bytes).unwrap();
        assert_eq!(worker_pipes.receive(), Ok(ResultRead::Bytes));
        assert!(matches!(worker_pipes.next(), Some(Arrival::Garbage(Malformed::CutOff))));
        let Some(Arrival::Frame { frame, .. }) = worker_pipes.next() else { panic!() };
        assert_eq!(frame.worker, WorkerId(7));
        assert!(worker_pipes.next().is_none());
    }
}
