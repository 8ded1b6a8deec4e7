//! How functions that say yes or no are applied to the numbers of a slice.

use evenly_core::{Interval, Tally};

/// By their count where that is enough, else one by one; the last number that was tested.
pub(super) fn fold_truths(
    slice: Interval,
    tally: &mut Tally,
    count: impl FnOnce(Interval) -> u64,
    test: impl FnMut(i64) -> bool,
) -> i64 {
    if tally.takes_counts() {
        // A slice has no more than 2^62 numbers.
        tally.count(count(slice), slice.len() as u64);
        return slice.last();
    }
    fold_each(slice, tally, test)
}

/// One by one.
pub(super) fn fold_each(
    slice: Interval,
    tally: &mut Tally,
    mut test: impl FnMut(i64) -> bool,
) -> i64 {
    for n in slice.first()..=slice.last() {
        tally.truth(n, test(n));
        if tally.is_full() {
            return n;
        }
    }
    slice.last()
}
