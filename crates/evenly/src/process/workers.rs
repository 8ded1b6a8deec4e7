//! Worker processes: forked with exactly five descriptors, watched, killed, and reaped once.

use super::limits::DescriptorLimit;
use super::panics;
use super::signals::{self, InheritedMask};
use super::sys;
pub(crate) use super::system_call::{SystemCall, in_call};
use rustix::io::Errno;
use rustix::process::{self as unix, Pid, WaitId, WaitIdOptions, WaitIdStatus};
use std::fmt;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It left by itself with this status.
    Exit(i32),
    /// This signal ended it.
    Signal(i32),
}

impl fmt::Display for ProcessEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "ended with status {status}"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// Change of the state of a process, as waitid(2) reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitStatus {
    /// It has ended and was reaped.
    Ended(ProcessEnd),
    /// This signal stopped it.
    Stopped(i32),
    /// It was continued.
    Continued,
}

/// System call that failed in a new worker before it could begin to work.
#[derive(Clone, Copy)]
pub(crate) struct SetupFailure<'a> {
    /// The system call and its error.
    pub(crate) call: SystemCall,
    pub(crate) cause: Errno,
    /// The pipe on which the worker reports it.
    pub(crate) results: BorrowedFd<'a>,
}

/// A worker process that has not been reaped. Until it is, its number is not given to another process, so
/// it is safe to signal (wait(2)). Dropped, it is killed and reaped: nothing is left behind.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    /// `None` once it is reaped.
    pid: Option<Pid>,
}

/// Descriptors, signals and limits with which a forked child becomes a worker.
pub(crate) struct ChildSetup<'a> {
    /// /dev/null, which becomes its standard input.
    pub(crate) null: BorrowedFd<'a>,
    /// The read end of its own assignment pipe.
    pub(crate) assignments: BorrowedFd<'a>,
    /// A write end of the shared result pipe.
    pub(crate) results: BorrowedFd<'a>,
    /// Whether it has its pipe ends at numbers that no descriptor of the program had, instead of 3 and 4.
    pub(crate) is_apart: bool,
    /// Signals as they were before the job.
    pub(crate) mask: InheritedMask,
    /// The limit on descriptors as it was before the job.
    pub(crate) descriptors: &'a DescriptorLimit,
    /// Whether it stops itself twice on the way, until it is continued: when it has inherited
    /// everything, and when it has closed what is not its own. For those who want to look.
    pub(crate) stops_to_be_seen: bool,
    /// The signal by which it learns that the primary is gone.
    pub(crate) dies_by: unix::Signal,
}

impl ChildProcess {
    /// Forks a worker that runs `body` on its two pipe ends, or on what kept it from having them,
    /// and leaves with the status it returns.
    pub(crate) fn fork(
        setup: &ChildSetup<'_>,
        body: impl FnOnce(Result<(&File, &File), SetupFailure<'_>>) -> i32,
    ) -> Result<Self, Errno> {
        let primary = unix::getpid();
        if let Some(pid) = sys::fork()? {
            return Ok(Self { pid: Some(pid) });
        }
        // From here on this is the worker. Nothing may unwind into the primary's part of the
        // program, of which this process is only a copy.
        let outcome = catch_unwind(AssertUnwindSafe(|| match arrive(setup, primary) {
            Ok(ends) => {
                // They are closed with the process and not before, not even when the function panics:
                // the primary would see that first, and kill the worker before it can leave.
                let ends = ManuallyDrop::new(ends);
                let (assignments, results) = &*ends;
                match settle_in(setup) {
                    Ok(()) => body(Ok((assignments, results))),
                    Err((call, cause)) => {
                        body(Err(SetupFailure { call, cause, results: results.as_fd() }))
                    }
                }
            }
            Err((call, cause)) => body(Err(SetupFailure { call, cause, results: setup.results })),
        }));
        sys::exit_now(outcome.unwrap_or_else(|_| {
            sys::crash_report::panicked(panics::STATUS_PANICKED, panics::take().as_deref());
            panics::STATUS_PANICKED
        }))
    }

    /// A process that was just forked, and that nothing else reaps.
    pub(crate) fn forked(pid: Pid) -> Self {
        Self { pid: Some(pid) }
    }

    /// Its number for others to read; 0 once it is reaped.
    pub(crate) fn number(&self) -> u32 {
        self.pid.map_or(0, |pid| pid.as_raw_nonzero().get().cast_unsigned())
    }

    pub(crate) fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// What has become of it since this was asked last, if anything.
    pub(crate) fn change(&mut self) -> Result<Option<WaitStatus>, Errno> {
        let what = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
        self.wait_with(what | WaitIdOptions::NOHANG)
    }

    /// Whether it has been reaped, now or before.
    pub(crate) fn has_been_waited_for(&mut self) -> Result<bool, Errno> {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        Ok(self.pid.is_none() || self.wait_with(ended)?.is_some())
    }

    /// Waits until it has ended, and reaps it; how it ended, unless it had been reaped before.
    pub(crate) fn wait(&mut self) -> Result<Option<ProcessEnd>, Errno> {
        Ok(match self.wait_with(WaitIdOptions::EXITED)? {
            Some(WaitStatus::Ended(end)) => Some(end),
            _ => None,
        })
    }

    /// Whether it has stopped itself, or has ended; it is not reaped.
    pub(crate) fn can_be_seen(&self) -> Result<bool, Errno> {
        let what = WaitIdOptions::STOPPED | WaitIdOptions::EXITED;
        let how = WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        Ok(self.pid.is_none() || self.wait_without_reaping(what | how)?.is_some())
    }

    /// Whether it has ended, without reaping it.
    pub(crate) fn has_ended(&self) -> Result<bool, Errno> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        Ok(self.pid.is_none() || self.wait_without_reaping(options)?.is_some())
    }

    /// Sends a signal, if it has not been reaped.
    pub(crate) fn signal(&self, signal: unix::Signal) {
        if let Some(pid) = self.pid {
            // The number is ours until it is reaped, so the only error left is that it has ended.
            let _ = unix::kill_process(pid, signal);
        }
    }

    /// Kills it with its process group, which is its own as soon as it has begun.
    pub(crate) fn kill_with_group(&self) {
        if let Some(pid) = self.pid {
            let _ = unix::kill_process_group(pid, unix::Signal::KILL);
        }
        self.signal(unix::Signal::KILL);
    }

    fn wait_without_reaping(&self, options: WaitIdOptions) -> Result<Option<WaitIdStatus>, Errno> {
        let Some(pid) = self.pid else { return Ok(None) };
        rustix::io::retry_on_intr(|| unix::waitid(WaitId::Pid(pid), options))
    }

    fn wait_with(&mut self, options: WaitIdOptions) -> Result<Option<WaitStatus>, Errno> {
        let Some(status) = self.wait_without_reaping(options)? else { return Ok(None) };
        if status.stopped() {
            let signal = status.stopping_signal().unwrap_or(unix::Signal::STOP.as_raw());
            return Ok(Some(WaitStatus::Stopped(signal)));
        }
        if status.continued() {
            return Ok(Some(WaitStatus::Continued));
        }
        self.pid = None;
        Ok(Some(WaitStatus::Ended(match (status.exit_status(), status.terminating_signal()) {
            (Some(exit), _) => ProcessEnd::Exit(exit),
            (None, signal) => ProcessEnd::Signal(signal.unwrap_or(0)),
        })))
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if self.pid.is_some() {
            self.signal(unix::Signal::KILL);
            let _ = self.wait();
        }
    }
}

/// The first steps of a worker: it dies with the primary, is out of reach of the terminal's
/// signals, and keeps only what is its own.
fn arrive(setup: &ChildSetup<'_>, primary: Pid) -> Result<(File, File), (SystemCall, Errno)> {
    unix::set_parent_process_death_signal(Some(setup.dies_by))
        .map_err(in_call(SystemCall::PRCTL))?;
    if unix::getppid() != Some(primary) {
        // The primary died before the line above, so the signal never comes (prctl(2)).
        sys::exit_now(0);
    }
    // A group of its own: Ctrl-C reaches the primary alone, which decides (setpgid(2)).
    unix::setpgid(None, None).map_err(in_call(SystemCall::SETPGID))?;
    stop_to_be_seen(setup)?;
    sys::keep_only(setup.null, setup.assignments, setup.results, setup.is_apart)
}

/// The next steps: limits and signals are as they were before the job.
fn settle_in(setup: &ChildSetup<'_>) -> Result<(), (SystemCall, Errno)> {
    setup.descriptors.restore().map_err(in_call(SystemCall::SETRLIMIT))?;
    signals::restore_in_child(setup.mask).map_err(in_call(SystemCall::SIGPROCMASK))?;
    stop_to_be_seen(setup)
}

fn stop_to_be_seen(setup: &ChildSetup<'_>) -> Result<(), (SystemCall, Errno)> {
    if setup.stops_to_be_seen {
        unix::kill_process(unix::getpid(), unix::Signal::STOP)
            .map_err(in_call(SystemCall::KILL))?;
    }
    Ok(())
}
