//! What commands say on standard error, passed on to ours: bounded, in whole lines, and never waited for.

use super::errand::{Read, read_some};
use crate::output::{Output, Writer};
use evenly_core::Interval;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// The most that is passed on of one command, in bytes.
const MOST_OF_ONE: usize = 64 << 10;

/// The most that may wait for whoever reads our standard error.
const MOST_WAITING: usize = 256 << 10;

/// How long a worker that has nothing else to do waits for room.
const GRACE: Duration = Duration::from_millis(200);

/// Our standard error, with what waits for room there.
pub(super) struct Errors {
    writer: Writer<BorrowedFd<'static>>,
    waiting: usize,
    /// What found no room.
    dropped: usize,
}

/// What a command has said.
#[derive(Default)]
pub(super) struct Gathered {
    text: Vec<u8>,
    left_out: usize,
}

impl Gathered {
    /// Reads what is there, but no more at once than a pipe holds: who floods it must not keep us here.
    pub(super) fn read(&mut self, from: impl AsFd) -> Read {
        let mut bytes = Vec::new();
        let mut taken = 0;
        while taken < MOST_OF_ONE {
            // What keeps us from hearing it is no fault of the numbers.
            let read = read_some(&from, &mut bytes).unwrap_or(Read::End);
            if read != Read::Some {
                return read;
            }
            taken += bytes.len();
            let room = bytes.len().min(MOST_OF_ONE - self.text.len());
            self.text.extend_from_slice(&bytes[..room]);
            self.left_out += bytes.len() - room;
            bytes.clear();
        }
        Read::Some
    }

    /// Takes the whole lines of it.
    pub(super) fn take_lines(&mut self) -> Self {
        let end = self.text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        // A line that is longer than all that is taken is passed on in parts.
        let end = if self.text.len() >= MOST_OF_ONE { self.text.len() } else { end };
        let rest = self.text.split_off(end);
        let text = std::mem::replace(&mut self.text, rest);
        Self { text, left_out: std::mem::take(&mut self.left_out) }
    }
}

/// These numbers in a message.
pub(super) fn named(numbers: Interval) -> String {
    if numbers.len() == 1 { format!("n = {}", numbers.first()) } else { format!("n in {numbers}") }
}

impl Errors {
    pub(super) fn new() -> Self {
        let writer = Writer::new(rustix::stdio::stderr());
        Self { writer, waiting: 0, dropped: 0 }
    }

    /// Passes on what a command for these numbers has said.
    pub(super) fn put(&mut self, gathered: Gathered, numbers: Interval) {
        let Gathered { mut text, left_out } = gathered;
        if text.is_empty() && left_out == 0 {
            return;
        }
        if text.last().is_some_and(|byte| *byte != b'\n') {
            text.push(b'\n');
        }
        if left_out > 0 {
            let of = named(numbers);
            let what =
                format!("evenly: {left_out} more bytes of standard error for {of} left out\n");
            text.extend_from_slice(what.as_bytes());
        }
        self.say(&text);
    }

    /// Says a line of our own, or what a command has said.
    pub(super) fn say(&mut self, text: &[u8]) {
        if self.waiting + text.len() > MOST_WAITING {
            self.dropped += text.len();
            return;
        }
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            let what = format!("evenly: {dropped} bytes of standard error found no room\n");
            let _ = self.writer.put(what.as_bytes());
        }
        // If nobody can be told, nobody is.
        let _ = self.writer.put(text);
        self.flush();
    }

    /// Writes what there is room for.
    pub(super) fn flush(&mut self) {
        self.waiting = self.writer.flush().unwrap_or(0);
    }

    /// What to wait for, if something waits.
    pub(super) fn awaited(&self) -> Option<BorrowedFd<'static>> {
        (self.waiting > 0).then(rustix::stdio::stderr)
    }

    /// Writes the rest, if that is a matter of moments.
    pub(super) fn end(&mut self) {
        let began = Instant::now();
        while self.waiting > 0 && began.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(1));
            self.flush();
        }
    }
}
