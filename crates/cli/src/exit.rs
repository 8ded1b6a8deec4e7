//! Outcomes of a call, the table of their exit statuses, and the end of the process.

use crate::stderr;
use crate::unit::Unit;
use evenly::{Error, Signal};
use std::io;
use std::process::ExitCode;

/// Longest last message, in characters.
const LONGEST: usize = 4000;

/// Outcome of a call of the program.
#[derive(Debug)]
pub(crate) enum ExitOutcome {
    /// The call did what it asks for.
    Done,
    /// The call did what it asks for; the answer is no, or the range has no answer.
    No,
    /// The call cannot be carried out: usage, bad range, bad function, cannot start.
    Usage(String),
    /// Some n failed: there is no answer over the whole range.
    SomeFailed(String),
    /// The end of some commands is unknown, and `--at-most-once` forbids another start.
    FateUnknown(String),
    /// The work is incomplete: lost beyond repair, or the answer could not be written.
    Incomplete(String),
    /// Nothing is left to do, but there is no answer, or a log of the run could not be written.
    NoAnswer(String),
    /// A program, script or library changed while the job ran. A resumed run would refuse the journal.
    FileChanged(String),
    /// Workers gave contradictory answers, so none of them can be trusted.
    Untrusted(String),
    /// The journal belongs to another job, is damaged, or cannot be written.
    Journal(String),
    /// The deadline of the job passed.
    Deadline(String),
    /// The deadline of `failures` passed, and the known failures already make the answer no.
    NoAtDeadline(String),
    /// A signal asked for the end; every worker is gone.
    Interrupted(Signal, String),
    /// The reader of standard output closed it.
    BrokenPipe,
    /// A fault of this program.
    Bug,
}

impl ExitOutcome {
    /// The outcome of a failed write to standard output.
    pub(crate) fn not_written(cause: &io::Error) -> Self {
        if cause.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        let advice = "make room, or redirect standard output elsewhere";
        Self::Incomplete(format!("cannot write the answer: {cause}; {advice}"))
    }

    /// The exit status; for a death by a signal, the status that a shell reports.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No | Self::NoAtDeadline(_) => 1,
            Self::Usage(_) => 2,
            Self::SomeFailed(_) => 3,
            Self::FateUnknown(_)
            | Self::Incomplete(_)
            | Self::NoAnswer(_)
            | Self::FileChanged(_)
            | Self::Untrusted(_) => 4,
            Self::Journal(_) => 5,
            Self::Deadline(_) => 124,
            Self::Interrupted(signal, _) => 128_u8.saturating_add(signal.number() as u8),
            Self::BrokenPipe => 141,
            Self::Bug => 70,
        }
    }

    /// The last message, without the name of the program.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Done | Self::No | Self::BrokenPipe => None,
            Self::Usage(message)
            | Self::SomeFailed(message)
            | Self::FateUnknown(message)
            | Self::Incomplete(message)
            | Self::NoAnswer(message)
            | Self::FileChanged(message)
            | Self::Untrusted(message)
            | Self::Journal(message)
            | Self::Deadline(message)
            | Self::NoAtDeadline(message)
            | Self::Interrupted(_, message) => Some(message.clone()),
            Self::Bug => Some("this is a bug of evenly; please report it".to_owned()),
        }
    }

    /// Prints the last message, in one line, and ends the process.
    pub(crate) fn end(self) -> ExitCode {
        if let Some(message) = self.message() {
            // The message may quote words of the call, with newlines in them.
            let message = evenly::printable(message.as_bytes(), LONGEST);
            stderr::say_at_last(&format!("evenly: {message}\n"));
        }
        match self {
            Self::Interrupted(signal, _) => evenly::internal::raise_again(signal),
            Self::BrokenPipe => evenly::internal::raise_broken_pipe(),
            _ => ExitCode::from(self.status()),
        }
    }
}

impl ExitOutcome {
    /// The outcome of a job that this error ended. `rest` describes the partial result, if there is one.
    pub(crate) fn of_stopped(error: &Error, unit: Unit, rest: Option<&str>) -> Self {
        let mut message = unit.error(error);
        if let Some(rest) = rest {
            message = format!("{message}; {rest}");
        }
        match error {
            Error::Violation(evenly::Violation::Overlap(_)) => Self::Bug,
            error if error.is_refusal() => Self::Usage(message),
            Error::Contradiction { .. }
            | Error::Violation(_)
            | Error::Unasked
            | Error::Untrusted { .. } => Self::Untrusted(message),
            Error::TooManyValues => Self::NoAnswer(message),
            Error::FileChanged { .. } => Self::FileChanged(message),
            Error::Journal(_) => Self::Journal(message),
            Error::Deadline { .. } | Error::DeadlineAtJournal { .. } => Self::Deadline(message),
            Error::Interrupted(signal) => Self::Interrupted(*signal, message),
            Error::Output(cause) => Self::not_written(cause),
            _ => Self::Incomplete(message),
        }
    }
}

impl From<Error> for ExitOutcome {
    fn from(error: Error) -> Self {
        Self::of_stopped(&error, Unit::Number, None)
    }
}

impl From<evenly::journal::JournalError> for ExitOutcome {
    fn from(error: evenly::journal::JournalError) -> Self {
        match error {
            evenly::journal::JournalError::TooManyValues => Self::NoAnswer(error.to_string()),
            error => Self::Journal(error.to_string()),
        }
    }
}
