//! A command that runs: started by its worker in a session of its own, and ended with all of it.

use super::sys::spawn::{Launch, Launcher, SpawnError};
use super::workers::ProcessEnd;
use rustix::io::Errno;
use rustix::process::{self as unix, Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// A command that has not been reaped. Dropped, it is killed with its process group, and reaped.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its number, which is that of its process group; `None` once it is reaped.
    pid: Option<Pid>,
    /// The process group that it has left, as long as a process may be in it.
    group: Option<Pid>,
    /// How it has ended, when it is reaped.
    end: Option<ProcessEnd>,
    /// Can be read when it has ended.
    pidfd: OwnedFd,
}

impl Running {
    pub(crate) fn start(launcher: &mut Launcher, launch: &Launch<'_>) -> Result<Self, SpawnError> {
        let (pid, pidfd) = launcher.launch(launch)?;
        Ok(Self { pid: Some(pid), group: None, end: None, pidfd })
    }

    /// Its number, until it is reaped.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// Sends a signal to it and to whatever it has started and not put elsewhere (kill(2)).
    pub(crate) fn signal(&mut self, signal: Signal) {
        // A leader that is not reaped holds the number of the group, and so does a child in the group that
        // is not reaped. Without either, another process could have the number.
        let group = self.pid.or_else(|| self.has_left_others().then_some(self.group).flatten());
        if let Some(group) = group {
            let _ = unix::kill_process_group(group, signal);
        }
    }

    /// Asks it to end, with its process group. `SIGCONT` lets a stopped one react. Without a grace it is killed: a signal
    /// that it can handle would give it time.
    pub(crate) fn ask_to_end(&mut self, grace: Duration) {
        if grace.is_zero() {
            return self.signal(Signal::KILL);
        }
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Whether it has ended. Then it is reaped; its process group is left alone.
    pub(crate) fn has_ended(&mut self) -> Result<bool, Errno> {
        Ok(self.end()?.is_some())
    }

    /// Whether it has ended and left a process in its group. Such a process is a child of this worker, a
    /// subreaper, as soon as the leader can be reaped. One waitid(2) says so where there is none, which is
    /// the rule; those that have ended are reaped.
    pub(crate) fn has_left_others(&mut self) -> bool {
        while let Some(group) = self.group {
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            match wait(&WaitId::Pgid(Some(group)), how) {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                // ECHILD: no child is in that group.
                Err(_) => self.group = None,
            }
        }
        false
    }

    /// How it has ended, if it has.
    pub(crate) fn end(&mut self) -> Result<Option<ProcessEnd>, Errno> {
        self.reap(WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
    }

    /// Ends it and its process group at once.
    pub(crate) fn kill(&mut self) -> Result<Option<ProcessEnd>, Errno> {
        self.signal(Signal::KILL);
        self.reap(WaitIdOptions::EXITED)
    }

    fn reap(&mut self, how: WaitIdOptions) -> Result<Option<ProcessEnd>, Errno> {
        if let Some(pid) = self.pid
            && let Some(status) = wait(&WaitId::Pid(pid), how)?
        {
            (self.pid, self.group) = (None, Some(pid));
            self.end = Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(exit), _) => ProcessEnd::Exit(exit),
                (None, signal) => ProcessEnd::Signal(signal.unwrap_or(0)),
            });
        }
        Ok(self.end)
    }
}

fn wait(of: &WaitId<'_>, how: WaitIdOptions) -> Result<Option<WaitIdStatus>, Errno> {
    rustix::io::retry_on_intr(|| unix::waitid(of.clone(), how))
}

impl AsFd for Running {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
