//! A file that a job writes lines to while it runs: buffered, written out about every second, and
//! never a reason to stop the run.
//!
//! It may be a pipe whose reader is slow, or stops reading. A slow one is waited for; one that takes
//! nothing for a second when the buffer is full is given up, as is a full disk. That is told when the
//! job is over.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a line may wait in the buffer.
pub(crate) const PERIOD: Duration = Duration::from_secs(1);
/// How much is written at once to a file that takes anything.
const PIECE: usize = 1 << 16;
/// How much is written at once to anything else: a pipe that is ready takes so much (pipe(7)).
const PIPE_PIECE: usize = 4096;
/// When the buffer holds so much, its reader is waited for.
const FULL: usize = 1 << 20;
/// How many tenths of a second a reader may take nothing.
const PATIENCE_TENTHS: u32 = 10;

/// An open file of this kind.
pub(crate) struct LogFile {
    /// The option that asked for it.
    option: &'static str,
    path: PathBuf,
    file: OwnedFd,
    piece: usize,
    waiting: Vec<u8>,
    written_out: Instant,
    failed: Option<String>,
}

impl LogFile {
    /// Opens it; what was in it is gone, as with GNU parallel.
    ///
    /// # Errors
    /// One line that says why it cannot be opened.
    pub(crate) fn open(option: &'static str, path: &Path) -> Result<Self, String> {
        let refused = |cause: std::io::Error| {
            let path = path.display();
            format!("cannot open '{path}' for {option}: {cause}; name a file that can be written")
        };
        let file = open(path).map_err(refused)?;
        let is_file = File::from(file.try_clone().map_err(refused)?).metadata();
        let is_file = is_file.map_err(refused)?.is_file();
        Ok(Self {
            option,
            path: path.to_owned(),
            file,
            piece: if is_file { PIECE } else { PIPE_PIECE },
            waiting: vec![],
            written_out: Instant::now(),
            failed: None,
        })
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
        self.write_out(PATIENCE_TENTHS);
        let left_over = (!self.waiting.is_empty()).then(|| "not all of it was taken".to_owned());
        match self.failed.or(left_over) {
            None => Ok(()),
            Some(cause) => {
                let (option, path) = (self.option, self.path.display());
                Err(format!("cannot write '{path}' for {option}: {cause}; it is not complete"))
            }
        }
    }

    /// Writes until nothing waits, or until nobody has taken anything for so long. With some
    /// patience, that is a failure.
    fn write_out(&mut self, patience_tenths: u32) {
        self.written_out = Instant::now();
        let mut written = 0;
        while written < self.waiting.len() {
            if !self.is_ready_within(patience_tenths) {
                if patience_tenths > 0 {
                    self.failed = Some("nobody takes what is written".to_owned());
                }
                break;
            }
            let piece = &self.waiting[written..self.waiting.len().min(written + self.piece)];
            match rustix::io::retry_on_intr(|| rustix::io::write(&self.file, piece)) {
                Ok(count) => written += count,
                // Somebody else has filled it since, and made it not block.
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

    /// Whether a write would not block, be it because it fails. A signal that asks for the end ends
    /// the waiting.
    fn is_ready_within(&self, tenths: u32) -> bool {
        let is_ready = |patience| {
            let mut ends = [PollFd::new(&self.file, PollFlags::OUT)];
            matches!(poll(&mut ends, Some(&patience)), Ok(1))
        };
        let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        is_ready(Timespec::default())
            || (0..tenths).any(|_| !evenly::end_is_asked_for() && is_ready(tenth))
    }
}

fn open(path: &Path) -> std::io::Result<OwnedFd> {
    // To open these anew would empty the file that they lead to, or write over what others write.
    match path.to_str() {
        Some("/dev/stderr") => std::io::stderr().as_fd().try_clone_to_owned(),
        Some("/dev/stdout") => std::io::stdout().as_fd().try_clone_to_owned(),
        _ => {
            let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
            Ok(file.into())
        }
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
            piece: PIPE_PIECE,
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
        assert!(error.contains("nobody takes"), "{error}");
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error_and_not_the_end() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut log = on(writer.into());
        log.add("to nobody");
        let error = log.close().unwrap_err();
        assert!(error.contains("Broken pipe"), "{error}");
    }
}
