//! The pool: the worker processes by slot, how each is forked, and how often it was lost.

use super::worker::{self, WorkerContext, WorkerState};
use crate::error::{Error, no_worker};
use crate::function::Function;
use crate::process::ProcessEnd;
use crate::process::cgroup::MemoryCgroups;
use crate::process::limits::{self, DescriptorLimit};
use crate::process::orphans::{self, Orphans};
use crate::process::panics::PrintedPanics;
use crate::process::signals::Signals;
use crate::process::task_directories::{NoRunDirectory, RunDirectory};
use crate::process::workers::{ChildProcess, ChildSetup, WaitStatus};
use crate::transport::pipe::Pipes;
use evenly_core::{Aggregate, Items, WorkerId};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// Slot of the pool: its worker process and the state of that.
#[derive(Debug)]
pub(super) struct WorkerSlot {
    pub(super) child: ChildProcess,
    /// Whether it was asked at which number it is, after which it ends.
    pub(super) is_asked: bool,
    /// Whether another process stopped it.
    pub(super) is_stopped: bool,
    /// Which process has ended here and how, while what it wrote is still being heard.
    pub(super) unheard: Option<(u32, ProcessEnd)>,
    /// How the last one here ended.
    pub(super) last_end: Option<ProcessEnd>,
}

impl WorkerSlot {
    fn of(child: ChildProcess) -> Self {
        Self { child, is_asked: false, is_stopped: false, unheard: None, last_end: None }
    }
}

/// All workers of a job. Its drop kills and reaps the workers that are left.
#[derive(Debug)]
pub(super) struct WorkerPool {
    pub(super) slots: Vec<WorkerSlot>,
    /// Why no process could be forked the last time.
    pub(super) refused: Option<(&'static str, Errno)>,
    null: OwnedFd,
    descriptors: DescriptorLimit,
    /// What each worker inherits a copy of; the primary never uses it.
    state: WorkerState,
    /// Numbers whose panics workers have printed, which later workers know.
    pub(super) printed_panics: PrintedPanics,
    /// What commands leave behind, where there are any. Dropped after the workers: it is all that is left
    /// then.
    orphans: Option<Orphans>,
    /// Memory limits of the workers, where the kernel permits them. Dropped after all processes.
    cgroups: Option<MemoryCgroups>,
    /// Temporary directories of array tasks, if commands are that. Dropped last of all.
    directory: Option<RunDirectory>,
}

/// Settings with which workers are forked, apart from their pipe ends.
pub(super) struct ForkSettings<'a> {
    pub(super) signals: &'a Signals,
    pub(super) function: &'a mut dyn Function,
    pub(super) stops_to_be_seen: bool,
    pub(super) items: &'a Items,
    /// How long a command may take.
    pub(super) timeout: Option<Duration>,
    /// How long it may take, in percent of the median.
    pub(super) median_timeout: Option<NonZeroU32>,
    /// Time between `SIGTERM` and `SIGKILL` for a command.
    pub(super) grace: Duration,
    /// How much memory a worker may have, or a command.
    pub(super) memory: Option<u64>,
}

impl WorkerPool {
    /// Opens what workers are made with. They get the limit that `descriptors` had before it was raised.
    pub(super) fn prepare(
        descriptors: DescriptorLimit,
        workers: usize,
        aggregate: Aggregate,
        function: &dyn Function,
        memory: Option<u64>,
    ) -> Result<Self, Error> {
        let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map_err(no_worker("open /dev/null"))?;
        let orphans = match function.command() {
            Some(_) => Some(Orphans::adopt().map_err(|(call, cause)| no_worker(call)(cause))?),
            None => None,
        };
        let command = function.command();
        let script = command.as_ref().and_then(|command| command.batch_text());
        let provided = command.as_ref().and_then(|command| command.provided_srun());
        let hosts = command.and_then(|command| command.array_hosts());
        let made = hosts.map(|hosts| RunDirectory::make(&hosts, script.as_deref(), provided));
        let directory = made.transpose();
        Ok(Self {
            directory: directory.map_err(|why| match why {
                NoRunDirectory::NotMade(parent, cause) => {
                    Error::NoTaskDirectory { parent, cause: crate::OsError::of(cause) }
                }
                NoRunDirectory::NoExec(parent) => Error::NoProgramDirectory { parent },
            })?,
            orphans,
            slots: Vec::with_capacity(workers.min(1 << 16)),
            refused: None,
            null,
            descriptors,
            state: WorkerState::new(aggregate),
            printed_panics: PrintedPanics::begin(),
            cgroups: memory.and_then(MemoryCgroups::for_limit),
        })
    }

    /// Forks a worker for each assignment pipe until `is_over`, and drops the pipes without a worker.
    ///
    /// # Errors
    /// If not one could be forked. The refusal that ended it early is given otherwise.
    pub(super) fn fork_all(
        &mut self,
        pipes: &mut Pipes,
        fork_settings: &mut ForkSettings<'_>,
        is_over: impl Fn() -> bool,
    ) -> Result<Option<(&'static str, Errno)>, Error> {
        let results = pipes.results.write_end.as_fd();
        let mut refused = None;
        for (slot, pipe) in pipes.assignments.iter().enumerate() {
            // A fork of thousands takes milliseconds.
            if is_over() {
                break;
            }
            let name = WorkerId(slot as u32);
            match self.fork((slot, name), pipe.read_end.as_fd(), results, fork_settings) {
                Ok(child) => {
                    self.slots.push(WorkerSlot::of(child));
                }
                Err((_, ForkError::Threads(count))) => return Err(Error::Threads { count }),
                Err((call, ForkError::Fork(cause))) if self.slots.is_empty() => {
                    return Err(no_worker(call)(cause));
                }
                Err((call, ForkError::Fork(cause))) => {
                    refused = Some((call, cause));
                    break;
                }
            }
        }
        pipes.assignments.truncate(self.slots.len());
        Ok(refused)
    }

    /// Forks one worker for a place, under a name.
    pub(super) fn fork(
        &mut self,
        (slot, name): (usize, WorkerId),
        assignments: BorrowedFd<'_>,
        results: BorrowedFd<'_>,
        fork_settings: &mut ForkSettings<'_>,
    ) -> Result<ChildProcess, (&'static str, ForkError)> {
        // A lock that another thread holds now would be held in the child for ever (fork(2)).
        match limits::threads() {
            Ok(1) => {}
            Ok(0) => return Err(("stat /proc/self/task", ForkError::Fork(Errno::NOENT))),
            Ok(count) => return Err(("fork", ForkError::Threads(count))),
            Err(cause) => return Err(("stat /proc/self/task", ForkError::Fork(cause))),
        }
        let setup = ChildSetup {
            null: self.null.as_fd(),
            assignments,
            results,
            is_apart: fork_settings.function.may_capture(),
            mask: fork_settings.signals.inherited(),
            descriptors: &self.descriptors,
            stops_to_be_seen: fork_settings.stops_to_be_seen,
            // Who runs a command must live to kill what that has started.
            dies_by: if self.orphans.is_some() { Signal::TERM } else { Signal::KILL },
        };
        let mask = fork_settings.signals.inherited();
        let ForkSettings { items, timeout, median_timeout, grace, memory, .. } = *fork_settings;
        if let Some(cgroups) = &mut self.cgroups {
            // Without a group of its own, the primary measures its memory all the same.
            let _ = cgroups.create(slot);
        }
        let cgroups = self.cgroups.as_ref();
        let directory = self.directory.as_ref().map(RunDirectory::path);
        let settings = WorkerContext {
            slot,
            items,
            timeout,
            median_timeout,
            grace,
            memory,
            cgroups,
            directory,
            // One command is enough to see.
            stops_to_be_seen: fork_settings.stops_to_be_seen && slot == 0,
            mask,
        };
        let (state, function) = (&mut self.state, &mut *fork_settings.function);
        ChildProcess::fork(&setup, |ends| worker::work(name, state, function, settings, ends))
            .map_err(|cause| ("fork", ForkError::Fork(cause)))
    }

    /// Lets workers that stopped themselves go on.
    pub(super) fn let_go_on(&self) {
        self.slots.iter().for_each(|slot| slot.child.signal(Signal::CONT));
    }

    /// Puts a worker that was just forked into an empty place.
    pub(super) fn seat(&mut self, slot: usize, child: ChildProcess) {
        let last_end = self.slots[slot].last_end;
        self.slots[slot] = WorkerSlot { last_end, ..WorkerSlot::of(child) };
    }

    /// What has become of a worker since the last call, if anything has.
    pub(super) fn next_change(&mut self) -> Result<Option<WorkerChange>, Errno> {
        for (slot, place) in self.slots.iter_mut().enumerate() {
            let pid = place.child.number();
            if pid != 0
                && let Some(change) = place.child.change()?
            {
                return Ok(Some(WorkerChange { slot, pid, change }));
            }
        }
        Ok(None)
    }

    /// Stops all workers but those that another process stopped, and the commands that they run.
    pub(super) fn stop_all(&self) {
        let ours = || self.slots.iter().filter(|slot| !slot.is_stopped);
        ours().for_each(|slot| slot.child.signal(Signal::STOP));
        if self.orphans.is_some() {
            let pids = ours().filter_map(|slot| slot.child.pid());
            pids.for_each(|worker| orphans::signal_commands(worker, Signal::STOP));
        }
    }

    /// Lets them go on.
    pub(super) fn continue_all(&self) {
        let ours = || self.slots.iter().filter(|slot| !slot.is_stopped);
        if self.orphans.is_some() {
            let pids = ours().filter_map(|slot| slot.child.pid());
            pids.for_each(|worker| orphans::signal_commands(worker, Signal::CONT));
        }
        ours().for_each(|slot| slot.child.signal(Signal::CONT));
    }

    /// Whether the kernel has killed the worker of a slot for its memory. Processes that the worker left behind end,
    /// too.
    pub(super) fn was_killed_for_memory(&mut self, slot: usize) -> bool {
        let Some(cgroups) = &mut self.cgroups else { return false };
        cgroups.clear(slot);
        // It may be that of a worker's command, which the worker tells.
        cgroups.has_killed(slot) && self.orphans.is_none()
    }

    /// Ends what commands and lost workers left behind, and no other child: not these programs.
    pub(super) fn end_orphans(&self, programs: &[Pid]) {
        if let Some(orphans) = &self.orphans {
            let is_worker = |pid| self.slots.iter().any(|slot| slot.child.pid() == Some(pid));
            orphans.end(|pid| programs.contains(&pid) || is_worker(pid));
        }
    }
}

impl Drop for WorkerPool {
    /// All are killed before the first is waited for; each child then sees to being reaped.
    fn drop(&mut self) {
        self.slots.iter().for_each(|slot| slot.child.signal(Signal::KILL));
    }
}

/// A worker process that ended, stopped or continued.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkerChange {
    pub(super) slot: usize,
    pub(super) pid: u32,
    pub(super) change: WaitStatus,
}

/// Why a worker could not be forked.
#[derive(Clone, Copy, Debug)]
pub(super) enum ForkError {
    /// The calling process has this many threads.
    Threads(u64),
    /// The system refused.
    Fork(Errno),
}
