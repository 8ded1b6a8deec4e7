//! Key file: 32 random bytes that only its owner can read.
//!
//! A process that holds the key may join as an agent, and pose as a primary. The system's random
//! generator makes it, and it is never typed: an attacker could record a handshake and try words on it. It travels by file only; arguments and environments are readable in /proc.

use super::KeyError;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use std::ffi::OsString;
use std::fmt;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

pub(super) const LENGTH: usize = 32;

/// The secret that a primary and its agents share. It is never shown, stays at one place in memory, and
/// is overwritten there when it is dropped.
#[derive(Clone)]
pub struct Key(Arc<Zeroizing<[u8; LENGTH]>>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Makes a new key, in a file that must not exist yet.
    ///
    /// The file appears at its path with all that it holds, or not at all, so that of two who make it
    /// at the same time one reads what the other made.
    ///
    /// # Errors
    /// If there is something at the path, or the file cannot be written.
    pub fn make(path: &Path) -> Result<Self, KeyError> {
        make_directory_of(path)?;
        let mut bytes = Arc::new(Zeroizing::new([0; LENGTH]));
        fill_with_chance(&mut **Arc::make_mut(&mut bytes))
            .map_err(KeyError::system(path, "getrandom"))?;
        let key = Self(bytes);
        key.store(path)?;
        Ok(key)
    }

    /// Stores the key in a file, with its directories. An equal key that is there already is left as it is.
    ///
    /// # Errors
    /// If something else is at the path, or the file cannot be written.
    pub fn add(&self, path: &Path) -> Result<(), KeyError> {
        make_directory_of(path)?;
        match self.store(path) {
            Err(KeyError::Exists { path }) if Self::read(&path)?.0 != self.0 => {
                Err(KeyError::Another { path })
            }
            Err(KeyError::Exists { .. }) => Ok(()),
            stored => stored,
        }
    }

    /// Stores the key in a new file.
    fn store(&self, path: &Path) -> Result<(), KeyError> {
        let system = |call| KeyError::system(path, call);
        // Any name that no other process chooses will do.
        let mut chance = [0; 8];
        fill_with_chance(&mut chance).map_err(system("getrandom"))?;
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{:016x}", u64::from_le_bytes(chance)));
        let beside = PathBuf::from(name);

        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::open(&beside, flags, Mode::RUSR | Mode::WUSR);
        let file = file.map_err(system("open"))?;
        let written = write_all(&file, self.bytes())
            .and_then(|()| rustix::fs::fsync(&file))
            .map_err(system("write"))
            .and_then(|()| match rustix::fs::link(&beside, path) {
                Err(Errno::EXIST) => Err(KeyError::Exists { path: path.to_owned() }),
                linked => linked.map_err(system("link")),
            });
        let removed = rustix::fs::unlink(&beside).map_err(system("unlink"));
        written.and(removed)
    }

    /// The key of these bytes.
    pub(super) fn of(bytes: &Zeroizing<[u8; LENGTH]>) -> Self {
        Self(Arc::new(bytes.clone()))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// Unless there is a regular file of exactly 32 bytes that is ours and that no other user may read or
    /// write.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let system = |call| KeyError::system(path, call);
        let path_buf = || path.to_owned();
        // Without NONBLOCK, opening a named pipe would wait for a writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Err(Errno::NOENT) => return Err(KeyError::Missing { path: path_buf() }),
            opened => opened.map_err(system("open"))?,
        };
        let stat = rustix::fs::fstat(&file).map_err(system("fstat"))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(KeyError::NotAFile { path: path_buf() });
        }
        let (owner, us) = (stat.st_uid, rustix::process::geteuid().as_raw());
        if owner != us {
            return Err(KeyError::NotOurs { path: path_buf(), owner, us });
        }
        let mode = stat.st_mode & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyError::NotPrivate { path: path_buf(), mode });
        }
        let mut bytes = Arc::new(Zeroizing::new([0; LENGTH]));
        let length = read_all(&file, &mut **Arc::make_mut(&mut bytes)).map_err(system("read"))?;
        if length != LENGTH || stat.st_size != LENGTH as i64 {
            return Err(KeyError::Length { path: path_buf(), length: stat.st_size as u64 });
        }
        Ok(Self(bytes))
    }

    /// Reads a key, or makes it with its directory if it is not there. Says whether it was made.
    ///
    /// # Errors
    /// As for [`read`](Self::read) and [`make`](Self::make).
    pub fn read_or_make(path: &Path) -> Result<(Self, bool), KeyError> {
        match Self::read(path) {
            Err(KeyError::Missing { .. }) => {}
            read => return Ok((read?, false)),
        }
        match Self::make(path) {
            // Another process was faster.
            Err(KeyError::Exists { .. }) => Ok((Self::read(path)?, false)),
            made => Ok((made?, true)),
        }
    }

    /// Where the key of this user is: `evenly/key` in the configuration directory.
    ///
    /// # Errors
    /// If the environment names no directory.
    pub fn default_path() -> Result<PathBuf, KeyError> {
        default_path(std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME"))
    }

    /// The secret itself, for sealing.
    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

/// The rule of the XDG base directories: a path that is not absolute does not count.
pub(super) fn default_path(
    configuration: Option<OsString>,
    home: Option<OsString>,
) -> Result<PathBuf, KeyError> {
    let absolute =
        |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let configuration =
        absolute(configuration).or_else(|| absolute(home).map(|home| home.join(".config")));
    configuration.map(|directory| directory.join("evenly/key")).ok_or(KeyError::NoHome)
}

/// Makes the directories above a file, for this user only.
fn make_directory_of(path: &Path) -> Result<(), KeyError> {
    let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    let cause = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    made.map_err(|error| KeyError::system(directory, "mkdir")(cause(error)))
}

fn fill_with_chance(mut bytes: &mut [u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let count = rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty()))?;
        bytes = &mut bytes[count..];
    }
    Ok(())
}

fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(file, bytes))? {
            0 => return Err(Errno::IO),
            count => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// Reads until the end of the file, or until there is no more room; how many bytes it were.
fn read_all(file: &OwnedFd, bytes: &mut [u8]) -> Result<usize, Errno> {
    let mut length = 0;
    while length < bytes.len() {
        match rustix::io::retry_on_intr(|| rustix::io::read(file, &mut bytes[length..]))? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}
