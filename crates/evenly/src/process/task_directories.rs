//! Temporary directories of array tasks (`TMPDIR`).
//!
//! Each run has one directory (`RunDirectory`), each of its workers one in it, and each attempt of a command one in that.
//! A worker removes the directory of an attempt when its command has ended, a replaced worker that of the worker before,
//! and the run all that is left. A run that was killed leaves its directory behind without a lock (flock(2)): the next
//! run of the same user removes it.

use super::remove_tree::{names, remove_contents, remove_tree};
use crate::lock::identity;
use rustix::fs::{FlockOperation, Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use std::ffi::OsStr;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// First part of the name of the directory of a run; the rest is random.
const PREFIX: &str = "evenly-tasks-";

/// Name of the copy of a batch script, in the directory of a run. The same as under Slurm.
const SCRIPT: &str = "slurm_script";

/// Name of the file with the host of each CPU, in the directory of a run.
const HOSTS: &str = "hosts";

/// Directory of programs that stand for those of a batch system, in the directory of a run.
const PROGRAMS: &str = "bin";

/// A program that a run provides: its name and its text.
pub(crate) type Provided = (&'static str, &'static str);

/// Why a run has no directory.
#[derive(Debug)]
pub(crate) enum NoRunDirectory {
    /// Nothing can be made in the directory for temporary files.
    NotMade(PathBuf, Errno),
    /// The directory for temporary files and all others are mounted noexec (mount(8)), so that no program in them runs.
    NoExec(PathBuf),
}

/// Directory of one run. Dropped, it is removed with all that is in it.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    /// The directory of the program, where the one for temporary files is mounted noexec.
    elsewhere: Option<Box<Self>>,
    /// Open and locked while the run lives.
    _lock: OwnedFd,
}

impl RunDirectory {
    /// Makes one in the directory for temporary files, with a file that names this host once for each CPU of a task, and a
    /// copy of a batch script that can be executed, and a program beside it.
    /// Removes those of runs that were killed.
    ///
    /// # Errors
    /// The directory for temporary files, and why it does not serve.
    pub(crate) fn make(
        hosts: &str,
        script: Option<&[u8]>,
        provided: Option<Provided>,
    ) -> Result<Self, NoRunDirectory> {
        let parent = std::env::temp_dir();
        // Commands may have another working directory.
        let parent = std::path::absolute(&parent).unwrap_or(parent);
        remove_unlocked(&parent);
        let mut made = match Self::make_in(&parent) {
            Ok(made) => made,
            Err(cause) => return Err(NoRunDirectory::NotMade(parent, cause)),
        };
        let written = std::fs::write(made.hosts(), hosts).and_then(|()| match script {
            Some(script) => write_script(&made.path.join(SCRIPT), script),
            None => Ok(()),
        });
        if provided.is_some() && !allows_programs(&parent) {
            let Some(elsewhere) = Self::that_allows_programs() else {
                return Err(NoRunDirectory::NoExec(parent));
            };
            made.elsewhere = Some(Box::new(elsewhere));
        }
        let written = written.and_then(|()| {
            let Some((name, text)) = provided else { return Ok(()) };
            let programs = made.path.join(PROGRAMS);
            match &made.elsewhere {
                // Whether a program may run is a matter of where the link leads.
                Some(elsewhere) => std::os::unix::fs::symlink(elsewhere.path(), &programs)?,
                None => std::fs::create_dir(&programs)?,
            }
            write_script(&programs.join(name), text.as_bytes())
        });
        let cause = |error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        written.map_err(|error| NoRunDirectory::NotMade(parent, cause(error)))?;
        Ok(made)
    }

    /// A directory elsewhere, in which programs may run.
    fn that_allows_programs() -> Option<Self> {
        let from_environment = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let fixed = ["/tmp", "/var/tmp", "/dev/shm"].map(PathBuf::from);
        let parents = from_environment("XDG_RUNTIME_DIR").into_iter().chain(fixed);
        let mut parents = parents.chain(from_environment("HOME"));
        parents.find_map(|parent| {
            let is_sound = parent.is_absolute() && allows_programs(&parent);
            is_sound.then(|| remove_unlocked(&parent))?;
            Self::make_in(&parent).ok()
        })
    }

    fn make_in(parent: &Path) -> Result<Self, Errno> {
        loop {
            match Self::try_make(parent) {
                Ok(Some(made)) => return Ok(made),
                Ok(None) | Err(Errno::EXIST) => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// `None` if another run took it for one that was killed, before it was locked.
    fn try_make(parent: &Path) -> Result<Option<Self>, Errno> {
        let mut random = [0; 8];
        getrandom(&mut random, GetRandomFlags::empty())?;
        let path = parent.join(format!("{PREFIX}{:016x}", u64::from_ne_bytes(random)));
        rustix::fs::mkdir(&path, Mode::RWXU)?;
        let Ok(lock) = open(&path) else { return Ok(None) };
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        let made = identity(&rustix::fs::fstat(&lock)?);
        let is_there = rustix::fs::lstat(&path).is_ok_and(|there| identity(&there) == made);
        Ok(is_there.then_some(Self { path, elsewhere: None, _lock: lock }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn hosts(&self) -> PathBuf {
        self.path.join(HOSTS)
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        // What cannot be removed is left to the next run.
        let _ = remove_tree(&self.path);
    }
}

/// Whether programs in this directory may run, as far as its mount says.
fn allows_programs(directory: &Path) -> bool {
    rustix::fs::statvfs(directory)
        .is_ok_and(|mount| !mount.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

fn write_script(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o700).open(path)?.write_all(text)
}

/// Removes the directories of runs of this user that no process holds.
fn remove_unlocked(parent: &Path) {
    let Ok(directory) = open(parent) else { return };
    for name in names(&directory) {
        if !name.to_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let path = parent.join(OsStr::from_bytes(name.to_bytes()));
        let Ok(found) = open(&path) else { continue };
        let is_ours = rustix::fs::fstat(&found)
            .is_ok_and(|stat| stat.st_uid == rustix::process::geteuid().as_raw());
        let lock = FlockOperation::NonBlockingLockExclusive;
        if is_ours && rustix::fs::flock(&found, lock).is_ok() {
            remove_contents(&found);
            let _ = rustix::fs::rmdir(&path);
        }
    }
}

fn open(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    rustix::fs::open(path, flags, Mode::empty())
}

/// Directory of one worker, in that of its run.
#[derive(Debug)]
pub(crate) struct WorkerDirectory {
    path: PathBuf,
    hosts: PathBuf,
    script: PathBuf,
    programs: PathBuf,
}

impl WorkerDirectory {
    /// That of the worker in this slot. Removes what a worker before it left.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn make(run: &Path, slot: usize) -> Result<Self, Errno> {
        let path = run.join((slot + 1).to_string());
        let _ = remove_tree(&path);
        match rustix::fs::mkdir(&path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {
                let [hosts, script, programs] =
                    [HOSTS, SCRIPT, PROGRAMS].map(|name| run.join(name));
                Ok(Self { path, hosts, script, programs })
            }
            Err(cause) => Err(cause),
        }
    }

    /// The copy of the batch script.
    pub(crate) fn script(&self) -> &Path {
        &self.script
    }

    /// Makes the directory of an attempt for a number; an earlier try to start it may have made it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn begin(&self, n: i64, attempt: u32) -> Result<TaskFiles, Errno> {
        let directory = self.path.join(format!("{n}.{attempt}"));
        match rustix::fs::mkdir(&directory, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {
                let (hosts, programs) = (self.hosts.clone(), self.programs.clone());
                Ok(TaskFiles { directory, hosts, programs })
            }
            Err(cause) => Err(cause),
        }
    }

    /// Removes the directories of attempts.
    pub(crate) fn end(&self) {
        if let Ok(directory) = open(&self.path) {
            remove_contents(&directory);
        }
    }
}

/// Files that one attempt of a task gets.
#[derive(Debug)]
pub(crate) struct TaskFiles {
    /// Its `TMPDIR`.
    pub(crate) directory: PathBuf,
    /// File with one host name for each of its CPUs.
    pub(crate) hosts: PathBuf,
    /// Directory of the programs that the run provides, if it provides any.
    pub(crate) programs: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_removes_the_directories_of_dead_runs_only() {
        let one = RunDirectory::make("here\n", Some(b"#!/bin/sh\n"), Some(("srun", ":"))).unwrap();
        let worker = WorkerDirectory::make(one.path(), 4).unwrap();
        let files = worker.begin(-3, 2).unwrap();
        std::fs::write(files.directory.join("left"), "x").unwrap();
        assert_eq!(std::fs::read_to_string(files.hosts).unwrap(), "here\n");
        assert_eq!(std::fs::read_to_string(files.programs.join("srun")).unwrap(), ":");
        // As kill -9 leaves one.
        let dead = one.path().with_file_name(format!("{PREFIX}dead-{}", std::process::id()));
        std::fs::create_dir_all(dead.join("1/7.1")).unwrap();
        let other = RunDirectory::make("", None, None).unwrap();
        assert!(!dead.exists());
        assert!(files.directory.join("left").exists());
        worker.end();
        assert!(!files.directory.exists() && worker.path.exists());
        let paths = [one.path.clone(), other.path.clone()];
        drop((one, other));
        assert!(paths.iter().all(|path| !path.exists()));
    }
}
