//! Pipes, many to one: the primary's ends of n assignment pipes and one shared result pipe.
//!
//! The primary never blocks on a pipe. It writes non-blocking and keeps what did not fit until the
//! pipe has room; it reads results before it writes. So full pipes on both sides cannot stop both
//! for ever. `O_NONBLOCK` belongs to the open file description (fcntl(2)), and each end of a pipe
//! has its own, so the workers' ends stay blocking.

use evenly_core::frame::{Frame, Malformed, PIPE_FRAME, Packer, Unpacker};
use evenly_core::{Assignment, LeaseId, WorkerId};
use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Beyond so many workers the pipes of an unprivileged user shrink by themselves after the 1024th
/// (pipe(7), pipe-user-pages-soft), so they are made small on purpose and evenly.
const WORKERS_WITH_DEFAULT_PIPES: usize = 512;
const SMALL_PIPE: usize = 4096;
/// What the shared result pipe is grown to then, before the others take their share.
const LARGE_RESULT_PIPE: usize = 1 << 20;

/// Bytes of an assignment entry: the window of a worker is what its pipe has room for.
const ASSIGNMENT: usize = 24;

/// The most that one read takes.
const READ_AT_ONCE: usize = 256 << 10;

/// Tokens for epoll: peers have their slot.
pub(crate) const RESULTS_TOKEN: u64 = u64::MAX;

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
    /// Makes up to `workers` assignment pipes and the result pipe. If the system refuses one, the
    /// run goes on with those that could be made, and the error is given beside them.
    ///
    /// # Errors
    /// If not even one assignment pipe and the result pipe could be made.
    pub(crate) fn make(workers: usize) -> Result<(Self, Option<Errno>), Errno> {
        let results = Pipe::make()?;
        let is_crowded = workers > WORKERS_WITH_DEFAULT_PIPES;
        if is_crowded {
            // Not allowed to everybody; what the pipe really holds is asked of it where it counts.
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
        while let Err(cause) = prove_room(&results.read_end) {
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
/// its ends to their places, and as many to look at /proc or to replace a worker.
fn prove_room(any: &OwnedFd) -> Result<(), Errno> {
    let one = rustix::io::fcntl_dupfd_cloexec(any, 0)?;
    let two = rustix::io::fcntl_dupfd_cloexec(&one, 0)?;
    drop((one, two));
    Ok(())
}

/// The inode of a pipe, under which /proc shows both of its ends (proc(5)).
pub(crate) fn inode(end: impl AsFd) -> Result<u64, Errno> {
    Ok(rustix::fs::fstat(end)?.st_ino)
}

/// What a read from the result pipe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Bytes; frames may be complete now.
    Bytes,
    /// Nothing is waiting.
    Nothing,
    /// No write end is open any more, and everything was read.
    EndOfFile,
}

/// The primary's end of one assignment pipe.
#[derive(Debug)]
struct Peer {
    /// `None` once it is closed, which is end of file for the worker.
    write_end: Option<OwnedFd>,
    packer: Packer,
    /// Whether the pipe was full and epoll watches for room.
    is_blocked: bool,
    is_dirty: bool,
}

/// The primary's ends of all pipes, after it closed those that are not its own.
#[derive(Debug)]
pub(crate) struct Hub {
    results: OwnedFd,
    unpacker: Unpacker,
    /// Of the hub, with the descriptors of others that the driver waits for too.
    epoll: OwnedFd,
    /// By slot; a replaced worker takes the slot of the lost one.
    peers: Vec<Peer>,
    /// Slots with frames to send.
    dirty: Vec<u32>,
    /// Whether the last read left nothing in the result pipe.
    is_emptied: bool,
}

impl Hub {
    /// Takes over the primary's ends. Errors name the system call. `epoll` is told what to wait for: the result pipe under
    /// [`RESULTS_TOKEN`], each assignment pipe under its slot.
    pub(crate) fn new(
        results: OwnedFd,
        assignments: Vec<OwnedFd>,
        epoll: OwnedFd,
    ) -> Result<Self, (&'static str, Errno)> {
        rustix::io::ioctl_fionbio(&results, true).map_err(|cause| ("ioctl FIONBIO", cause))?;
        let size = fcntl_getpipe_size(&results).map_err(|cause| ("fcntl F_GETPIPE_SZ", cause))?;
        let at_once = size.clamp(PIPE_FRAME, READ_AT_ONCE);
        let unpacker = Unpacker::new(PIPE_FRAME, at_once);
        let (peers, dirty, is_emptied) = (Vec::new(), Vec::new(), true);
        let mut hub = Self { results, unpacker, epoll, peers, dirty, is_emptied };
        hub.watch_results().map_err(|cause| ("epoll_ctl", cause))?;
        for write_end in assignments {
            let slot = hub.peers.len();
            let peer = hub.admit(slot, WorkerId(slot as u32), write_end)?;
            hub.peers.push(peer);
        }
        Ok(hub)
    }

    /// The most chunks that the pipe of the worker in `slot` has room for.
    pub(crate) fn window(&self, slot: usize) -> Result<usize, Errno> {
        match &self.peers[slot].write_end {
            Some(write_end) => Ok((fcntl_getpipe_size(write_end)? / ASSIGNMENT).max(1)),
            None => Ok(1),
        }
    }

    /// Gives the slot of a lost worker to another, with a pipe of its own.
    pub(crate) fn replace(
        &mut self,
        slot: usize,
        worker: WorkerId,
        write_end: OwnedFd,
    ) -> Result<(), (&'static str, Errno)> {
        self.close_assignments(slot);
        self.peers[slot] = self.admit(slot, worker, write_end)?;
        Ok(())
    }

    fn admit(
        &self,
        slot: usize,
        worker: WorkerId,
        write_end: OwnedFd,
    ) -> Result<Peer, (&'static str, Errno)> {
        rustix::io::ioctl_fionbio(&write_end, true).map_err(|cause| ("ioctl FIONBIO", cause))?;
        // Nothing to wait for but an error: the worker closed its end.
        let token = epoll::EventData::new_u64(slot as u64);
        epoll::add(&self.epoll, &write_end, token, epoll::EventFlags::empty())
            .map_err(|cause| ("epoll_ctl", cause))?;
        let packer = Packer::new(worker, PIPE_FRAME);
        Ok(Peer { write_end: Some(write_end), packer, is_blocked: false, is_dirty: false })
    }

    /// Packs assignments for the worker in `slot`; [`flush`](Self::flush) sends them.
    pub(crate) fn send(&mut self, slot: usize, assignments: &[Assignment]) {
        self.peers[slot].packer.assign(assignments);
        self.mark(slot);
    }

    /// Packs a withdrawal for the worker in `slot`, as [`send`](Self::send).
    pub(crate) fn withdraw(&mut self, slot: usize, lease: LeaseId, parts: u64) {
        self.peers[slot].packer.withdraw(lease, parts);
        self.mark(slot);
    }

    fn mark(&mut self, slot: usize) {
        let peer = &mut self.peers[slot];
        if !peer.is_dirty {
            peer.is_dirty = true;
            self.dirty.push(slot as u32);
        }
    }

    /// Writes what is packed, as far as the pipes have room. Never blocks.
    pub(crate) fn flush(&mut self) -> Result<(), Errno> {
        while let Some(slot) = self.dirty.pop() {
            self.peers[slot as usize].is_dirty = false;
            self.write_to(slot as usize)?;
        }
        Ok(())
    }

    /// Writes what a full pipe did not take before. For when epoll says that it has room.
    pub(crate) fn write_to(&mut self, slot: usize) -> Result<(), Errno> {
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
                    self.close_assignments(slot);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        let is_blocked = !peer.packer.is_empty();
        if is_blocked != peer.is_blocked {
            peer.is_blocked = is_blocked;
            let wanted =
                if is_blocked { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
            let token = epoll::EventData::new_u64(slot as u64);
            epoll::modify(&self.epoll, write_end, token, wanted)?;
        }
        Ok(())
    }

    /// Reads once from the result pipe. Never blocks.
    pub(crate) fn receive(&mut self) -> Result<Received, Errno> {
        let room = self.unpacker.room();
        let wanted = room.len();
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.results, &mut *room)) {
            Ok(0) => {
                self.is_emptied = true;
                Ok(Received::EndOfFile)
            }
            Ok(count) => {
                self.unpacker.filled(count);
                self.is_emptied = count < wanted;
                Ok(Received::Bytes)
            }
            Err(Errno::AGAIN) => {
                self.is_emptied = true;
                Ok(Received::Nothing)
            }
            Err(cause) => Err(cause),
        }
    }

    /// The next whole frame of what was received. Bytes that are no frame are told, and stay there
    /// until [`pass_over`](Self::pass_over).
    ///
    /// A write up to `PIPE_BUF` is all there or not at all (pipe(7)), so whoever emptied the pipe and
    /// is left with a beginning waits in vain for the rest.
    #[inline]
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Malformed> {
        if self.is_emptied && self.unpacker.is_cut_off() {
            return Err(Malformed::CutOff);
        }
        self.unpacker.next_frame()
    }

    /// Passes over bytes of which [`next_frame`](Self::next_frame) says that they are no frame.
    pub(crate) fn pass_over(&mut self) {
        self.unpacker.skip();
    }

    /// Stops waiting for the result pipe: after end of file it would be ready for ever.
    pub(crate) fn ignore_results(&self) {
        // Not watched is what is wanted, so that it was not is no error.
        let _ = epoll::delete(&self.epoll, &self.results);
    }

    /// Waits for the result pipe, from the start or again.
    pub(crate) fn watch_results(&self) -> Result<(), Errno> {
        let token = epoll::EventData::new_u64(RESULTS_TOKEN);
        epoll::add(&self.epoll, &self.results, token, epoll::EventFlags::IN)
    }

    /// Whether the worker in `slot` closed its end of the assignment pipe (poll(2), POLLERR).
    pub(crate) fn is_broken(&self, slot: usize) -> Result<bool, Errno> {
        let Some(write_end) = &self.peers[slot].write_end else { return Ok(false) };
        let mut ends = [PollFd::new(write_end, PollFlags::empty())];
        rustix::io::retry_on_intr(|| poll(&mut ends, Some(&Timespec::default())))?;
        Ok(ends[0].revents().contains(PollFlags::ERR))
    }

    /// Closes the primary's end of an assignment pipe: end of file for its worker. What was packed
    /// for it and not sent is dropped.
    pub(crate) fn close_assignments(&mut self, slot: usize) {
        let peer = &mut self.peers[slot];
        // Closing would take it out of epoll only once every copy of the description is closed,
        // and a worker that was just forked may still hold one.
        if let Some(write_end) = peer.write_end.take() {
            let _ = epoll::delete(&self.epoll, &write_end);
        }
        peer.packer = Packer::new(WorkerId(0), PIPE_FRAME);
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

    /// What the driver waits on (epoll(7)).
    pub(crate) fn epoll(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::LeaseId;

    #[test]
    fn a_frame_behind_a_beginning_that_nobody_ends_is_found() {
        let pipe = Pipe::make().unwrap();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let mut hub = Hub::new(pipe.read_end, vec![], epoll).unwrap();
        let mut packer = Packer::new(WorkerId(7), PIPE_FRAME);
        packer.answer(LeaseId(3), 5);
        packer.seal(1);
        // Of a frame of 4096 bytes.
        let beginning = [b'e', b'v', 1, 2, 0, 16, 0, 0];
        let bytes = [&beginning[..], &[0; 16], packer.bytes()].concat();
        rustix::io::write(&pipe.write_end, &bytes).unwrap();
        assert_eq!(hub.receive(), Ok(Received::Bytes));
        assert!(matches!(hub.next_frame(), Err(Malformed::CutOff)));
        hub.pass_over();
        let frame = hub.next_frame().unwrap().unwrap();
        assert_eq!(frame.worker, WorkerId(7));
        assert!(hub.next_frame().unwrap().is_none());
    }
}
