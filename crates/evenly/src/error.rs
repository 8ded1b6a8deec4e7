//! What can keep a job from its answer, by whose fault it is.

use crate::process::Signal;
use evenly_core::Violation;
use evenly_core::frame::Malformed;
use rustix::io::Errno;

/// Why a job has no answer.
///
/// The text of an error is one line: the thing, the cause, and what to do next where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The calling process has more than one thread, so that a forked worker could inherit a lock
    /// that nobody would ever release (fork(2)).
    #[error(
        "this process has {count} threads and cannot fork workers; run the job before any thread is started"
    )]
    Threads {
        /// How many threads it has.
        count: u64,
    },
    /// A system call that every job needs failed before any worker was started.
    #[error("cannot start: {call}: {cause}")]
    CannotStart {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: Errno,
    },
    /// Not one worker could be started.
    #[error("cannot start a worker: {call}: {cause}; {advice}")]
    NoWorker {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: Errno,
        /// What to do about it.
        advice: &'static str,
    },
    /// A system call failed while the job ran.
    #[error("stopped: {call}: {cause}")]
    System {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: Errno,
    },
    /// A signal asked the job to end. The workers are gone.
    #[error("stopped by {0}")]
    Interrupted(Signal),
    /// Workers were lost again and again without finishing anything.
    #[error("gave up: worker {worker} was lost {times} times in a row without finishing anything")]
    LostBeyondRepair {
        /// Which worker, from 1.
        worker: usize,
        /// How often.
        times: u32,
    },
    /// All workers are gone and none could be started again.
    #[error("gave up: all workers are gone and no new one can be started: {call}: {cause}")]
    NoWorkerLeft {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: Errno,
    },
    /// A worker said what cannot be.
    #[error("stopped: {0}; there is no answer")]
    Violation(#[from] Violation),
    /// The result pipe carried bytes that are no frame.
    #[error("stopped: the result pipe carries {0}; something else wrote to it")]
    Malformed(#[from] Malformed),
}
