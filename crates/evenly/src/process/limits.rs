//! Limits of the system on descriptors, processes and threads, as far as they decide how many
//! workers there can be.

use super::sys;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};

/// The limit on descriptors of this process, raised to the hard limit for the primary while a job runs.
///
/// A worker gets the original back: a program that uses select(2) breaks above descriptor 1023.
#[derive(Clone, Debug)]
pub(crate) struct DescriptorLimit {
    original: Option<Rlimit>,
}

impl DescriptorLimit {
    /// Raises the soft limit to the hard limit (getrlimit(2)). What is still missing is noticed when a
    /// descriptor is refused.
    pub(crate) fn raise() -> Self {
        let Ok(limit) = sys::descriptor_limit() else { return Self { original: None } };
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        let is_raised = limit.current.is_some() && limit.current != limit.maximum;
        Self {
            original: (is_raised && setrlimit(Resource::Nofile, raised).is_ok()).then_some(limit),
        }
    }

    /// Puts the original limit back, if it was changed.
    pub(crate) fn restore(&self) -> Result<(), Errno> {
        match self.original {
            Some(original) => setrlimit(Resource::Nofile, original),
            None => Ok(()),
        }
    }
}

impl Drop for DescriptorLimit {
    fn drop(&mut self) {
        // Lowering a soft limit is always allowed.
        let _ = self.restore();
    }
}

/// How many more descriptors this process can open; `None` if there is no limit, or if the limit or
/// /proc/self/fd cannot be read.
pub(crate) fn free_descriptors() -> Option<usize> {
    let limit = sys::descriptor_limit().ok()?.current?;
    // The directory is open itself while its entries are counted.
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    Some(usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(open))
}

/// The limit on the stack of this process, in bytes; `None` if there is none, or if it cannot be read.
#[must_use]
pub fn stack_limit() -> Option<u64> {
    sys::stack_limit().ok()?.current
}

/// How many threads this process has, 0 if /proc does not tell: a directory has two links and one
/// more for each directory in it, and /proc/self/task has a directory for each thread (proc(5)).
pub(crate) fn threads() -> Result<u64, Errno> {
    Ok(rustix::fs::stat("/proc/self/task")?.st_nlink.saturating_sub(2))
}

/// What to do about an error of a call, for the message that names both.
pub(crate) fn advice(call: &str, cause: Errno) -> &'static str {
    match cause {
        Errno::MFILE => "raise the limit on open files (ulimit -n)",
        Errno::NFILE => "the system has too many open files; wait or raise fs.file-max",
        Errno::AGAIN => "raise the limit on processes (ulimit -u, pids.max of the cgroup)",
        Errno::NOMEM => "there is not enough memory for another process",
        _ if call.ends_with("/dev/null") => {
            "every worker needs it as standard input; make it: mknod -m 666 /dev/null c 1 3"
        }
        Errno::NOENT if call.contains("/proc/") => "mount it: mount -t proc proc /proc",
        _ => "see the manual page of the call",
    }
}
