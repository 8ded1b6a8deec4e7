//! Relay of the standard error of commands to that of the worker: in whole lines, with a limit, without blocking.

use super::command_pipes::{PipeRead, read_some};
use crate::output::{Output, Writer};
use evenly_core::Interval;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// Most bytes that are passed on of one command.
const MOST_OF_ONE: usize = 64 << 10;

/// Most bytes that wait for room on the standard error of the worker.
const MOST_WAITING: usize = 256 << 10;

/// Longest wait for room before the worker exits.
const GRACE: Duration = Duration::from_millis(200);

/// Standard error of the worker, with the text that waits for room there.
pub(super) struct StderrRelay {
    writer: Writer<BorrowedFd<'static>>,
    waiting: usize,
    /// Bytes that found no room.
    dropped: usize,
}

/// Standard error of a command that was read and not passed on.
pub(super) struct CapturedStderr {
    text: Vec<u8>,
    left_out: usize,
    /// Most bytes in `text`.
    most: usize,
    /// Bytes of `text` that were passed on, and are kept for result files.
    passed_on: usize,
}

impl Default for CapturedStderr {
    fn default() -> Self {
        Self::up_to(MOST_OF_ONE)
    }
}

impl CapturedStderr {
    /// Keeps this many bytes at most, of which [`MOST_OF_ONE`] are passed on.
    pub(super) fn up_to(most: usize) -> Self {
        Self { text: Vec::new(), left_out: 0, most, passed_on: 0 }
    }

    /// The bytes that were kept.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Reads what is there, but no more at once than a pipe holds: a command that writes without end must not keep
    /// the worker here.
    pub(super) fn read(&mut self, from: impl AsFd) -> PipeRead {
        let mut bytes = Vec::new();
        let mut taken = 0;
        while taken < MOST_OF_ONE {
            // A failed read is no fault of the numbers.
            let read = read_some(&from, &mut bytes).unwrap_or(PipeRead::EndOfFile);
            if read != PipeRead::Data {
                return read;
            }
            taken += bytes.len();
            let room = bytes.len().min(self.most - self.text.len());
            self.text.extend_from_slice(&bytes[..room]);
            self.left_out += bytes.len() - room;
            bytes.clear();
        }
        PipeRead::Data
    }

    /// Takes the whole lines that were not passed on. A capture that keeps more than is passed on keeps these, too.
    pub(super) fn take_lines(&mut self) -> Self {
        let new = &self.text[self.passed_on..];
        let end = new.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // A line that is longer than the limit is passed on in parts.
        let end = if new.len() >= MOST_OF_ONE { new.len() } else { end };
        let text = new[..end].to_vec();
        if self.most > MOST_OF_ONE {
            self.passed_on += end;
        } else {
            self.text.drain(..end);
        }
        let left_out = std::mem::take(&mut self.left_out);
        Self { text, left_out, most: self.most, passed_on: 0 }
    }
}

/// These numbers in a message.
pub(super) fn named(numbers: Interval) -> String {
    if numbers.len() == 1 { format!("n = {}", numbers.first()) } else { format!("n in {numbers}") }
}

impl StderrRelay {
    pub(super) fn new() -> Self {
        let writer = Writer::new(rustix::stdio::stderr());
        Self { writer, waiting: 0, dropped: 0 }
    }

    /// Passes on the standard error of a command for these numbers. `tag_lines` puts tags before its lines, if it has any.
    pub(super) fn put(
        &mut self,
        captured: CapturedStderr,
        numbers: Interval,
        tag_lines: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) {
        let CapturedStderr { mut text, mut left_out, passed_on, .. } = captured;
        text.drain(..passed_on);
        left_out += text.len().saturating_sub(MOST_OF_ONE);
        text.truncate(MOST_OF_ONE);
        if text.is_empty() && left_out == 0 {
            return;
        }
        if text.last().is_some_and(|byte| *byte != b'\n') {
            text.push(b'\n');
        }
        let mut text = tag_lines(&text).unwrap_or(text);
        if left_out > 0 {
            let of = named(numbers);
            let what =
                format!("evenly: {left_out} more bytes of standard error for {of} left out\n");
            text.extend_from_slice(what.as_bytes());
        }
        self.write(&text);
    }

    /// Writes a line of the worker, or text of a command. Drops it if more than [`MOST_WAITING`] bytes would wait.
    pub(super) fn write(&mut self, text: &[u8]) {
        if self.waiting + text.len() > MOST_WAITING {
            self.dropped += text.len();
            return;
        }
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            let what = format!("evenly: {dropped} bytes of standard error found no room\n");
            let _ = self.writer.put(what.as_bytes());
        }
        // An error has no other place to be reported.
        let _ = self.writer.put(text);
        self.flush();
    }

    /// Writes as much as there is room for.
    pub(super) fn flush(&mut self) {
        self.waiting = self.writer.flush().unwrap_or(0);
    }

    /// Standard error, if text waits for room there.
    pub(super) fn to_wait_for(&self) -> Option<BorrowedFd<'static>> {
        (self.waiting > 0).then(rustix::stdio::stderr)
    }

    /// Writes the rest, if there is room within [`GRACE`].
    pub(super) fn finish(&mut self) {
        let began = Instant::now();
        while self.waiting > 0 && began.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(1));
            self.flush();
        }
    }
}
