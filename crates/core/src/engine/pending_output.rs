//! Numbers that are done but not durable yet, because the output of their commands is not written yet.

use crate::interval::{Interval, IntervalSet};
use crate::partial::Failure;
use crate::scheduler::Record;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Done and failed numbers whose output may still be unwritten. It holds one interval per gap, not one per record.
#[derive(Debug, Default)]
pub(super) struct PendingOutput {
    done: IntervalSet,
    failed: BTreeMap<i64, Failure>,
}

impl PendingOutput {
    /// Adds the numbers of a record.
    pub(super) fn add(&mut self, record: &Record) {
        for interval in &record.covered {
            // The ledger covers each number once, so no interval overlaps another.
            let _ = self.done.insert(*interval);
        }
        self.failed
            .extend(record.failed.iter().map(|failure| (failure.interval.first(), *failure)));
    }

    /// Removes and returns the numbers below `bound`; `None` if there are none.
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
    use crate::aggregate::Value;
    use crate::partial::Cause;
    use alloc::vec;

    #[test]
    fn each_number_comes_out_once_and_in_order() {
        let interval = |first, last| Interval::new(first, last).unwrap();
        let failure =
            |first, last| Failure { interval: interval(first, last), cause: Cause::Timeout };
        let mut pending = PendingOutput::default();
        for n in (0..20).rev().filter(|n| ![3, 10, 11, 12].contains(n)) {
            pending.add(&Record::new(vec![Interval::single(n)], vec![], Value::Nothing));
        }
        let failed = vec![failure(3, 3), failure(10, 12)];
        pending.add(&Record::new(vec![], failed.clone(), Value::Nothing));
        assert_eq!(pending.done.pieces(), 3);
        assert_eq!(pending.take_below(0), None);
        assert_eq!(pending.take_below(2), Some((vec![interval(0, 1)], vec![])));
        // A failed chunk comes out whole or not at all.
        let to_11 = Some((vec![interval(2, 2), interval(4, 9)], failed[..1].to_vec()));
        assert_eq!(pending.take_below(11), to_11);
        let rest = Some((vec![interval(13, 19)], failed[1..].to_vec()));
        assert_eq!(pending.take_below(i128::MAX), rest);
        assert_eq!(pending.take_below(i128::MAX), None);
    }
}
