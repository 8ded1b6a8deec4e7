//! The channel on which another process hands back the outcome of a call: a socket with tagged messages.

use super::error::RelaunchError;
use super::helper::Helper;
use crate::error::{Error, system};
use crate::process::ProcessEnd;
use crate::process::sys::exit_now;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::os::fd::{AsFd, OwnedFd};

/// Bytes that the writer collects before it sends them.
const BLOCK: usize = 32 * 1024;

/// First byte of a message on the channel.
pub(super) mod tag {
    /// The process is at the call and begins the job.
    pub(in super::super) const REACHED: u8 = b'R';
    /// The process is at the call, with more than one thread; their number follows (8 bytes).
    pub(in super::super) const THREADS: u8 = b'T';
    /// The same at a call before the wanted one.
    pub(in super::super) const THREADS_EARLIER: u8 = b'P';
    /// Part of the outcome: its length (4 bytes), then the bytes.
    pub(super) const DATA: u8 = b'D';
    /// The outcome is complete.
    pub(super) const COMPLETE: u8 = b'F';
    /// The process that did the job has ended: 0 and a status, or 1 and a signal (4 bytes).
    pub(super) const ENDED: u8 = b'E';
}

/// The outcome of a call that another process computes, in parts while the job runs.
///
/// It stays on the thread that made it: the other process ends with that thread (prctl(2), `PR_SET_PDEATHSIG`).
/// Dropped, it ends the other process.
pub(crate) struct OutcomeReader {
    channel: OwnedFd,
    /// The other process, if it is a child of this one.
    helper: Option<Helper>,
    /// Bytes of the current part that are still to be read.
    left: usize,
    is_complete: bool,
    /// How the process ended that did the job, if another process reported it.
    end: Option<ProcessEnd>,
    _of_one_thread: PhantomData<*const ()>,
}

/// What comes next on the channel.
enum Next {
    Part,
    Complete,
    /// The other process ended without completing its outcome.
    Cut,
}

impl OutcomeReader {
    pub(super) fn new(channel: OwnedFd, helper: Option<Helper>) -> Self {
        let _of_one_thread = PhantomData;
        Self { channel, helper, left: 0, is_complete: false, end: None, _of_one_thread }
    }

    /// Waits for the end of the other process, after the last byte was read or not.
    ///
    /// # Errors
    /// The other process ended before its outcome was complete.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        let _ = io::copy(&mut self, &mut io::sink());
        let end = match &mut self.helper {
            Some(helper) if self.is_complete => {
                helper.wait();
                None
            }
            Some(helper) => self.end.take().or_else(|| helper.end()),
            None => self.end,
        };
        if self.is_complete { Ok(()) } else { Err(RelaunchError::Lost { end }.into()) }
    }

    fn next(&mut self) -> io::Result<Next> {
        let mut head = [0; 1];
        if self.is_complete {
            return Ok(Next::Complete);
        }
        if self.end.is_some() || !self.fill(&mut head)? {
            return Ok(Next::Cut);
        }
        match head[0] {
            tag::DATA => {
                let mut length = [0; 4];
                let is_whole = self.fill(&mut length)?;
                self.left = u32::from_le_bytes(length) as usize;
                Ok(if is_whole && self.left > 0 { Next::Part } else { Next::Cut })
            }
            tag::COMPLETE => {
                self.is_complete = true;
                Ok(Next::Complete)
            }
            tag::ENDED => {
                let mut end = [0; 5];
                if self.fill(&mut end)? {
                    let number = i32::from_le_bytes([end[1], end[2], end[3], end[4]]);
                    self.end = Some(match end[0] {
                        0 => ProcessEnd::Exit(number),
                        _ => ProcessEnd::Signal(number),
                    });
                }
                Ok(Next::Cut)
            }
            _ => Ok(Next::Cut),
        }
    }

    /// Fills a buffer; `false` if the other process ended before.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.receive(&mut buffer[filled..])? {
                0 => return Ok(false),
                count => filled += count,
            }
        }
        Ok(true)
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(&self.channel, self.helper.as_ref(), buffer).map_err(Into::into)
    }
}

/// Reads what has arrived; 0 if the other end is closed, or if the helper ended and everything was read. Children of
/// the helper can hold the other end open.
pub(super) fn receive(
    channel: &OwnedFd,
    helper: Option<&Helper>,
    buffer: &mut [u8],
) -> Result<usize, Errno> {
    if let Some(helper) = helper {
        let mut fds = [PollFd::new(channel, PollFlags::IN), PollFd::new(helper, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut fds, None))?;
        if fds[0].revents().is_empty() {
            // The helper may have written between the look at the channel and its end.
            let mut last = [PollFd::new(channel, PollFlags::IN)];
            let at_once = rustix::event::Timespec::default();
            if rustix::io::retry_on_intr(|| poll(&mut last, Some(&at_once)))? == 0 {
                return Ok(0);
            }
        }
    }
    match rustix::io::retry_on_intr(|| rustix::io::read(channel, &mut *buffer)) {
        Err(Errno::CONNRESET) => Ok(0),
        other => other,
    }
}

impl Read for OutcomeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            match self.next()? {
                Next::Part => {}
                Next::Complete => return Ok(0),
                Next::Cut => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let room = buffer.len().min(self.left);
        let count = self.receive(&mut buffer[..room])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count;
        Ok(count)
    }
}

/// Sends the outcome of the job to the process that made the call.
///
/// This process is a copy of the program that exists for one call. It leaves in [`finish`](Self::finish), or when the
/// writer is dropped: the program never continues after the call.
pub(crate) struct OutcomeWriter {
    channel: OwnedFd,
    block: Vec<u8>,
}

impl OutcomeWriter {
    pub(super) fn new(channel: OwnedFd) -> Self {
        Self { channel, block: Vec::with_capacity(BLOCK) }
    }

    /// Sends what is left and ends this process.
    pub(crate) fn finish(mut self) -> ! {
        let is_sent = self.flush().is_ok() && send_all(&self.channel, &[tag::COMPLETE]).is_ok();
        exit_now(i32::from(!is_sent))
    }
}

impl Write for OutcomeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() >= BLOCK {
            self.flush()?;
        }
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let length = (self.block.len() as u32).to_le_bytes();
        send_all(&self.channel, &[&[tag::DATA], &length[..], &self.block].concat())?;
        self.block.clear();
        Ok(())
    }
}

impl Drop for OutcomeWriter {
    /// Only a panic gets here.
    fn drop(&mut self) {
        exit_now(STATUS_PANICKED)
    }
}

/// The status of a Rust program that panicked.
const STATUS_PANICKED: i32 = 101;

/// Reports how the process ended that did the job.
pub(super) fn report_end(channel: &impl AsFd, end: ProcessEnd) -> Result<(), Errno> {
    let (kind, number) = match end {
        ProcessEnd::Exit(status) => (0, status),
        ProcessEnd::Signal(signal) => (1, signal),
    };
    send_all(channel, &[&[tag::ENDED, kind], &number.to_le_bytes()[..]].concat())
}

/// Sends all bytes, without `SIGPIPE` if the reader is gone.
pub(super) fn send_all(channel: &impl AsFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let count = rustix::io::retry_on_intr(|| send(channel, bytes, SendFlags::NOSIGNAL))?;
        bytes = &bytes[count..];
    }
    Ok(())
}

/// A connected pair of sockets: for the caller and for the process that does the job.
pub(super) fn channel() -> Result<(OwnedFd, OwnedFd), Error> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .map_err(system("socketpair"))
}
