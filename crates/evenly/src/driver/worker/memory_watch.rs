//! Memory limit of a command together with all processes that it has started.

use crate::process::command::Running;
use crate::process::footprint::{PERIOD, PeriodicCheck, of_all_is_above, with_descendants};
use crate::process::orphans::{Orphans, children};
use rustix::process::{Pid, getpid};
use std::time::Duration;

/// Periodic measurement of the memory of a command.
pub(super) struct MemoryWatch {
    limit: u64,
    check: PeriodicCheck,
    /// Children of the worker from before the command: earlier commands left them behind.
    before: Vec<Pid>,
}

impl MemoryWatch {
    /// Starts the measurement for the next command; `None` without a limit.
    pub(super) fn start(limit: Option<u64>) -> Option<Self> {
        Some(Self {
            limit: limit?,
            check: PeriodicCheck::every(PERIOD),
            before: children(getpid()),
        })
    }

    /// Time until the next measurement.
    pub(super) fn next(&self) -> Duration {
        self.check.next()
    }

    /// Measures if it is time to, and returns whether the memory is above the limit.
    pub(super) fn is_above_limit(&mut self, running: &Running) -> bool {
        let (limit, before) = (self.limit, &self.before);
        let look = || {
            // A new child of this worker is the command, or a process that the command left behind.
            let mut roots = children(getpid());
            roots.retain(|pid| !before.contains(pid));
            roots.extend(running.pid().filter(|pid| !roots.contains(pid)));
            of_all_is_above(limit, &with_descendants(roots))
        };
        self.check.run_if_due(look) == Some(true)
    }

    /// Kills the processes that the ended command left behind: they may hold the memory.
    pub(super) fn kill_left_behind(&self, orphans: &Orphans) {
        orphans.end_all_but(&self.before);
    }
}
