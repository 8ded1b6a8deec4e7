//! Files that an answer depends on: their digests when the job was made, and whether they still have them.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use rustix::fs::Stat;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Several such files, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(Vec<Tracked>);

#[derive(Clone, Debug)]
struct Tracked {
    /// As it was named, and from the root: this process may change its directory.
    named: PathBuf,
    path: PathBuf,
    digest: [u8; 32],
    /// What stat(2) said when the bytes had that digest.
    stat: Cell<FileStamp>,
}

/// Device, inode, size and times of a file, some of which differ after any write (inode(7)).
type FileStamp = (u64, u64, u64, (i64, i64), (i64, i64));

impl Files {
    /// Adds a file, unless it is among them.
    ///
    /// # Errors
    /// If it cannot be read, or is no regular file: a pipe or a device has no content of its own.
    pub(super) fn add(&mut self, named: &Path) -> io::Result<()> {
        self.add_with(named, read)
    }

    /// Adds a file whose bytes the caller has read, unless it is among them. `stat` is of the open file, from
    /// before the bytes were read.
    ///
    /// # Errors
    /// If the working directory is needed and does not exist.
    pub(super) fn add_read(&mut self, named: &Path, bytes: &[u8], stat: &Stat) -> io::Result<()> {
        self.add_digest(named, Blake2b::<U32>::digest(bytes).into(), stat)
    }

    /// The same for a file of which the caller has the digest.
    ///
    /// # Errors
    /// As [`add_read`](Self::add_read).
    pub(super) fn add_digest(
        &mut self,
        named: &Path,
        digest: [u8; 32],
        stat: &Stat,
    ) -> io::Result<()> {
        self.add_with(named, |_| Ok((digest, seen(stat))))
    }

    fn add_with(
        &mut self,
        named: &Path,
        digest: impl FnOnce(&Path) -> io::Result<([u8; 32], FileStamp)>,
    ) -> io::Result<()> {
        let path = std::path::absolute(named)?;
        if self.0.iter().any(|tracked| tracked.path == path) {
            return Ok(());
        }
        let (digest, seen) = digest(&path)?;
        self.0.push(Tracked { named: named.to_owned(), path, digest, stat: Cell::new(seen) });
        Ok(())
    }

    /// As they were named.
    pub(super) fn named(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|tracked| &*tracked.named)
    }

    /// Of their bytes.
    pub(super) fn digests(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.0.iter().map(|tracked| &tracked.digest)
    }

    /// The first whose bytes are not what they were. See [`Function::changed_file`](super::Function::changed_file).
    pub(super) fn changed(&self, thoroughly: bool) -> Option<PathBuf> {
        let changed = self.0.iter().find(|tracked| tracked.has_changed(thoroughly));
        changed.map(|tracked| tracked.named.clone())
    }
}

impl Tracked {
    fn has_changed(&self, thoroughly: bool) -> bool {
        let is_as_seen =
            || rustix::fs::stat(&self.path).is_ok_and(|stat| seen(&stat) == self.stat.get());
        if !thoroughly && is_as_seen() {
            return false;
        }
        match read(&self.path) {
            Ok((digest, seen)) if digest == self.digest => {
                self.stat.set(seen);
                false
            }
            _ => true,
        }
    }
}

fn seen(stat: &Stat) -> FileStamp {
    let modified = (stat.st_mtime, stat.st_mtime_nsec as i64);
    let changed = (stat.st_ctime, stat.st_ctime_nsec as i64);
    (stat.st_dev, stat.st_ino, stat.st_size as u64, modified, changed)
}

/// The digest of a file's bytes, and how it was seen before they were read.
fn read(path: &Path) -> io::Result<([u8; 32], FileStamp)> {
    let mut file = open_regular(path)?;
    let seen = seen(&rustix::fs::fstat(&file)?);
    let mut hasher = Blake2b::<U32>::new();
    let mut room = vec![0; 1 << 16];
    loop {
        match file.read(&mut room) {
            Ok(0) => return Ok((hasher.finalize().into(), seen)),
            Ok(count) => hasher.update(&room[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Opens a file to read; never waits for the other end of a pipe.
///
/// # Errors
/// As of open(2), or that it is no regular file.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let file = options.read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok(file);
    }
    let kind = match metadata.mode() & libc::S_IFMT {
        libc::S_IFDIR => "a directory",
        libc::S_IFIFO => "a named pipe",
        libc::S_IFCHR | libc::S_IFBLK => "a device",
        _ => "a special file",
    };
    Err(io::Error::other(format!("it is {kind}, not a regular file")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_file_has_changed_when_its_bytes_have() {
        let scratch = Scratch::new("files");
        let path = scratch.path("script");
        std::fs::write(&path, "one").unwrap();
        let mut files = Files::default();
        files.add(&path).unwrap();
        files.add(&path).unwrap();
        assert_eq!((files.named().count(), files.changed(true)), (1, None));
        // The same bytes in a new file, as an editor writes them.
        std::fs::write(scratch.path("fresh"), "one").unwrap();
        std::fs::rename(scratch.path("fresh"), &path).unwrap();
        assert_eq!((files.changed(false), files.changed(true)), (None, None));
        std::fs::write(&path, "three").unwrap();
        assert_eq!(files.changed(false), Some(path.clone()));
        std::fs::write(&path, "one").unwrap();
        assert_eq!(files.changed(false), None);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(files.changed(false), Some(path));
    }

    #[test]
    fn a_file_that_the_caller_has_read_is_compared_with_those_bytes() {
        let scratch = Scratch::new("files-read");
        let path = scratch.path("library");
        std::fs::write(&path, "one").unwrap();
        let stat = rustix::fs::stat(&path).unwrap();
        let mut files = Files::default();
        files.add_read(&path, b"one", &stat).unwrap();
        assert_eq!((files.changed(false), files.changed(true)), (None, None));
        std::fs::write(&path, "three").unwrap();
        assert_eq!(files.changed(false), Some(path));
    }

    #[test]
    fn a_special_file_is_refused_at_once() {
        let mut files = Files::default();
        for (path, kind) in [("/dev/zero", "a device"), ("/", "a directory")] {
            let refused = files.add(Path::new(path)).unwrap_err().to_string();
            assert_eq!(refused, format!("it is {kind}, not a regular file"));
        }
    }
}
