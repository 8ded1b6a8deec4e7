//! Waiting for a condition or for the end of a process, with a watchdog against tests that hang.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Time after which a test that waits counts as hanging. Far more than anything takes where twenty
/// tests share two slow processors: a limit that a busy machine reaches is an assertion on its speed.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Shortest and longest time between two checks of a condition. Many conditions read all of `/proc`, and twenty
/// tests that check them every 2 ms use a processor of their own.
const STEPS: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(20)];

/// Waits until the closure gives a value.
///
/// # Panics
/// If it does not within [`PATIENCE`].
pub fn until<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = is_so() {
            return value;
        }
        let waited = started.elapsed();
        assert!(waited < PATIENCE, "waited in vain until {what}");
        let [shortest, longest] = STEPS;
        std::thread::sleep((waited / 10).clamp(shortest, longest));
    }
}

/// Waits until a child has ended, without a check in between; `None` if it has not within this time.
///
/// # Panics
/// If the child cannot be waited for.
pub fn end_of(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    if let Some(status) = child.try_wait().unwrap() {
        return Some(status);
    }
    // Ready to read when the process has ended (pidfd_open(2)).
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).unwrap();
    let started = Instant::now();
    loop {
        let left = within.saturating_sub(started.elapsed());
        let left = Timespec::try_from(left).unwrap();
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&left)) {
            Ok(0) => return None,
            Ok(_) => return Some(child.wait().unwrap()),
            Err(Errno::INTR) => {}
            Err(error) => panic!("poll: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn the_end_of_a_child_is_its_status_and_a_child_that_goes_on_has_none() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(end_of(&mut child, Duration::from_millis(1)), None);
        drop(child.stdin.take());
        let status = end_of(&mut child, PATIENCE).unwrap();
        assert!(status.success());
        // Also when it was waited for before.
        assert_eq!(end_of(&mut child, Duration::ZERO), Some(status));
    }
}
