//! Standard error: lines that never stop the run, and pictures that stand still for the reader.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Write, stderr};

/// Whether a short write to standard error would not block.
///
/// `O_NONBLOCK` would be the other way, but it belongs to the open file description, which is
/// shared with whoever started us (fcntl(2)).
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

/// Says a line while a job runs. If nobody takes it, it is dropped: a blocked standard error must
/// not stop the run. A pipe that is ready takes at least 4096 bytes (pipe(7)); no line is longer.
pub(crate) fn say(line: &str) {
    if line.len() <= 4096 && has_room() {
        let _ = stderr().write_all(line.as_bytes());
    }
}

/// Says the last lines. Whoever takes nothing for a second does not want them: the process must end
/// all the same.
pub(crate) fn say_at_last(lines: &str) {
    for piece in lines.as_bytes().chunks(4096) {
        if !has_room_within(Timespec { tv_sec: 1, tv_nsec: 0 }) {
            return;
        }
        let _ = stderr().write_all(piece);
    }
}

/// Shows something long, and waits until it is taken: for when everything stands still on purpose.
/// A signal that asks for the end ends the waiting, and the rest is dropped.
pub(crate) fn show(text: &str) {
    let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    for piece in text.as_bytes().chunks(4096) {
        while !has_room_within(tenth) {
            if evenly::end_is_asked_for() {
                return;
            }
        }
        // Nobody to tell that nobody can be told.
        let _ = stderr().write_all(piece);
    }
}
