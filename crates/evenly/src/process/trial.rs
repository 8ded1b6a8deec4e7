//! Trials: code that may hang, crash or leave runs in a forked child first, for a bounded time.

use super::sys;
use super::system_call::SystemCall;
use super::workers::{ChildProcess, ProcessEnd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PIPE_BUF, PipeFlags, pipe_with};
use rustix::process::{self as unix, PidfdFlags};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
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

/// System call that failed before the trial began, and its error.
pub(crate) type TrialError = (&'static str, Errno);

/// Runs `code` in a child of this process, which has a process group of its own and three descriptors:
/// standard input is `/dev/null`, standard output is standard error. What the code returns is cut at
/// `PIPE_BUF` bytes. Afterwards the child and its group are gone.
pub(crate) fn run(
    within: Duration,
    code: impl FnOnce() -> Vec<u8>,
) -> Result<TrialOutcome, TrialError> {
    let failed = |call| move |cause| (call, cause);
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(failed("open /dev/null"))?;
    let (reply, write_end) = pipe_with(PipeFlags::CLOEXEC).map_err(failed("pipe2"))?;
    let primary = unix::getpid();
    let Some(pid) = sys::fork().map_err(failed("fork"))? else {
        let done = catch_unwind(AssertUnwindSafe(|| in_child(primary, (&null, &write_end), code)));
        sys::exit_now(done.map_or(101, |()| 0));
    };
    let mut child = ChildProcess::forked(pid);
    drop(write_end);
    let pidfd = unix::pidfd_open(pid, PidfdFlags::empty()).map_err(failed("pidfd_open"))?;
    let returned = wait_for_reply(&reply, &pidfd, within).map_err(failed("poll"))?;
    // What the code left behind in its group ends, too.
    child.kill_with_group();
    let end = child.wait().map_err(failed("waitid"))?;
    Ok(match (returned, end) {
        (Some(bytes), _) if !bytes.is_empty() => TrialOutcome::Returned(bytes),
        (Some(_), Some(end)) => TrialOutcome::Ended(end),
        _ => TrialOutcome::TooLong,
    })
}

/// The child's part. It dies with its parent.
fn in_child(
    primary: unix::Pid,
    (null, write_end): (&OwnedFd, &OwnedFd),
    code: impl FnOnce() -> Vec<u8>,
) {
    let arranged = || -> Result<_, (SystemCall, Errno)> {
        let call = |call| move |cause| (call, cause);
        unix::set_parent_process_death_signal(Some(unix::Signal::KILL))
            .map_err(call(SystemCall::PRCTL))?;
        if unix::getppid() != Some(primary) {
            sys::exit_now(0);
        }
        unix::setpgid(None, None).map_err(call(SystemCall::SETPGID))?;
        sys::keep_only(null.as_fd(), null.as_fd(), write_end.as_fd(), false)
    };
    let Ok((_, reply)) = arranged() else { sys::exit_now(71) };
    let mut bytes = code();
    bytes.truncate(PIPE_BUF);
    let _ = rustix::io::write(&reply, &bytes);
    sys::exit_now(0);
}

/// What was replied; nothing if the child ended without a word, and `None` if it did neither in time. A
/// process that the code started may hold the pipe open, so its end alone does not tell.
fn wait_for_reply(
    reply: &OwnedFd,
    pidfd: &OwnedFd,
    within: Duration,
) -> Result<Option<Vec<u8>>, Errno> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout =
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut ready = [PollFd::new(reply, PollFlags::IN), PollFd::new(pidfd, PollFlags::IN)];
        match poll(&mut ready, Some(&timeout)) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(cause) => return Err(cause),
        }
        if ready[0].revents().contains(PollFlags::IN) {
            let mut bytes = vec![0; PIPE_BUF];
            let count = rustix::io::retry_on_intr(|| rustix::io::read(reply, &mut *bytes))?;
            bytes.truncate(count);
            return Ok(Some(bytes));
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
