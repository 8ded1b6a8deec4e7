//! Reference answer: values, merges and lines of a plain loop over the range.
//!
//! It shares no code with the core, which must give the same. Only doubles are added and compared by the core's code:
//! there, the order and the number of merges differ.

use crate::plan::cost_model::count;
use crate::plan::question::SimQuestion;
use evenly_core::aggregate::{Binned, Bins, Mean};
use evenly_core::real::Number;
use evenly_core::{Aggregate, Cause, Extreme, Interval, Sum, Tally, Value};
use std::collections::BTreeMap;

/// Numbers that failed, with the cause.
pub(crate) type FailedNumbers = BTreeMap<i64, Cause>;

impl SimQuestion {
    /// The value over these numbers, all of which have one, and ascend where lines are asked for.
    pub(crate) fn value_over(&self, covered: &[Interval]) -> Result<Value, String> {
        let mut value = self.aggregate.empty();
        for interval in covered {
            if self.is_long() {
                self.add_long(&mut value, *interval)?;
            } else {
                for n in interval.first()..=interval.last() {
                    self.add(&mut value, n)?;
                }
            }
        }
        Ok(value)
    }

    /// Adds a number to a value.
    fn add(&self, into: &mut Value, n: i64) -> Result<(), String> {
        let value = self.at(n).map_err(|cause| format!("{n} has a value and fails: {cause}"))?;
        if self.is_real() && self.aggregate != Aggregate::Map {
            // Each number alone, and ascending. The core has tests of these sums against integers of any size.
            let mut alone = Tally::new(self.aggregate);
            alone.value(n, self.number(value));
            into.merge(alone.take_value());
            return Ok(());
        }
        let is_all = self.aggregate == Aggregate::All;
        merge(
            into,
            match self.aggregate {
                Aggregate::Count => Value::Count(u128::from(value != 0)),
                Aggregate::Sum => Value::Sum(Sum::from(value)),
                Aggregate::Min => Value::Min(Some(Extreme { value, n })),
                Aggregate::Max => Value::Max(Some(Extreme { value, n })),
                Aggregate::Any | Aggregate::All => {
                    Value::Witness(((value == 0) == is_all).then_some(n))
                }
                Aggregate::Hist => Value::Histogram([(value, 1)].into()),
                Aggregate::Binned(bins) => binned(bins, value, 1),
                Aggregate::Mean => Value::Mean(Mean::new(1, Sum::from(value)).into()),
                Aggregate::Find { .. } if value == 0 => Value::Lines { lines: 0, text: vec![] },
                Aggregate::Find { .. } => Value::Lines { lines: 1, text: line(n, None) },
                Aggregate::Map => {
                    Value::Lines { lines: 1, text: line(n, Some(&self.number(value))) }
                }
                Aggregate::Failures { .. } => Value::Nothing,
                // The simulator models no output of `run`; its lines would be like those of `map`.
                Aggregate::Run { .. } => Value::Lines { lines: 0, text: vec![] },
            },
        )
    }

    /// The same for an interval that is too long to be looked at number by number.
    fn add_long(&self, into: &mut Value, interval: Interval) -> Result<(), String> {
        // The first numbers show every value that a rule gives; the rest is a count.
        let first = (interval.first()..=interval.last()).take(7);
        let odd: Vec<i64> = self.odd(interval).collect();
        match self.aggregate {
            Aggregate::Count
            | Aggregate::Sum
            | Aggregate::Hist
            | Aggregate::Binned(_)
            | Aggregate::Mean => {
                let is_one = |n: &&i64| count(Interval::single(**n)) == 1;
                let odd_ones = odd.iter().filter(is_one).count() as u128;
                let ones = count(interval) - odd_ones;
                let zeros = interval.len() - odd.len() as u128 - ones;
                for (value, count) in [(0, zeros), (1, ones)].into_iter().filter(|one| one.1 > 0) {
                    merge(
                        into,
                        match self.aggregate {
                            Aggregate::Count => Value::Count(count * (value as u128)),
                            Aggregate::Sum => Value::Sum(Sum::from(count as i128 * value)),
                            Aggregate::Mean => {
                                let sum = Sum::from(count as i128 * value);
                                Value::Mean(Mean::new(count, sum).into())
                            }
                            Aggregate::Binned(bins) => binned(bins, value, count),
                            _ => Value::Histogram([(value, count)].into()),
                        },
                    )?;
                }
            }
            // Seven numbers that are not odd, and all that are: nothing else is new.
            Aggregate::Min | Aggregate::Max => {
                let all = interval.first()..=interval.last();
                let mut plain = all.filter(|n| !odd.contains(n)).take(7 + odd.len());
                plain.try_for_each(|n| self.add(into, n))?;
            }
            _ => first.filter(|n| !odd.contains(n)).try_for_each(|n| self.add(into, n))?,
        }
        odd.into_iter().try_for_each(|n| self.add(into, n))
    }

    /// The first number from `from` on with a line, and the line; nothing above one that failed, unless
    /// those are left out.
    pub(crate) fn next_line(
        &self,
        from: i128,
        last: i64,
        failed: &FailedNumbers,
    ) -> Result<Option<(i64, Vec<u8>)>, i64> {
        let Ok(from) = i64::try_from(from) else { return Ok(None) };
        let Some(rest) = Interval::new(from, last) else { return Ok(None) };
        let mut candidates: Vec<i64> = Vec::new();
        if self.is_long() {
            candidates.extend(self.odd(rest));
            candidates.extend(failed.range(from..=last).map(|(n, _)| *n));
            candidates.sort_unstable();
        }
        let each = if self.is_long() { None } else { Some(from..=last) };
        for n in candidates.into_iter().chain(each.into_iter().flatten()) {
            let failure = failed.get(&n).copied().or(self.at(n).err());
            if let Some(cause) = failure {
                if let Aggregate::Failures { .. } = self.aggregate {
                    return Ok(Some((n, line(n, Some(&cause)))));
                }
                if !self.leaves_out {
                    return Err(n);
                }
                continue;
            }
            let value = self.at(n).unwrap_or_default();
            match self.aggregate {
                Aggregate::Find { .. } if value != 0 => return Ok(Some((n, line(n, None)))),
                Aggregate::Map => return Ok(Some((n, line(n, Some(&self.number(value)))))),
                _ => {}
            }
        }
        Ok(None)
    }
}

/// A value in the bin with the highest lower edge that is not above it.
fn binned(bins: Bins, value: i128, count: u128) -> Value {
    let mut binned = Binned::new(bins);
    let mut edges = (0..bins.rows()).map(|row| bins.lower_edge(row));
    if let Some(edge) = edges.rfind(|edge| *edge <= Number::Integer(value)) {
        binned.add(edge, count);
    }
    Value::Binned(binned)
}

fn line(n: i64, what: Option<&dyn std::fmt::Display>) -> Vec<u8> {
    match what {
        Some(what) => format!("{n}\t{what}\n"),
        None => format!("{n}\n"),
    }
    .into_bytes()
}

/// Adds a value over other numbers; of lines, over numbers above.
pub(crate) fn merge(into: &mut Value, other: Value) -> Result<(), String> {
    let beats = |one: &Option<Extreme>, other: &Option<Extreme>, sign: i128| match (one, other) {
        (Some(one), Some(other)) => (sign * other.value, other.n) < (sign * one.value, one.n),
        (None, Some(_)) => true,
        _ => false,
    };
    match (into, other) {
        (Value::Count(one), Value::Count(other)) => *one += other,
        (Value::Sum(one), Value::Sum(other)) => {
            let sum = one.number().zip(other.number()).map(|(one, other)| one + other);
            *one = Sum::from(sum.ok_or("a sum of more than 128 bits")?);
        }
        (Value::Min(one), Value::Min(other)) if beats(one, &other, 1) => *one = other,
        (Value::Max(one), Value::Max(other)) if beats(one, &other, -1) => *one = other,
        (Value::Min(_), Value::Min(_))
        | (Value::Max(_), Value::Max(_))
        | (Value::Nothing, Value::Nothing) => {}
        (Value::Witness(one), Value::Witness(other)) => {
            *one = [*one, other].into_iter().flatten().min();
        }
        (Value::Binned(one), Value::Binned(other)) => {
            other.rows().for_each(|(edge, count)| one.add(edge, count));
        }
        (Value::Mean(one), Value::Mean(other)) => one.merge(*other),
        (Value::Histogram(one), Value::Histogram(other)) => {
            for (value, count) in other {
                *one.entry(value).or_insert(0) += count;
            }
        }
        (Value::Lines { lines, text }, Value::Lines { lines: other_lines, text: other }) => {
            *lines += other_lines;
            text.extend_from_slice(&other);
        }
        (one, other) if is_same_question_of_doubles(one, &other) => one.merge(other),
        (one, other) => return Err(format!("{one:?} and {other:?} are of different questions")),
    }
    Ok(())
}

/// Whether one of them is a value over doubles, and the other one answers the same question.
fn is_same_question_of_doubles(one: &Value, other: &Value) -> bool {
    use Value::{Histogram, Max, Min, RealHistogram, RealMax, RealMin, RealSum, Sum};
    matches!(
        (one, other),
        (RealSum(_), RealSum(_) | Sum(_))
            | (Sum(_), RealSum(_))
            | (RealMin(_), RealMin(_) | Min(_))
            | (Min(_), RealMin(_))
            | (RealMax(_), RealMax(_) | Max(_))
            | (Max(_), RealMax(_))
            | (RealHistogram(_), RealHistogram(_) | Histogram(_))
            | (Histogram(_), RealHistogram(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SimOptions;
    use evenly_testkit::random::Random;

    /// A tally that gets whole intervals has the same result as a plain loop.
    #[test]
    fn what_workers_tell_is_what_a_plain_loop_finds() {
        let (short, long) = (Interval::new(-40, 900), Interval::new(i64::MIN, i64::MAX));
        for seed in 0..4000 {
            let mut random = Random::new(seed);
            let whole = if random.once_in(2) { short } else { long };
            let options = SimOptions { are_values_real: seed % 2 == 1, ..SimOptions::default() };
            let question = SimQuestion::draw(&mut random, whole, &options);
            let mut tally = Tally::new(question.aggregate);
            let mut covered = Vec::new();
            let mut rest = whole;
            while let Some(slice) = rest {
                let last = question.apply(slice, &mut tally);
                covered.extend(Interval::new(slice.first(), last));
                rest = slice.above(last).filter(|_| !tally.is_full());
            }
            let failed = tally.failed().to_vec();
            let is_failed =
                |n: &i64| failed.iter().any(|f| f.interval.contains(Interval::single(*n)));
            let mut with_values: Vec<Interval> = Vec::new();
            for interval in covered {
                let mut rest = Some(interval);
                for failure in failed.iter().filter(|f| interval.contains(f.interval)) {
                    let Some(left) = rest else { break };
                    let below = failure.interval.first().checked_sub(1);
                    with_values.extend(below.and_then(|last| Interval::new(left.first(), last)));
                    rest = left.above(failure.interval.last());
                }
                with_values.extend(rest);
            }
            assert_eq!(Ok(tally.take_value()), question.value_over(&with_values), "seed {seed}");
            let ends = with_values.iter().flat_map(|one| [one.first(), one.last()]);
            assert!(ends.into_iter().all(|n| question.at(n).is_ok() && !is_failed(&n)));
        }
    }
}
