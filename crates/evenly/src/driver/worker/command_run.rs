//! Plain types of one run of a command: its numbers and attempt, its result, and processes that it left behind.

use super::command_output::CommandOutput;
use super::stderr_relay::CapturedStderr;
use crate::process::ProcessEnd;
use evenly_core::{Cause, Interval};

/// The consecutive numbers for which a command runs, and the number of the attempt.
pub(super) struct CommandRun {
    pub(super) numbers: Interval,
    pub(super) attempt: u32,
}

/// Result of one run of a command.
pub(super) struct CommandResult {
    /// How the command ended, or why the worker ended it.
    pub(super) end: Result<ProcessEnd, Cause>,
    /// Its standard output, which the caller passes on or drops.
    pub(super) output: CommandOutput,
    /// Its standard error, which the caller passes on or drops.
    pub(super) errors: CapturedStderr,
}

/// Processes that a command left in its process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftBehind {
    /// They still hold its output after the grace.
    HoldsOutput,
    /// They hold none of its output.
    Silent,
}
