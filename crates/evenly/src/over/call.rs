//! A call with its settings, before it has a closure.

use super::called::Called;
use super::closure::{Closure, Passes, Truths};
use super::failed::{CallResult, ExtremeResult, FailedNumbers, FailuresResult};
use super::integer::{Integer, IntegerRange};
use super::mapped::Mapped;
use super::outcome::{Outcome, Quantity};
use super::run::{Answered, NoAnswer, Question};
use crate::job::Job;
use crate::observe::Observer;
use evenly_core::{Aggregate, Policy, Range, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::num::{NonZeroU32, NonZeroU64};
use std::panic::Location;
use std::time::Duration;

/// Failed numbers after which a check ends. A panic costs the start of a worker or two, and a test with a mistake often
/// fails for half of the range.
pub(super) const MOST_FAILED: NonZeroU64 = NonZeroU64::new(100).unwrap();

/// A call over a range of integers, with its settings.
///
/// [`over()`] makes one. The methods up to [`progress`](Self::progress) change a setting each. The methods that take a
/// closure run it and return the answer. [`map`](Self::map) names the closure first, as iterators do.
///
/// ```
/// use std::time::Duration;
///
/// let slow = |n: u32| (0..n).any(|k| k * k == n);
/// let squares = evenly::over(0..10_000_u32).workers(2).timeout(Duration::from_secs(5)).count(slow)?;
/// assert_eq!(squares, 98);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Closures
/// A closure is called in worker processes, each a copy of this process. It may use what it captures, by value or by
/// reference; what it changes stays in its worker. It may be called again for a number whose worker was lost, and one
/// result counts. It may return `bool`, an integer, `f64`, or a `Result` of these. An error, a panic, a crash, an exit, or
/// more than the [time](Self::timeout) or [memory](Self::memory) allowed fails the number, and the others are done. After
/// 10 000 failed numbers the call ends with [`Error::Halted`](crate::Error::Halted).
#[must_use = "a call does nothing before a method with a closure runs it"]
pub struct Over<'a, T> {
    pub(super) question: Question<'a>,
    types: PhantomData<fn(T)>,
}

/// A call over the integers of a range: see [`Over`].
///
/// ```
/// assert_eq!(evenly::over(1..=100_u8).map(|n| u32::from(n)).sum()?, 5050);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn over<'a, R: IntegerRange>(range: R) -> Over<'a, R::Integer> {
    let range = range.checked();
    let nothing = Called::<Closure<R::Integer, _, Passes>>::new(String::new(), |_| ());
    let job = Job::count(range.unwrap_or(Range::EMPTY), Box::new(nothing));
    let question = Question { job, range, observer: None, journal: None, captures: None };
    Over { question, types: PhantomData }
}

impl<T> fmt::Debug for Over<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Over").field("range", &self.question.range).finish_non_exhaustive()
    }
}

impl<'a, T: Integer> Over<'a, T> {
    fn with(mut self, set: impl FnOnce(Job) -> Job) -> Self {
        self.question.job = set(self.question.job);
        self
    }

    /// The call over a part of its range.
    pub(super) fn narrowed(
        mut self,
        narrow: impl FnOnce(Range) -> Result<Range, String>,
    ) -> Result<Self, String> {
        if let Ok(range) = self.question.range {
            let range = narrow(range)?;
            self.question.range = Ok(range);
            self.question.job.items = range.into();
        }
        Ok(self)
    }

    /// Sets the number of worker processes: [one per processor](crate::default_workers) without this call, and at
    /// least one.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).workers(1).count(|n| n % 2 == 0)?, 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn workers(self, workers: u32) -> Self {
        self.with(|job| job.workers(NonZeroU32::new(workers).unwrap_or(NonZeroU32::MIN)))
    }

    /// Limits the time of one number; see [`Job::timeout`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let hangs = |n: u8| {
    ///     while n == 5 {
    ///         std::thread::sleep(Duration::from_millis(1));
    ///     }
    /// };
    /// let failures = evenly::over(0..10).timeout(Duration::from_millis(50)).failures(hangs)?;
    /// assert_eq!(failures[0].to_string(), "n = 5: timeout");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|job| job.timeout(timeout))
    }

    /// Limits the memory of a worker, in bytes; see [`Job::memory`].
    ///
    /// ```
    /// let grows = |n: u8| {
    ///     let mut kept = Vec::new();
    ///     while n == 5 {
    ///         kept.push(vec![1_u8; 1 << 20]);
    ///         std::thread::sleep(std::time::Duration::from_millis(1));
    ///     }
    /// };
    /// let failures = evenly::over(0..10).memory(16 << 20).failures(grows)?;
    /// assert_eq!(failures[0].to_string(), "n = 5: memory");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memory(self, bytes: u64) -> Self {
        self.with(|job| job.memory(bytes))
    }

    /// Limits the time of the whole call, which then ends with [`Error::Deadline`](crate::Error::Deadline).
    ///
    /// ```
    /// use evenly::{CallError, Error};
    /// use std::time::Duration;
    ///
    /// let slow = |_: u64| std::thread::sleep(Duration::from_millis(1));
    /// let error = evenly::over(0..1 << 40).deadline(Duration::from_millis(100)).failures(slow).unwrap_err();
    /// assert!(matches!(error, CallError::Job(Error::Deadline { .. })));
    /// ```
    pub fn deadline(self, deadline: Duration) -> Self {
        self.with(|job| job.deadline(deadline))
    }

    /// Sets how often a number is tried again after it alone has ended its worker; see [`Job::retries`].
    ///
    /// ```
    /// let crashes = |n: u8| if n == 5 { std::process::abort() };
    /// let failures = evenly::over(0..10).retries(0).failures(crashes)?;
    /// assert_eq!(failures[0].to_string(), "n = 5: signal 6");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retries(self, retries: u8) -> Self {
        self.with(|job| job.retries(retries))
    }

    /// Works in chunks of this many numbers, at least one, in place of chunks of 100 ms.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).chunk(10).sum(|n| n)?, 499_500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn chunk(self, numbers: u64) -> Self {
        let length = NonZeroU64::new(numbers).unwrap_or(NonZeroU64::MIN);
        self.with(|job| job.policy(Policy::Fixed(length)))
    }

    /// Works in a random order, which depends on the seed; see [`Job::shuffled`]. The answer is the same.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).shuffled(7).find(|n| n % 7 == 6)?, Some(6));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shuffled(self, seed: u64) -> Self {
        self.with(|job| job.shuffled(seed))
    }

    /// Reports to an observer what happens, and about twice a second the progress.
    ///
    /// ```
    /// use evenly::observe::{Observation, Observer};
    ///
    /// struct Bar;
    ///
    /// impl Observer for Bar {
    ///     fn observe(&mut self, observation: &Observation<'_>) {
    ///         if let Observation::Progress(progress) = observation {
    ///             eprint!("\r{} of {}", progress.covered, progress.total);
    ///         }
    ///     }
    /// }
    ///
    /// assert_eq!(evenly::over(0..1000_u32).progress(Bar).count(|n| n % 2 == 0)?, 500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn progress(mut self, observer: impl Observer + 'a) -> Self {
        self.question.observer = Some(Box::new(observer));
        self.with(|job| job.progress_every(Duration::from_millis(500)))
    }

    /// Names the closure, for [`Mapped::sum`] and the others, or for [its values](Mapped::values) in order.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).map(|n| n % 10).max()?, Some((9, 9)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map<F, O>(self, closure: F) -> Mapped<'a, T, F>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value: Quantity>,
    {
        Mapped::new(self.question, closure, Location::caller())
    }

    /// How many numbers satisfy the closure.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).count(|n| n % 10 == 3)?, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError), as for every method that runs a closure.
    #[track_caller]
    pub fn count<F, O>(self, closure: F) -> CallResult<T, u128>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value = bool>,
    {
        let found = self.ask_truth(Aggregate::Count, closure, Location::caller())?;
        found.map(|value, _| {
            let Value::Count(count) = value else { unreachable!("a count is asked for") };
            *count
        })
    }

    /// The lowest number that satisfies the closure.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).find(|n| n * n > 500)?, Some(23));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError). A failed number above the one that is found is not among them.
    #[track_caller]
    pub fn find<F, O>(self, closure: F) -> CallResult<T, Option<T>>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value = bool>,
    {
        let found = self.ask_truth(Aggregate::Any, closure, Location::caller())?;
        found.map(|value, _| witness(value).map(T::of_range))
    }

    /// The lowest `most` numbers that satisfy the closure, ascending; fewer if there are not that many.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..1000_u32).find_first(3, |n| n % 100 == 42)?, [42, 142, 242]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError). A failed number above those that are found is not among them.
    #[track_caller]
    pub fn find_first<F, O>(self, most: u64, closure: F) -> CallResult<T, Vec<T>>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value = bool>,
    {
        let Some(first) = NonZeroU64::new(most) else { return Ok(Vec::new()) };
        let aggregate = Aggregate::Find { first: Some(first) };
        let found = self.ask_truth(aggregate, closure, Location::caller())?;
        found.map(|_, lines| {
            let lines = String::from_utf8_lossy(lines);
            lines.lines().filter_map(|line| line.parse().ok()).map(T::of_range).collect()
        })
    }

    /// Whether a number satisfies the closure. [`find`](Self::find) says which.
    ///
    /// ```
    /// assert!(evenly::over(0..1000_u32).any(|n| n == 999)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError). A failed number above the lowest that satisfies it is not among them.
    #[track_caller]
    pub fn any<F, O>(self, closure: F) -> CallResult<T, bool>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value = bool>,
    {
        let found = self.ask_truth(Aggregate::Any, closure, Location::caller())?;
        found.map(|value, _| witness(value).is_some())
    }

    /// Whether every number satisfies the closure.
    ///
    /// ```
    /// assert!(evenly::over(0..=u16::MAX).all(|n| n.swap_bytes().swap_bytes() == n)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError). A failed number above the lowest that does not satisfy it is not among them.
    #[track_caller]
    pub fn all<F, O>(self, closure: F) -> CallResult<T, bool>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value = bool>,
    {
        let found = self.ask_truth(Aggregate::All, closure, Location::caller())?;
        found.map(|value, _| witness(value).is_none())
    }

    /// The numbers that fail, also by `false`; none is an empty list, and not an error.
    ///
    /// ```
    /// let failures = evenly::over(0..100_u32).failures(|n| if n % 40 == 7 { Err("seven") } else { Ok(()) })?;
    /// let lines: Vec<_> = failures.iter().map(ToString::to_string).collect();
    /// assert_eq!(lines, ["n = 7: seven", "n = 47: seven", "n = 87: seven"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError), but for failed numbers.
    #[track_caller]
    pub fn failures<F, O>(self, mut closure: F) -> FailuresResult<T>
    where
        F: FnMut(T) -> O,
        O: Outcome,
    {
        let aggregate = Aggregate::Failures { first: None };
        let call = Location::caller();
        let closure = move |n| closure(n).into_check();
        let found = self.question.ask::<Closure<T, _, Passes>>(aggregate, closure, call)?;
        Ok(found.into_failures().0)
    }

    /// The lowest [`MOST_FAILED`] numbers that fail, and how many these are. The numbers above them are not all tested.
    pub(super) fn failed<F, O>(
        self,
        closure: F,
        call: &'static Location<'static>,
    ) -> Result<(Vec<FailedNumbers<T>>, u128), NoAnswer>
    where
        F: FnMut(T) -> O,
        O: Outcome,
    {
        let aggregate = Aggregate::Failures { first: Some(MOST_FAILED) };
        let found = self.question.ask::<Closure<T, _, Passes>>(aggregate, closure, call)?;
        Ok(found.into_failures())
    }

    /// The sum of what the closure gives, exact: an `i128`, or an `f64` that is rounded once.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..10_u32).sum(|n| n.pow(2))?, 285);
    /// assert_eq!(evenly::over(0..10_u32).sum(|_| 0.1)?, 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError).
    #[track_caller]
    pub fn sum<F, O>(self, closure: F) -> CallResult<T, <O::Value as Quantity>::Sum>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value: Quantity>,
    {
        self.map(closure).sum()
    }

    /// The smallest of what the closure gives, behind the lowest number that gives it; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::over(-50..50_i32).min(|n| (n - 7).abs())?, Some((7, 0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError).
    #[track_caller]
    pub fn min<F, O>(self, closure: F) -> ExtremeResult<T, O::Value>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value: Quantity>,
    {
        self.map(closure).min()
    }

    /// The largest of what the closure gives, behind the lowest number that gives it; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..100_u32).max(|n| n.trailing_zeros().min(7))?, Some((0, 7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError).
    #[track_caller]
    pub fn max<F, O>(self, closure: F) -> ExtremeResult<T, O::Value>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value: Quantity>,
    {
        self.map(closure).max()
    }

    /// How many numbers give each value, of which there may be 2^20.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// let counts = evenly::over(0..=u8::MAX).hist(|n| n.count_ones() / 3)?;
    /// assert_eq!(counts, BTreeMap::from([(0, 37), (1, 182), (2, 37)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError).
    #[track_caller]
    pub fn hist<F, O>(self, closure: F) -> CallResult<T, BTreeMap<O::Value, u128>>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value: Quantity + Ord>,
    {
        self.map(closure).hist()
    }

    /// The mean of what the closure gives, exact and rounded once; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::over(1..=6_u8).mean(|n| n)?, Some(3.5));
    /// assert_eq!(evenly::over(0..0_u8).mean(|n| n)?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`](crate::CallError).
    #[track_caller]
    pub fn mean<F, O>(self, closure: F) -> CallResult<T, Option<f64>>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value: Quantity>,
    {
        self.map(closure).mean()
    }

    fn ask_truth<F, O>(
        self,
        aggregate: Aggregate,
        closure: F,
        call: &'static Location<'static>,
    ) -> Result<Answered, NoAnswer>
    where
        F: FnMut(T) -> O,
        O: Outcome<Value = bool>,
    {
        self.question.ask::<Closure<T, _, Truths>>(aggregate, closure, call)
    }
}

/// The number that decides an answer of yes or no.
fn witness(value: &Value) -> Option<i64> {
    let Value::Witness(witness) = value else { unreachable!("a witness is asked for") };
    *witness
}
