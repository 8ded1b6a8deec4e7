//! Tally of a worker: values of the numbers of a chunk since its last report.
//!
//! A function is applied to numbers ascending, and says here what it gave for each, or for many at once.

mod decimal;
mod line;

use crate::aggregate::{Aggregate, Extreme, Sum, Value};
use crate::credit::MUCH;
use crate::interval::Interval;
use crate::partial::{Arithmetic, Cause, Failure, Partial, numbers_of};
use crate::real::{Number, Real};
use alloc::vec::Vec;
use core::num::NonZeroU64;

/// Intervals of failed numbers in one report, at most.
const ENOUGH_FAILURES: usize = 4096;

/// Lines that are added in one step, at most.
const MOST_LINES: usize = 1024;

/// What came of some numbers.
#[derive(Debug)]
pub struct Tally {
    aggregate: Aggregate,
    value: Value,
    failed: Vec<Failure>,
    /// How many numbers may still be found before the question is answered.
    wanted: u64,
    /// Bytes of lines that are worth a report.
    much: usize,
    /// By how much a number is above its position, modulo 2^64: see [`Items`](crate::Items).
    above_position: i64,
    /// For histograms: how many numbers give each of the values below [`SMALL`], or are in each of the first rows of
    /// bins. Most are.
    small: Vec<u64>,
}

/// Values, and rows of bins, below this one are counted in a table, which is quicker than a search for each.
const SMALL: usize = 4096;

fn add_small(small: &mut Vec<u64>, index: usize) {
    if small.is_empty() {
        small.resize(SMALL, 0);
    }
    small[index] += 1;
}

impl Tally {
    /// Nothing yet.
    #[must_use]
    pub fn new(aggregate: Aggregate) -> Self {
        let wanted = aggregate.first().map_or(u64::MAX, NonZeroU64::get);
        let (value, failed, small) = (aggregate.empty(), Vec::new(), Vec::new());
        Self { aggregate, value, failed, wanted, much: MUCH, above_position: 0, small }
    }

    /// Says at which position the numbers stand that are added next: `n` at `position`, and those around it in the
    /// same order without a gap. All that leaves the tally names positions. Without this call, n stands at n.
    #[inline]
    pub fn stand_at(&mut self, n: i64, position: i64) {
        self.above_position = n.wrapping_sub(position);
    }

    #[inline]
    fn position(&self, n: i64) -> i64 {
        n.wrapping_sub(self.above_position)
    }

    /// Sets the bytes of lines that are worth a report.
    pub(crate) fn report_at(&mut self, bytes: usize) {
        self.much = bytes;
    }

    /// What is asked.
    #[inline]
    #[must_use]
    pub fn aggregate(&self) -> Aggregate {
        self.aggregate
    }

    /// Whether it is enough to know how many numbers satisfy the function, and not which.
    #[inline]
    #[must_use]
    pub fn takes_counts(&self) -> bool {
        use Aggregate::{Binned, Count, Failures, Hist, Mean, Sum};
        matches!(self.aggregate, Count | Sum | Hist | Binned(_) | Mean | Failures { .. })
    }

    /// Notes that `satisfy` of `numbers` numbers satisfy the function. Only where it [takes](Self::takes_counts) that.
    #[inline]
    pub fn count(&mut self, satisfy: u64, numbers: u64) {
        // Nothing else is asked a hundred million times a second.
        match &mut self.value {
            Value::Count(count) => *count += u128::from(satisfy),
            _ => self.count_for_others(satisfy, numbers),
        }
    }

    #[cold]
    fn count_for_others(&mut self, satisfy: u64, numbers: u64) {
        match &mut self.value {
            Value::Sum(sum) => sum.add(Sum::from(i128::from(satisfy))),
            Value::Histogram(values) => {
                for (value, count) in [(1, satisfy), (0, numbers.saturating_sub(satisfy))] {
                    if count > 0 {
                        *values.entry(value).or_default() += u128::from(count);
                    }
                }
            }
            Value::Binned(binned) => {
                binned.add(Number::Integer(1), satisfy.into());
                binned.add(Number::Integer(0), numbers.saturating_sub(satisfy).into());
            }
            Value::Mean(mean) => {
                mean.count += u128::from(numbers);
                mean.sum.add_integer(satisfy.into());
            }
            Value::Nothing => {}
            _ => debug_assert!(false, "counted where {} is asked for", self.aggregate.name()),
        }
    }

    /// Whether a number satisfies the function.
    #[inline]
    pub fn truth(&mut self, n: i64, is_true: bool) {
        let position = self.position(n);
        match (self.aggregate, &mut self.value) {
            (Aggregate::Count, Value::Count(count)) => *count += u128::from(is_true),
            (Aggregate::Find { .. }, Value::Lines { lines, text }) if is_true => {
                *lines += 1;
                line::found(text, position);
            }
            (Aggregate::Any, Value::Witness(witness)) if is_true => *witness = Some(position),
            (Aggregate::All, Value::Witness(witness)) if !is_true => *witness = Some(position),
            (
                Aggregate::Find { .. }
                | Aggregate::Failures { .. }
                | Aggregate::Any
                | Aggregate::All
                | Aggregate::Run { .. },
                _,
            ) => {}
            _ => self.number(n, i128::from(is_true)),
        }
    }

    /// What the function gives for a number.
    #[inline]
    pub fn number(&mut self, n: i64, number: i128) {
        let position = self.position(n);
        match &mut self.value {
            Value::Sum(sum) => sum.add(Sum::from(number)),
            Value::Min(best) if best.is_none_or(|best| number < best.value) => {
                *best = Some(Extreme { value: number, n: position });
            }
            Value::Max(best) if best.is_none_or(|best| number > best.value) => {
                *best = Some(Extreme { value: number, n: position });
            }
            Value::Min(_) | Value::Max(_) | Value::Nothing => {}
            Value::Histogram(values) => match usize::try_from(number) {
                Ok(small) if small < SMALL => add_small(&mut self.small, small),
                _ => *values.entry(number).or_default() += 1,
            },
            Value::Binned(_) => self.add_to_bin(Number::Integer(number)),
            Value::Lines { lines, text } if self.aggregate == Aggregate::Map => {
                *lines += 1;
                line::entry(text, position, number);
            }
            Value::RealSum(_) | Value::RealMin(_) | Value::RealMax(_) | Value::Mean(_) => {
                self.value.add_number(position, Number::Integer(number));
            }
            Value::RealHistogram(_) => self.value.count_values(Number::Integer(number), 1),
            _ => self.truth(n, number != 0),
        }
    }

    /// What the function gives for a number, where that is a double. NaN is a failure of the number, and a whole
    /// double below 1e16 is an [integer](Number::Integer).
    #[inline]
    pub fn real(&mut self, n: i64, value: f64) {
        match Number::of(value) {
            Some(value) => self.value(n, value),
            None => self.fail(n, Cause::Arithmetic(Arithmetic::NotANumber)),
        }
    }

    /// What the function gives for a number, where that is an integer or a double.
    #[inline]
    pub fn value(&mut self, n: i64, value: Number) {
        match value {
            Number::Integer(integer) => self.number(n, integer),
            Number::Real(real) => self.double(n, real),
        }
    }

    fn double(&mut self, n: i64, real: Real) {
        let position = self.position(n);
        match &mut self.value {
            Value::Nothing => {}
            Value::RealSum(sum) => sum.add(real),
            Value::Binned(_) => self.add_to_bin(Number::Real(real)),
            Value::Lines { lines, text } if self.aggregate == Aggregate::Map => {
                *lines += 1;
                line::real(text, position, real);
            }
            Value::Count(_) | Value::Witness(_) | Value::Lines { .. } => self.truth(n, true),
            value => value.add_number(position, Number::Real(real)),
        }
    }

    fn add_to_bin(&mut self, value: Number) {
        let Value::Binned(binned) = &mut self.value else { return };
        let row = binned.bins().row_of(value);
        match row as usize {
            small if small < SMALL => add_small(&mut self.small, small),
            _ => binned.add_to_row(row, 1),
        }
    }

    /// Notes how many numbers give a value. Only for a histogram.
    pub fn values(&mut self, value: Number, count: u128) {
        self.value.count_values(value, count);
    }

    /// Notes the sum of what the function gives for these numbers. Only for a sum or a mean.
    pub fn sum(&mut self, numbers: Interval, sum: Number) {
        self.value.add_number(numbers.first(), sum);
        if let Value::Mean(mean) = &mut self.value {
            mean.count += numbers.len() - 1;
        }
    }

    /// What was put out for the next numbers. Only where that is asked for.
    pub fn output(&mut self, bytes: &[u8]) {
        match &mut self.value {
            Value::Lines { lines, text } if !bytes.is_empty() => {
                *lines += 1;
                text.extend_from_slice(bytes);
            }
            Value::Lines { .. } => {}
            _ => debug_assert!(false, "output where {} is asked for", self.aggregate.name()),
        }
    }

    /// A number has no value.
    pub fn fail(&mut self, n: i64, cause: Cause) {
        self.fail_all(Interval::single(n), cause);
    }

    /// Numbers have no value.
    pub fn fail_all(&mut self, interval: Interval, cause: Cause) {
        let interval = interval.shifted(self.above_position.wrapping_neg());
        if let Some(last) = self.failed.last_mut()
            && last.cause == cause
            && last.interval.last().checked_add(1) == Some(interval.first())
            && let Some(longer) = Interval::new(last.interval.first(), interval.last())
        {
            last.interval = longer;
        } else {
            self.failed.push(Failure { interval, cause });
        }
    }

    /// What the function gives for `numbers.len()` numbers from `first` on, or whether they satisfy it (1
    /// or 0); as many of them as there is use for: how many.
    pub fn numbers(&mut self, first: i64, numbers: &[i64]) -> usize {
        let first_position = self.position(first);
        let with_n = || (first..=i64::MAX).zip(numbers.iter().copied());
        match &mut self.value {
            Value::Count(count) => {
                *count += numbers.iter().filter(|number| **number != 0).count() as u128;
            }
            Value::Sum(sum) => {
                // Not even 2^64 of them are too many for 128 bits.
                let total = numbers.iter().fold(0i128, |sum, number| sum + i128::from(*number));
                sum.add(Sum::from(total));
            }
            Value::Min(_) | Value::Max(_) => {
                for (n, number) in with_n() {
                    self.number(n, number.into());
                }
            }
            Value::Lines { lines, text } if self.wanted == u64::MAX => {
                // A line is short, so a few more than enough do not matter.
                let numbers = &numbers[..numbers.len().min(MOST_LINES)];
                *lines += match self.aggregate {
                    Aggregate::Map => {
                        line::entries(text, first_position, numbers);
                        numbers.len() as u64
                    }
                    _ => line::all_found(text, first_position, numbers),
                };
                return numbers.len();
            }
            _ => {
                for (n, number) in with_n() {
                    self.number(n, number.into());
                    if self.is_full() {
                        return n.abs_diff(first) as usize + 1;
                    }
                }
            }
        }
        numbers.len()
    }

    /// Whether to stop after this number: it decides the answer, or there is enough to report.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        match &self.value {
            Value::Witness(witness) => witness.is_some(),
            Value::Lines { lines, text } => text.len() >= self.much || *lines >= self.wanted,
            Value::Histogram(_) | Value::RealHistogram(_) => self.value.has_too_many_values(),
            _ => self.failed.len() >= ENOUGH_FAILURES || self.has_enough_failures(),
        }
    }

    /// Whether what was found makes every number above the last one superfluous.
    #[must_use]
    pub(crate) fn is_decided(&self) -> bool {
        match &self.value {
            Value::Witness(witness) => witness.is_some(),
            Value::Lines { lines, .. } => *lines >= self.wanted,
            _ => self.has_enough_failures(),
        }
    }

    /// Whether as many numbers failed as are asked for.
    fn has_enough_failures(&self) -> bool {
        matches!(self.aggregate, Aggregate::Failures { first: Some(_) })
            && numbers_of(&self.failed) >= self.wanted
    }

    /// About how many bytes it takes to tell it.
    #[inline]
    #[must_use]
    pub(crate) fn weight(&self) -> usize {
        self.value.weight() + self.failed.len() * size_of::<Failure>()
    }

    /// The word that tells all of it, if one does; see [`Value::word`]. Then it is empty again.
    #[inline]
    pub(crate) fn take_word(&mut self) -> Option<u64> {
        if !self.failed.is_empty() {
            return None;
        }
        if let Value::Count(count) = &mut self.value {
            let word = u64::try_from(*count).ok()?;
            *count = 0;
            return Some(word);
        }
        let word = self.value.word()?;
        if let Value::Sum(sum) = &mut self.value {
            *sum = Sum::ZERO;
        }
        // Any other word is for what is empty.
        Some(word)
    }

    /// The numbers that failed so far, ascending.
    #[must_use]
    pub fn failed(&self) -> &[Failure] {
        &self.failed
    }

    /// The value so far. Then it is empty again.
    pub fn take_value(&mut self) -> Value {
        let used = self.small.iter_mut().enumerate().filter(|(_, count)| **count > 0);
        for (index, count) in used {
            let count = core::mem::take(count).into();
            match &mut self.value {
                Value::Binned(binned) => binned.add_to_row(index as u32, count),
                value => value.count_values(Number::Integer(index as i128), count),
            }
        }
        core::mem::replace(&mut self.value, self.aggregate.empty())
    }

    /// All of it, as that of these numbers. Then it is empty again.
    pub(crate) fn take(&mut self, numbers: Interval) -> Partial {
        let value = self.take_value();
        let failed = core::mem::take(&mut self.failed);
        let covered = without(numbers, &failed);
        Partial { covered, failed, value }
    }
}

/// The numbers that are not among these failed ones, which are ascending.
pub(crate) fn without(numbers: Interval, failed: &[Failure]) -> Vec<Interval> {
    let mut covered = Vec::with_capacity(failed.len() + 1);
    let mut rest = Some(numbers);
    for failure in failed {
        let Some(left) = rest else { break };
        let below = failure.interval.first().checked_sub(1);
        covered.extend(below.and_then(|last| Interval::new(left.first(), last)));
        rest = left.above(failure.interval.last());
    }
    covered.extend(rest);
    covered
}
