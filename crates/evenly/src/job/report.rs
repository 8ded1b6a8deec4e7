//! What a job returns: its answer, its failures and its cost.

use evenly_core::{Failure, Value};
use std::collections::BTreeMap;
use std::time::Duration;

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
    /// of a closure's panic. For at most the lowest 1024 numbers that failed so in this run; each text is safe for a terminal,
    /// and may have several lines.
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
