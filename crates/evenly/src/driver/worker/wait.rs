//! Waiting of a worker that runs commands: for frames, `SIGTERM`, the pipes of a command, and room on standard error.

use super::command_runner::CommandRunner;
use super::early_exit::EarlyExit;
use super::session::WorkerSession;
use crate::process::system_call::SystemCall;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Waits for at most `timeout`, and handles frames and released chunks. Returns the events of the descriptors in
/// `watched`.
pub(super) fn wait<const N: usize>(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    watched: [Option<(BorrowedFd<'_>, PollFlags)>; N],
    timeout: Option<Duration>,
) -> Result<[PollFlags; N], EarlyExit> {
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: timeout.as_secs() as i64,
        tv_nsec: i64::from(timeout.subsec_nanos()),
    });
    let mut fds = Vec::with_capacity(N + 3);
    let is_exiting = runner.is_exiting();
    if !is_exiting {
        fds.push(PollFd::from_borrowed_fd(session.assignments(), PollFlags::IN));
        fds.push(PollFd::from_borrowed_fd(runner.requests(), PollFlags::IN));
    }
    fds.extend(watched.iter().flatten().map(|(fd, what)| PollFd::from_borrowed_fd(*fd, *what)));
    let stderr = runner.stderr_to_wait_for();
    fds.extend(stderr.map(|stderr| PollFd::from_borrowed_fd(stderr, PollFlags::OUT)));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => {}
        Err(Errno::INTR) => fds.iter_mut().for_each(PollFd::clear_revents),
        Err(cause) => return Err(EarlyExit::Failed(SystemCall::POLL, cause)),
    }
    let mut found = fds.iter().map(PollFd::revents);
    let mut next = || found.next().unwrap_or(PollFlags::empty());
    let (frames, requests) =
        if is_exiting { (PollFlags::empty(), PollFlags::empty()) } else { (next(), next()) };
    let watched = watched.map(|one| one.map_or(PollFlags::empty(), |_| next()));
    drop(fds);
    runner.stderr().flush();
    if !requests.is_empty() {
        return Err(EarlyExit::Requested);
    }
    if frames.contains(PollFlags::NVAL) {
        return Err(EarlyExit::Failed(SystemCall::POLL, Errno::BADF));
    }
    if !frames.is_empty() {
        if !session.receive()? {
            return Err(EarlyExit::PrimaryGone);
        }
        session.send_at_once()?;
    }
    Ok(watched)
}
