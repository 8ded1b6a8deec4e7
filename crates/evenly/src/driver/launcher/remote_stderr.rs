//! Standard error of a program that starts an agent: lines, limited in length and rate.

use evenly_core::printable::printable;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Longest line that is shown, in characters.
const LONGEST: usize = 1000;

/// Lines and bytes that are shown at once, and in each second.
const LINES: f64 = 100.0;
const BYTES: f64 = 65536.0;

/// Lines of failed starts that are remembered, so that they are shown once.
const REMEMBERED: usize = 64;

/// The lines of one program.
#[derive(Debug)]
pub(super) struct RemoteStderr {
    /// The beginning of a line whose end has not arrived, at most [`LONGEST`] x 4 bytes.
    partial: Vec<u8>,
    /// Lines for the user.
    lines: VecDeque<String>,
    /// The last line that was not blank.
    last: Option<String>,
    /// The first lines that were shown since the program failed first.
    known: BTreeSet<String>,
    is_again: bool,
    tokens: (f64, f64),
    refilled: Duration,
    /// Lines that were not shown since the last one that was.
    hidden: u64,
}

impl RemoteStderr {
    pub(super) fn new() -> Self {
        Self {
            partial: Vec::new(),
            lines: VecDeque::new(),
            last: None,
            known: BTreeSet::new(),
            is_again: false,
            tokens: (LINES, BYTES),
            refilled: Duration::ZERO,
            hidden: 0,
        }
    }

    /// Takes what the program wrote. `is_shown`: the agent has begun; before that, only the last line is remembered.
    pub(super) fn take(&mut self, bytes: &[u8], is_shown: bool, now: Duration) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = (LONGEST * 4).saturating_sub(self.partial.len());
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.end_line(is_shown, now);
            }
        }
    }

    /// The program has ended, and with it the last line.
    pub(super) fn end(&mut self, is_shown: bool, now: Duration) {
        if !self.partial.is_empty() {
            self.end_line(is_shown, now);
        }
        if self.hidden > 0 {
            self.lines.push_back(hidden(std::mem::take(&mut self.hidden)));
        }
    }

    /// The next line for the user.
    pub(super) fn next(&mut self) -> Option<String> {
        self.lines.pop_front()
    }

    /// The last line, as the reason of a failed start.
    pub(super) fn take_last(&mut self) -> Option<String> {
        self.last.take()
    }

    /// The program is started again. Lines that it wrote before are not shown again if it failed, and `is_again`.
    pub(super) fn begin(&mut self, is_again: bool) {
        self.is_again = is_again;
        if !is_again {
            self.known.clear();
        }
        self.partial.clear();
        self.last = None;
    }

    fn end_line(&mut self, is_shown: bool, now: Duration) {
        let line = std::mem::take(&mut self.partial);
        let line = printable(line.trim_ascii_end(), LONGEST);
        if !line.is_empty() {
            self.last = Some(line.clone());
        }
        if !is_shown {
            return;
        }
        if self.is_again && self.known.contains(&line) {
            return;
        }
        if self.known.len() < REMEMBERED {
            self.known.insert(line.clone());
        }
        if self.is_allowed(line.len(), now) {
            if self.hidden > 0 {
                self.lines.push_back(hidden(std::mem::take(&mut self.hidden)));
            }
            self.lines.push_back(line);
        } else {
            self.hidden += 1;
        }
    }

    fn is_allowed(&mut self, length: usize, now: Duration) -> bool {
        let seconds = now.saturating_sub(self.refilled).as_secs_f64();
        self.refilled = now;
        let (lines, bytes) = &mut self.tokens;
        *lines = (*lines + seconds * LINES).min(LINES);
        *bytes = (*bytes + seconds * BYTES).min(BYTES);
        let is_allowed = *lines >= 1.0 && *bytes >= length as f64;
        if is_allowed {
            *lines -= 1.0;
            *bytes -= length as f64;
        }
        is_allowed
    }
}

fn hidden(count: u64) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    format!("({count} {lines} more than can be shown)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stderr: &mut RemoteStderr) -> Vec<String> {
        std::iter::from_fn(|| stderr.next()).collect()
    }

    #[test]
    fn lines_are_shown_whole_and_escaped() {
        let mut stderr = RemoteStderr::new();
        stderr.take(b"one\ntw", true, Duration::ZERO);
        stderr.take(b"o\r\n\x1b[2J", true, Duration::ZERO);
        assert_eq!(shown(&mut stderr), ["one", "two"]);
        stderr.end(true, Duration::ZERO);
        assert_eq!(shown(&mut stderr), [r"\x1b[2J"]);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut stderr = RemoteStderr::new();
        for _ in 0..100 {
            stderr.take(&b"drift\n".repeat(1000), true, Duration::from_secs(1));
        }
        assert_eq!(shown(&mut stderr).len(), LINES as usize);
        stderr.take(b"later\n", true, Duration::from_secs(2));
        assert_eq!(shown(&mut stderr), ["(99900 lines more than can be shown)", "later"]);
        stderr.take(&vec![b'x'; 1 << 20], true, Duration::from_secs(3));
        stderr.end(true, Duration::from_secs(3));
        assert_eq!(shown(&mut stderr)[0].chars().count(), LONGEST + 1);
    }

    #[test]
    fn a_program_that_fails_again_says_the_same_once() {
        let mut stderr = RemoteStderr::new();
        for is_again in [false, true, true, false] {
            stderr.begin(is_again);
            stderr.take(b"no such file\n", true, Duration::ZERO);
        }
        assert_eq!(shown(&mut stderr), ["no such file", "no such file"]);
    }

    #[test]
    fn before_the_agent_begins_only_the_last_line_is_kept() {
        let mut stderr = RemoteStderr::new();
        stderr.take(b"banner\nConnection refused\n\n", false, Duration::ZERO);
        assert_eq!(shown(&mut stderr), [""; 0]);
        assert_eq!(stderr.take_last().as_deref(), Some("Connection refused"));
    }
}
