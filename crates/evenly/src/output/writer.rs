//! Buffered, non-blocking output into a file descriptor.
//!
//! `O_NONBLOCK` would be the plain way not to wait for room. But it belongs to the open file
//! description, and standard output shares that with the parent process (fcntl(2)). So room is asked
//! for by poll(2) before each write, and a write is never more than a pipe with room surely takes.

use super::Output;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Bytes that a ready pipe takes without blocking (pipe(7), `PIPE_BUF`).
const PIPE_PIECE: usize = 4096;
/// Bytes per write to a file: enough that calls cost nothing, few enough that signals are read in
/// between.
const PLAIN_PIECE: usize = 1 << 20;
/// Bytes that are gathered before a write.
const ENOUGH: usize = 64 << 10;
/// Written bytes are removed from the buffer when they are this many and half of it.
const COMPACT: usize = 1 << 20;

/// An [`Output`] into an open file, pipe, socket or terminal.
///
/// It never blocks where there is something to wait for, and leaves the descriptor's flags alone.
#[derive(Debug)]
pub struct Writer<F> {
    file: F,
    /// Whether it may have no room for now. Otherwise a write blocks for as long as the disk takes.
    may_be_full: bool,
    waiting: Vec<u8>,
    /// How much of it is written.
    written: usize,
    failed: Option<Errno>,
}

impl<F: AsFd> Writer<F> {
    /// One into this, which nothing is known of yet.
    pub fn new(file: F) -> Self {
        let may_be_full = match fstat(&file).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::Fifo | FileType::Socket) => true,
            // /dev/null takes everything; poll(2) and epoll(7) are for terminals.
            Ok(FileType::CharacterDevice) => rustix::termios::isatty(&file),
            // The first write says what is wrong with it.
            Ok(_) | Err(_) => false,
        };
        Self { file, may_be_full, waiting: Vec::new(), written: 0, failed: None }
    }

    /// How many bytes of memory it holds lines in.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.waiting.capacity()
    }

    fn left(&self) -> usize {
        self.waiting.len() - self.written
    }

    /// Writes as much of it as goes without waiting: how much.
    fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut written = 0;
        while written < bytes.len() {
            let most = if !self.may_be_full {
                PLAIN_PIECE
            } else if self.is_ready() {
                PIPE_PIECE
            } else {
                break;
            };
            let piece = &bytes[written..bytes.len().min(written + most)];
            match rustix::io::write(&self.file, piece) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                // Another process has filled it since, and set O_NONBLOCK.
                Err(Errno::AGAIN) if self.may_be_full => break,
                Err(cause) => return Err(cause),
            }
        }
        Ok(written)
    }

    /// Whether a write would not block, be it because it fails.
    fn is_ready(&self) -> bool {
        let mut ends = [PollFd::new(&self.file, PollFlags::OUT)];
        matches!(poll(&mut ends, Some(&Timespec::default())), Ok(1))
    }

    /// Remembers an error: whatever comes later is lost with what waits now.
    fn fail(&mut self, cause: Errno) -> Errno {
        self.waiting = Vec::new();
        self.written = 0;
        self.failed = Some(cause);
        cause
    }

    fn compact(&mut self) {
        if self.left() == 0 {
            self.waiting.clear();
            self.written = 0;
        } else if self.written >= COMPACT && self.written >= self.left() {
            self.waiting.drain(..self.written);
            self.written = 0;
        }
    }
}

impl<F: AsFd> Output for Writer<F> {
    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        if let Some(cause) = self.failed {
            return Err(cause.into());
        }
        if self.left() == 0 && lines.len() >= ENOUGH {
            // With nothing before it, it need not be copied first.
            let written = self.write(lines).map_err(|cause| self.fail(cause))?;
            self.waiting.extend_from_slice(&lines[written..]);
            return Ok(());
        }
        self.waiting.extend_from_slice(lines);
        if self.left() >= ENOUGH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<usize> {
        if let Some(cause) = self.failed {
            return Err(cause.into());
        }
        match self.write(&self.waiting[self.written..]) {
            Ok(count) => self.written += count,
            Err(cause) => return Err(self.fail(cause).into()),
        }
        self.compact();
        Ok(self.left())
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.may_be_full.then(|| self.file.as_fd())
    }
}
