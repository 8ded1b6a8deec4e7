//! Errors of calls: numbers that failed, and jobs without an answer.

use super::integer::Integer;
use crate::error::Error;
use evenly_core::{Cause, Failure, Interval, RangeError};
use std::collections::BTreeMap;
use std::fmt;

/// Failed numbers that a message lists.
const LISTED: usize = 10;

/// Consecutive numbers that failed for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedNumbers<T> {
    /// The lowest of them.
    pub first: T,
    /// The highest of them; `first` if it is one number.
    pub last: T,
    /// How the function failed: it returned an error, panicked, crashed, or exceeded a limit.
    pub cause: Cause,
    /// The text of the error, or the message and place of the panic, up to 240 bytes of one line. For at most the
    /// lowest 1024 numbers.
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
            (Some(message), _) => f.write_str(message),
            (None, cause) => write!(f, "{cause}"),
        }
    }
}

/// Some numbers failed, so the answer is not that of the whole range.
#[derive(Clone, Debug)]
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
            write!(f, "\n  {failed}")?;
            listed += (failed.last.widened() - failed.first.widened()) as u128 + 1;
        }
        match self.count.saturating_sub(listed) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Why a call has no answer over its whole range.
#[derive(Debug, thiserror::Error)]
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
    /// The sum does not fit `i128`, or has infinities of both signs.
    #[error("the sum has no value: it is beyond 128 bits, or of infinities of both signs")]
    NoSum,
}

/// The result of a call.
pub type CallResult<T, A> = Result<A, CallError<T, A>>;

/// The result of a call for a smallest or largest value: the value behind the lowest number that gives it, or `None` of
/// an empty range.
pub type ExtremeResult<T, V> = CallResult<T, Option<(T, V)>>;

/// The answer over the numbers that did not fail, and the failed numbers.
pub type AllowedResult<T, A> = Result<(A, Vec<FailedNumbers<T>>), CallError<T, A>>;

/// The numbers that failed, of a call that asks for them.
pub type FailuresResult<T> = CallResult<T, Vec<FailedNumbers<T>>>;

/// Takes the answer over the numbers that did not fail.
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
