//! One program that starts an agent, while it runs: its process, standard error and connection.

use super::bootstrap::BootstrapSession;
use super::remote_stderr::RemoteStderr;
use crate::launch::Launch;
use crate::transport::Registry;
use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Time limit for each step until the agent begins.
pub(super) const STEP_LIMIT: Duration = Duration::from_secs(60);

/// Most bytes of standard error that are read at once.
const READ_AT_ONCE: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct RunningProgram {
    pub(super) child: Child,
    /// Readable when the process has ended (pidfd_open(2)).
    pub(super) exit: OwnedFd,
    pub(super) stderr: Option<OwnedFd>,
    /// Until the agent begins.
    pub(super) session: Option<BootstrapSession>,
    pub(super) watched: EventFlags,
    pub(super) began: Duration,
    /// When the current step of the dialogue must be over.
    pub(super) step_ends: Duration,
    pub(super) has_agent: bool,
    /// Why it is ended, and whether it is started again.
    pub(super) problem: Option<(String, bool)>,
}

impl RunningProgram {
    pub(super) fn start(launch: &Launch, now: Duration) -> std::io::Result<Self> {
        let (name, arguments) = launch.words.split_first().ok_or(Errno::INVAL)?;
        let mut command = Command::new(name);
        command.args(arguments).process_group(0).stderr(Stdio::piped());
        let mut session = None;
        match &launch.bootstrap {
            Some(bootstrap) => {
                let flags = SocketFlags::CLOEXEC;
                let (ours, theirs) =
                    socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
                fcntl_setfl(&ours, fcntl_getfl(&ours)? | OFlags::NONBLOCK)?;
                command.stdin(Stdio::from(theirs.try_clone()?)).stdout(Stdio::from(theirs));
                session = Some(BootstrapSession::new(ours, bootstrap.clone()));
            }
            None => {
                command.stdin(Stdio::null()).stdout(Stdio::null());
            }
        }
        let mut child = command.spawn()?;
        // The ends of the program.
        drop(command);
        let stderr = child.stderr.take().map(OwnedFd::from);
        let set = stderr.as_ref().map_or(Ok(()), |it| {
            fcntl_getfl(it).and_then(|flags| fcntl_setfl(it, flags | OFlags::NONBLOCK))
        });
        let opened = set.and_then(|()| pidfd_open(Pid::from_child(&child), PidfdFlags::empty()));
        let exit = opened.inspect_err(|_| {
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self {
            child,
            exit,
            stderr,
            has_agent: session.is_none(),
            session,
            watched: EventFlags::IN,
            began: now,
            step_ends: now + STEP_LIMIT,
            problem: None,
        })
    }

    /// Kills it for this reason. Its exit is noticed like any other.
    pub(super) fn end(&mut self, why: String, is_again: bool) {
        self.problem.get_or_insert((why, is_again));
        let _ = self.child.kill();
        // The shell there and what it started read their end.
        self.session = None;
    }

    /// Reads what is there of its standard error.
    pub(super) fn read_stderr(
        &mut self,
        lines: &mut RemoteStderr,
        registry: &Registry,
        now: Duration,
    ) {
        let Some(stderr) = &self.stderr else { return };
        let mut room = [0; 8192];
        let mut read = 0;
        while read < READ_AT_ONCE {
            match rustix::io::retry_on_intr(|| rustix::io::read(stderr, &mut room)) {
                Ok(0) => {
                    registry.remove(stderr);
                    self.stderr = None;
                    return;
                }
                Ok(count) => {
                    lines.take(&room[..count], self.has_agent, now);
                    read += count;
                }
                Err(_) => return,
            }
        }
    }

    /// Waits until then for its end, then kills it; reaps it.
    pub(super) fn end_by(&mut self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        let timeout =
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        let mut exit = [PollFd::new(&self.exit, PollFlags::IN)];
        if !matches!(poll(&mut exit, Some(&timeout)), Ok(1)) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }

    /// Takes its descriptors out of epoll: a process that was just forked may hold copies.
    pub(super) fn forget(&mut self, registry: &Registry) {
        registry.remove(&self.exit);
        self.stderr.take().iter().for_each(|stderr| registry.remove(stderr));
        self.session.take().iter().for_each(|session| registry.remove(session.socket()));
    }
}

pub(super) fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    }
}
