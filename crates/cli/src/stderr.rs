//! Standard error: lines that never stop the run, and lines that insist.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Write, stderr};

/// Whether a short write to standard error would not block.
///
/// `O_NONBLOCK` would be the other way, but it belongs to the open file description, which is
/// shared with whoever started us (fcntl(2)).
pub(crate) fn has_room() -> bool {
    let stderr = rustix::stdio::stderr();
    let mut ends = [PollFd::new(&stderr, PollFlags::OUT)];
    matches!(poll(&mut ends, Some(&Timespec::default())), Ok(1))
        && ends[0].revents().contains(PollFlags::OUT)
}

/// Says a line while a job runs. If nobody takes it, it is dropped: a blocked standard error must
/// not stop the run. A pipe that is ready takes at least 4096 bytes (pipe(7)); no line is longer.
pub(crate) fn say(line: &str) {
    if line.len() <= 4096 && has_room() {
        let _ = stderr().write_all(line.as_bytes());
    }
}

/// Says something that must not be lost, and waits until it is taken. For when nothing runs, or
/// everything stands still on purpose.
pub(crate) fn insist(text: &str) {
    // Nobody to tell that nobody can be told.
    let _ = stderr().write_all(text.as_bytes());
}
