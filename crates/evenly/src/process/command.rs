//! A command that runs: started by its worker in a session of its own, and ended with all of it.

use super::orphans;
use super::sys::spawn::{Launch, Launcher, Refused};
use super::workers::End;
use rustix::io::Errno;
use rustix::process::{self as unix, Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A command that has not been reaped. Dropped, it is killed with its process group, and reaped.
#[derive(Debug)]
pub(crate) struct Running {
    /// Its number, which is that of its process group; `None` once it is reaped.
    pid: Option<Pid>,
    /// Can be read when it has ended.
    pidfd: OwnedFd,
}

impl Running {
    pub(crate) fn start(launcher: &mut Launcher, launch: &Launch<'_>) -> Result<Self, Refused> {
        let (pid, pidfd) = launcher.launch(launch)?;
        Ok(Self { pid: Some(pid), pidfd })
    }

    /// Its number, until it is reaped.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// Sends a signal to it and to whatever it has started and not put elsewhere (kill(2)).
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            // It is not reaped, so the group is still its own.
            let _ = unix::kill_process_group(pid, signal);
        }
    }

    /// Asks it to end, with its process group. `SIGCONT` lets a stopped one react.
    pub(crate) fn ask_to_end(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Whether it has ended. It is not reaped, so that its process group is still its own.
    pub(crate) fn has_ended(&self) -> Result<bool, Errno> {
        let Some(pid) = self.pid else { return Ok(true) };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        Ok(wait(pid, look)?.is_some())
    }

    /// Whether a process of its group lives that has become a child of this worker.
    pub(crate) fn has_left_others(&self) -> bool {
        self.pid.is_some_and(orphans::lives_in)
    }

    /// How it has ended, if it has. What it left behind in its process group is killed before it is reaped:
    /// as long as it is not, nobody else can have its number.
    pub(crate) fn end(&mut self) -> Result<Option<End>, Errno> {
        let Some(pid) = self.pid else { return Ok(None) };
        if !self.has_ended()? {
            return Ok(None);
        }
        self.reap(pid).map(Some)
    }

    /// Ends it and its process group at once.
    pub(crate) fn kill(&mut self) -> Result<Option<End>, Errno> {
        self.signal(Signal::KILL);
        self.pid.map(|pid| self.reap(pid)).transpose()
    }

    fn reap(&mut self, pid: Pid) -> Result<End, Errno> {
        self.signal(Signal::KILL);
        let status = wait(pid, WaitIdOptions::EXITED)?;
        self.pid = None;
        Ok(status.map_or(End::Signal(0), |status| {
            match (status.exit_status(), status.terminating_signal()) {
                (Some(exit), _) => End::Exit(exit),
                (None, signal) => End::Signal(signal.unwrap_or(0)),
            }
        }))
    }
}

fn wait(pid: Pid, how: WaitIdOptions) -> Result<Option<WaitIdStatus>, Errno> {
    rustix::io::retry_on_intr(|| unix::waitid(WaitId::Pid(pid), how))
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
