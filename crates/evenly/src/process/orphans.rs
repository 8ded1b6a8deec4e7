//! Orphans: what a command or a lost worker left behind becomes a child of the primary, and is ended.
//!
//! For that the primary is a subreaper (prctl(2), `PR_SET_CHILD_SUBREAPER`). Its children are its workers,
//! what was there before, and orphans.

use rustix::io::Errno;
use rustix::process::{self as unix, Pid, Signal, WaitId, WaitIdOptions};
use std::time::{Duration, Instant};

/// The orphans of a job. Dropped, the last of them are ended.
#[derive(Debug)]
pub(crate) struct Orphans {
    /// Children that the process had before.
    before: Vec<Pid>,
    was_subreaper: Option<Pid>,
}

/// How long killed ones may take to go; only one that hangs in the kernel takes longer than an instant.
const GRACE: Duration = Duration::from_secs(1);

impl Orphans {
    /// From now on they come to this process.
    ///
    /// # Errors
    /// The system call that failed, with its error.
    pub(crate) fn adopt() -> Result<Self, (&'static str, Errno)> {
        let before = children(unix::getpid());
        let was_subreaper = unix::child_subreaper().map_err(|cause| ("prctl", cause))?;
        unix::set_child_subreaper(Some(unix::getpid())).map_err(|cause| ("prctl", cause))?;
        Ok(Self { before, was_subreaper })
    }

    /// Kills all there are, with their process groups, and reaps those that have ended; how many are left.
    /// `is_ours` says which children are no orphans.
    pub(crate) fn end(&self, is_ours: impl Fn(Pid) -> bool) -> usize {
        let mut left = 0;
        for pid in children(unix::getpid()) {
            if is_ours(pid) || self.before.contains(&pid) {
                continue;
            }
            // It is our child and not reaped, so the number is its own. Its group may be that of a worker
            // that is at work with something else, or ours: then it is killed alone.
            let group = unix::getpgid(Some(pid)).ok();
            if let Some(group) = group.filter(|group| !is_ours(*group) && *group != unix::getpgrp())
            {
                let _ = unix::kill_process_group(group, Signal::KILL);
            }
            let _ = unix::kill_process(pid, Signal::KILL);
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            let reaped = rustix::io::retry_on_intr(|| unix::waitid(WaitId::Pid(pid), options));
            left += usize::from(matches!(reaped, Ok(None)));
        }
        left
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        let began = Instant::now();
        // What dies may leave more behind.
        while self.end(|_| false) > 0 && began.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = unix::set_child_subreaper(self.was_subreaper);
    }
}

/// Sends a signal to the commands of a worker that stands still: each is in a group of its own.
pub(crate) fn signal_commands(worker: Pid, signal: Signal) {
    for command in children(worker) {
        let _ = unix::kill_process_group(command, signal);
    }
}

/// The children of a process with one thread (proc(5)); none where the kernel does not list them.
fn children(parent: Pid) -> Vec<Pid> {
    let pid = parent.as_raw_nonzero();
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let numbers = listed.unwrap_or_default();
    numbers.split_ascii_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}
