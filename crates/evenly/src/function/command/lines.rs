//! Lines of a file as the texts of a command, read by number.
//!
//! An index has one entry for each block of lines, and no text is kept in memory. An entry has a hash of its block: a
//! command gets a text only if the bytes are those that were indexed.

mod over_agents;

use super::super::files::{Files, open_regular};
use blake2::digest::consts::{U8, U32};
use blake2::{Blake2b, Digest};
use rustix::fs::{Mode, OFlags, Stat};
use rustix::io::Errno;
use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Most lines of a block.
const BLOCK_LINES: u64 = 256;
/// A block ends with the line that reaches this many bytes.
const BLOCK_BYTES: u64 = 1 << 16;
/// Bytes that are read at once.
const PIECE: usize = 1 << 16;
/// Longest text that is read, in bytes. No argument of a process is longer than 128 KiB (execve(2), MAX_ARG_STRLEN).
const LONGEST: usize = 1 << 18;

/// The byte that ends each line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// A newline (`--lines`). A carriage return before it belongs to the line.
    Newline,
    /// A NUL byte (`--lines0`), so that a line can hold newlines.
    Nul,
}

impl LineEnd {
    fn byte(self) -> u8 {
        match self {
            Self::Newline => b'\n',
            Self::Nul => 0,
        }
    }

    /// The option that takes such a file.
    #[doc(hidden)]
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Newline => "--lines",
            Self::Nul => "--lines0",
        }
    }
}

/// Why a file of lines cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinesError {
    /// It cannot be read.
    #[error("cannot read '{}': {cause}", evenly_core::printable(.path.as_os_str().as_encoded_bytes(), 4096))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// What comes through a pipe cannot be copied to a file that is read by number.
    #[error(
        "cannot copy the lines to a temporary file in '{}': {cause}; make room there, or set TMPDIR",
        evenly_core::printable(.directory.as_os_str().as_encoded_bytes(), 4096)
    )]
    NotCopied {
        /// The directory for temporary files.
        directory: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// No argument of a process has a NUL byte in it.
    #[error(
        "line {line} of '{}' has a NUL byte, which no argument can have; if NUL bytes end the items, use --lines0",
        evenly_core::printable(.path.as_os_str().as_encoded_bytes(), 4096)
    )]
    HasNul {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
}

/// Why the text of a line cannot be given to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    /// The bytes are not those that were indexed.
    Changed,
    /// It is longer than any argument may be.
    TooLong,
    /// There is no such line.
    Absent,
    /// It cannot be read.
    Unreadable(Errno),
}

/// A file of lines with its index: 24 bytes for each block of 256 lines, or of fewer if they have 64 KiB.
#[derive(Debug)]
pub struct Lines {
    named: PathBuf,
    end: LineEnd,
    file: File,
    /// The descriptor of a worker, which keeps none of its primary.
    own: OnceCell<File>,
    /// Of the open file, before it was read; `None` if it is a copy, which no other process can change.
    stat: Option<Stat>,
    blocks: Vec<Block>,
    size: u64,
    len: u64,
    digest: [u8; 32],
}

#[derive(Clone, Copy, Debug)]
struct Block {
    offset: u64,
    /// Number of its first line, from 1.
    first: u64,
    hash: [u8; 8],
}

impl Lines {
    /// Opens and indexes a file. A pipe is copied to a temporary file without a name first.
    ///
    /// # Errors
    /// If it cannot be read or copied, or if a line that ends with a newline has a NUL byte.
    pub fn open(path: &Path, end: LineEnd) -> Result<Self, LinesError> {
        let unreadable = |cause| LinesError::Unreadable { path: path.to_owned(), cause };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() && !metadata.is_dir() {
            let source = File::open(path).map_err(unreadable)?;
            return Self::copied(path, source, end);
        }
        let file = open_regular(path).map_err(unreadable)?;
        let stat = rustix::fs::fstat(&file).map_err(|cause| unreadable(cause.into()))?;
        Self::indexed(path, (file, Some(stat)), end)
    }

    /// Copies standard input to a temporary file without a name, and indexes it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_stdin(end: LineEnd) -> Result<Self, LinesError> {
        Self::copied(Path::new("-"), io::stdin().lock(), end)
    }

    fn copied(path: &Path, mut source: impl Read, end: LineEnd) -> Result<Self, LinesError> {
        let directory = std::env::temp_dir();
        let not_copied = |cause| LinesError::NotCopied { directory: directory.clone(), cause };
        let mut copy = unnamed_file(&directory).map_err(not_copied)?;
        let mut room = vec![0; PIECE];
        loop {
            let count = read_some(&mut source, &mut room)
                .map_err(|cause| LinesError::Unreadable { path: path.to_owned(), cause })?;
            if count == 0 {
                return Self::indexed(path, (copy, None), end);
            }
            copy.write_all(&room[..count]).map_err(not_copied)?;
        }
    }

    fn indexed(
        path: &Path,
        (file, stat): (File, Option<Stat>),
        end: LineEnd,
    ) -> Result<Self, LinesError> {
        let mut indexer = Indexer::new(end);
        let mut room = vec![0; PIECE];
        loop {
            let count = read_at(&file, &mut room, indexer.size)
                .map_err(|cause| LinesError::Unreadable { path: path.to_owned(), cause })?;
            if count == 0 {
                break;
            }
            if let Err(line) = indexer.take(&room[..count]) {
                return Err(LinesError::HasNul { path: path.to_owned(), line });
            }
        }
        indexer.finish();
        let Indexer { blocks, size, complete, is_open, digest, .. } = indexer;
        Ok(Self {
            named: path.to_owned(),
            end,
            file,
            own: OnceCell::new(),
            stat,
            blocks,
            size,
            len: complete + u64::from(is_open),
            digest: digest.finalize().into(),
        })
    }

    /// Number of lines. A last line needs no end; an empty file has none.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The file as it was named; `-` for standard input.
    #[must_use]
    pub fn named(&self) -> &Path {
        &self.named
    }

    /// What ends each line.
    #[must_use]
    pub fn line_end(&self) -> LineEnd {
        self.end
    }

    /// Of its bytes.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Adds the file to those that are compared during the job, unless it is a copy.
    pub(super) fn add_to(&self, files: &mut Files) -> io::Result<()> {
        match &self.stat {
            Some(stat) => files.add_digest(&self.named, self.digest, stat),
            None => Ok(()),
        }
    }

    /// In a worker: opens the file of the primary again. `/proc` leads to the same file even if its name is gone.
    pub(super) fn reopen(&self) -> io::Result<()> {
        let primary = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
        let link = format!("/proc/{primary}/fd/{}", self.file.as_raw_fd());
        let file = match File::open(link) {
            Ok(file) => file,
            Err(_) if self.stat.is_some() => File::open(&self.named)?,
            Err(error) => return Err(error),
        };
        // Workers begin once.
        let _ = self.own.set(file);
        Ok(())
    }

    /// The text of a line, without its end.
    pub(crate) fn text(&self, n: u64) -> Result<Vec<u8>, NoText> {
        let text = self.beginning(n)?;
        if text.len() > LONGEST { Err(NoText::TooLong) } else { Ok(text) }
    }

    /// The same, or the beginning of a text that is too long for an argument.
    pub(crate) fn beginning(&self, n: u64) -> Result<Vec<u8>, NoText> {
        let after = self.blocks.partition_point(|block| block.first <= n);
        let block = after.checked_sub(1).filter(|_| n <= self.len).map(|at| self.blocks[at]);
        let block = block.ok_or(NoText::Absent)?;
        let end = self.blocks.get(after).map_or(self.size, |next| next.offset);
        let file = self.own.get().unwrap_or(&self.file);
        let (mut hasher, mut line, mut text) = (Blake2b::<U8>::new(), block.first, Vec::new());
        let mut room = vec![0; PIECE];
        let mut offset = block.offset;
        while offset < end {
            let most = usize::try_from(end - offset).unwrap_or(PIECE).min(PIECE);
            let count = read_at(file, &mut room[..most], offset).map_err(|error| {
                NoText::Unreadable(Errno::from_io_error(&error).unwrap_or(Errno::IO))
            })?;
            if count == 0 {
                return Err(NoText::Changed);
            }
            hasher.update(&room[..count]);
            offset += count as u64;
            for piece in room[..count].split_inclusive(|byte| *byte == self.end.byte()) {
                let whole = piece.strip_suffix(&[self.end.byte()]);
                if line == n && text.len() <= LONGEST {
                    text.extend_from_slice(whole.unwrap_or(piece));
                }
                line += u64::from(whole.is_some());
            }
        }
        let hash: [u8; 8] = hasher.finalize().into();
        if hash == block.hash { Ok(text) } else { Err(NoText::Changed) }
    }
}

/// Index of a file in the making.
struct Indexer {
    end: LineEnd,
    blocks: Vec<Block>,
    /// Offset and first line of the block that is open.
    offset: u64,
    first: u64,
    hasher: Blake2b<U8>,
    digest: Blake2b<U32>,
    /// Bytes so far.
    size: u64,
    /// Lines that have ended.
    complete: u64,
    /// Whether bytes follow the last end of a line.
    is_open: bool,
}

impl Indexer {
    fn new(end: LineEnd) -> Self {
        Self {
            end,
            blocks: Vec::new(),
            offset: 0,
            first: 1,
            hasher: Blake2b::new(),
            digest: Blake2b::new(),
            size: 0,
            complete: 0,
            is_open: false,
        }
    }

    /// Takes the next bytes; gives the number of a line with a NUL byte that does not end it.
    fn take(&mut self, bytes: &[u8]) -> Result<(), u64> {
        self.digest.update(bytes);
        let end = self.end.byte();
        for piece in bytes.split_inclusive(|byte| *byte == end) {
            if self.end == LineEnd::Newline && piece.contains(&0) {
                return Err(self.complete + 1);
            }
            self.hasher.update(piece);
            self.size += piece.len() as u64;
            self.is_open = piece.last() != Some(&end);
            if !self.is_open {
                self.complete += 1;
                let lines = self.complete + 1 - self.first;
                if lines >= BLOCK_LINES || self.size - self.offset >= BLOCK_BYTES {
                    self.close();
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        let hash = self.hasher.finalize_reset().into();
        self.blocks.push(Block { offset: self.offset, first: self.first, hash });
        (self.offset, self.first) = (self.size, self.complete + 1);
    }

    fn finish(&mut self) {
        if self.size > self.offset {
            self.close();
        }
    }
}

/// A file that has no name, or has lost it.
fn unnamed_file(directory: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    match rustix::fs::open(directory, flags | OFlags::TMPFILE, mode) {
        Ok(file) => Ok(file.into()),
        // Not every file system has such files (open(2), O_TMPFILE).
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
            let path = directory.join(format!(".evenly-lines-{}", std::process::id()));
            let file = rustix::fs::open(&path, flags | OFlags::CREATE | OFlags::EXCL, mode)?;
            std::fs::remove_file(&path)?;
            Ok(file.into())
        }
        Err(cause) => Err(cause.into()),
    }
}

fn read_some(source: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(room, offset) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
