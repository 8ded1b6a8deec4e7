//! Settings of a worker, fixed when the primary forks it.

use crate::process::cgroup::MemoryCgroups;
use crate::process::signals::InheritedMask;
use evenly_core::Items;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

/// Settings of a worker.
#[derive(Clone, Copy)]
pub(in crate::driver) struct WorkerContext<'a> {
    /// The worker's slot, from 0.
    pub(in crate::driver) slot: usize,
    /// Which number stands at which position.
    pub(in crate::driver) items: &'a Items,
    /// Longest time of a command, or of one number (`--timeout`).
    pub(in crate::driver) timeout: Option<Duration>,
    /// Longest time of a command in percent of the median (`--timeout 300%`): the primary sends the limit.
    pub(in crate::driver) median_timeout: Option<NonZeroU32>,
    /// Time between `SIGTERM` and `SIGKILL` for a command (`--grace`).
    pub(in crate::driver) grace: Duration,
    /// Memory limit in bytes, of the worker or of each command (`--memory`).
    pub(in crate::driver) memory: Option<u64>,
    /// Control groups of the workers, if a memory limit is set and control groups are available.
    pub(in crate::driver) cgroups: Option<&'a MemoryCgroups>,
    /// Temporary directory of the run, if commands are array tasks.
    pub(in crate::driver) directory: Option<&'a Path>,
    /// Whether its first command stops to be seen (`--wiring`).
    pub(in crate::driver) stops_to_be_seen: bool,
    /// Signal mask from before the job, which commands inherit.
    pub(in crate::driver) mask: InheritedMask,
}
