//! Where the lines of an answer leave while the job runs, and what happens when nobody takes them.
//!
//! The primary has one thread, so it never waits for whoever reads. Lines that cannot be written stay
//! where they are, workers get no credit for them, and so they stop.

use super::gather::Gathering;
use crate::error::Error;
use crate::job::Job;
use crate::output::Output;
use crate::process::end_is_asked_for;
use crate::transport::Registry;
use evenly_core::{Interval, Supervisor};
use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// The number under which the place where lines go is waited for.
pub(super) const OUTLET: u32 = 2;

/// How many bytes an output may keep: enough to write while the next are gathered.
const MOST_KEPT: usize = 1 << 20;

/// The place where lines go.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    registry: Option<Registry>,
    /// How many bytes could not be written, and whether it is waited for that they can.
    kept: usize,
    is_awaited: bool,
    /// Whether lines that could be passed on are still in the stream.
    is_behind: bool,
}

impl Outlet {
    /// Watches from now on for a reader that goes away.
    pub(super) fn open(job: &Job, registry: &Registry) -> Result<Self, Error> {
        let registry = registry.also(OUTLET);
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

    /// Whether all that can be passed on has been written.
    pub(super) fn is_empty(&self) -> bool {
        self.kept == 0 && !self.is_behind
    }

    /// How many bytes are not written.
    pub(super) fn unwritten(&self) -> usize {
        self.kept
    }

    /// Passes on what there is, as far as there is room; what an earlier run found must be
    /// [given back](Gathering::give_back_lines) when this says so.
    fn pass(
        &mut self,
        supervisor: &mut Supervisor,
        output: &mut dyn Output,
    ) -> Result<Option<Interval>, Error> {
        loop {
            while self.kept < MOST_KEPT {
                let Some(lines) = supervisor.next_lines() else { break };
                output.put(&lines).map_err(Error::Output)?;
                self.kept += lines.len();
            }
            let kept = output.flush().map_err(Error::Output)?;
            self.is_behind = !supervisor.scheduler().stream().is_empty();
            self.kept = kept;
            let due = supervisor.scheduler().stream().due();
            if kept < MOST_KEPT && due.is_some() {
                return Ok(due);
            }
            if kept > 0 || !self.is_behind {
                break;
            }
        }
        let is_to_be_awaited = self.kept > 0;
        if is_to_be_awaited != self.is_awaited
            && let (Some(registry), Some(descriptor)) = (&self.registry, output.descriptor())
        {
            let flags = if is_to_be_awaited { EventFlags::OUT } else { EventFlags::empty() };
            registry
                .modify(descriptor, 0, flags)
                .map_err(|cause| Error::System { call: "epoll_ctl", cause })?;
            self.is_awaited = is_to_be_awaited;
        }
        Ok(None)
    }

    /// What to do with lines that nobody wants.
    fn drop_lines(&mut self, supervisor: &mut Supervisor) -> Option<Interval> {
        while supervisor.next_lines().is_some() {}
        let due = supervisor.scheduler().stream().due();
        self.is_behind = due.is_some();
        due
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

impl Gathering<'_> {
    /// Passes on the lines that are due, as far as there is room for them, and gives credit for them.
    pub(super) fn pass_lines(&mut self) -> Result<(), Error> {
        self.pass_lines_that_are_due()?;
        self.act()
    }

    /// The same where nothing else is to follow from it.
    pub(super) fn pass_lines_that_are_due(&mut self) -> Result<(), Error> {
        while let Some(due) = match &mut self.job.output {
            Some(output) => self.outlet.pass(&mut self.supervisor, &mut **output)?,
            None => self.outlet.drop_lines(&mut self.supervisor),
        } {
            self.give_back_lines(due)?;
        }
        Ok(())
    }

    /// Looks whether anybody reads what is written.
    pub(super) fn look_at_the_outlet(&mut self) -> Result<(), Error> {
        let Some(output) = &mut self.job.output else { return Ok(()) };
        match output.descriptor() {
            // Only an error is told while nothing is waited for.
            Some(_) if !self.outlet.is_awaited => Err(Error::Output(Errno::PIPE)),
            _ => Ok(()),
        }
    }
}
