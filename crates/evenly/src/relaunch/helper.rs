//! A child process that does the job of one call: waited for by its own number only, killed when dropped.

use crate::process::ProcessEnd;
use rustix::process::{self as unix, Signal, WaitId, WaitIdOptions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Status of a process that could not begin its job.
pub(super) const STATUS_NOT_BEGUN: i32 = 71;

/// A child of this process. The calling program may have children of its own, and a handler for `SIGCHLD`.
pub(super) struct Helper {
    pidfd: OwnedFd,
    /// Whether it still has to be reaped.
    is_alive: bool,
    end: Option<ProcessEnd>,
}

impl Helper {
    pub(super) fn new(pidfd: OwnedFd) -> Self {
        Self { pidfd, is_alive: true, end: None }
    }

    /// Waits for its end and reaps it.
    pub(super) fn wait(&mut self) {
        if !self.is_alive {
            return;
        }
        let pidfd = WaitId::PidFd(self.pidfd.as_fd());
        let status =
            rustix::io::retry_on_intr(|| unix::waitid(pidfd.clone(), WaitIdOptions::EXITED));
        self.is_alive = false;
        // ECHILD: the calling program ignores SIGCHLD, or reaps all children. Then the end is unknown.
        if let Ok(Some(status)) = status {
            self.end = Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(exit), _) => ProcessEnd::Exit(exit),
                (None, signal) => ProcessEnd::Signal(signal.unwrap_or(0)),
            });
        }
    }

    /// Waits, and says how it ended; `None` if another part of the program reaped it.
    pub(super) fn end(&mut self) -> Option<ProcessEnd> {
        self.wait();
        self.end
    }
}

impl AsFd for Helper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if self.is_alive {
            // By descriptor: the number may belong to another process if the program has reaped it.
            let _ = unix::pidfd_send_signal(&self.pidfd, Signal::KILL);
            self.wait();
        }
    }
}
