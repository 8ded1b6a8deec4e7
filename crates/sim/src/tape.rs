//! The tape: everything that happens goes over it, into a hash and, if wanted, into a trace.

use std::fmt::Write;

/// Takes the lines of a trace.
pub(crate) type Lines<'a> = &'a mut dyn FnMut(&str);

pub(crate) struct Tape<'a> {
    pub(crate) now_ns: u64,
    hash: u64,
    lines: Option<Lines<'a>>,
}

impl<'a> Tape<'a> {
    pub(crate) fn new(lines: Option<Lines<'a>>) -> Self {
        Self { now_ns: 0, hash: 0xcbf2_9ce4_8422_2325, lines }
    }

    /// Notes that something happened, with two numbers that say to whom and how much.
    pub(crate) fn note(&mut self, what: &str, one: u64, other: u64) {
        let words = [self.now_ns, one, other];
        let bytes = what.bytes().map(u64::from);
        for word in bytes.chain(words) {
            self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
        }
        if let Some(lines) = &mut self.lines {
            let mut line = String::new();
            let (ms, ns) = (self.now_ns / 1_000_000, self.now_ns % 1_000_000);
            let _ = write!(line, "{ms:>9}.{ns:06} ms  {what:<24} {one:>6} {other}");
            lines(&line);
        }
    }

    /// Notes something that only the trace shows; `what` is made only for a trace.
    pub(crate) fn remark(&mut self, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines(&format!("{:>20}  {}", "", what()));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }
}
