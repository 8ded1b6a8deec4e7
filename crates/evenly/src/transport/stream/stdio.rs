//! Standard input and output of an agent as the ends of its connection: two pipes, or one socket.

use super::socket::Wire;
use crate::transport::{AddressError, Registry};
use rustix::event::epoll::EventFlags;
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::{Errno, fcntl_dupfd_cloexec, retry_on_intr, write};
use rustix::stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout};
use std::cell::RefCell;
use std::os::fd::OwnedFd;

const INPUT_KEY: u32 = 0;
const OUTPUT_KEY: u32 = 1;

/// The lowest descriptor for a copy: workers and commands have 0 to 4.
const LOWEST: i32 = 5;

/// The two directions of a connection.
#[derive(Debug)]
pub(crate) struct StdioEnds {
    input: OwnedFd,
    /// Closed when the end is sent: a pipe has no other way to say it.
    output: RefCell<Option<OwnedFd>>,
    /// Whether epoll watches the input and the output.
    watched: [bool; 2],
}

impl StdioEnds {
    /// Takes the standard streams of this process away from everything else in it. From then on 0 is
    /// `/dev/null` and 1 is standard error, for this process and for those that it makes.
    ///
    /// # Errors
    /// If they are no pipes and no sockets, or a system call fails.
    pub(crate) fn take() -> Result<Self, AddressError> {
        let unusable = |call| move |cause| AddressError::stdio_unusable(call, cause);
        for stream in [stdin(), stdout()] {
            let stat = fstat(stream).map_err(unusable("fstat"))?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            if !matches!(kind, FileType::Fifo | FileType::Socket) {
                return Err(AddressError::StdioIsNoConnection);
            }
        }
        let input = fcntl_dupfd_cloexec(stdin(), LOWEST).map_err(unusable("fcntl F_DUPFD"))?;
        let output = fcntl_dupfd_cloexec(stdout(), LOWEST).map_err(unusable("fcntl F_DUPFD"))?;
        let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        dup2_stdin(null.map_err(unusable("open /dev/null"))?).map_err(unusable("dup2"))?;
        dup2_stdout(stderr()).map_err(unusable("dup2"))?;
        Self::new(input, output).map_err(unusable("fcntl F_SETFL"))
    }

    /// A connection of these descriptors, which no longer block.
    pub(crate) fn new(input: OwnedFd, output: OwnedFd) -> Result<Self, Errno> {
        for end in [&input, &output] {
            fcntl_setfl(end, fcntl_getfl(end)? | OFlags::NONBLOCK)?;
        }
        Ok(Self { input, output: RefCell::new(Some(output)), watched: [false; 2] })
    }

    /// Watches each end for what can be done with it. An end that was read, or a pipe without a reader, would be ready
    /// for ever, so it is removed.
    pub(super) fn watch(&mut self, wanted: EventFlags, registry: &Registry) -> Result<(), Errno> {
        let output = self.output.borrow();
        let sides = [
            (Some(&self.input), INPUT_KEY, EventFlags::IN),
            (output.as_ref(), OUTPUT_KEY, EventFlags::OUT),
        ];
        for ((descriptor, key, flag), watched) in sides.into_iter().zip(&mut self.watched) {
            // A closed descriptor has left epoll.
            let Some(descriptor) = descriptor else {
                *watched = false;
                continue;
            };
            match (wanted.contains(flag), *watched) {
                (true, false) => registry.add(descriptor, key, flag)?,
                (false, true) => registry.remove(descriptor),
                _ => {}
            }
            *watched = wanted.contains(flag);
        }
        Ok(())
    }

    /// Takes both ends out of epoll.
    pub(super) fn leave(&self, registry: &Registry) {
        registry.remove(&self.input);
        if let Some(output) = &*self.output.borrow() {
            registry.remove(output);
        }
    }
}

impl Wire for StdioEnds {
    fn input(&self) -> &OwnedFd {
        &self.input
    }

    fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        match &*self.output.borrow() {
            // This process ignores SIGPIPE.
            Some(output) => retry_on_intr(|| write(output, bytes)),
            None => Err(Errno::PIPE),
        }
    }

    fn send_end(&self) {
        if let Some(output) = self.output.take() {
            // Where it is a socket, the input is another descriptor of it. A pipe has no such call.
            let _ = rustix::net::shutdown(&output, rustix::net::Shutdown::Write);
        }
    }
}
