//! The channel on which another process hands back the outcome of a call, as bytes that the call understands.

use super::error::RelaunchError;
use super::helper::Helper;
use crate::error::{Error, system};
use crate::process::ProcessEnd;
use crate::process::sys::exit_now;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::os::fd::{AsFd, OwnedFd};

/// The first byte of a second start, before its outcome.
pub(super) mod tag {
    /// The process is at the call and begins the job.
    pub(in super::super) const REACHED: u8 = b'R';
    /// The process is at the call, with more than one thread; their number follows (8 bytes).
    pub(in super::super) const THREADS: u8 = b'T';
    /// The same at a call before the wanted one.
    pub(in super::super) const THREADS_EARLIER: u8 = b'P';
    /// The process is at the call, and its range or settings are others; 0 follows (8 bytes).
    pub(in super::super) const OTHER: u8 = b'O';
}

/// The outcome of a call that another process computes, in parts while the job runs.
///
/// It stays on the thread that made it: the other process ends with that thread (prctl(2), `PR_SET_PDEATHSIG`).
/// Dropped, it ends the other process.
pub(crate) struct OutcomeReader {
    channel: OwnedFd,
    process: Process,
    _of_one_thread: PhantomData<*const ()>,
}

/// The process that does the job.
pub(super) enum Process {
    /// A child of this one.
    Child(Helper),
    /// A child of the fork server, which writes here how it ended.
    OfServer(OwnedFd),
}

impl OutcomeReader {
    pub(super) fn new(channel: OwnedFd, process: Process) -> Self {
        Self { channel, process, _of_one_thread: PhantomData }
    }

    /// Why the outcome is not complete: waits for the end of the other process, and says how it ended.
    pub(crate) fn finish(self) -> Error {
        let Self { channel, process, .. } = self;
        // A process that still writes has no reader any more.
        drop(channel);
        let end = match process {
            Process::Child(mut helper) => helper.end(),
            Process::OfServer(report) => read_end(&report),
        };
        RelaunchError::Lost { end }.into()
    }
}

impl Read for OutcomeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let child = match &self.process {
            Process::Child(helper) => Some(helper),
            Process::OfServer(_) => None,
        };
        receive(&self.channel, child, buffer).map_err(Into::into)
    }
}

/// Reads what has arrived; 0 if the other end is closed, or if the child ended and everything was read. Children of
/// the child can hold the other end open.
pub(super) fn receive(
    channel: &OwnedFd,
    child: Option<&Helper>,
    buffer: &mut [u8],
) -> Result<usize, Errno> {
    if let Some(child) = child {
        let mut fds = [PollFd::new(channel, PollFlags::IN), PollFd::new(child, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut fds, None))?;
        if fds[0].revents().is_empty() {
            // The child may have written between the look at the channel and its end.
            let mut last = [PollFd::new(channel, PollFlags::IN)];
            if rustix::io::retry_on_intr(|| poll(&mut last, Some(&Timespec::default())))? == 0 {
                return Ok(0);
            }
        }
    }
    match rustix::io::retry_on_intr(|| rustix::io::read(channel, &mut *buffer)) {
        Err(Errno::CONNRESET) => Ok(0),
        other => other,
    }
}

/// Sends the outcome of the job to the process that made the call.
///
/// This process is a copy of the program that exists for one call. It leaves in [`finish`](Self::finish), or when the
/// writer is dropped: the program never continues after the call.
pub(crate) struct OutcomeWriter {
    channel: OwnedFd,
}

impl OutcomeWriter {
    pub(crate) fn new(channel: OwnedFd) -> Self {
        Self { channel }
    }

    /// Another descriptor of the channel.
    pub(crate) fn descriptor(&self) -> io::Result<OwnedFd> {
        self.channel.try_clone()
    }

    /// Sends the last bytes. The caller ends this process.
    pub(crate) fn send(self, bytes: &[u8]) {
        // Without a reader there is nothing left to do.
        let _ = send_all(&self.channel, bytes);
        std::mem::forget(self);
    }

    /// Sends the last bytes, and ends this process.
    pub(crate) fn finish(self, bytes: &[u8]) -> ! {
        self.send(bytes);
        exit_now(0)
    }
}

impl Write for OutcomeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let send = || send(&self.channel, bytes, SendFlags::NOSIGNAL);
        rustix::io::retry_on_intr(send).map_err(Into::into)
    }

    fn flush(&mut self) -> io::Result<()> {
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
pub(super) fn report_end(report: &OwnedFd, end: ProcessEnd) {
    let (kind, number) = match end {
        ProcessEnd::Exit(status) => (0, status),
        ProcessEnd::Signal(signal) => (1, signal),
    };
    let [a, b, c, d] = number.to_le_bytes();
    // A call that has its answer does not read the report.
    let _ = send_all(report, &[kind, a, b, c, d]);
}

fn read_end(report: &OwnedFd) -> Option<ProcessEnd> {
    let mut bytes = [0; 5];
    let count = rustix::io::retry_on_intr(|| rustix::io::read(report, &mut bytes)).ok()?;
    let [kind, number @ ..] = bytes;
    let number = i32::from_le_bytes(number);
    let end = if kind == 0 { ProcessEnd::Exit(number) } else { ProcessEnd::Signal(number) };
    (count == bytes.len()).then_some(end)
}

/// Sends all bytes, without `SIGPIPE` if the reader is gone.
pub(super) fn send_all(socket: &impl AsFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let count = rustix::io::retry_on_intr(|| send(socket, bytes, SendFlags::NOSIGNAL))?;
        bytes = &bytes[count..];
    }
    Ok(())
}

/// A connected pair of sockets: for the caller and for the process that does the job.
pub(super) fn channel() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .map_err(system("socketpair"))
}
