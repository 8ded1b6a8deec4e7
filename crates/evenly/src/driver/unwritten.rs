//! What is done and becomes durable only when the output of it has been written.

use evenly_core::{Failure, Interval, IntervalSet, Record};
use std::collections::BTreeMap;

/// What commands have done whose output may not be written yet: as many intervals as there are gaps between, and
/// what failed.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    done: IntervalSet,
    failed: BTreeMap<i64, Failure>,
}

impl Unwritten {
    /// These are done.
    pub(super) fn add(&mut self, record: &Record) {
        for interval in &record.covered {
            // Nothing is done twice: the ledger sees to that.
            let _ = self.done.insert(*interval);
        }
        self.failed
            .extend(record.failed.iter().map(|failure| (failure.interval.first(), *failure)));
    }

    /// What lies below that, if anything does.
    pub(super) fn take_below(&mut self, bound: i128) -> Option<(Vec<Interval>, Vec<Failure>)> {
        let mut failed = Vec::new();
        while let Some(entry) = self.failed.first_entry() {
            if i128::from(entry.get().interval.last()) >= bound {
                break;
            }
            failed.push(entry.remove());
        }
        let done = self.done.take_below(bound);
        (!done.is_empty() || !failed.is_empty()).then_some((done, failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::{Cause, Value};

    #[test]
    fn it_comes_out_from_below_and_once() {
        let interval = |first, last| Interval::new(first, last).unwrap();
        let failure =
            |first, last| Failure { interval: interval(first, last), cause: Cause::Timeout };
        let mut unwritten = Unwritten::default();
        for n in (0..20).rev().filter(|n| ![3, 10, 11, 12].contains(n)) {
            unwritten.add(&Record::new(vec![Interval::single(n)], vec![], Value::Nothing));
        }
        let failed = vec![failure(3, 3), failure(10, 12)];
        unwritten.add(&Record::new(vec![], failed.clone(), Value::Nothing));
        assert_eq!(unwritten.done.pieces(), 3);
        assert_eq!(unwritten.take_below(0), None);
        assert_eq!(unwritten.take_below(2), Some((vec![interval(0, 1)], vec![])));
        // What is one chunk is written as one.
        let to_11 = Some((vec![interval(2, 2), interval(4, 9)], failed[..1].to_vec()));
        assert_eq!(unwritten.take_below(11), to_11);
        let rest = Some((vec![interval(13, 19)], failed[1..].to_vec()));
        assert_eq!(unwritten.take_below(i128::MAX), rest);
        assert_eq!(unwritten.take_below(i128::MAX), None);
    }
}
