//! Memory control group, of either version (cgroups(7)), in which a test runs the program.

use super::{EVENLY, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A group, gone when dropped.
pub(crate) struct MemoryGroup(PathBuf);

impl MemoryGroup {
    /// One without a limit.
    pub(crate) fn make() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let root = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"]
            .into_iter()
            .find(|root| Path::new(root).join("cgroup.procs").exists())
            .unwrap();
        let name = format!("evenly-test-{}-{number}", std::process::id());
        let group = Self(Path::new(root).join(name));
        fs::create_dir(&group.0).unwrap();
        group
    }

    /// Makes a group with a limit on the memory of all its processes, in bytes.
    pub(crate) fn limited(bytes: u64) -> Self {
        let group = Self::make();
        let limits = ["memory.limit_in_bytes", "memory.max"].map(|limit| group.0.join(limit));
        let limit = limits.into_iter().find(|limit| limit.exists()).unwrap();
        fs::write(limit, bytes.to_string()).unwrap();
        // Without swap what is above the limit is killed.
        for swap in ["memory.memsw.limit_in_bytes", "memory.swap.max"] {
            let _ = fs::write(group.0.join(swap), bytes.to_string());
        }
        group
    }

    /// Has a command, which is not started yet, begin in it.
    pub(crate) fn enclose(&self, command: &Command) -> Command {
        let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", self.0.display());
        let mut inside = Command::new("sh");
        inside.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
        let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        inside.envs(set).stdin(Stdio::null());
        if let Some(directory) = command.get_current_dir() {
            inside.current_dir(directory);
        }
        inside
    }

    /// The program, alone in it.
    pub(crate) fn evenly(&self, words: &str) -> Command {
        let mut command = Command::new(EVENLY);
        self.enclose(command.args(words.split(' ')))
    }

    /// The groups that were made in it.
    pub(crate) fn inner(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            until("the group is empty", || fs::remove_dir(&self.0).ok());
        }
    }
}
