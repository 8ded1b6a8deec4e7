//! Trials: code that may hang, crash or leave runs in a forked child first, for a bounded time.

use super::replying_child::{ForkError, ReplyingChild};
use super::workers::ProcessEnd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{self as unix, PidfdFlags};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Result of a trial.
#[derive(Debug)]
pub(crate) enum TrialOutcome {
    /// The code returned this.
    Returned(Vec<u8>),
    /// It ended its process.
    Ended(ProcessEnd),
    /// It did not return in time, and was killed.
    TooLong,
}

/// Runs `code` in a [child](ReplyingChild) of this process. Afterwards the child and its group are gone.
pub(crate) fn run(
    within: Duration,
    code: impl FnOnce() -> Vec<u8>,
) -> Result<TrialOutcome, ForkError> {
    let failed = |call| move |cause| (call, cause);
    let mut child = ReplyingChild::fork(code)?;
    let returned = match child.pid() {
        Some(pid) => {
            let pidfd = unix::pidfd_open(pid, PidfdFlags::empty()).map_err(failed("pidfd_open"))?;
            wait_for_reply(&child, &pidfd, within).map_err(failed("poll"))?
        }
        None => None,
    };
    let end = child.end().map_err(failed("waitid"))?;
    Ok(match (returned, end) {
        (Some(bytes), _) if !bytes.is_empty() => TrialOutcome::Returned(bytes),
        (Some(_), Some(end)) => TrialOutcome::Ended(end),
        _ => TrialOutcome::TooLong,
    })
}

/// What was replied; nothing if the child ended without a word, and `None` if it did neither in time. A
/// process that the code started may hold the pipe open, so its end alone does not tell.
fn wait_for_reply(
    child: &ReplyingChild,
    pidfd: &OwnedFd,
    within: Duration,
) -> Result<Option<Vec<u8>>, Errno> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout =
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut ready =
            [PollFd::new(child.reply(), PollFlags::IN), PollFd::new(pidfd, PollFlags::IN)];
        match poll(&mut ready, Some(&timeout)) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(cause) => return Err(cause),
        }
        if ready[0].revents().contains(PollFlags::IN) {
            return child.read().map(Some);
        }
        if ready[1].revents().contains(PollFlags::IN) {
            return Ok(Some(Vec::new()));
        }
        // The child has closed its end of the pipe: it ends now, or its code closes descriptors.
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sys;
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_trial_distinguishes_code_that_returns_exits_or_hangs() {
        let returned = run(LONG, || b"done".to_vec()).unwrap();
        assert!(matches!(returned, TrialOutcome::Returned(bytes) if bytes == b"done"));
        let left = run(LONG, || sys::exit_now(0)).unwrap();
        assert!(matches!(left, TrialOutcome::Ended(ProcessEnd::Exit(0))), "{left:?}");
        let killed = run(LONG, || {
            let _ = unix::kill_process(unix::getpid(), unix::Signal::KILL);
            Vec::new()
        });
        assert!(matches!(killed.unwrap(), TrialOutcome::Ended(ProcessEnd::Signal(9))));
        let hung = run(Duration::from_millis(50), || {
            loop {
                std::thread::sleep(LONG);
            }
        });
        assert!(matches!(hung.unwrap(), TrialOutcome::TooLong));
    }
}
