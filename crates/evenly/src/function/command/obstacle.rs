//! Obstacles to the execution of a file: what execve(2) would refuse, found before any process is forked.

use crate::os_error::OsError;
use rustix::io::Errno;

/// Why the kernel would not execute a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// A system call fails.
    #[error("{0}; {advice}", advice = advice(.0.errno()))]
    System(OsError),
    /// The first line of a script names an interpreter that is not there, or cannot be executed.
    #[error("its interpreter '{path}' {}; correct the first line of the script, or install it", state(.cause.errno()))]
    Interpreter {
        /// Path of the interpreter.
        path: String,
        /// Why it cannot be executed.
        cause: OsError,
    },
    /// The first line of a script ends in CRLF: the kernel takes the CR as a part of a name.
    #[error(
        "the first line of the script ends in a carriage return (CRLF); save it with LF line ends, \
         as dos2unix does"
    )]
    CarriageReturn,
}

impl Obstacle {
    /// The error that execve(2) has for it.
    pub(super) fn errno(&self) -> Errno {
        match self {
            Self::System(cause) | Self::Interpreter { cause, .. } => cause.errno(),
            Self::CarriageReturn => Errno::NOENT,
        }
    }
}

/// Makes the obstacle of a system call that fails.
pub(super) fn system(cause: Errno) -> Obstacle {
    Obstacle::System(OsError::of(cause))
}

fn advice(cause: Errno) -> &'static str {
    match cause {
        Errno::NOENT => "check the path",
        Errno::ACCESS => "chmod +x makes a file executable",
        Errno::NOEXEC => {
            "it is no program of this kind of machine; a script begins with #! and its interpreter"
        }
        _ => "see execve(2)",
    }
}

fn state(cause: Errno) -> String {
    match cause {
        Errno::NOENT | Errno::NOTDIR => "does not exist".to_owned(),
        _ => format!("cannot be executed: {cause}"),
    }
}
