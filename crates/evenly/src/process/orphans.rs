//! Orphans: what a command left behind becomes a child of its worker, and what a lost worker left behind one
//! of the primary. They are ended when the worker has no more to do, or at once where it is lost.
//!
//! For that both are subreapers (prctl(2), `PR_SET_CHILD_SUBREAPER`). Their children are those that they
//! made, what was there before, and orphans: theirs. The first process of a container gets all orphans,
//! so there only those of commands are ended. Without the first subreaper, a process group that a command made
//! would survive when the primary is killed.

use rustix::io::Errno;
use rustix::process::{self as unix, Pid, Signal, WaitId, WaitIdOptions};
use std::time::{Duration, Instant};

/// The orphans of a job. Dropped, the last of them are ended.
#[derive(Debug)]
pub(crate) struct Orphans {
    /// Children that the process had before.
    before: Vec<Pid>,
    /// Whether this is the first process there is, to which all orphans come (pid_namespaces(7)).
    is_first: bool,
    was_subreaper: Option<Pid>,
}

/// Every command has this variable in its environment, with the place of its worker.
pub(crate) const WORKER: &str = "EVENLY_WORKER";

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
        let is_first = unix::getpid().is_init();
        Ok(Self { before, is_first, was_subreaper })
    }

    /// Reaps those that have ended. The caller has no child of its own that has not been reaped.
    pub(crate) fn reap(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        while let Ok(Some(_)) = unix::waitid(WaitId::All, options) {}
    }

    /// Reaps those that have ended, but not this one, nor what was there before.
    pub(crate) fn reap_but(&self, ours: Option<Pid>) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let others = children(unix::getpid()).into_iter();
        for pid in others.filter(|pid| Some(*pid) != ours && !self.before.contains(pid)) {
            let _ = unix::waitid(WaitId::Pid(pid), options);
        }
    }

    /// Ends all but these, and those that they leave behind when they end.
    pub(crate) fn end_all_but(&self, these: &[Pid]) {
        let began = Instant::now();
        while self.end(|pid| these.contains(&pid)) > 0 && began.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills all there are, with their process groups, and reaps those that have ended; how many there were: what
    /// those leave behind comes to us before they can be reaped. `is_ours` says which children are no orphans.
    pub(crate) fn end(&self, is_ours: impl Fn(Pid) -> bool) -> usize {
        let mut found = 0;
        for pid in children(unix::getpid()) {
            let is_foreign = self.is_first && !is_of_a_command(pid);
            if is_ours(pid) || self.before.contains(&pid) || is_foreign {
                continue;
            }
            // It is our child and not reaped, so the number is its own. Its group may be that of a worker
            // that is at work with something else, or ours: then it is killed alone.
            let own = group_of(unix::getpid());
            let group = group_of(pid).filter(|group| !is_ours(*group) && Some(*group) != own);
            if let Some(group) = group {
                let _ = unix::kill_process_group(group, Signal::KILL);
            }
            let _ = unix::kill_process(pid, Signal::KILL);
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            let _ = rustix::io::retry_on_intr(|| unix::waitid(WaitId::Pid(pid), options));
            found += 1;
        }
        found
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        self.end_all_but(&[]);
        let _ = unix::set_child_subreaper(self.was_subreaper);
    }
}

/// Sends a signal to the commands of a worker that stands still, each of which is in a group of its own, and
/// to what they left behind, which may not be.
pub(crate) fn signal_commands(worker: Pid, signal: Signal) {
    for command in children(worker) {
        if unix::kill_process_group(command, signal).is_err() {
            let _ = unix::kill_process(command, signal);
        }
    }
}

/// The process group of a process, unless its leader lives outside of our container and has no number here: then
/// the kernel says 0 (proc_pid_stat(5), pid_namespaces(7)).
fn group_of(pid: Pid) -> Option<Pid> {
    Pid::from_raw(stat(pid)?.get(2)?.parse().ok()?)
}

/// What the kernel says of a process behind its name: state, parent, process group, and so on (proc_pid_stat(5)).
fn stat(pid: Pid) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name before may have anything in it.
    Some(stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

/// Whether a process has what commands have in their environment (proc_pid_environ(5)).
fn is_of_a_command(pid: Pid) -> bool {
    let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()));
    let mark = [WORKER, "="].concat();
    let mut variables = environment.iter().flat_map(|bytes| bytes.split(|byte| *byte == 0));
    variables.any(|variable| variable.starts_with(mark.as_bytes()))
}

/// The children of a process with one thread (proc(5)); none where the kernel does not list them.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let pid = parent.as_raw_nonzero();
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    numbers(&listed.unwrap_or_default())
}

/// A child of this process that is stopped, and not traced.
pub(crate) fn stopped_child(parent: Pid) -> Option<Pid> {
    let is_stopped =
        |pid: &Pid| stat(*pid).is_some_and(|stat| stat.first().is_some_and(|state| state == "T"));
    children(parent).into_iter().find(is_stopped)
}

/// The processes whose numbers stand there, with spaces between.
pub(super) fn numbers(listed: &str) -> Vec<Pid> {
    let words = listed.split_ascii_whitespace();
    words.filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}
