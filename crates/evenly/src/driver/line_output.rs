//! Descriptor of the line output: lines are written as far as it has room, and epoll waits for more room.
//!
//! The primary has one thread, so it never blocks in a write. The engine decides which lines leave when.

use super::tokens::OUTPUT;
use crate::error::{Error, cannot_start, system};
use crate::job::Job;
use crate::output::Output;
use crate::process::end_is_asked_for;
use crate::transport::Registry;
use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

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
                // A write to a file never waits, so a file cannot be waited for (epoll_ctl(2)).
                Err(Errno::PERM) => false,
                Err(cause) => return Err(cannot_start("epoll_ctl")(cause)),
            },
        };
        Ok(Self { registry: is_watched.then_some(registry), ..Self::default() })
    }

    /// Whether epoll waits until lines can be written.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// Waits for room from now on, or for a reader that goes away.
    pub(super) fn await_room(&mut self, output: &dyn Output, is_wanted: bool) -> Result<(), Error> {
        if is_wanted != self.is_awaited
            && let (Some(registry), Some(descriptor)) = (&self.registry, output.descriptor())
        {
            let flags = if is_wanted { EventFlags::OUT } else { EventFlags::empty() };
            registry.modify(descriptor, 0, flags).map_err(system("epoll_ctl"))?;
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
        Err(cause) => Err(system("poll")(cause)),
    }
}
