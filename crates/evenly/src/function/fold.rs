//! Loops that apply a function to each number of a slice and add the values to a tally.

use evenly_core::{Aggregate, Interval, Tally};

/// Numbers that are tested between two updates of the tally.
const AT_ONCE: usize = 512;

/// By their count where that is enough, else one by one; the last number that was tested.
#[inline]
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

/// One by one: as many at once as cannot decide anything, so that none above a deciding one is tested.
///
/// Not inlined: a function that only counts would get its stack frame of 4 KiB, which doubles the time of a chunk of one
/// number.
#[inline(never)]
pub(super) fn fold_each(
    slice: Interval,
    tally: &mut Tally,
    mut test: impl FnMut(i64) -> bool,
) -> i64 {
    let deciding = match tally.aggregate() {
        Aggregate::Any => Some(true),
        Aggregate::All => Some(false),
        _ => None,
    };
    if let Some(deciding) = deciding {
        // All others leave the tally as it is.
        let Some(n) = (slice.first()..=slice.last()).find(|n| test(*n) == deciding) else {
            return slice.last();
        };
        tally.truth(n, deciding);
        return n;
    }
    if tally.aggregate().may_end_early() {
        for n in slice.first()..=slice.last() {
            tally.truth(n, test(n));
            if tally.is_full() {
                return n;
            }
        }
        return slice.last();
    }
    let mut truths = [0; AT_ONCE];
    let mut rest = Some(slice);
    while let Some((now, later)) = rest.map(|rest| rest.split_front(AT_ONCE as u128)) {
        let truths = &mut truths[..now.len() as usize];
        for (at, truth) in (0..).zip(&mut *truths) {
            *truth = i64::from(test(now.first() + at));
        }
        tally.numbers(now.first(), truths);
        if tally.is_full() {
            return now.last();
        }
        rest = later;
    }
    slice.last()
}

/// A function that gives a double, number by number; the last number that it was applied to.
#[inline(never)]
pub(super) fn fold_reals(
    slice: Interval,
    tally: &mut Tally,
    mut value: impl FnMut(i64) -> f64,
) -> i64 {
    for n in slice.first()..=slice.last() {
        tally.real(n, value(n));
        if tally.is_full() {
            return n;
        }
    }
    slice.last()
}
