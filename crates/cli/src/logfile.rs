//! Buffered log file of a running job, written about every second; its errors never stop the run.
//!
//! The file may be a pipe. A slow reader is waited for; a reader that takes no data for a second while the buffer is
//! full is given up, as is a full disk. The error is reported at the end of the job.
//!
//! Opening changes no content: the first write after [`LogFile::release`] truncates. A refused call therefore leaves
//! every file as it was.

use crate::files;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a line may wait in the buffer.
pub(crate) const PERIOD: Duration = Duration::from_secs(1);
/// Bytes of one write to a regular file.
const PIECE: usize = 1 << 16;
/// Bytes of one write to any other file: a pipe that is ready takes at least this many (pipe(7), `PIPE_BUF`).
const PIPE_PIECE: usize = 4096;
/// Bytes in the buffer above which a write waits for the reader.
const FULL: usize = 1 << 20;
/// Longest wait for a reader that takes no data, in tenths of a second.
const PATIENCE_TENTHS: u32 = 10;

/// Treatment of the old content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Overwrite,
    Append,
}

/// An open file of this kind.
pub(crate) struct LogFile {
    /// The option that asked for it.
    option: &'static str,
    path: PathBuf,
    file: OwnedFd,
    mode: Mode,
    piece: usize,
    is_regular: bool,
    /// Nothing is written before the job begins.
    is_held: bool,
    is_untouched: bool,
    /// The path at which opening it made an empty file, which a refused call removes.
    made: Option<PathBuf>,
    waiting: Vec<u8>,
    written_out: Instant,
    failed: Option<String>,
}

impl LogFile {
    /// Opens it and writes nothing yet.
    ///
    /// # Errors
    /// One line that says why it cannot be opened.
    pub(crate) fn open(option: &'static str, path: &Path, mode: Mode) -> Result<Self, String> {
        let refused = |cause: std::io::Error| {
            let path = path.display();
            if Errno::from_io_error(&cause) == Some(Errno::NXIO) {
                return format!(
                    "cannot open '{path}' for {option}: no process reads this FIFO; start its reader first"
                );
            }
            format!("cannot open '{path}' for {option}: {cause}; name a file that can be written")
        };
        let (file, made) = open(path, mode).map_err(refused)?;
        let is_regular = File::from(file.try_clone().map_err(refused)?).metadata();
        let is_regular = is_regular.map_err(refused)?.is_file();
        Ok(Self {
            option,
            path: path.to_owned(),
            file,
            mode,
            piece: if is_regular { PIECE } else { PIPE_PIECE },
            is_regular,
            is_held: true,
            is_untouched: true,
            made,
            waiting: vec![],
            written_out: Instant::now(),
            failed: None,
        })
    }

    /// Whether lines come behind others that are in the file already.
    pub(crate) fn goes_on(&self) -> bool {
        let size = || rustix::fs::fstat(&self.file).map_or(0, |stat| stat.st_size);
        self.mode == Mode::Append && self.is_regular && size() > 0
    }

    /// Lets lines reach the file: the job has begun.
    pub(crate) fn release(&mut self) {
        self.is_held = false;
        self.written_out = Instant::now();
    }

    /// Whether the file is as it was before the call.
    pub(crate) fn is_untouched(&self) -> bool {
        self.is_untouched
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, line: &str) {
        if self.failed.is_some() {
            return;
        }
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
        if self.waiting.len() >= FULL {
            self.write_out(PATIENCE_TENTHS);
        }
    }

    /// Writes out what has waited long enough. To be called whenever something happens.
    pub(crate) fn look_after(&mut self) {
        if self.waiting.len() >= PIECE || self.written_out.elapsed() >= PERIOD {
            self.write_out(0);
        }
    }

    /// Writes out what is taken at once.
    pub(crate) fn flush(&mut self) {
        self.write_out(0);
    }

    /// Writes out the rest.
    ///
    /// # Errors
    /// One line that says why not all of it could be written.
    pub(crate) fn close(mut self) -> Result<(), String> {
        self.is_held = false;
        self.write_out(PATIENCE_TENTHS);
        let left_over =
            (!self.waiting.is_empty()).then(|| "the reader did not take all of it".to_owned());
        match self.failed.take().or(left_over) {
            None => Ok(()),
            Some(cause) => {
                let (option, path) = (self.option, self.path.display());
                Err(format!("cannot write '{path}' for {option}: {cause}; it is not complete"))
            }
        }
    }

    /// Writes the buffer, and waits for the reader for at most `patience_tenths`. If the limit is not 0, exceeding it
    /// is a failure.
    fn write_out(&mut self, patience_tenths: u32) {
        if self.is_held || self.waiting.is_empty() {
            return;
        }
        self.written_out = Instant::now();
        if std::mem::replace(&mut self.is_untouched, false)
            && let Err(cause) = self.make_room()
        {
            self.failed = Some(cause.to_string());
        }
        let mut written = 0;
        while written < self.waiting.len() && self.failed.is_none() {
            if !self.is_ready_within(patience_tenths) {
                if patience_tenths > 0 {
                    self.failed = Some("the reader takes no data".to_owned());
                }
                break;
            }
            let piece = &self.waiting[written..self.waiting.len().min(written + self.piece)];
            match rustix::io::retry_on_intr(|| rustix::io::write(&self.file, piece)) {
                Ok(count) => written += count,
                // Another process filled the pipe since the poll, and set O_NONBLOCK.
                Err(Errno::AGAIN) => break,
                Err(cause) => {
                    self.failed = Some(cause.to_string());
                    break;
                }
            }
        }
        self.waiting.drain(..written);
        if self.failed.is_some() {
            self.waiting = vec![];
        }
    }

    /// Before the first line: removes the old content, or ends its last line, which a run that was
    /// killed may have left unfinished.
    fn make_room(&mut self) -> std::io::Result<()> {
        // What a standard stream leads to belongs to others, too.
        if !self.is_regular || files::standard(&self.path).is_some() {
            return Ok(());
        }
        match self.mode {
            Mode::Overwrite => rustix::fs::ftruncate(&self.file, 0)?,
            Mode::Append => {
                let mut last = [b'\n'];
                // A file that cannot be read is appended to as it is.
                if let Ok(file) = File::open(&self.path)
                    && let Some(at) = file.metadata()?.len().checked_sub(1)
                {
                    file.read_at(&mut last, at)?;
                }
                if last != [b'\n'] {
                    self.waiting.insert(0, b'\n');
                }
            }
        }
        Ok(())
    }

    /// Whether a write would not block, be it because it fails. A signal that asks for the end ends
    /// the waiting.
    fn is_ready_within(&self, tenths: u32) -> bool {
        let is_ready = |patience| {
            let mut ends = [PollFd::new(&self.file, PollFlags::OUT)];
            matches!(poll(&mut ends, Some(&patience)), Ok(1))
        };
        let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        is_ready(Timespec::default())
            || (0..tenths).any(|_| !evenly::internal::end_is_asked_for() && is_ready(tenth))
    }
}

impl Drop for LogFile {
    /// Removes the file that opening it made, if nothing was written to it.
    fn drop(&mut self) {
        let Some(made) = self.made.take().filter(|_| self.is_untouched) else { return };
        let opened = rustix::fs::fstat(&self.file).map(|stat| (stat.st_dev, stat.st_ino));
        let there = std::fs::metadata(&made).map(|there| (there.dev(), there.ino()));
        if let (Ok(opened), Ok(there)) = (opened, there)
            && opened == there
        {
            let _ = std::fs::remove_file(made);
        }
    }
}

/// Opens a file without changing what is in it; and its path, if it was made for that.
fn open(path: &Path, mode: Mode) -> std::io::Result<(OwnedFd, Option<PathBuf>)> {
    // To open these anew would write over what others write.
    if let Some(standard) = files::standard(path) {
        return Ok((standard.try_clone_to_owned()?, None));
    }
    let mut options = OpenOptions::new();
    match mode {
        Mode::Overwrite => options.write(true),
        Mode::Append => options.append(true),
    };
    // open(2) of a FIFO without a reader would block, beyond any deadline; with this flag it fails with `ENXIO`.
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    match options.open(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => {}
        opened => {
            let file: OwnedFd = opened?.into();
            let flags = fcntl_getfl(&file)?;
            fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
            return Ok((file, None));
        }
    }
    options.custom_flags(0);
    // Not through a link that leads nowhere yet: `O_EXCL` takes that for a file (open(2)).
    let target = files::target(path);
    match options.create_new(true).open(&target) {
        // Another process made it in between.
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
            Ok((options.create_new(false).open(&target)?.into(), None))
        }
        made => Ok((made?.into(), Some(target))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn on(file: OwnedFd) -> LogFile {
        LogFile {
            option: "--joblog",
            path: "pipe".into(),
            file,
            mode: Mode::Overwrite,
            piece: PIPE_PIECE,
            is_regular: false,
            is_held: false,
            is_untouched: true,
            made: None,
            waiting: vec![],
            written_out: Instant::now(),
            failed: None,
        }
    }

    #[test]
    fn lines_arrive_whole_and_in_order() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut log = on(writer.into());
        (0..500).for_each(|number| log.add(&format!("line {number}")));
        log.close().unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let expected: String = (0..500).map(|number| format!("line {number}\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_reader_that_takes_nothing_is_given_up() {
        let (_reader, writer) = std::io::pipe().unwrap();
        let mut log = on(writer.into());
        let line = "x".repeat(1023);
        // A pipe and the buffer together, and more.
        (0..2048).for_each(|_| log.add(&line));
        assert!(log.waiting.is_empty(), "no queue without a limit");
        let error = log.close().unwrap_err();
        assert!(error.contains("the reader takes no data"), "{error}");
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error_and_not_the_end() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut log = on(writer.into());
        log.add("without a reader");
        let error = log.close().unwrap_err();
        assert!(error.contains("Broken pipe"), "{error}");
    }
}
