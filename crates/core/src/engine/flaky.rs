//! Flaky numbers of a run: a try failed, and a later try of the same numbers passed.

use crate::interval::Interval;
use crate::partial::{Cause, Failure};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Numbers with the cause of their failed try. Neighbours of one cause are one entry.
#[derive(Debug, Default)]
pub(super) struct FlakyNumbers {
    /// The last number and the cause, by the first number.
    by_first: BTreeMap<i64, (i64, Cause)>,
}

/// The flaky numbers of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlakySummary {
    /// The numbers, ascending, each with the cause of the failed try.
    pub flaky: Vec<Failure>,
    /// How many numbers they are.
    pub numbers: u128,
}

impl FlakyNumbers {
    /// Adds numbers. The cause of a number that is known already changes.
    pub(super) fn insert(&mut self, Failure { interval, cause }: Failure) {
        self.remove(interval);
        let (mut first, mut last) = (interval.first(), interval.last());
        if let Some((&below, &(end, same))) = self.by_first.range(..first).next_back()
            && end.checked_add(1) == Some(first)
            && same == cause
        {
            first = below;
        }
        if let Some(above) = last.checked_add(1)
            && let Some(&(end, same)) = self.by_first.get(&above)
            && same == cause
        {
            self.by_first.remove(&above);
            last = end;
        }
        self.by_first.insert(first, (last, cause));
    }

    /// Removes numbers: they failed for good.
    pub(super) fn remove(&mut self, numbers: Interval) {
        while let Some((&first, &(last, cause))) =
            self.by_first.range(..=numbers.last()).next_back()
            && last >= numbers.first()
        {
            self.by_first.remove(&first);
            if let Some(above) = numbers.last().checked_add(1).filter(|above| *above <= last) {
                self.by_first.insert(above, (last, cause));
            }
            if let Some(below) = numbers.first().checked_sub(1).filter(|below| *below >= first) {
                self.by_first.insert(first, (below, cause));
            }
        }
    }

    /// Those up to `limit`.
    pub(super) fn up_to(&self, limit: i64) -> FlakySummary {
        let entries = self.by_first.range(..=limit);
        let flaky: Vec<Failure> = entries
            .filter_map(|(first, (last, cause))| {
                let interval = Interval::new(*first, (*last).min(limit))?;
                Some(Failure { interval, cause: *cause })
            })
            .collect();
        let numbers = flaky.iter().map(|one| one.interval.len()).sum();
        FlakySummary { flaky, numbers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(first: i64, last: i64, exit: i32) -> Failure {
        Failure { interval: Interval::new(first, last).unwrap(), cause: Cause::Exit(exit) }
    }

    #[test]
    fn each_number_is_counted_once_and_neighbours_of_one_cause_are_joined() {
        let mut flaky = FlakyNumbers::default();
        for n in [5, 3, 4, 4, 9] {
            flaky.insert(failure(n, n, 1));
        }
        flaky.insert(failure(10, 10, 2));
        let expected = [failure(3, 5, 1), failure(9, 9, 1), failure(10, 10, 2)];
        assert_eq!(flaky.up_to(i64::MAX), FlakySummary { flaky: expected.to_vec(), numbers: 5 });
        assert_eq!(flaky.up_to(4).numbers, 2);
    }

    #[test]
    fn a_number_that_fails_for_good_is_not_flaky() {
        let mut flaky = FlakyNumbers::default();
        flaky.insert(failure(0, 99, 1));
        flaky.insert(failure(i64::MAX, i64::MAX, 1));
        flaky.remove(Interval::new(40, 49).unwrap());
        flaky.remove(Interval::new(90, i64::MAX).unwrap());
        let expected = [failure(0, 39, 1), failure(50, 89, 1)];
        assert_eq!(flaky.up_to(i64::MAX), FlakySummary { flaky: expected.to_vec(), numbers: 80 });
        flaky.remove(Interval::new(i64::MIN, i64::MAX).unwrap());
        assert_eq!(flaky.up_to(i64::MAX), FlakySummary::default());
    }
}
