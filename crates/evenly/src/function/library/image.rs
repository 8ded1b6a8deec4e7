//! The bytes of a shared library: read once, checked, digested, and copied to memory that nothing changes.
//!
//! The file may be overwritten while the job runs, and then a mapping of the file would run other code than
//! was digested. So workers map a sealed copy (memfd_create(2)), which is of the digested bytes.

use crate::function::files::open_regular;
use rustix::fs::{MemfdFlags, SealFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A file that is longer is no library.
const LONGEST: u64 = 4 << 30;

/// Length of the ELF header in bytes (elf(5), `Elf64_Ehdr`; that of 32 bits is shorter).
const HEADER: u64 = 64;

/// Why a library is refused while it is read.
#[derive(Debug)]
pub(super) enum NotRead {
    /// A system call failed, or the file is not regular or longer than [`LONGEST`].
    Unreadable(io::Error),
    /// The bytes are not a shared library for this machine.
    Unusable(String),
}

impl From<io::Error> for NotRead {
    fn from(cause: io::Error) -> Self {
        Self::Unreadable(cause)
    }
}

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
    /// Reads and checks a library. Returns its bytes too, and the result of fstat(2) before they were read.
    ///
    /// # Errors
    /// If the file cannot be read, or is no whole library for this machine.
    pub(super) fn read(path: &Path) -> Result<(Self, Vec<u8>, Stat), NotRead> {
        let file = open_regular(path)?;
        let stat = rustix::fs::fstat(&file).map_err(io::Error::from)?;
        let length = stat.st_size as u64;
        if length > LONGEST {
            return Err(io::Error::other("it is longer than 4 GiB, and no library").into());
        }
        // The header first: a large file that is no library costs neither its memory nor the time to read it.
        let mut bytes = Vec::new();
        (&file).take(HEADER).read_to_end(&mut bytes)?;
        check_header(&bytes).map_err(NotRead::Unusable)?;
        bytes.reserve_exact((length as usize).saturating_sub(bytes.len()));
        // Files of /proc may have no end.
        file.take(LONGEST - HEADER).read_to_end(&mut bytes)?;
        check_segments(&bytes).map_err(NotRead::Unusable)?;
        Ok((Self { file: std::path::absolute(path)?, copy: None }, bytes, stat))
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

/// The class of ELF files of this machine: 2 where addresses have 64 bits.
const CLASS: u64 = if cfg!(target_pointer_width = "64") { 2 } else { 1 };

/// Checks the ELF header (elf(5)), the first [`HEADER`] bytes of a file: a shared library for this machine.
///
/// # Errors
/// Why not.
fn check_header(bytes: &[u8]) -> Result<(), String> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err("it is no shared library: it has no ELF header".to_owned());
    }
    let order = if cfg!(target_endian = "big") { 2 } else { 1 };
    let machine = match std::env::consts::ARCH {
        "x86_64" => Some(62),
        "aarch64" => Some(183),
        "riscv64" => Some(243),
        // On other machines the linker refuses it.
        _ => None,
    };
    let is = |at, length, wanted| Ok::<_, String>(number(bytes, at, length)? == wanted);
    if !is(4, 1, CLASS)? || !is(5, 1, order)? || !machine.map_or(Ok(true), |it| is(18, 2, it))? {
        return Err("it is for another kind of machine".to_owned());
    }
    if !is(16, 2, 3)? {
        return Err(
            "it is an ELF file, but no shared library; cc -shared -fPIC makes one".to_owned()
        );
    }
    Ok(())
}

/// Checks that the file has the bytes of each segment that is loaded: the linker maps it, and reading behind the
/// end of the file is SIGBUS.
///
/// # Errors
/// How much is there and how much is needed.
fn check_segments(bytes: &[u8]) -> Result<(), String> {
    if CLASS != 2 {
        return Ok(());
    }
    let (at, size, count) = (number(bytes, 32, 8)?, number(bytes, 54, 2)?, number(bytes, 56, 2)?);
    for header in 0..count {
        let header = at.saturating_add(header * size) as usize;
        let field = |offset: usize, length| number(bytes, header.saturating_add(offset), length);
        if field(0, 4)? != 1 {
            continue;
        }
        let end = field(8, 8)?.saturating_add(field(32, 8)?);
        if end > bytes.len() as u64 {
            return Err(format!("it is cut off: it has {} of at least {end} bytes", bytes.len()));
        }
    }
    Ok(())
}

/// The unsigned integer of `length` bytes at `at`, in the byte order of this machine.
///
/// # Errors
/// If the file ends before it.
fn number(bytes: &[u8], at: usize, length: usize) -> Result<u64, String> {
    let end = at.saturating_add(length);
    let field = bytes
        .get(at..end)
        .ok_or_else(|| format!("it is cut off: it has only {} bytes", bytes.len()))?;
    let mut all = [0; 8];
    if cfg!(target_endian = "big") {
        all[8 - length..].copy_from_slice(field);
    } else {
        all[..length].copy_from_slice(field);
    }
    Ok(u64::from_ne_bytes(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<(), String> {
        check_header(bytes).and_then(|()| check_segments(bytes))
    }

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
        let (mut image, bytes, _) = Image::read(Path::new("/proc/self/exe")).unwrap();
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
