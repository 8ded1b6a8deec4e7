//! A closure over a range that gives a value for each number: sums, extremes, histograms, and the values in order.

use super::closure::{Closure, Quantities};
use super::failed::{CallError, CallResult, ExtremeResult};
use super::integer::Integer;
use super::outcome::{Outcome, Quantity};
use super::run::{Answered, Lines, NoAnswer, Question};
use evenly_core::real::Number;
use evenly_core::{Aggregate, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::panic::Location;

/// A call with its closure: see [`Over::map`](super::Over::map).
///
/// ```
/// let squares = evenly::over(0..10_u32).workers(2).map(|n| n * n);
/// assert_eq!(squares.sum()?, 285);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a call does nothing before one of its methods runs it"]
pub struct Mapped<'a, T, F> {
    question: Question<'a>,
    types: PhantomData<fn(T)>,
    closure: F,
    call: &'static Location<'static>,
}

type Quantified<T, F> = Closure<T, F, Quantities>;

impl<T, F> fmt::Debug for Mapped<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped").field("range", &self.question.range).finish_non_exhaustive()
    }
}

impl<'a, T, F, O> Mapped<'a, T, F>
where
    T: Integer,
    F: FnMut(T) -> O,
    O: Outcome<Value: Quantity>,
{
    pub(super) fn new(
        question: Question<'a>,
        closure: F,
        call: &'static Location<'static>,
    ) -> Self {
        Self { question, types: PhantomData, closure, call }
    }

    fn answered(self, aggregate: Aggregate) -> Result<Answered, NoAnswer> {
        self.question.ask::<Quantified<T, F>>(aggregate, self.closure, self.call)
    }

    fn ask<A>(self, aggregate: Aggregate, read: impl FnOnce(&Value) -> A) -> CallResult<T, A> {
        self.answered(aggregate)?.map(|value, _| read(value))
    }

    /// The sum, exact: an `i128`, or an `f64` that is rounded once.
    ///
    /// ```
    /// assert_eq!(evenly::over(1..=10_u64).map(|n| n.pow(3)).sum()?, 3025);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`].
    pub fn sum(self) -> CallResult<T, <O::Value as Quantity>::Sum> {
        let found = self.answered(Aggregate::Sum)?;
        let number = match found.value() {
            Value::Sum(sum) => sum.number().map(Number::Integer),
            Value::RealSum(sum) => {
                sum.rounded().map(|real| Number::of(real.get()).unwrap_or(Number::Real(real)))
            }
            _ => unreachable!("a sum is asked for"),
        };
        let sum = O::Value::sum(number).ok_or(CallError::NoSum)?;
        found.map(|_, _| sum)
    }

    /// The smallest value, behind the lowest number that gives it; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..100_i32).map(|n| (n - 40).pow(2)).min()?, Some((40, 0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`].
    pub fn min(self) -> ExtremeResult<T, O::Value> {
        self.ask(Aggregate::Min, extreme)
    }

    /// The largest value, behind the lowest number that gives it; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..=100_u32).map(|n| f64::from(n).sqrt()).max()?, Some((100, 10.0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`].
    pub fn max(self) -> ExtremeResult<T, O::Value> {
        self.ask(Aggregate::Max, extreme)
    }

    /// How many numbers give each value, of which there may be 2^20.
    ///
    /// ```
    /// let digits = evenly::over(0..1000_u32).map(|n| n % 10).hist()?;
    /// assert_eq!(digits[&7], 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`].
    pub fn hist(self) -> CallResult<T, BTreeMap<O::Value, u128>>
    where
        O::Value: Ord,
    {
        self.ask(Aggregate::Hist, |value| {
            let counts = value.counts().into_iter().flatten();
            counts.map(|(value, count)| (O::Value::of(value), count)).collect()
        })
    }

    /// The mean, exact and rounded once; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::over(0..4_u32).map(|n| n * n).mean()?, Some(3.5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`].
    pub fn mean(self) -> CallResult<T, Option<f64>> {
        self.ask(Aggregate::Mean, |value| {
            let Value::Mean(mean) = value else { unreachable!("a mean is asked for") };
            mean.rounded().map(evenly_core::real::Real::get)
        })
    }

    /// The values in ascending order of the numbers, while they are computed.
    ///
    /// The job runs in another process, which waits while nothing is taken from the iterator: each worker has
    /// credit for a few MiB of lines. Dropped, the iterator ends the job. A failed number is an error at its place, and the last item.
    ///
    /// ```
    /// let squares = evenly::over(0..1_000_000_u64).map(|n| n * n).values()?;
    /// let first: Vec<_> = squares.take(3).collect::<Result<_, _>>()?;
    /// assert_eq!(first, [(0, 0), (1, 1), (2, 4)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`], if the job cannot begin.
    pub fn values(self) -> ValuesResult<T, O::Value> {
        let Self { question, closure, call, .. } = self;
        let lines = Some(question.begin::<Quantified<T, F>>(Aggregate::Map, closure, call)?);
        Ok(Values { lines, line: Vec::new(), types: PhantomData })
    }
}

fn extreme<T: Integer, V: Quantity>(value: &Value) -> Option<(T, V)> {
    value.extreme().map(|(value, n)| (T::of_range(n), V::of(value)))
}

/// The values of a closure in order, of a job that could begin.
///
/// ```
/// fn squares(end: u32) -> evenly::ValuesResult<u32, u32> {
///     evenly::map(0..end, |n| n * n)
/// }
///
/// assert_eq!(squares(10)?.count(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type ValuesResult<T, V> = Result<Values<T, V>, CallError<T, ()>>;

/// Values of a closure, each behind its number, ascending; see [`Mapped::values`].
///
/// ```
/// let mut squares = evenly::map(0..3_u32, |n| n * n)?;
/// assert_eq!(squares.next().transpose()?, Some((0, 0)));
/// assert_eq!(squares.next().transpose()?, Some((1, 1)));
/// assert_eq!(squares.next().transpose()?, Some((2, 4)));
/// assert!(squares.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Values<T, V> {
    /// `None` behind the last item.
    lines: Option<Lines>,
    line: Vec<u8>,
    types: PhantomData<fn() -> (T, V)>,
}

impl<T, V> fmt::Debug for Values<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("is_over", &self.lines.is_none()).finish_non_exhaustive()
    }
}

impl<T: Integer, V: Quantity> Iterator for Values<T, V> {
    type Item = Result<(T, V), CallError<T, ()>>;

    fn next(&mut self) -> Option<Self::Item> {
        let lines = self.lines.as_mut()?;
        self.line.clear();
        if lines.next_line(&mut self.line) {
            let item = entry(&self.line);
            return Some(item.ok_or_else(|| NoAnswer::cut_off().into()));
        }
        let end = lines.end();
        self.lines = None;
        end.err().map(Err)
    }
}

impl<T: Integer, V: Quantity> FusedIterator for Values<T, V> {}

/// A line of a number, a tab, and its value.
fn entry<T: Integer, V: Quantity>(line: &[u8]) -> Option<(T, V)> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (n, value) = line.split_once('\t')?;
    Some((T::of_range(n.parse().ok()?), V::of(value.parse().ok()?)))
}
