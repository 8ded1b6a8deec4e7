//! The bytes of a shared library: read once, checked, digested, and copied to memory that nothing changes.
//!
//! The file may be overwritten while the job runs, and then a mapping of the file would run other code than
//! was digested. So workers map a sealed copy (memfd_create(2)), which is of the digested bytes.

use crate::function::files::open_regular;
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A file that is longer is no library.
const LONGEST: u64 = 4 << 30;

/// A library as it was read.
#[derive(Debug)]
pub(super) struct Image {
    /// From the root: this process may change its directory.
    file: PathBuf,
    copy: Option<Copy>,
}

/// A sealed copy in memory. The process that made the image keeps it open; workers find it there.
#[derive(Debug)]
struct Copy {
    memory: OwnedFd,
    /// The device and the inode, by which it is recognised behind a path of /proc.
    identity: (u64, u64),
}

impl Image {
    /// Reads a library, with its bytes.
    ///
    /// # Errors
    /// If it cannot be read, or is no whole library for this machine.
    pub(super) fn read(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let file = open_regular(path)?;
        let length = file.metadata()?.len();
        if length > LONGEST {
            return Err(io::Error::other("it is longer than 4 GiB, and no library"));
        }
        let mut bytes = Vec::with_capacity(length as usize);
        // Files of /proc may have no end.
        file.take(LONGEST).read_to_end(&mut bytes)?;
        Ok((Self { file: std::path::absolute(path)?, copy: None }, bytes))
    }

    /// Makes the copy, unless the library finds others beside its own file (`$ORIGIN` in ld.so(8)), which it
    /// would look for beside the copy.
    pub(super) fn copy(&mut self, bytes: &[u8]) {
        let finds_others = |mark: &[u8]| bytes.windows(mark.len()).any(|part| part == mark);
        if !finds_others(b"$ORIGIN") && !finds_others(b"${ORIGIN}") {
            self.copy = Copy::make(bytes).ok();
        }
    }

    /// Uses the file itself: the kernel does not let the copy be executed.
    pub(super) fn without_copy(&mut self) {
        self.copy = None;
    }

    pub(super) fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// The path of the file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The path by which this process can map the copy: it is the one that made the image, or its child.
    pub(super) fn copy_path(&self) -> Option<PathBuf> {
        let copy = self.copy.as_ref()?;
        let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
        let own = rustix::process::getpid().as_raw_nonzero().get();
        let paths = [own, parent].map(|process| {
            PathBuf::from(format!("/proc/{process}/fd/{}", copy.memory.as_raw_fd()))
        });
        paths.into_iter().find(|path| {
            rustix::fs::stat(path).is_ok_and(|stat| (stat.st_dev, stat.st_ino) == copy.identity)
        })
    }

    /// Never closes the copy: this process has mapped it under its number, by which the linker would take
    /// the next one for the same library.
    pub(super) fn keep_open(&mut self) {
        if let Some(copy) = self.copy.take() {
            std::mem::forget(copy.memory);
        }
    }
}

impl Copy {
    fn make(bytes: &[u8]) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Kernels before 6.3 do not know MFD_EXEC, and let any copy be executed.
        let memory = match rustix::fs::memfd_create("evenly-lib", flags | MemfdFlags::EXEC) {
            Err(Errno::INVAL) => rustix::fs::memfd_create("evenly-lib", flags),
            made => made,
        }?;
        let mut file = File::from(memory);
        file.write_all(bytes)?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        let stat = rustix::fs::fstat(&file)?;
        Ok(Self { memory: file.into(), identity: (stat.st_dev, stat.st_ino) })
    }
}

/// Whether these are the bytes of a whole shared library for this machine (elf(5)), as far as its headers
/// tell.
///
/// # Errors
/// Why not.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err("it is no shared library: it has no ELF header".to_owned());
    }
    let number = |at: usize, length: usize| -> Option<u64> {
        let field = bytes.get(at..at.checked_add(length)?)?;
        let mut all = [0; 8];
        if cfg!(target_endian = "big") {
            all[8 - length..].copy_from_slice(field);
        } else {
            all[..length].copy_from_slice(field);
        }
        Some(u64::from_ne_bytes(all))
    };
    let cut = || format!("it is cut off: it has only {} bytes", bytes.len());
    let (class, order) = (if cfg!(target_pointer_width = "64") { 2 } else { 1 }, 1);
    let order = if cfg!(target_endian = "big") { order + 1 } else { order };
    let machine = match std::env::consts::ARCH {
        "x86_64" => Some(62),
        "aarch64" => Some(183),
        "riscv64" => Some(243),
        // On other machines the linker refuses it.
        _ => None,
    };
    let is = |at, length, wanted| number(at, length).map(|found| found == wanted).ok_or_else(cut);
    if !is(4, 1, class)? || !is(5, 1, order)? || !machine.map_or(Ok(true), |it| is(18, 2, it))? {
        return Err("it is for another kind of machine".to_owned());
    }
    if !is(16, 2, 3)? {
        return Err(
            "it is an ELF file, but no shared library; cc -shared -fPIC makes one".to_owned()
        );
    }
    if class != 2 {
        return Ok(());
    }
    // Each segment that is loaded must be there: the linker maps it, and reading behind the end is SIGBUS.
    let (at, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let (at, size, count) = (at.ok_or_else(cut)?, size.ok_or_else(cut)?, count.ok_or_else(cut)?);
    for header in 0..count {
        let header = at.saturating_add(header * size) as usize;
        let field = |offset: usize, length| number(header.saturating_add(offset), length);
        if field(0, 4).ok_or_else(cut)? != 1 {
            continue;
        }
        let (offset, length) = (field(8, 8).ok_or_else(cut)?, field(32, 8).ok_or_else(cut)?);
        let end = offset.saturating_add(length);
        if end > bytes.len() as u64 {
            return Err(format!("it is cut off: it has {} of at least {end} bytes", bytes.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_checked_by_its_headers() {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let is_libc = |word: &&str| word.contains("/libc.so") || word.contains("/libc-");
        let file = maps.split_whitespace().find(is_libc).expect("tests are linked with it");
        let whole = std::fs::read(file).unwrap();
        assert_eq!(check(&whole), Ok(()));
        let refused = |bytes: &[u8]| check(bytes).unwrap_err();
        for length in [5, 17, 40, 60, 100, whole.len() / 2] {
            assert!(refused(&whole[..length]).starts_with("it is cut off"), "{length}");
        }
        assert!(refused(b"text").ends_with("it has no ELF header"));
        let changed = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            refused(&bytes)
        };
        assert_eq!(changed(18, 8), "it is for another kind of machine");
        assert!(changed(16, 4).contains("but no shared library"));
    }

    #[test]
    fn the_copy_has_the_bytes_and_cannot_be_written() {
        let (mut image, bytes) = Image::read(Path::new("/proc/self/exe")).unwrap();
        image.copy(&[&bytes[..4096], b"$ORIGIN/../lib"].concat());
        assert_eq!(image.copy_path(), None, "it finds others beside its file");
        image.copy(&bytes[..4096]);
        let path = image.copy_path().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes[..4096]);
        let mut file = File::options().write(true).open(&path).unwrap();
        assert!(file.write_all(b"other").is_err());
        assert!(file.set_len(0).is_err());
    }
}
