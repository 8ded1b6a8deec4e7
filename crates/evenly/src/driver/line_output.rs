//! Descriptor of the line output: lines are written as far as it has room, and epoll waits for more room.
//!
//! The primary has one thread, so it never blocks in a write. The engine decides which lines leave when.

use super::event_loop::EventLoop;
use crate::error::Error;
use crate::job::Job;
use crate::output::Output;
use crate::process::end_is_asked_for;
use crate::transport::Registry;
use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// Transport number of the output in epoll.
pub(super) const OUTPUT: u32 = 2;

/// The descriptor that takes lines, as epoll knows it.
#[derive(Debug, Default)]
pub(super) struct OutputDescriptor {
    registry: Option<Registry>,
    /// Whether epoll waits until lines can be written.
    is_awaited: bool,
}

impl OutputDescriptor {
    /// Watches from now on for a reader that goes away.
    pub(super) fn open(job: &Job, registry: &Registry) -> Result<Self, Error> {
        let registry = registry.also(OUTPUT);
        let descriptor = job.output.as_ref().and_then(|output| output.descriptor());
        let is_watched = match descriptor {
            None => false,
            Some(descriptor) => match registry.add(descriptor, 0, EventFlags::empty()) {
                Ok(()) => true,
                // A file never makes anybody wait, and so cannot be waited for (epoll_ctl(2)).
                Err(Errno::PERM) => false,
                Err(cause) => return Err(Error::CannotStart { call: "epoll_ctl", cause }),
            },
        };
        Ok(Self { registry: is_watched.then_some(registry), ..Self::default() })
    }

    /// Waits for room from now on, or for a reader that goes away.
    fn await_room(&mut self, output: &dyn Output, is_wanted: bool) -> Result<(), Error> {
        if is_wanted != self.is_awaited
            && let (Some(registry), Some(descriptor)) = (&self.registry, output.descriptor())
        {
            let flags = if is_wanted { EventFlags::OUT } else { EventFlags::empty() };
            registry
                .modify(descriptor, 0, flags)
                .map_err(|cause| Error::System { call: "epoll_ctl", cause })?;
            self.is_awaited = is_wanted;
        }
        Ok(())
    }
}

/// Waits up to a tenth of a second until there is room for more lines. False if a signal asks for the end, or if
/// there is nothing to wait for.
pub(super) fn wait_for_room(output: Option<BorrowedFd<'_>>) -> Result<bool, Error> {
    let Some(output) = output else { return Ok(false) };
    let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    match poll(&mut [PollFd::new(&output, PollFlags::OUT)], Some(&tenth)) {
        Ok(_) | Err(Errno::INTR) => Ok(!end_is_asked_for()),
        Err(cause) => Err(Error::System { call: "poll", cause }),
    }
}

impl EventLoop<'_> {
    /// Takes lines of the engine.
    pub(super) fn take_lines(&mut self, lines: &[u8]) -> Result<(), Error> {
        match &mut self.job.output {
            Some(output) => output.put(lines).map_err(Error::Output),
            None => Ok(()),
        }
    }

    /// Writes the lines that were taken, as far as their reader has room.
    pub(super) fn flush_lines(&mut self) -> Result<(), Error> {
        let Some(output) = &mut self.job.output else { return Ok(()) };
        let unwritten = output.flush().map_err(Error::Output)?;
        self.engine.flushed(unwritten);
        self.line_output.await_room(&**output, unwritten > 0)
    }

    /// Looks whether anybody reads what is written.
    pub(super) fn look_for_a_reader(&mut self) -> Result<(), Error> {
        let Some(output) = &mut self.job.output else { return Ok(()) };
        match output.descriptor() {
            // epoll reports only errors of a descriptor without requested events (epoll_ctl(2)).
            Some(_) if !self.line_output.is_awaited => Err(Error::Output(Errno::PIPE)),
            _ => Ok(()),
        }
    }
}
