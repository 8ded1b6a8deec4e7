//! Errors of calls: numbers that failed, and jobs without an answer.

use super::accumulator::AccumulatorError;
use super::integer::Integer;
use crate::error::Error;
use evenly_core::{Cause, Failure, Interval, RangeError};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Failed numbers that a message lists.
const LISTED: usize = 10;

/// Consecutive numbers that failed for the same reason.
///
/// ```
/// let odd = |n: u32| if n == 5 { Err("five") } else { Ok(()) };
/// let failures = evenly::failures(0..10, odd)?;
/// let failed = &failures[0];
/// assert_eq!((failed.first, failed.last, failed.cause), (5, 5, evenly::Cause::Error));
/// assert_eq!(failed.message.as_deref(), Some("five"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedNumbers<T> {
    /// The lowest of them.
    pub first: T,
    /// The highest of them; `first` if it is one number.
    pub last: T,
    /// How the function failed: it returned an error, panicked, crashed, or exceeded a limit.
    pub cause: Cause,
    /// The text of the error, or the message and place of the panic, in as many lines as it has. A text of more than 240
    /// bytes is cut to that length and ends with `…`. For at most the lowest 1024 numbers.
    pub message: Option<String>,
}

impl<T: Integer> FailedNumbers<T> {
    fn new(interval: Interval, cause: Cause, message: Option<String>) -> Self {
        let [first, last] = [interval.first(), interval.last()].map(T::of_range);
        Self { first, last, cause, message }
    }

    /// A number that has a message stands alone, the others of an interval together.
    pub(super) fn all_of(failures: &[Failure], messages: &BTreeMap<i64, String>) -> Vec<Self> {
        let mut all = Vec::new();
        for Failure { interval, cause } in failures {
            let mut rest = Some(*interval);
            for (n, message) in messages.range(interval.first()..=interval.last()) {
                let Some(now) = rest else { break };
                if let Some(below) =
                    n.checked_sub(1).and_then(|last| Interval::new(now.first(), last))
                {
                    all.push(Self::new(below, *cause, None));
                }
                all.push(Self::new(Interval::single(*n), *cause, Some(message.clone())));
                rest = now.above(*n);
            }
            all.extend(rest.map(|rest| Self::new(rest, *cause, None)));
        }
        all
    }
}

impl<T: Integer> fmt::Display for FailedNumbers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "n = {}: ", self.first)?,
            false => write!(f, "n in {}..={}: ", self.first, self.last)?,
        }
        match (&self.message, self.cause) {
            (Some(message), _) if !message.is_empty() => f.write_str(message),
            (_, cause) => write!(f, "{cause}"),
        }
    }
}

/// Some numbers failed, so the answer is not that of the whole range.
///
/// Its text lists the lowest ten numbers with their messages. Further lines of a message are indented.
///
/// ```
/// use evenly::CallError;
///
/// let error = evenly::count(0..100_u32, |n| n.checked_sub(2).map(|_| true).ok_or("below 2")).unwrap_err();
/// assert_eq!(error.to_string(), "2 numbers failed\n  n = 0: below 2\n  n = 1: below 2");
/// let CallError::Failed(failed) = error else { panic!("{error}") };
/// assert_eq!((failed.count, failed.failures.len(), failed.partial), (2, 2, 98));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Failed<T, A> {
    /// The numbers that failed, ascending. Where they are very many, the lowest of them. Numbers that cannot change the
    /// answer, such as those above the one that `find` gave, are not among them.
    pub failures: Vec<FailedNumbers<T>>,
    /// How many numbers failed.
    pub count: u128,
    /// The answer over the numbers that did not fail.
    pub partial: A,
}

impl<T: Integer, A> fmt::Display for Failed<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} number{plural} failed", self.count)?;
        let mut listed = 0;
        for failed in self.failures.iter().take(LISTED) {
            write!(f, "\n  {}", failed.to_string().replace('\n', "\n    "))?;
            listed += (failed.last.widened() - failed.first.widened()) as u128 + 1;
        }
        match self.count.saturating_sub(listed) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// As [`Display`](fmt::Display), which is what `unwrap` shows. An answer need not be `Debug`.
impl<T: Integer, A> fmt::Debug for Failed<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: Integer, A> std::error::Error for Failed<T, A> {}

/// Why a call has no answer over its whole range.
///
/// ```
/// use evenly::CallError;
///
/// match evenly::count(0..=u64::MAX, |n| n % 2 == 0) {
///     Ok(count) => println!("{count}"),
///     Err(CallError::Failed(failed)) => println!("{} without {} numbers", failed.partial, failed.count),
///     Err(error) => assert!(matches!(error, CallError::Range(_)), "{error}"),
/// }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CallError<T: Integer, A> {
    /// Some numbers failed; the answer over the others is in it.
    #[error("{0}")]
    Failed(Failed<T, A>),
    /// The range has a number that does not fit `i64`. No number was computed.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The job has no answer.
    #[error(transparent)]
    Job(#[from] Error),
    /// An accumulator of a fold could not be passed from a worker to this process.
    #[error(transparent)]
    Accumulator(#[from] AccumulatorError),
    /// The closure captures values, and the call has a journal without their names. No number was computed.
    #[error(
        "the closure of this call captures values, which the journal '{}' cannot compare; add .captures(&(a, b)) with these values, or \
         .captures(&()) if the answer does not depend on them",
        .journal.display()
    )]
    UnnamedCaptures {
        /// The file of the journal.
        journal: PathBuf,
    },
    /// A fold has a journal. No number was computed.
    #[error(
        "a fold cannot have a journal, which keeps no accumulators; leave out .journal(..), or fold the values of .map(..)"
    )]
    FoldWithJournal,
    /// The sum does not fit `i128`, or has infinities of both signs.
    #[error("the sum has no value: it is beyond 128 bits, or of infinities of both signs")]
    NoSum,
}

/// As [`Display`](fmt::Display), which is what `unwrap` shows. An answer need not be `Debug`.
impl<T: Integer, A> fmt::Debug for CallError<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The result of a call.
///
/// ```
/// fn primes_below(end: u32) -> evenly::CallResult<u32, u128> {
///     evenly::count(2..end, |n| (2..n).all(|d| n % d != 0))
/// }
///
/// assert_eq!(primes_below(100)?, 25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type CallResult<T, A> = Result<A, CallError<T, A>>;

/// The result of a call for a smallest or largest value: the value behind the lowest number that gives it, or `None` of
/// an empty range.
///
/// ```
/// fn nearest(target: i32) -> evenly::ExtremeResult<i32, i32> {
///     evenly::min(0..100, |n| (n * n - target).abs())
/// }
///
/// assert_eq!(nearest(1000)?, Some((32, 24)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type ExtremeResult<T, V> = CallResult<T, Option<(T, V)>>;

/// The answer over the numbers that did not fail, and the failed numbers.
///
/// ```
/// use evenly::AllowFailures;
///
/// fn quotients(end: u32) -> evenly::AllowedResult<u32, i128> {
///     evenly::sum(0..end, |n| 100_u32.checked_div(n).ok_or("no quotient")).allow_failures()
/// }
///
/// let (sum, failures) = quotients(4)?;
/// assert_eq!((sum, failures.len()), (183, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type AllowedResult<T, A> = Result<(A, Vec<FailedNumbers<T>>), CallError<T, A>>;

/// The numbers that failed, of a call that asks for them.
///
/// ```
/// fn without_root(end: i32) -> evenly::FailuresResult<i32> {
///     evenly::failures(0..end, |n| if n % 2 == 0 { Ok(()) } else { Err("odd") })
/// }
///
/// assert_eq!(without_root(10)?.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type FailuresResult<T> = CallResult<T, Vec<FailedNumbers<T>>>;

/// Takes the answer over the numbers that did not fail.
///
/// ```
/// use evenly::AllowFailures;
///
/// let (count, failures) = evenly::count(0..10_u8, |n| 10 % n == 0).allow_failures()?;
/// assert_eq!((count, failures[0].first), (3, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AllowFailures {
    /// The type of the integers.
    type Integer;
    /// The type of the answer.
    type Answer;

    /// The answer over the numbers that did not fail, and the failed numbers.
    ///
    /// ```
    /// use evenly::AllowFailures;
    ///
    /// let (sum, failures) = evenly::sum(-2..3, |n: i32| 12_i32.checked_div(n).ok_or("no quotient"))
    ///     .allow_failures()?;
    /// assert_eq!((sum, failures.len()), (0, 1));
    /// assert_eq!(failures[0].to_string(), "n = 0: no quotient");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// All other errors.
    fn allow_failures(self) -> AllowedResult<Self::Integer, Self::Answer>
    where
        Self::Integer: Integer;
}

impl<T: Integer, A> AllowFailures for Result<A, CallError<T, A>> {
    type Integer = T;
    type Answer = A;

    fn allow_failures(self) -> AllowedResult<T, A> {
        match self {
            Ok(answer) => Ok((answer, Vec::new())),
            Err(CallError::Failed(failed)) => Ok((failed.partial, failed.failures)),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_pass_between_threads() {
        fn passes<E: std::error::Error + Send + Sync + 'static>() {}
        struct NotDebug;
        passes::<CallError<u32, NotDebug>>();
        passes::<Failed<i64, f64>>();
    }

    #[test]
    fn a_number_with_a_message_stands_alone() {
        let failures = [Failure { interval: Interval::new(3, 9).unwrap(), cause: Cause::Error }];
        let messages = BTreeMap::from([(5, "five".to_owned()), (9, "nine".to_owned())]);
        let all = FailedNumbers::<u8>::all_of(&failures, &messages);
        let lines: Vec<_> = all.iter().map(ToString::to_string).collect();
        let expected = ["n in 3..=4: error", "n = 5: five", "n in 6..=8: error", "n = 9: nine"];
        assert_eq!(lines, expected);
        let failed = Failed { failures: all, count: 100, partial: () };
        assert!(failed.to_string().ends_with("nine\n  and 93 more"), "{failed}");
    }
}
