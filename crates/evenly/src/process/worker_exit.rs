//! Exit statuses with which a worker ends by itself, and what they mean.

use std::fmt;

/// Why a worker ended with an exit status of its own, and could not send the reason.
///
/// A function that exits is reported with its number, and is none of these.
///
/// ```
/// use evenly::observe::WorkerExit;
///
/// assert_eq!(WorkerExit::of(74), Some(WorkerExit::ResultPipe));
/// assert!(WorkerExit::ResultPipe.to_string().contains("could not write to its result pipe"));
/// assert_eq!(WorkerExit::of(1), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerExit {
    /// Status 71 (sysexits.h, `EX_OSERR`): a system call failed before the first number.
    CannotBegin,
    /// Status 74 (`EX_IOERR`): a system call failed, and the result pipe could not take that message.
    ResultPipe,
    /// Status 76 (`EX_PROTOCOL`): the assignment pipe had bytes that are no frame.
    AssignmentPipe,
}

impl WorkerExit {
    const ALL: [Self; 3] = [Self::CannotBegin, Self::ResultPipe, Self::AssignmentPipe];

    /// What this exit status of a worker means; `None` if a worker does not end with it by itself.
    ///
    /// ```
    /// use evenly::observe::WorkerExit;
    ///
    /// assert_eq!(WorkerExit::of(76), Some(WorkerExit::AssignmentPipe));
    /// ```
    #[must_use]
    pub fn of(status: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.status() == status)
    }

    /// The exit status.
    ///
    /// ```
    /// assert_eq!(evenly::observe::WorkerExit::CannotBegin.status(), 71);
    /// ```
    #[must_use]
    pub fn status(self) -> i32 {
        match self {
            Self::CannotBegin => 71,
            Self::ResultPipe => 74,
            Self::AssignmentPipe => 76,
        }
    }
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CannotBegin => "a system call failed in the worker before its first number",
            Self::ResultPipe => {
                "the worker could not write to its result pipe, descriptor 4; the function must not close or replace \
                 descriptors that it has not opened"
            }
            Self::AssignmentPipe => {
                "the worker read bytes that are no frame from its assignment pipe, descriptor 3; the function must not use \
                 descriptors that it has not opened"
            }
        })
    }
}
