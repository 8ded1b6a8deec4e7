//! Lock files: `PATH.lock` beside a file, held by one process at a time (flock(2)).
//!
//! The kernel lets go of it when its holder is gone, however it ended. What a kill leaves behind is a
//! file without a holder, and the next process takes it over.

use rustix::fs::{FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Read and written by its owner only.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A lock beside a file, held while it is open.
#[derive(Debug)]
pub(crate) struct Lock {
    file: OwnedFd,
    path: PathBuf,
}

impl Lock {
    /// `None` if another process holds it.
    ///
    /// # Errors
    /// `EEXIST` if the file has content: no lock has, so it belongs to another program, and would be
    /// removed with the lock.
    pub(crate) fn take(of: &Path) -> Result<Option<Self>, Errno> {
        let path = beside(of);
        loop {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = rustix::fs::open(&path, flags, PRIVATE)?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(cause) => return Err(cause),
            }
            // Its holder may have removed it since it was opened; then others lock another file.
            let stat = rustix::fs::fstat(&file)?;
            if stat.st_size > 0 {
                return Err(Errno::EXIST);
            }
            let held = identity(&stat);
            match rustix::fs::lstat(&path) {
                Ok(there) if identity(&there) == held => return Ok(Some(Self { file, path })),
                Ok(_) | Err(Errno::NOENT) => {}
                Err(cause) => return Err(cause),
            }
        }
    }
}

impl Lock {
    /// The process that holds the lock, if the kernel says which one it is: proc_locks(5) has its file as
    /// `MAJOR:MINOR:INODE`, the first two in hexadecimal digits.
    pub(crate) fn holder(of: &Path) -> Option<u32> {
        let stat = rustix::fs::lstat(beside(of)).ok()?;
        let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
        let wanted = format!("{major:02x}:{minor:02x}:{}", stat.st_ino);
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        locks.lines().find_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (kind, pid) = (words.next()?, words.nth(2)?);
            let is_it = kind == "FLOCK" && words.next() == Some(&wanted);
            // Of a process in another namespace the number is 0.
            pid.parse().ok().filter(|pid| is_it && *pid > 0)
        })
    }
}

/// The lock file beside a file.
fn beside(of: &Path) -> PathBuf {
    let mut path = of.as_os_str().to_owned();
    path.push(".lock");
    PathBuf::from(path)
}

impl Drop for Lock {
    /// Removes the file while it is still locked: see [`take`](Self::take).
    fn drop(&mut self) {
        if let Ok(held) = rustix::fs::fstat(&self.file) {
            remove_if_same(&self.path, identity(&held));
        }
    }
}

/// Removes the file at a path unless it has become another one. That it cannot be removed is no
/// error: the next who comes there replaces it.
pub(crate) fn remove_if_same(path: &Path, made: DeviceInode) {
    let there = rustix::fs::lstat(path);
    if there.is_ok_and(|there| identity(&there) == made) {
        let _ = rustix::fs::unlink(path);
    }
}

/// Device and inode, which identify a file.
pub(crate) type DeviceInode = (u64, u64);

pub(crate) fn identity(stat: &Stat) -> DeviceInode {
    (stat.st_dev, stat.st_ino)
}
