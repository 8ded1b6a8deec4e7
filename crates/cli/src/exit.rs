//! Exit: the one table of statuses, and how each ends the process.

use crate::stderr;
use evenly::{Error, Signal};
use std::process::ExitCode;

/// How a call of the program ends.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// What was asked for was done.
    Done,
    /// The call cannot be carried out: usage, bad range, bad function, cannot start.
    Usage(String),
    /// Some n failed, and the answer is withheld.
    SomeFailed(String),
    /// The work is incomplete: lost beyond repair, or the answer could not be written.
    Incomplete(String),
    /// The time for the whole job was over.
    Deadline(String),
    /// A signal asked for the end; every worker is gone.
    Interrupted(Signal),
    /// Nobody reads standard output any more.
    BrokenPipe,
    /// A fault of this program.
    Bug,
}

impl Outcome {
    /// Says what there is to say, in one line, and ends the process.
    pub(crate) fn end(self) -> ExitCode {
        let (status, message) = match self {
            Self::Done => (0, None),
            Self::Usage(message) => (2, Some(message)),
            Self::SomeFailed(message) => (3, Some(message)),
            Self::Incomplete(message) => (4, Some(message)),
            Self::Deadline(message) => (124, Some(message)),
            Self::Interrupted(signal) => {
                stderr::say_at_last(&format!("evenly: stopped by {signal}; there is no answer\n"));
                evenly::raise_again(signal)
            }
            Self::BrokenPipe => evenly::raise_broken_pipe(),
            Self::Bug => (70, Some("this is a bug of evenly; please report it".to_owned())),
        };
        if let Some(message) = message {
            stderr::say_at_last(&format!("evenly: {message}\n"));
        }
        ExitCode::from(status)
    }
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Violation(evenly::Violation::Overlap(_)) => Self::Bug,
            Error::CannotStart { .. } | Error::NoWorker { .. } | Error::Threads { .. } => {
                Self::Usage(message)
            }
            Error::Deadline { .. } => Self::Deadline(message),
            Error::Interrupted(signal) => Self::Interrupted(signal),
            _ => Self::Incomplete(message),
        }
    }
}
