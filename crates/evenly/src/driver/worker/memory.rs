//! How much memory a command may have, with all that it has started.

use super::commands::Shop;
use crate::process::command::Running;
use crate::process::footprint::{PERIOD, Watch, of_all_is_above, with_descendants};
use crate::process::orphans::children;
use rustix::process::{Pid, getpid};
use std::time::Duration;

/// What a command has, looked at from time to time.
pub(super) struct Appetite {
    limit: u64,
    watch: Watch,
    /// What was left behind by those before it.
    before: Vec<Pid>,
}

impl Appetite {
    /// For a command that is about to be started, if there is a limit.
    pub(super) fn watch(shop: &Shop) -> Option<Self> {
        let limit = shop.memory?;
        Some(Self { limit, watch: Watch::every(PERIOD), before: children(getpid()) })
    }

    /// How long to wait before looking at it again.
    pub(super) fn next(&self) -> Duration {
        self.watch.next()
    }

    /// Whether it is more than it may be.
    pub(super) fn is_too_large(&mut self, running: &Running) -> bool {
        let (limit, before) = (self.limit, &self.before);
        let look = || {
            // All children of this worker are the command, or were left behind by it.
            let mut roots = children(getpid());
            roots.retain(|pid| !before.contains(pid));
            roots.extend(running.pid().filter(|pid| !roots.contains(pid)));
            of_all_is_above(limit, &with_descendants(roots))
        };
        self.watch.look(look) == Some(true)
    }

    /// Ends what it has left behind, now that it is ended itself: that may be what has the memory.
    pub(super) fn clear_away(&self, shop: &Shop) {
        shop.orphans.end_all_but(&self.before);
    }
}
