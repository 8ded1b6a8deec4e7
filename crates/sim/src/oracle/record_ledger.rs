//! Ledger of records in the oracle: covered numbers, failures, value, and kept lines.

use crate::oracle::number_set::NumberSet;
use crate::oracle::reference_answer::{FailedNumbers, merge};
use evenly_core::{Aggregate, Failure, Interval, Partial, Record, Value};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct RecordLedger {
    /// Failed numbers included.
    pub(crate) covered: NumberSet,
    pub(crate) numbers: u128,
    pub(crate) failed: FailedNumbers,
    /// The value over all records; empty for verbs with lines.
    pub(crate) value: Value,
    /// Total bytes of lines, and the kept lines of some records.
    pub(crate) bytes: u64,
    kept: BTreeMap<i64, Partial>,
}

impl RecordLedger {
    pub(crate) fn new(aggregate: Aggregate) -> Self {
        Self {
            covered: NumberSet::default(),
            numbers: 0,
            failed: FailedNumbers::new(),
            value: aggregate.empty(),
            bytes: 0,
            kept: BTreeMap::new(),
        }
    }

    /// Adds a record; `false` if a number of it is there already.
    pub(crate) fn add(&mut self, record: &Record) -> Result<bool, String> {
        match &record.value {
            Value::Lines { text, .. } => self.bytes += text.len() as u64,
            // The agent has passed the lines on.
            Value::Nothing => {}
            value => merge(&mut self.value, value.clone())?,
        }
        self.numbers += record.len();
        for Failure { interval, cause } in &record.failed {
            // Only short intervals are kept number by number.
            for n in (interval.first()..=interval.last()).take(1 << 20) {
                self.failed.insert(n, *cause);
            }
        }
        let failed = record.failed.iter().map(|failure| &failure.interval);
        Ok(record.covered.iter().chain(failed).all(|interval| self.covered.add(*interval)))
    }

    /// Keeps a record of lines as it is.
    pub(crate) fn keep(&mut self, record: &Record) {
        let Record { covered, failed, value, .. } = record.copy();
        let partial = Partial { covered, failed, value };
        if let Some(span) = partial.span() {
            self.kept.insert(span.first(), partial);
        }
    }

    /// The numbers whose lines are kept, neighbours together, and how many lines they have.
    pub(crate) fn kept_spans(&self) -> Vec<(Interval, u64)> {
        let mut pieces: Vec<(Interval, u64)> = Vec::new();
        for partial in self.kept.values() {
            let Some(span) = partial.span() else { continue };
            let more = match &partial.value {
                Value::Lines { lines, .. } => *lines,
                // For `failures`, each failed number is a line.
                Value::Nothing => {
                    partial.failed.iter().map(|failure| failure.interval.len() as u64).sum()
                }
                _ => 0,
            };
            match pieces.last_mut() {
                Some((below, lines)) if below.last().checked_add(1) == Some(span.first()) => {
                    (*below, *lines) = (below.hull(span), *lines + more);
                }
                _ => pieces.push((span, more)),
            }
        }
        pieces
    }

    /// The kept record that begins with the first of these numbers.
    pub(crate) fn read_back(&self, due: Interval) -> Option<Partial> {
        let partial = self.kept.get(&due.first())?;
        partial.span().filter(|span| due.contains(*span)).map(|_| partial.clone())
    }

    pub(crate) fn lowest_failure(&self) -> Option<i64> {
        self.failed.first_key_value().map(|(n, _)| *n)
    }

    /// The numbers that failed.
    pub(crate) fn failures(&self) -> Vec<Failure> {
        let single = |(n, cause): (&i64, _)| Failure { interval: Interval::single(*n), cause };
        self.failed.iter().map(|(n, cause)| single((n, *cause))).collect()
    }
}

/// Numbers that failed, one by one.
pub(crate) fn one_by_one(failures: &[Failure]) -> FailedNumbers {
    let each = |failure: &Failure| {
        let cause = failure.cause;
        (failure.interval.first()..=failure.interval.last()).take(1 << 20).map(move |n| (n, cause))
    };
    failures.iter().flat_map(each).collect()
}
