//! Writer for standard error: messages that never block the run, and pages that wait for their reader.

use crate::own;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Write, stderr};

/// Whether a short write to standard error would not block.
///
/// `O_NONBLOCK` would be the other way, but it belongs to the open file description, which is
/// shared with the parent process (fcntl(2)).
pub(crate) fn has_room() -> bool {
    has_room_within(Timespec::default())
}

/// Whether this process may draw on the terminal that standard error is: in the background (`bg`), the
/// line of the cursor belongs to the shell. True for a terminal that does not control this process, which
/// has no foreground (tcgetpgrp(3)).
pub(crate) fn is_foreground() -> bool {
    let stderr = rustix::stdio::stderr();
    rustix::termios::tcgetpgrp(stderr).map_or(true, |group| group == rustix::process::getpgrp())
}

fn has_room_within(patience: Timespec) -> bool {
    let stderr = rustix::stdio::stderr();
    let mut ends = [PollFd::new(&stderr, PollFlags::OUT)];
    matches!(poll(&mut ends, Some(&patience)), Ok(1)) && ends[0].revents().contains(PollFlags::OUT)
}

/// Bytes that a pipe which is ready takes at least (pipe(7), `PIPE_BUF`).
const TAKEN_AT_ONCE: usize = 4096;

/// Names the calling program where a line says how to call it, and escapes everything in these lines that a terminal acts on, but for their own ends. Foreign text is escaped
/// where it enters a message; this covers the messages that forget it.
fn escaped(lines: &str) -> String {
    let lines = own::in_own_words(lines);
    let mut text = String::with_capacity(lines.len());
    for line in lines.split_inclusive('\n') {
        let words = line.strip_suffix('\n');
        text += &evenly::printable(words.unwrap_or(line).as_bytes(), usize::MAX);
        text += words.map_or("", |_| "\n");
    }
    text
}

/// Shortens a line to what a pipe takes at once.
fn shortened(mut line: String) -> String {
    if line.len() > TAKEN_AT_ONCE {
        while line.len() > TAKEN_AT_ONCE - "…\n".len() {
            line.pop();
        }
        line += "…\n";
    }
    line
}

/// Writes lines while a job runs, and drops a line if standard error has no room: a blocked standard error must
/// not stop the run.
pub(crate) fn say(lines: &str) {
    for line in lines.split_inclusive('\n') {
        if has_room() {
            let _ = stderr().write_all(shortened(escaped(line)).as_bytes());
        }
    }
}

/// Writes the last lines of a run. Drops the rest if standard error takes no data for a second: the process must end.
pub(crate) fn say_at_last(lines: &str) {
    for piece in escaped(lines).as_bytes().chunks(TAKEN_AT_ONCE) {
        if !has_room_within(Timespec { tv_sec: 1, tv_nsec: 0 }) {
            return;
        }
        let _ = stderr().write_all(piece);
    }
}

/// Writes a long text and waits for the reader: for the stages, at which the run stands still anyway. A signal that
/// asks for the end drops the rest.
pub(crate) fn show(text: &str) {
    let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    for piece in text.as_bytes().chunks(4096) {
        while !has_room_within(tenth) {
            if evenly::internal::end_is_asked_for() {
                return;
            }
        }
        // An error of standard error cannot be reported.
        let _ = stderr().write_all(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_line_ends_stay() {
        assert_eq!(escaped("a\x1b[2Jb\nc\rd\n"), "a\\x1b[2Jb\nc\\rd\n");
        assert_eq!(escaped("a"), "a");
    }

    #[test]
    fn a_long_line_is_shortened_and_still_a_line() {
        let line = shortened("é".repeat(4000) + "\n");
        assert!(line.len() <= TAKEN_AT_ONCE && line.ends_with("é…\n"));
        assert_eq!(shortened("é\n".to_owned()), "é\n");
    }
}
