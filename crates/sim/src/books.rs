//! Books: answers as they stand somewhere, recorded or durable, kept apart from the core.

use crate::plain::{Failed, merge};
use crate::set::Set;
use evenly_core::{Aggregate, Failure, Interval, Partial, Record, Value};

#[derive(Clone, Debug)]
pub(crate) struct Books {
    /// Failed numbers included.
    pub(crate) covered: Set,
    pub(crate) numbers: u128,
    pub(crate) failed: Failed,
    /// Over everything; of lines, nothing.
    pub(crate) value: Value,
    /// How many bytes of lines there are, and what is kept of each record of some.
    pub(crate) bytes: u64,
    kept: Vec<Partial>,
}

impl Books {
    pub(crate) fn new(aggregate: Aggregate) -> Self {
        Self {
            covered: Set::default(),
            numbers: 0,
            failed: Failed::new(),
            value: aggregate.empty(),
            bytes: 0,
            kept: Vec::new(),
        }
    }

    /// Adds a record; `false` if a number of it is there already.
    pub(crate) fn add(&mut self, record: &Record) -> Result<bool, String> {
        match &record.value {
            Value::Lines { text, .. } => self.bytes += text.len() as u64,
            // An agent has passed it on.
            Value::Nothing => {}
            value => merge(&mut self.value, value.clone())?,
        }
        self.numbers += record.len();
        for Failure { interval, cause } in &record.failed {
            // Nobody can write down more than a few.
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
        self.kept.push(Partial { covered, failed, value });
    }

    /// The records of lines that are kept.
    pub(crate) fn kept(&self) -> impl Iterator<Item = Partial> + '_ {
        self.kept.iter().cloned()
    }

    /// The numbers that failed.
    pub(crate) fn failures(&self) -> Vec<Failure> {
        let single = |(n, cause): (&i64, _)| Failure { interval: Interval::single(*n), cause };
        self.failed.iter().map(|(n, cause)| single((n, *cause))).collect()
    }
}

/// Numbers that failed, one by one.
pub(crate) fn one_by_one(failures: &[Failure]) -> Failed {
    let each = |failure: &Failure| {
        let cause = failure.cause;
        (failure.interval.first()..=failure.interval.last()).take(1 << 20).map(move |n| (n, cause))
    };
    failures.iter().flat_map(each).collect()
}
