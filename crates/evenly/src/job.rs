//! A job: items, function, aggregate and settings of one run; and its report.

use crate::driver;
use crate::error::Error;
use crate::function::{Form, Function};
use crate::halt::Halt;
use crate::journal::Journal;
use crate::observe::stages::StageHook;
use crate::observe::{Observer, StatusPort};
use crate::output::Output;
use crate::time_limit::TimeLimit;
use crate::transport::Entrances;
use crate::worker_settings::{WorkerSettings, worker_setters};
use evenly_core::ledger::Shuffle;
use evenly_core::scheduler::{ChunkSizes, RETRIES};
use evenly_core::{Aggregate, Failure, Items, Policy, Value};
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

/// The least memory that a worker can be limited to, in bytes.
pub const MIN_MEMORY: u64 = 1 << 20;

/// The lowest rate at which numbers begin, in numbers a second: an interval of 11.6 days.
const MIN_RATE: f64 = 1e-6;

/// Time between `SIGTERM` and `SIGKILL` for a command, unless the job says otherwise.
const GRACE: Duration = Duration::from_secs(1);

/// Time that workers have for the numbers they are at when a job ends early, unless the job says otherwise.
const DRAIN: Duration = Duration::from_secs(5);

/// A run over a range of integers or another set: the items, the function, the aggregate, and the settings of the workers.
///
/// [`count`](Self::count) and [`new`](Self::new) make a job with defaults, the other methods change one setting each,
/// and [`run`](Self::run) starts the workers, waits for them and returns a [`Report`].
///
/// Defaults: one worker per processor ([`default_workers`](crate::default_workers)), chunks of 100 ms, two retries of
/// a chunk that lost its worker, no time limit, no memory limit, no journal, and an end after 10 000 failed numbers.
///
/// # Limits
/// - The numbers are `i64`; a range may hold all 2^64 of them.
/// - The process must have one thread when `run` is called, because workers are forked without exec (fork(2)).
/// - `run` blocks until the job has ended. While it runs it takes the signals that the
///   [crate documentation](crate) lists, by signalfd(2).
/// - Settings beyond their limits take the nearest allowed value. No setting makes `run` panic.
///
/// # Examples
/// ```
/// use evenly::{Aggregate, Job, Policy, Range, function};
/// use std::num::{NonZeroU32, NonZeroU64};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let digits = function::integers("digits", |n| n.to_string().len() as i128);
/// let report = Job::new(Aggregate::Sum, Range::new(1, 1000)?, digits)
///     .workers(NonZeroU32::new(2).unwrap())
///     .policy(Policy::Fixed(NonZeroU64::new(100).unwrap()))
///     .timeout(Duration::from_secs(10))
///     .deadline(Duration::from_secs(60))
///     .run()?;
/// assert_eq!(report.answer.to_string(), "2889");
/// assert!(report.failures.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// Chunks are sized by guided self-scheduling (Polychronopoulos and Kuck, 1987) or by measured time: see
/// [`Policy`].
pub struct Job {
    pub(crate) items: Items,
    pub(crate) function: Box<dyn Function>,
    pub(crate) aggregate: Aggregate,
    pub(crate) worker_settings: WorkerSettings,
    pub(crate) entrances: Entrances,
    pub(crate) policy: Policy,
    pub(crate) shuffle_seed: Option<u64>,
    pub(crate) progress_every: Option<Duration>,
    pub(crate) stage_hook: Option<Box<dyn StageHook>>,
    pub(crate) status_port: Option<Box<dyn StatusPort>>,
    pub(crate) retries: u8,
    pub(crate) deadline: Option<Duration>,
    /// How long one number may take.
    pub(crate) timeout: Option<Duration>,
    /// How long a command may take, in percent of the median of those that succeeded.
    pub(crate) median_timeout: Option<NonZeroU32>,
    /// Time between `SIGTERM` and `SIGKILL` for a command.
    pub(crate) grace: Duration,
    pub(crate) drain: Duration,
    /// How much memory a worker may have, and what it starts, in bytes.
    pub(crate) memory: Option<u64>,
    pub(crate) chunk_time: Option<Duration>,
    pub(crate) chunk_max: u64,
    pub(crate) chunk_min: u64,
    /// How much may begin in a second.
    pub(crate) max_rate: Option<f64>,
    pub(crate) halt: Option<Halt>,
    pub(crate) tells_pieces: bool,
    /// Where lines go, if the answer is lines.
    pub(crate) output: Option<Box<dyn Output>>,
    pub(crate) leaves_out_failures: bool,
    pub(crate) journal: Option<Journal>,
}

worker_setters!(Job);

/// The order of work by a seed, for chunks of this policy and a command of this form, if the function is one.
pub(crate) fn shuffle_by(
    seed: u64,
    (policy, form): (Policy, Option<Form>),
    workers: u32,
) -> Shuffle {
    let (unit, most_blocks) = match (policy, form) {
        (Policy::Fixed(len), _) => (len.get(), MOST_BLOCKS_OF_COMMANDS),
        (_, Some(Form::PerNumber)) => (1, MOST_BLOCKS_OF_COMMANDS),
        (_, Some(Form::PerChunk | Form::Coprocess)) => {
            (1, WINDOW_BLOCKS * u64::from(workers.max(1)))
        }
        (_, None) => (1, MOST_BLOCKS),
    };
    Shuffle { seed, most_blocks, unit }
}

impl Job {
    /// A job that counts the numbers of a range, or of other [`Items`], that satisfy `function`.
    #[must_use]
    pub fn count(items: impl Into<Items>, function: Box<dyn Function>) -> Self {
        Self::new(Aggregate::Count, items, function)
    }

    /// A job that computes `aggregate` over a range or other [`Items`]. An answer of lines goes to an
    /// [output](Self::output).
    ///
    /// ```
    /// use evenly::{Aggregate, Items, Job, Range, function};
    /// use std::num::NonZeroU64;
    ///
    /// let fourth = Items::stepped(Range::new(0, 1000)?, NonZeroU64::new(4).unwrap());
    /// let items = Items::union([fourth, Items::list([7, 12, 4095])?])?;
    /// let squares = function::predicate("square", |n| n.isqrt().pow(2) == n);
    /// let report = Job::new(Aggregate::All, items, squares).run()?;
    /// assert_eq!(report.answer.to_string(), "7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(aggregate: Aggregate, items: impl Into<Items>, function: Box<dyn Function>) -> Self {
        Self {
            items: items.into(),
            function,
            aggregate,
            worker_settings: WorkerSettings::default(),
            entrances: Entrances::default(),
            policy: Policy::default(),
            shuffle_seed: None,
            progress_every: None,
            stage_hook: None,
            status_port: None,
            retries: RETRIES,
            deadline: None,
            timeout: None,
            median_timeout: None,
            grace: GRACE,
            drain: DRAIN,
            memory: None,
            chunk_time: None,
            chunk_max: u64::MAX,
            chunk_min: 1,
            max_rate: None,
            halt: Some(Halt::default()),
            tells_pieces: false,
            output: None,
            leaves_out_failures: false,
            journal: None,
        }
    }

    /// Writes the lines of an answer to this output while the job runs, in ascending order of the numbers. Without
    /// an output, lines are counted and dropped.
    #[must_use]
    pub fn output(mut self, output: Box<dyn Output>) -> Self {
        self.output = Some(output);
        self
    }

    /// Leaves failed numbers out of an answer of lines. Without this call the lines end below the lowest number
    /// that fails.
    #[must_use]
    pub fn despite_failures(mut self) -> Self {
        self.leaves_out_failures = true;
        self
    }

    /// Sets how the range is cut into chunks. Without this call chunks are sized by time.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Works in a random order, which depends on the seed: in blocks of consecutive numbers, each from below. There are at
    /// most 1024 of them; where commands are run at most 65 536, or 32 for each worker if a command does a whole chunk
    /// whose length is not [fixed](Policy::Fixed). The answer is as without this, and lines stay ascending. Has no
    /// effect with [`Policy::Static`] and open-ended items.
    #[must_use]
    pub fn shuffled(mut self, seed: u64) -> Self {
        self.shuffle_seed = Some(seed);
        self
    }

    /// Reports progress to the observer about once per `period`. Without this call the primary makes no wake-up
    /// for that.
    #[must_use]
    pub fn progress_every(mut self, period: Duration) -> Self {
        self.progress_every = Some(period);
        self
    }

    /// Lets other processes ask how far the job is. Without this call the job opens nothing for them.
    #[must_use]
    pub fn status_port(mut self, port: Box<dyn StatusPort>) -> Self {
        self.status_port = Some(port);
        self
    }

    /// Sets how often a chunk is tried again after it lost its worker; 2 without this call. After that the chunk is
    /// halved and the halves are tried. A number fails when it alone has lost one worker more than this, and at
    /// least two.
    #[must_use]
    pub fn retries(mut self, retries: u8) -> Self {
        self.retries = retries;
        self
    }

    /// Limits the time of the whole job: at the deadline it ends with [`Error::Deadline`]. Time in which `SIGTSTP`
    /// stopped it does not count.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the time that a chunk should take, where chunks are sized by time. Without this call it is 100 ms, and
    /// 1 s for commands.
    #[must_use]
    pub fn chunks_of(mut self, aim: Duration) -> Self {
        self.chunk_time = Some(aim);
        self
    }

    /// Limits the numbers in a chunk, where chunks are sized by time.
    #[must_use]
    pub fn chunks_up_to(mut self, most: NonZeroU64) -> Self {
        self.chunk_max = most.get();
        self
    }

    /// Sets the fewest numbers in a chunk, where chunks are sized by time and that many remain. If it is above
    /// that of [`chunks_up_to`](Self::chunks_up_to), the upper limit counts.
    #[must_use]
    pub fn chunks_from(mut self, least: NonZeroU64) -> Self {
        self.chunk_min = least.get();
        self
    }

    /// Limits how many numbers begin in a second; where one command does a whole chunk, how many chunks. They begin
    /// at equal intervals. A rate below 1e-6, or no number, becomes 1e-6: one in 11.6 days.
    #[must_use]
    pub fn max_rate(mut self, per_second: f64) -> Self {
        self.max_rate = Some(per_second.max(MIN_RATE));
        self
    }

    /// Limits the time of one number. A number that takes longer ends its worker, and fails if it does that again
    /// alone in a fresh worker. A timer in the worker checks eight times per `timeout`, at most once per
    /// millisecond, so a number may take that much longer. Time in which the worker is stopped does not count. A
    /// worker that does not end itself is killed by the primary after two times `timeout`, and at least 1 s after
    /// it; where commands are run, 10 s later.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Limits the time of one number, or of one run of a command; replaces an earlier limit. A limit of the
    /// [median](TimeLimit::OfMedian) needs a command.
    #[must_use]
    pub fn time_limit(mut self, limit: TimeLimit) -> Self {
        (self.timeout, self.median_timeout) = match limit {
            TimeLimit::Fixed(timeout) => (Some(timeout), None),
            TimeLimit::OfMedian(percent) => (None, Some(percent)),
        };
        self
    }

    /// Gives a command this time to end after `SIGTERM`, before `SIGKILL`; 1 s without this call. A command
    /// gets both signals with its process group, whatever the reason for its end. Also the time for which a
    /// worker reads the output of processes that a command left behind.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        // An agent gets it in 64 bits, in nanoseconds.
        self.grace = grace.min(Duration::from_nanos(u64::MAX));
        self
    }

    /// Gives workers this time to finish the numbers they are at when a signal or [`halt`](Self::halt) ends the job;
    /// 5 s without this call. Then they are killed.
    #[must_use]
    pub fn drain(mut self, within: Duration) -> Self {
        self.drain = within;
        self
    }

    /// Limits the memory that a worker has for itself, in bytes; where commands are run, the memory of a command
    /// and of all that it started. The primary reads it ten times in a second (proc(5), `statm`), so a worker may exceed the
    /// limit for a moment. A number at which a worker exceeds it is tried again alone in a fresh worker, and
    /// fails if it exceeds the limit there too. A limit below [`MIN_MEMORY`] becomes that.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes.max(MIN_MEMORY));
        self
    }

    /// Sets the condition that ends the job early; `None` for no condition. Without this call the job ends after
    /// 10 000 failed numbers.
    #[must_use]
    pub fn halt(mut self, halt: Option<Halt>) -> Self {
        self.halt = halt;
        self
    }

    /// Reports each [`Piece`](crate::observe::Piece) that is done or lost to the observer. Each chunk takes a little longer.
    #[must_use]
    pub fn tell_pieces(mut self) -> Self {
        self.tells_pieces = true;
        self
    }

    /// The form of its command, if it has one.
    pub(crate) fn form(&self) -> Option<Form> {
        self.function.command().map(|command| command.form())
    }

    /// The order of work, if it is not ascending.
    pub(crate) fn shuffle(&self) -> Option<Shuffle> {
        let is_ordered = self.policy == Policy::Static || self.items.is_open_ended();
        let seed = self.shuffle_seed.filter(|_| !is_ordered)?;
        Some(shuffle_by(seed, (self.policy, self.form()), self.worker_settings.workers()))
    }

    /// Whether a command begins chunks as a whole, so that a rate counts those.
    pub(crate) fn begins_by_chunk(&self) -> bool {
        matches!(self.form(), Some(Form::PerChunk | Form::Coprocess))
    }

    /// Whether a worker must wait for the end of a run after each command: where the user has set a
    /// [condition](Self::halt). That costs a round trip for each command, so the default condition, which prevents floods
    /// of failures, does without.
    pub(crate) fn halts_before_the_next_command(&self) -> bool {
        self.form().is_some() && self.halt.is_some_and(|halt| halt != Halt::default())
    }

    /// Whether the journal keeps each window. Coprocesses do windows at a rate that would fill the disk; those of
    /// commands cost the start of a process each.
    pub(crate) fn audits_windows(&self) -> bool {
        self.journal.is_some() && self.form() == Some(Form::PerChunk)
    }

    /// Whether its command is not started again when its outcome is unknown.
    pub(crate) fn is_at_most_once(&self) -> bool {
        self.function.command().is_some_and(|command| command.is_at_most_once())
    }

    /// Limits for chunks that are sized by time. A command that does a whole chunk should take at most a quarter of the
    /// timeout.
    pub(crate) fn chunk_sizes(&self) -> ChunkSizes {
        let wanted = self.chunk_time.unwrap_or_else(|| self.function.chunk_time());
        let is_whole = self.begins_by_chunk();
        let limit = self.timeout.filter(|_| is_whole).map(|timeout| timeout / 4);
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1);
        ChunkSizes {
            aim_ns: nanos(limit.map_or(wanted, |limit| wanted.min(limit))),
            is_aim_typed: self.chunk_time.is_some(),
            most_ns: limit.map_or(u64::MAX, nanos),
            least: self.chunk_min,
            most: self.chunk_max,
            is_whole,
        }
    }

    /// Runs the job and returns its answer.
    ///
    /// A number without a value is no error: see [`Report::failures`].
    ///
    /// # Errors
    /// [`Error`] says why there is no answer. If [`Error::is_refusal`] is true, no number was computed. After every
    /// error all workers have ended and are reaped (waitid(2)), and signal handling is as it was before.
    pub fn run(self) -> Result<Report, Error> {
        self.run_observed(&mut ())
    }

    /// Runs the job and reports to an observer.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_observed(mut self, observer: &mut dyn Observer) -> Result<Report, Error> {
        driver::run(&mut self, observer)
    }
}

/// Most blocks of a shuffled order. Each gap in what is done takes memory, and a chunk is at most a block.
const MOST_BLOCKS: u64 = 1 << 10;
/// The same where a chunk begins with the start of a command, so that blocks may be short.
const MOST_BLOCKS_OF_COMMANDS: u64 = 1 << 16;
/// The same for each worker where a command does a chunk of any length, so that its start is a small part of the cost.
const WINDOW_BLOCKS: u64 = 32;

/// The answer of a job, its failures and its cost.
///
/// The answer is that of the whole range only if [`failures`](Self::failures) is empty. Check it before you use the
/// answer: a number that crashes, panics or exceeds a limit in its function has no value, and the job goes on.
///
/// # Examples
/// ```
/// use evenly::{Cause, Job, Range, function};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let job = Job::count(Range::new(0, 100)?, function::predicate("faulty", |n| {
///     assert_ne!(n, 7, "no value for 7");
///     n % 2 == 0
/// }));
/// let report = job.run()?;
/// assert_eq!(report.answer.to_string(), "50");
/// let failure = report.failures[0];
/// assert_eq!((failure.interval.first(), failure.cause), (7, Cause::Exit(101)));
/// assert!(report.descriptions[&7].contains("no value for 7"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The answer over every number that has a value.
    pub answer: Value,
    /// Numbers without a value, ascending, of which any could change the answer; where they are very
    /// many, the lowest of them. If there are any, the answer is not that of the whole range.
    pub failures: Vec<Failure>,
    /// What failed numbers did, in words, by number: what a command printed that is no answer, or the message and place
    /// of a closure's panic. For at most the lowest 1024 numbers that failed so in this run; each text is one line.
    pub descriptions: BTreeMap<i64, String>,
    /// How many numbers that is, in all.
    pub failed: u128,
    /// Number of these with an unknown end: their command may have been started, and is
    /// [not started again](crate::function::Command::at_most_once).
    pub unknown: u128,
    /// Flaky numbers, ascending, with the cause of the failed try: a try in this run failed, and a later one of the same
    /// numbers passed. A number counts if it was tried by itself or in the same window, and not if another process
    /// killed its worker.
    pub flaky: Vec<Failure>,
    /// How many flaky numbers there are, in all.
    pub flaky_numbers: u128,
    /// How many numbers were not tried. They cannot change the answer: they are above the number that decides it, or
    /// above a failure that ends its lines.
    pub not_done: u128,
    /// How many lines went to the output.
    pub lines: u64,
    /// How many workers the job began with.
    pub workers: usize,
    /// How many workers were lost and replaced on the way.
    pub losses: u64,
    /// Answers that came under a name no longer in force, and were dropped.
    pub stale_answers: u64,
    /// How much of the time for the whole job is left, if it was limited.
    pub time_left: Option<Duration>,
    /// How long it took, from the first pipe to the last worker waited for.
    pub elapsed: Duration,
}
