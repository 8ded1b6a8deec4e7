//! Numbers of a job by position: translates positions in answers and messages to numbers.
//!
//! The engine, the journal and all frames count [positions](evenly_core::Items). A worker turns positions into numbers
//! before it calls the function. On the way out `driver/numbered` does, for everything that leaves a run, and
//! `journal/verify` for what journals cover. For one plain range both are the same, and nothing is translated.
//!
//! A number can stand for the text of a line (`--lines`). A command gets the text (`function/command/for_numbers`), and
//! everything that leaves a run has the number. Where a person needs both, [`shown_text`] is added to it.

use crate::function::Command;
use evenly_core::aggregate::RealExtreme;
use evenly_core::printable::{LIMIT, printable};
use evenly_core::{Aggregate, Extreme, Failure, Interval, Items, Value};
use std::borrow::Cow;

/// Most failures in a report: an interval of positions can be that many single numbers.
const MOST_FAILURES: usize = 10_000;

/// The numbers of a job by position.
#[derive(Clone, Debug)]
pub(crate) struct Numbers(Items);

impl Numbers {
    /// The numbers of these items; `None` if each position is its number.
    pub(crate) fn of(items: &Items) -> Option<Self> {
        items.as_range().is_none().then(|| Self(items.clone()))
    }

    /// The number at a position. Every position that an engine names is one of its items.
    pub(crate) fn at(&self, position: i64) -> i64 {
        self.0.at(position).unwrap_or(position)
    }

    /// From the lowest to the highest number at these positions.
    pub(crate) fn hull(&self, positions: Interval) -> Interval {
        let ends = Interval::new(self.at(positions.first()), self.at(positions.last()));
        ends.unwrap_or(positions)
    }

    /// The numbers at these positions as intervals without a gap. Numbers with a distance above 1 are intervals of
    /// their own.
    pub(crate) fn intervals(&self, positions: Interval) -> impl Iterator<Item = Interval> + '_ {
        let mut rest = Some(positions);
        std::iter::from_fn(move || {
            let run = self.0.consecutive(rest?);
            rest = rest?.above(run.positions().last());
            Some(run.hull())
        })
    }

    /// The lowest of these failures, and at most as many as are listed.
    pub(crate) fn failures(&self, failures: &[Failure]) -> Vec<Failure> {
        let each = failures.iter().flat_map(|failure| {
            let intervals = self.intervals(failure.interval);
            intervals.map(|interval| Failure { interval, cause: failure.cause })
        });
        each.take(MOST_FAILURES).collect()
    }

    /// The value with its numbers. Lines are translated one by one: see [`lines`](Self::lines).
    pub(crate) fn value(&self, value: Value) -> Value {
        value_at(value, |position| self.at(position))
    }

    /// Lines of an answer, each of which begins with a number. Output of commands stays as it is.
    pub(crate) fn lines<'a>(&self, aggregate: Aggregate, text: &'a [u8]) -> Cow<'a, [u8]> {
        if matches!(aggregate, Aggregate::Run { .. }) {
            return text.into();
        }
        lines_at(text, |position| self.at(position)).into()
    }
}

/// The value with each of its positions replaced.
pub(crate) fn value_at(value: Value, at: impl Fn(i64) -> i64) -> Value {
    let extreme = |extreme: Extreme| Extreme { n: at(extreme.n), ..extreme };
    let real = |extreme: RealExtreme| RealExtreme { n: at(extreme.n), ..extreme };
    match value {
        Value::Min(best) => Value::Min(best.map(extreme)),
        Value::Max(best) => Value::Max(best.map(extreme)),
        Value::RealMin(best) => Value::RealMin(real(best)),
        Value::RealMax(best) => Value::RealMax(real(best)),
        Value::Witness(witness) => Value::Witness(witness.map(at)),
        other => other,
    }
}

/// Lines with the position at the beginning of each replaced.
pub(crate) fn lines_at(text: &[u8], at: impl Fn(i64) -> i64) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len() + text.len() / 4);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (position, rest) = position_of_line(line);
        match position {
            Some(position) => {
                lines.extend(at(position).to_string().into_bytes());
                lines.extend_from_slice(rest);
            }
            None => lines.extend_from_slice(line),
        }
    }
    lines
}

/// The position at the beginning of a line, and what is behind it.
pub(crate) fn position_of_line(line: &[u8]) -> (Option<i64>, &[u8]) {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    let digits = line.iter().take_while(|byte| is_digit(byte)).count();
    let (position, rest) = line.split_at(digits);
    (std::str::from_utf8(position).ok().and_then(|text| text.parse().ok()), rest)
}

/// The text that stands for n in the runs of a command, for a message: escaped and at most 200 characters.
#[must_use]
pub fn shown_text(command: &Command, n: i64) -> Option<String> {
    Some(printable(&command.text_of(n)?, LIMIT))
}

/// Failure lines `N<tab>CAUSE` with a tab and the text of N behind each.
pub(crate) fn with_texts<'a>(command: &Command, lines: &'a [u8]) -> Cow<'a, [u8]> {
    if command.lines().is_none() {
        return lines.into();
    }
    let mut all = Vec::with_capacity(lines.len() * 2);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.strip_suffix(b"\n").unwrap_or(line);
        all.extend_from_slice(whole);
        let number = whole.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let n = std::str::from_utf8(number).ok().and_then(|n| n.parse().ok());
        if let Some(text) = n.and_then(|n| shown_text(command, n)) {
            all.push(b'\t');
            all.extend_from_slice(text.as_bytes());
        }
        all.extend_from_slice(&line[whole.len()..]);
    }
    all.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::Cause;

    fn numbers() -> Numbers {
        Numbers::of(&"-9..=-7,0..=40:4,50".parse().unwrap()).unwrap()
    }

    fn interval(first: i64, last: i64) -> Interval {
        Interval::new(first, last).unwrap()
    }

    #[test]
    fn a_plain_range_is_not_translated() {
        assert!(Numbers::of(&"5..9".parse().unwrap()).is_none());
    }

    #[test]
    fn lines_begin_with_their_numbers() {
        let lines = |text: &'static [u8]| {
            String::from_utf8(numbers().lines(Aggregate::Map, text).into_owned()).unwrap()
        };
        assert_eq!(lines(b"0\t-3\n3\t7\n14\t1\n"), "-9\t-3\n0\t7\n50\t1\n");
        assert_eq!(lines(b"4\n5\n"), "4\n8\n");
        assert_eq!(lines(b""), "");
        let output = numbers().lines(Aggregate::Run { in_order: true }, b"4\n").into_owned();
        assert_eq!(output, b"4\n");
    }

    #[test]
    fn failed_positions_are_runs_of_failed_numbers() {
        let failure =
            |first, last| Failure { interval: interval(first, last), cause: Cause::Exit(3) };
        let failed = numbers().failures(&[failure(1, 4), failure(14, 14)]);
        assert_eq!(failed, [failure(-8, -7), failure(0, 0), failure(4, 4), failure(50, 50)]);
        let many = Numbers::of(&"0..=1000000000:2".parse().unwrap()).unwrap();
        assert_eq!(many.failures(&[failure(0, 500_000_000)]).len(), MOST_FAILURES);
    }
}
