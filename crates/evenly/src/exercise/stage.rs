//! Stages of the exercise, the trait of their viewer, and the errors of a run that is watched.

use crate::observe::stages::Processes;
use crate::process::ProcessEnd;
use crate::procfs_snapshot::ViewError;
use rustix::io::Errno;

/// The first descriptor behind standard input, output and error.
pub(super) const FIRST_STRAY: i32 = 3;
/// Status of an incomplete run.
pub(super) const STATUS_INCOMPLETE: i32 = 4;

/// Stages of the exercise, in the order of the system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExerciseStage {
    /// The primary made the pipes.
    PipesMade,
    /// The workers are forked, and have every end.
    Forked,
    /// Each process closed the ends that it does not use.
    Closed,
    /// The workers are blocked in read: no range has been written.
    WorkersRead,
    /// The ranges wait in the pipes; the workers are stopped.
    RangesWritten,
    /// The primary closed the range pipes and is blocked in read: no result has been written.
    PrimaryReads,
    /// The results wait in the shared pipe; the primary is stopped in its read.
    ResultsWritten,
    /// The primary has read all results and is blocked in read again: write ends are open.
    PrimaryReadsOn,
    /// One more worker has ended, and with it one write end.
    WorkerEnded,
    /// The primary's read gave 0.
    EndOfFile,
    /// The primary has waited for every worker.
    Waited,
}

/// Looks at the exercise while it stands still at a stage.
pub trait ExerciseWatcher {
    /// Called at each stage.
    fn at_stage(&mut self, stage: ExerciseStage, processes: &Processes);

    /// Called after it until it returns true.
    fn may_go_on(&mut self) -> bool;
}

/// Why the exercise was not seen to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExerciseError {
    /// A system call failed.
    #[error("cannot start the exercise: {call}: {cause}", cause = std::io::Error::from(*.cause))]
    Start {
        /// The call.
        call: &'static str,
        /// Its error.
        cause: Errno,
    },
    /// The primary of the exercise ended too early.
    #[error("the primary of the exercise {0} before its last stage")]
    Ended(ProcessEnd),
    /// The processes cannot be seen.
    #[error(transparent)]
    View(#[from] ViewError),
}
