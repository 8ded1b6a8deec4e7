//! A job: items, function, aggregate and settings of one run.

pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod settings;

use crate::driver;
use crate::error::Error;
use crate::function::Function;
use crate::halt::Halt;
use crate::journal::Journal;
use crate::observe::stages::StageHook;
use crate::observe::{Observer, StatusPort};
use crate::output::Output;
use crate::transport::AgentSources;
use crate::worker_settings::{WorkerSettings, worker_setters};
use evenly_core::scheduler::RETRIES;
use evenly_core::{Aggregate, Items, Policy};
use report::Report;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

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
    pub(crate) agent_sources: AgentSources,
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
            agent_sources: AgentSources::default(),
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

/// Names the items, the function and the aggregate; settings are left out.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("items", &self.items)
            .field("function", &self.function.name())
            .field("aggregate", &self.aggregate)
            .finish_non_exhaustive()
    }
}
