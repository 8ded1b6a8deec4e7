//! Standard output of one run of a command: kept in memory, above 16 MiB in an unlinked file, or passed on in whole
//! lines while the command runs (`--line-buffer`).

use super::command_pipes::{PipeRead, read_if_open};
use super::early_exit::EarlyExit;
use super::session::WorkerSession;
use super::unlinked_file::open_unlinked;
use crate::function::{Command, KeptOutput, LineTags, MOST_OUTPUT};
use evenly_core::{Aggregate, Interval};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// Longest line that is kept until it is whole, in bytes. A longer one is passed on in parts, and the output of other
/// commands waits until it ends.
const LONGEST_LINE: usize = 1 << 20;

/// Bytes that are read after the end of a command at most. Its pipe holds less, unless processes outside of its group
/// go on writing.
const MOST_LEFT_IN_PIPE: u64 = MOST_OUTPUT as u64;

/// Standard output of one run.
pub(super) struct CommandOutput {
    /// The most bytes, and whether `--max-output` says so.
    most: u64,
    is_option: bool,
    /// Bytes that were taken in, at most `most`.
    len: u64,
    has_too_much: bool,
    /// Whether the bytes are kept: to be passed on at the end, or for result files.
    is_kept: bool,
    /// Bytes behind those in the file.
    memory: Vec<u8>,
    file: Option<File>,
    /// Why the file cannot take more.
    file_error: Option<(PathBuf, Errno)>,
    live: Option<LiveLines>,
}

/// Lines that are passed on while the command runs.
struct LiveLines {
    tags: LineTags,
    /// The beginning of a line: bytes that are not passed on, without a newline.
    unsent: Vec<u8>,
    /// Whether the last line that was passed on is not whole.
    is_in_long_line: bool,
    /// Bytes that were passed on without credit, because the worker exits.
    beyond_credit: usize,
}

impl CommandOutput {
    /// No output yet, of a run for these numbers. Only `run` passes on more than [`MOST_OUTPUT`].
    pub(super) fn new(command: &Command, aggregate: Aggregate, numbers: Interval) -> Self {
        let is_run = matches!(aggregate, Aggregate::Run { .. });
        let option = command.most_output().filter(|_| is_run).unwrap_or(u64::MAX);
        let most = if is_run { option } else { option.min(MOST_OUTPUT as u64) };
        let has_live_lines = is_run && command.has_live_lines();
        let tags = command.line_tags(numbers);
        Self {
            most,
            is_option: most == option,
            len: 0,
            has_too_much: false,
            is_kept: !has_live_lines || command.result_files().is_some(),
            memory: Vec::new(),
            file: None,
            file_error: None,
            live: has_live_lines.then_some(LiveLines::new(tags)),
        }
    }

    /// Whether more may be read: lines are passed on at once, and so need credit. A worker that exits gets no credit
    /// any more, and passes on at most [`MOST_OUTPUT`] bytes without it.
    pub(super) fn may_read(&self, session: &mut WorkerSession<'_>, is_exiting: bool) -> bool {
        let Some(live) = &self.live else { return true };
        session.worker().has_credit() || (is_exiting && live.beyond_credit <= MOST_OUTPUT)
    }

    /// Reads once, and passes on whole lines.
    pub(super) fn read(
        &mut self,
        session: &mut WorkerSession<'_>,
        from: Option<&OwnedFd>,
    ) -> Result<PipeRead, EarlyExit> {
        let before = self.memory.len();
        let read = read_if_open(from, &mut self.memory)?;
        let room = usize::try_from(self.most - self.len).unwrap_or(usize::MAX);
        let taken = (self.memory.len() - before).min(room);
        self.has_too_much |= taken < self.memory.len() - before;
        self.memory.truncate(before + taken);
        self.len += taken as u64;
        if let Some(live) = &mut self.live {
            live.pass_lines(session, &self.memory[before..])?;
        }
        if !self.is_kept {
            self.memory.clear();
        } else if self.memory.len() > MOST_OUTPUT || self.file.is_some() {
            self.move_to_file();
        }
        Ok(read)
    }

    /// Reads what an ended command left in its pipe.
    pub(super) fn read_rest(
        &mut self,
        session: &mut WorkerSession<'_>,
        from: Option<&OwnedFd>,
        is_exiting: bool,
    ) -> Result<(), EarlyExit> {
        let until = self.len.saturating_add(MOST_LEFT_IN_PIPE);
        while self.len < until
            && !self.is_over()
            && (!is_exiting || self.may_read(session, true))
            && self.read(session, from)? == PipeRead::Data
        {}
        Ok(())
    }

    fn move_to_file(&mut self) {
        if self.file_error.is_none()
            && let Err(error) = self.write_to_file()
        {
            self.len -= self.memory.len() as u64;
            self.file_error = Some(error);
        }
        if self.memory.capacity() > 2 * LONGEST_LINE {
            self.memory = Vec::new();
        }
        self.memory.clear();
    }

    fn write_to_file(&mut self) -> Result<(), (PathBuf, Errno)> {
        let cannot = |cause| (std::env::temp_dir(), cause);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(open_unlinked(&std::env::temp_dir()).map_err(cannot)?),
        };
        let written = file.write_all(&self.memory);
        written.map_err(|error| cannot(Errno::from_io_error(&error).unwrap_or(Errno::IO)))
    }

    /// Whether the command printed more than it may, or more than there is room for.
    pub(super) fn is_over(&self) -> bool {
        self.has_too_much || self.file_error.is_some()
    }

    /// Describes the failure of a command whose output [is over](Self::is_over).
    pub(super) fn describe_excess(&self) -> String {
        match &self.file_error {
            Some((directory, cause)) => {
                let directory =
                    evenly_core::printable(directory.as_os_str().as_encoded_bytes(), 80);
                format!("cannot keep its output above 16 MiB in {directory} (TMPDIR): {cause}")
            }
            None => {
                let option = if self.is_option { " (--max-output)" } else { "" };
                format!("too much output: more than {}{option}", shown(self.most))
            }
        }
    }

    /// What is kept.
    pub(super) fn kept(&self) -> KeptOutput<'_> {
        KeptOutput { file: self.file.as_ref(), memory: &self.memory }
    }

    /// What the answer brings: all of it, or nothing if it is passed on otherwise.
    pub(super) fn with_answer(&self) -> &[u8] {
        let is_passed_on = self.live.is_some() || self.file.is_some();
        if is_passed_on { &[] } else { &self.memory }
    }

    /// The file with what must be passed on before the answer, and its length.
    pub(super) fn file_to_pass_on(&mut self) -> Option<(&mut File, u64)> {
        let is_live = self.live.is_some();
        self.file.as_mut().filter(|_| !is_live).map(|file| (file, self.len))
    }

    /// Passes on a last line that has no newline. The answer follows at once, or another try, whose output is on a line
    /// of its own.
    pub(super) fn pass_last_line(
        &mut self,
        session: &mut WorkerSession<'_>,
        is_tried_again: bool,
    ) -> Result<(), EarlyExit> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let mut text = live.tags.add(&live.unsent);
        let is_in_line = !text.is_empty() || live.is_in_long_line;
        text.extend_from_slice(live.tags.end());
        if is_tried_again && is_in_line && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        live.unsent.clear();
        live.is_in_long_line = false;
        if text.is_empty() {
            return Ok(());
        }
        session.worker().pass_text(&text, !is_tried_again);
        session.send_at_once()
    }
}

impl LiveLines {
    fn new(tags: LineTags) -> Self {
        Self { tags, unsent: Vec::new(), is_in_long_line: false, beyond_credit: 0 }
    }

    /// Takes what was read, and passes on whole lines, and the beginning of one that is too long to be kept.
    fn pass_lines(
        &mut self,
        session: &mut WorkerSession<'_>,
        read: &[u8],
    ) -> Result<(), EarlyExit> {
        let newline = read.iter().rposition(|byte| *byte == b'\n');
        let end = newline.map_or(0, |at| self.unsent.len() + at + 1);
        self.unsent.extend_from_slice(read);
        let is_too_long = self.unsent.len() - end >= LONGEST_LINE;
        let end = if is_too_long { self.unsent.len() } else { end };
        if end == 0 {
            return Ok(());
        }
        if !session.worker().has_credit() {
            self.beyond_credit += end;
        }
        session.worker().pass_text(&self.tags.add(&self.unsent[..end]), is_too_long);
        self.unsent.drain(..end);
        self.is_in_long_line = is_too_long;
        session.send_at_once()
    }
}

/// A number of bytes in a message.
fn shown(bytes: u64) -> String {
    match bytes {
        0 => "0 bytes".to_owned(),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}
