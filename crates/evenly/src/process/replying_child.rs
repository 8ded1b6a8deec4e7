//! Forked child that runs code and replies on a pipe. Dropped, it is killed with its process group.

use super::sys;
use super::system_call::SystemCall;
use super::workers::{ChildProcess, ProcessEnd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PIPE_BUF, PipeFlags, pipe_with};
use rustix::process::{self as unix, Pid};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// System call that failed before the code began, and its error.
pub(crate) type ForkError = (&'static str, Errno);

/// The child, and the read end of its pipe.
#[derive(Debug)]
pub(crate) struct ReplyingChild {
    child: ChildProcess,
    reply: OwnedFd,
}

impl ReplyingChild {
    /// Runs `code` in a child of this process, which has a process group of its own and three descriptors: standard input
    /// is `/dev/null`, standard output is standard error. What the code returns is cut at `PIPE_BUF` bytes.
    pub(crate) fn fork(code: impl FnOnce() -> Vec<u8>) -> Result<Self, ForkError> {
        let failed = |call| move |cause| (call, cause);
        let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
            .map_err(failed("open /dev/null"))?;
        let (reply, write_end) = pipe_with(PipeFlags::CLOEXEC).map_err(failed("pipe2"))?;
        let parent = unix::getpid();
        let Some(pid) = sys::fork().map_err(failed("fork"))? else {
            let run = AssertUnwindSafe(|| in_child(parent, (&null, &write_end), code));
            sys::exit_now(catch_unwind(run).map_or(101, |()| 0));
        };
        Ok(Self { child: ChildProcess::forked(pid), reply })
    }

    /// Its process number, until it is reaped.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.child.pid()
    }

    /// Where its reply comes.
    pub(crate) fn reply(&self) -> &OwnedFd {
        &self.reply
    }

    /// Reads the reply; it is empty if the child ended without one.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; PIPE_BUF];
        let count = rustix::io::retry_on_intr(|| rustix::io::read(&self.reply, &mut *bytes))?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Kills it with its group, what the code left behind too, and tells how it ended.
    pub(crate) fn end(&mut self) -> Result<Option<ProcessEnd>, Errno> {
        self.child.kill_with_group();
        self.child.wait()
    }
}

impl Drop for ReplyingChild {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The child's part. It dies with its parent.
fn in_child(parent: Pid, (null, write_end): (&OwnedFd, &OwnedFd), code: impl FnOnce() -> Vec<u8>) {
    let arranged = || -> Result<_, (SystemCall, Errno)> {
        let call = |call| move |cause| (call, cause);
        unix::set_parent_process_death_signal(Some(unix::Signal::KILL))
            .map_err(call(SystemCall::PRCTL))?;
        if unix::getppid() != Some(parent) {
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
