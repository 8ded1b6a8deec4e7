//! Pipes from a command to its worker: made non-blocking at the worker's end, and read into buffers.

use super::early_exit::EarlyExit;
use crate::process::system_call::{SystemCall, in_call};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::{AsFd, OwnedFd};

/// Result of one read from a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PipeRead {
    Data,
    /// The pipe is empty, and a process can still write to it.
    Empty,
    EndOfFile,
}

/// Makes a pipe from a command: returns the non-blocking read end and the write end.
pub(super) fn pipe_from_command() -> Result<(OwnedFd, OwnedFd), EarlyExit> {
    let (from, to) = pipe_with(PipeFlags::CLOEXEC).map_err(in_call(SystemCall::PIPE))?;
    // For this end alone: few programs expect a standard output that does not block.
    rustix::io::ioctl_fionbio(&from, true).map_err(in_call(SystemCall::PIPE))?;
    Ok((from, to))
}

/// Makes a pipe to a command: returns the read end and the non-blocking write end.
pub(super) fn pipe_to_command() -> Result<(OwnedFd, OwnedFd), EarlyExit> {
    let (from, to) = pipe_with(PipeFlags::CLOEXEC).map_err(in_call(SystemCall::PIPE))?;
    rustix::io::ioctl_fionbio(&to, true).map_err(in_call(SystemCall::PIPE))?;
    Ok((from, to))
}

/// Reads once and appends to `bytes`.
pub(super) fn read_some(from: impl AsFd, bytes: &mut Vec<u8>) -> Result<PipeRead, EarlyExit> {
    bytes.reserve(16 << 10);
    let mut read = || rustix::io::read(&from, rustix::buffer::spare_capacity(bytes));
    match rustix::io::retry_on_intr(&mut read) {
        Ok(0) => Ok(PipeRead::EndOfFile),
        Ok(_) => Ok(PipeRead::Data),
        Err(Errno::AGAIN) => Ok(PipeRead::Empty),
        Err(cause) => Err(EarlyExit::Failed(SystemCall::READ, cause)),
    }
}

/// As [`read_some`], from a pipe that may be closed already.
pub(super) fn read_if_open(
    from: Option<&OwnedFd>,
    bytes: &mut Vec<u8>,
) -> Result<PipeRead, EarlyExit> {
    from.map_or(Ok(PipeRead::EndOfFile), |from| read_some(from, bytes))
}
