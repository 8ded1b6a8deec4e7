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
        let mut path = of.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
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
