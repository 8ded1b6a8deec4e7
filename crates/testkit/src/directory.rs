//! Parent of the directories that tests make: in memory where that is possible, because a sync costs nothing there.

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
use std::path::{Path, PathBuf};

const MEMORY: &str = "/dev/shm";
/// Room for the largest files of all tests that run at the same time.
const LEAST_ROOM: u64 = 1 << 30;

/// `/dev/shm`, if it has room and programs can be executed there, or else the temporary directory. A `TMPDIR` that the
/// caller of the tests has set is always used.
///
/// A journal syncs at each commit. Tests kill processes and never the machine, so files in memory lose nothing that a
/// test could notice.
#[must_use]
pub fn in_memory() -> PathBuf {
    let memory = Path::new(MEMORY);
    let is_usable = access(memory, Access::WRITE_OK).is_ok()
        && statvfs(memory).is_ok_and(|system| {
            let can_execute = !system.f_flag.contains(StatVfsMountFlags::NOEXEC);
            can_execute && system.f_bavail.saturating_mul(system.f_frsize) >= LEAST_ROOM
        });
    let is_chosen = std::env::var_os("TMPDIR").is_some();
    if is_usable && !is_chosen { memory.to_owned() } else { std::env::temp_dir() }
}
