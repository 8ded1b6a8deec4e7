//! Errors of a job.

use crate::observe::Reason;
use crate::os_error::OsError;
use crate::process::{ProcessEnd, Signal, limits};
use evenly_core::Violation;
use evenly_core::engine::halt::ReachedHalt;
use rustix::io::Errno;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Why a job has no answer.
///
/// The text of an error is one line: the thing, the cause, and what to do next where that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The calling process has more than one thread, so that a forked worker could inherit a lock
    /// that no thread would ever release (fork(2)).
    #[error(
        "this process has {count} threads and cannot fork workers; run the job before any thread is started"
    )]
    Threads {
        /// How many threads it has.
        count: u64,
    },
    /// The process has several threads, and the job could not be done in another process either.
    #[error(transparent)]
    Relaunch(#[from] crate::relaunch::RelaunchError),
    /// The job ran in another process, which sent the text of this error.
    #[error("{0}")]
    Elsewhere(String),
    /// A command that does a whole chunk, or a coprocess, for items that are not runs of consecutive integers.
    #[error(
        "a command with {{start}} and {{end}}, or a coprocess, does consecutive integers, and these items have a step \
         above 1; use {{}}, which runs the command for each number"
    )]
    NotConsecutive,
    /// No worker is here, and no agent can come.
    #[error(
        "no host of --on can work for this job, and there are no workers on this machine; name another host, or leave \
         out -j 0"
    )]
    NoHostLeft,
    /// The items take more bytes as text than agents are sent.
    #[error(
        "the items are too many for agents: their text, or the index of their lines, takes {length} bytes, and an agent gets at most {most}; run them \
         without --listen, or as several jobs"
    )]
    ItemsTooLong {
        /// Their length in [normal form](evenly_core::Items).
        length: usize,
        /// The longest that is sent.
        most: usize,
    },
    /// A system call that every job needs failed before any worker was started.
    #[error("cannot start: {call}: {cause}; {}", limits::advice(.call, .cause.errno()))]
    CannotStart {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
    /// No directory could be made for the temporary files of array tasks.
    #[error(
        "cannot make a directory for the TMPDIR of tasks in '{}': {cause}; set TMPDIR to a directory that can be \
         written", .parent.display()
    )]
    NoTaskDirectory {
        /// The directory for temporary files.
        parent: PathBuf,
        /// Why.
        cause: OsError,
    },
    /// The tasks get an `srun`, and no directory allows programs to run.
    #[error(
        "no directory for the srun of the tasks: '{}' is mounted noexec, and so are /tmp, /var/tmp, /dev/shm and HOME; set \
         TMPDIR to a directory where programs may run",
        .parent.display()
    )]
    NoProgramDirectory {
        /// The directory for temporary files.
        parent: PathBuf,
    },
    /// The job listens for agents, and its function is one of the calling program, which agents do not have.
    #[error(
        "agents cannot compute '{function}': only this program has it; do not listen, or use an expression, a library or \
         a command"
    )]
    FunctionOfThisProgram {
        /// The name of the function.
        function: String,
    },
    /// This agent cannot keep the lines that its primary sends.
    #[error(transparent)]
    Lines(#[from] crate::function::LinesError),
    /// Agents could not be waited for where they were to join.
    #[error(transparent)]
    Listen(#[from] crate::transport::ListenError),
    /// The journal is not used, or cannot be written any more.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
    /// Not one worker could be started, or the first ones could not begin to work.
    #[error("cannot start a worker: {call}: {cause}; {advice}")]
    NoWorker {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
        /// What to do about it.
        advice: &'static str,
    },
    /// A system call failed while the job ran.
    #[error("stopped: {call}: {cause}")]
    System {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
    /// A signal asked the job to end. The workers are gone.
    #[error("stopped by {0}")]
    Interrupted(Signal),
    /// The time for the whole job was over.
    #[error("the deadline of {} passed with {} done", Seconds(.deadline), Covered(*.covered, *.total))]
    Deadline {
        /// The time that was given.
        deadline: Duration,
        /// Numbers that were done.
        covered: u128,
        /// Numbers in the range; `None` if it has no end.
        total: Option<u128>,
    },
    /// The time for the whole job was over while its journal was read.
    #[error("the deadline of {} passed while the journal '{}' was read; it is left as it is", Seconds(.deadline), .path.display())]
    DeadlineAtJournal {
        /// The time that was given.
        deadline: Duration,
        /// The file of the journal.
        path: PathBuf,
    },
    /// As much has happened as was waited for: see [`Halt`](crate::Halt).
    #[error("halted by {reached}: {} done, {failed} of them failed", Covered(*.covered, *.total))]
    Halted {
        /// The condition that was met. It is long, and a rare error.
        reached: Box<ReachedHalt>,
        /// Numbers that failed.
        failed: u128,
        /// Numbers that were done, failed ones included.
        covered: u128,
        /// Numbers in the range; `None` if it has no end.
        total: Option<u128>,
    },
    /// Workers were lost again and again without finishing anything.
    #[error(
        "gave up: worker {worker} was lost {times} times in a row without finishing anything; the last time: {}",
        Last(.end, .reason)
    )]
    LostBeyondRepair {
        /// Which worker, from 1.
        worker: usize,
        /// How often.
        times: u32,
        /// How it ended the last time.
        end: ProcessEnd,
        /// Why, where more than that is known.
        reason: Option<Reason>,
    },
    /// The program of a command cannot be executed.
    #[error("cannot execute the command '{command}': {cause}; {}", if *.is_beginning { "nothing was done" } else { "earlier starts of it succeeded" })]
    CannotExecute {
        /// The command.
        command: String,
        /// Why.
        cause: OsError,
        /// Whether nothing was done before.
        is_beginning: bool,
    },
    /// A result file of a command cannot be written.
    #[error(
        "cannot write the files of --results: {cause}; make room or choose another directory, then resume or run again"
    )]
    ResultFile {
        /// Why.
        cause: OsError,
    },
    /// A file that is part of what computes was changed while the job ran.
    #[error(
        "stopped: '{}' changed while the job ran, and an answer is that of one version; there is no answer, start \
         the job again", .path.display()
    )]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// A coprocess said what it was not asked for, so that it is not known which answer is for what.
    #[error(
        "stopped: the coprocess printed more lines than it read, so its answers cannot be trusted; it must \
         answer each line with exactly one"
    )]
    Unasked,
    /// An agent found that what it had told cannot be trusted.
    #[error(
        "stopped: agent {worker} says that its answers cannot be trusted; its standard error says why, and there is no answer"
    )]
    Untrusted {
        /// Which one, in one row with the workers of this machine, from 1.
        worker: usize,
    },
    /// All workers are gone and none could be started again.
    #[error("gave up: all workers are gone and no new one can be started: {call}: {cause}; {}", limits::advice(.call, .cause.errno()))]
    NoWorkerLeft {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
    /// The lines of the answer could not be written; `EPIPE` if their reader is gone.
    #[error("cannot write the answer: {0}; make room, or redirect it elsewhere")]
    Output(std::io::Error),
    /// A histogram of more than [`MOST_VALUES`](evenly_core::aggregate::MOST_VALUES) values.
    #[error(
        "more than {} different values; that is the limit of hist; group the values, as in hist 'n / 1000'",
        evenly_core::aggregate::MOST_VALUES
    )]
    TooManyValues,
    /// Two answers to the same numbers differ, so that no answer can be trusted.
    #[error("stopped: {by} {violation}; there is no answer; {}", advice(.violation))]
    Contradiction {
        /// The worker or agent whose message shows it.
        by: String,
        /// The two answers.
        violation: Violation,
    },
    /// The scheduler was given numbers twice: a fault of this library.
    #[error("stopped: the scheduler {0}; there is no answer")]
    Violation(Violation),
}

impl Error {
    /// Whether the call is refused: nothing was done, and every file is as it was.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::CannotStart { .. }
                | Self::CannotExecute { is_beginning: true, .. }
                | Self::ItemsTooLong { .. }
                | Self::Listen(_)
                | Self::NoTaskDirectory { .. }
                | Self::NoProgramDirectory { .. }
                | Self::FunctionOfThisProgram { .. }
                | Self::NotConsecutive
                | Self::NoWorker { .. }
                | Self::Threads { .. }
        )
    }
}

/// The next step after a contradiction.
fn advice(violation: &Violation) -> String {
    match violation {
        Violation::Conflict { numbers, .. } => format!(
            "to find the n, run 'evenly map' twice with the same function over {numbers} and compare the lines"
        ),
        _ => "run the job again; if this happens again, test the memory of the machine".to_owned(),
    }
}

/// Makes the error of a system call that failed while the job ran.
pub(crate) fn system(call: &'static str) -> impl Fn(Errno) -> Error {
    move |cause| Error::System { call, cause: OsError::of(cause) }
}

/// Makes the error of a system call that failed before any worker was started.
pub(crate) fn cannot_start(call: &'static str) -> impl Fn(Errno) -> Error {
    move |cause| Error::CannotStart { call, cause: OsError::of(cause) }
}

/// Makes the error of a system call without which no worker can start.
pub(crate) fn no_worker(call: &'static str) -> impl Fn(Errno) -> Error {
    move |cause| {
        let advice = limits::advice(call, cause);
        Error::NoWorker { call, cause: OsError::of(cause), advice }
    }
}

impl From<crate::transport::TransportError> for Error {
    fn from(failed: crate::transport::TransportError) -> Self {
        system(failed.call)(failed.cause)
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::TooManyValues => Self::TooManyValues,
            other => Self::Violation(other),
        }
    }
}

/// How a worker ended, in the words of [`Observation::WorkerLost`](crate::observe::Observation).
struct Last<'a>(&'a ProcessEnd, &'a Option<Reason>);

impl fmt::Display for Last<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(reason) => write!(f, "{} ({reason})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Numbers that were done, of all numbers if they have an end.
struct Covered(u128, Option<u128>);

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(covered, Some(total)) => write!(f, "{covered} of {total} numbers"),
            Self(1, None) => f.write_str("1 number"),
            Self(covered, None) => write!(f, "{covered} numbers"),
        }
    }
}

/// A duration in seconds, without more digits than it has.
struct Seconds<'a>(&'a Duration);

impl fmt::Display for Seconds<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}
