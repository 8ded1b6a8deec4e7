//! Plain types of one run of a command: its numbers and attempt, its result, and processes that it left behind.

use super::command_output::CommandOutput;
use super::stderr_relay::CapturedStderr;
use crate::process::ProcessEnd;
use evenly_core::{Cause, Interval};
use rustix::io::Errno;

/// The consecutive numbers for which a command runs, and the number of the attempt.
pub(super) struct CommandRun {
    pub(super) numbers: Interval,
    pub(super) attempt: u32,
}

/// Statuses of a shell for a command that it cannot start, and for one that it does not find.
const CANNOT_START: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Result of one run of a command.
pub(super) struct CommandResult {
    /// How the command ended, or why the worker ended it.
    pub(super) end: Result<ProcessEnd, Cause>,
    /// Its standard output, which the caller passes on or drops.
    pub(super) output: CommandOutput,
    /// Its standard error, which the caller passes on or drops.
    pub(super) errors: CapturedStderr,
    /// Why it was not started, if that is a failure of its numbers.
    pub(super) not_started: Option<Errno>,
}

impl CommandResult {
    /// The result of a command that cannot be started for its numbers, with the status that a shell gives. Its output is
    /// empty.
    pub(super) fn not_started(cause: Errno, output: CommandOutput) -> Self {
        let status = if cause == Errno::NOENT { NOT_FOUND } else { CANNOT_START };
        let errors = CapturedStderr::default();
        Self { end: Err(Cause::Exit(status)), output, errors, not_started: Some(cause) }
    }
}

/// Processes that a command left in its process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftBehind {
    /// They still hold its output after the grace.
    HoldsOutput,
    /// They hold none of its output.
    Silent,
}
