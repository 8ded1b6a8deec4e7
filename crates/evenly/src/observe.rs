//! Observations of a running job. Observers get no handle back, so they cannot change it.

mod agent;
mod machine;
pub(crate) mod stages;
mod status_port;
mod stuck;

use crate::journal::{JournalChange, JournalError};
use crate::os_error::OsError;
pub use crate::process::WorkerExit;
use crate::process::{ProcessEnd, Signal, limits};
pub use crate::transport::Gone;
pub use evenly_core::agent::Leave;
use evenly_core::engine;
pub use evenly_core::frame::Malformed;
use evenly_core::{Cause, Failure, Interval, Progress, Value, Violation};
use rustix::io::Errno;
use std::fmt;
use std::path::Path;
use std::time::Duration;

pub use agent::{AgentSeen, Parting};
pub use machine::{Machine, Status};
pub use status_port::StatusPort;
pub use stuck::Stuck;

/// Receives the events of a running job: progress, lost workers, failed numbers, agents that join.
///
/// The primary calls it from its only thread and waits for it, so workers wait for chunks while an observer blocks: a
/// call should take less than 1 ms. An observer gets no handle to the job, so it cannot change the run. A
/// panic in it ends the job, and the workers are killed and reaped as the panic unwinds.
///
/// Without an observer ([`Job::run`](crate::Job::run)) nothing is printed: the library writes to no terminal.
///
/// # Examples
/// ```
/// use evenly::observe::{Observation, Observer};
/// use evenly::{Job, Range, function};
///
/// #[derive(Default)]
/// struct Workers {
///     started: usize,
///     lost: usize,
/// }
///
/// impl Observer for Workers {
///     fn observe(&mut self, observation: &Observation<'_>) {
///         match observation {
///             Observation::WorkerStarted { .. } => self.started += 1,
///             Observation::WorkerLost { worker, end, .. } => {
///                 self.lost += 1;
///                 println!("worker {worker} {end}");
///             }
///             _ => {}
///         }
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let even = function::predicate("even", |n| n % 2 == 0);
/// let mut workers = Workers::default();
/// let report = Job::count(Range::new(0, 1000)?, even).run_observed(&mut workers)?;
/// assert_eq!((workers.started, workers.lost), (report.workers, 0));
/// # Ok(())
/// # }
/// ```
pub trait Observer {
    /// Called for each event, in the order in which they happen.
    fn observe(&mut self, observation: &Observation<'_>);
}

/// Ignores every event.
impl Observer for () {
    fn observe(&mut self, _: &Observation<'_>) {}
}

/// An event of a running job, or of an agent.
///
/// Workers are numbered from 1; a replacement has the number of the worker that it replaces. Agents are numbered in
/// the same row, behind the workers of this machine. New kinds of events may be added in any version.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// Fewer workers than asked for could be started; the job goes on with them.
    FewerWorkers {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        started: usize,
        /// What failed.
        refused: FailedCall,
    },
    /// A worker was forked, at the start or into the place of a lost one.
    WorkerStarted {
        /// Which worker, from 1.
        worker: usize,
        /// Its process number.
        pid: u32,
    },
    /// A worker is gone; what it had in hand goes to others.
    WorkerLost {
        /// Which worker, from 1.
        worker: usize,
        /// Its process number.
        pid: u32,
        /// How it ended.
        end: ProcessEnd,
        /// Why, where more than that is known.
        reason: Option<Reason>,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// A worker was stopped from outside for longer than the limit. Its chunks go to other workers, and
    /// its later answers to them are dropped.
    WorkerSilent {
        /// Which worker, from 1.
        worker: usize,
        /// Its process number.
        pid: u32,
        /// The limit of silence of the job.
        limit: Duration,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// Bytes that are no frame came out of the result pipe. Any of these workers may have written them;
    /// they are killed, and lost with the reason [`Reason::Garbage`].
    Garbage {
        /// What is wrong with them.
        what: Malformed,
        /// How many workers are killed for it now.
        suspects: usize,
    },
    /// What a number did that fails, in words: what its command printed, or where a closure panicked and why. Comes
    /// before [`Quarantined`](Self::Quarantined), for at most 1024 numbers of a run.
    Described {
        /// The number; the lowest of the failure that has a description.
        n: i64,
        /// One line that is safe for a terminal, such as `printed 'abc', which is not an integer`.
        text: &'a str,
    },
    /// A number was lost together with its worker as often as is allowed, and has no value.
    Quarantined(Failure),
    /// A try of these numbers failed of this cause, and a later one passed; their value counts.
    Recovered(Failure),
    /// Numbers are done, by one worker in one go; only if that was asked for.
    Done(&'a Piece),
    /// The job stops with its workers, because the terminal asked for it.
    Paused,
    /// The job goes on after a pause.
    Resumed(Duration),
    /// The job ends early, as soon as the workers have finished the numbers they are at.
    EndsEarly(Early),
    /// They have not for half a second.
    StillDraining(Early),
    /// The job ends without all numbers done: the last observation of it.
    Unfinished(&'a Unfinished),
    /// A signal (`SIGUSR1`) asked how far the job is.
    Status(&'a Status),
    /// What each machine did: once, at the end of a job that had workers, finished or not.
    Machines {
        /// This machine first, then agents in the order in which they joined.
        machines: &'a [Machine],
        /// Whether an agent ever joined.
        had_agents: bool,
    },
    /// The place of a lost worker stays empty, because no new one could be started.
    NotReplaced {
        /// Which worker, from 1.
        worker: usize,
        /// What failed.
        refused: FailedCall,
    },
    /// Agents may join here now; with the port that the system chose, where it was to.
    Listening {
        /// Where.
        address: &'a str,
    },
    /// An agent has joined.
    AgentJoined(&'a AgentSeen),
    /// A program that starts an agent on another machine ended before the job, or could not be started.
    LaunchFailed {
        /// Which, as `ssh:HOST`.
        name: &'a str,
        /// Why, as text of the program or of the other machine that is safe for a terminal.
        why: &'a str,
        /// After this time it is started again; `None`: not at all.
        again: Option<Duration>,
    },
    /// A program that starts an agent wrote a line to its standard error, or the other machine did.
    LauncherWrote {
        /// Which, as `ssh:HOST`.
        name: &'a str,
        /// The line, safe for a terminal.
        text: &'a str,
    },
    /// The job has no worker: every program that starts an agent has failed. These are started again.
    AwaitingAgents {
        /// Which, as `ssh:HOST`.
        names: &'a [String],
    },
    /// An agent is gone; what it had in hand goes to others.
    AgentLost {
        /// Which.
        agent: &'a AgentSeen,
        /// Why.
        why: Parting,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// No frame has come from an agent for the limit of silence; what it had in hand goes to others, and what it
    /// says about that later is dropped.
    AgentSilent {
        /// Which.
        agent: &'a AgentSeen,
        /// The limit of silence of the job.
        limit: Duration,
        /// How many chunks it held, and how many of their numbers were not covered.
        reclaimed: (usize, u128),
    },
    /// An agent that was silent is heard again.
    AgentAwake(&'a AgentSeen),
    /// An agent was sent away. The first 20 are reported, then one a minute.
    AgentRefused {
        /// From where it came.
        address: &'a str,
        /// Why, in a line.
        why: &'a str,
        /// How many were sent away since the last report, without one of their own.
        unreported: u64,
    },
    /// Peers tried to join without the key or as another user, or sent nothing in time. Reported at most
    /// once a minute.
    Strangers {
        /// How often.
        count: u64,
        /// The address of the last of them whose hello was sealed with another key.
        wrong_key: Option<&'a str>,
    },
    /// This process works as an agent now.
    Joined {
        /// For the primary there.
        address: &'a str,
        /// What is asked of each number.
        function: &'a str,
        /// The numbers of the whole job.
        range: Option<Interval>,
    },
    /// This process, as an agent, has waited 2 s for an answer to its first hello over a network: the primary has
    /// another key, no primary listens there, or what is sent does not arrive. Reported once; the agent tries on.
    Unanswered {
        /// The address of the primary.
        address: &'a str,
        /// How long the agent tries in all.
        within: Duration,
    },
    /// This process came as an agent when the job was over, or came back then.
    OverAlready {
        /// For the primary there.
        address: &'a str,
    },
    /// This agent, which stays, cannot work for the primary that is there, and waits for another one.
    PassedOver {
        /// Why, in a line.
        why: &'a str,
    },
    /// This agent lost its primary, and tries to join it again.
    PrimaryLost {
        /// Why.
        why: Gone,
    },
    /// The job was not refused: its workers are there, its journal is open, and the first chunks are
    /// about to be sent.
    Begun {
        /// What the journal of an earlier run says.
        resumed: Option<Resumed<'a>>,
    },
    /// A journal begins in the state directory.
    JournalBegun {
        /// Where.
        path: &'a Path,
    },
    /// The journal in the state directory cannot be written; the job goes on without it.
    JournalGivenUp {
        /// Why.
        why: &'a JournalError,
    },
    /// Another process has the journal locked; finished chunks wait for it.
    JournalLocked {
        /// Where.
        path: &'a Path,
    },
    /// The numbers that workers and agents have been at for unusually long, once a second; an
    /// empty list when the last of them has gone on.
    Stuck(&'a [Stuck]),
    /// How far the job is; as often as was asked for.
    Progress(Progress),
}

/// A failed system call without which a worker could not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedCall {
    /// The system call, such as `fork`.
    pub call: &'static str,
    /// Its error.
    pub cause: OsError,
    /// What the user can do about it.
    pub advice: &'static str,
}

impl fmt::Display for FailedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.call, self.cause, self.advice)
    }
}

impl FailedCall {
    pub(crate) fn of(call: &'static str, cause: Errno) -> Self {
        Self { call, cause: OsError::of(cause), advice: limits::advice(call, cause) }
    }
}

/// What is done of a job that goes on by its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed<'a> {
    /// The journal.
    pub path: &'a Path,
    /// How many numbers have a value.
    pub done: u128,
    /// How many numbers failed.
    pub failed: u128,
    /// Whether no number is left to do.
    pub is_over: bool,
    /// What the results in the journal come from, if that is something else than in this run.
    pub change: Option<&'a JournalChange>,
}

/// Why a worker was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A system call of its own failed, and it left.
    Call {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
    /// It said at which number it was when something ended it.
    CrashReport {
        /// The number.
        n: i64,
        /// What ended it, where the way it ended does not say so.
        cause: Option<Cause>,
    },
    /// It had more memory than it may, and was killed.
    Memory,
    /// A number took too long, the worker did not end itself for that, and the primary killed it.
    Timeout {
        /// The number, if the primary could read it from the worker's memory.
        n: Option<i64>,
    },
    /// What it said cannot be, and it was killed.
    Said(Violation),
    /// It may have written bytes that are no frame, and was killed.
    Garbage,
    /// It was stopped, no other worker could do its work, and it was killed.
    Stopped,
    /// It ended by itself, and could send no reason.
    Exit(WorkerExit),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { call, cause } => write!(f, "{call}: {cause}"),
            Self::CrashReport { n, cause: None } => write!(f, "at n = {n}"),
            Self::CrashReport { n, cause: Some(Cause::Timeout) } | Self::Timeout { n: Some(n) } => {
                write!(f, "n = {n} took too long")
            }
            Self::CrashReport { n, cause: Some(Cause::Memory) } => {
                write!(f, "n = {n} took too much memory")
            }
            Self::CrashReport { n, cause: Some(cause) } => write!(f, "at n = {n}: {cause}"),
            Self::Memory => f.write_str("it took too much memory"),
            Self::Timeout { n: None } => f.write_str("a number took too long"),
            Self::Said(violation) => write!(f, "it {violation}"),
            Self::Garbage => f.write_str("it may have written bytes that are no frame of evenly"),
            Self::Stopped => f.write_str("it was stopped, and no other worker could take its work"),
            Self::Exit(exit) => exit.fmt(f),
        }
    }
}

/// What makes a job end before every number is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Early {
    /// A signal asked for it.
    Signal(Signal),
    /// The time for the whole job is over.
    Deadline,
    /// As much has happened as was waited for: see [`Halt`](crate::Halt).
    Halt,
}

impl Early {
    pub(crate) fn of(early: engine::DrainReason) -> Self {
        match early {
            engine::DrainReason::Signal(number) => Self::Signal(Signal::of(number)),
            engine::DrainReason::Deadline => Self::Deadline,
            engine::DrainReason::Halt => Self::Halt,
        }
    }
}

/// What is known, and what is not done, when a job ends without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The lowest number that is not done; `None` if all are.
    pub lowest: Option<i64>,
    /// How many numbers are not done.
    pub not_done: u128,
    /// The value over the lowest numbers, all of which have one. Only of items without an end, and of questions whose
    /// value has a constant size.
    pub prefix: Option<Prefix>,
    /// The numbers that failed so far, as in [`Report::failures`](crate::Report::failures).
    pub failures: Vec<Failure>,
    /// How many numbers that is, in all.
    pub failed: u128,
    /// The flaky numbers, as in [`Report::flaky`](crate::Report::flaky), and how many they are.
    pub flaky: Vec<Failure>,
    /// How many flaky numbers there are, in all.
    pub flaky_numbers: u128,
    /// Whether all lines that could be passed on were written. Otherwise their reader did not take them.
    pub is_written: bool,
}

/// The value over all numbers of the items below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The lowest number that the value does not have.
    pub below: i64,
    /// The value.
    pub value: Value,
}

/// Numbers of one chunk that one worker did in one go, or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Which worker, from 1.
    pub worker: usize,
    /// At which attempt, from 1.
    pub attempt: u8,
    /// The numbers.
    pub interval: Interval,
    /// What kept the worker from doing them, if anything did; then others do.
    pub lost: Option<Loss>,
    /// Whether its chunk ended with it.
    pub is_end: bool,
    /// When it began, as far as that was measured: time of the job, without pauses.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
}

/// What kept a worker from doing what it had in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It ended.
    Ended(ProcessEnd),
    /// It was stopped from outside, and did not go on: see [`Observation::WorkerSilent`]. Or it is an agent
    /// that was not heard for too long.
    Silent,
    /// It was an agent, and is gone.
    Gone,
    /// It is an agent, and each of these numbers ended workers of its own.
    Failed(Cause),
}
