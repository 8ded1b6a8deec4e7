//! Cuts at the end of a stream: lines and failures behind the last one that is wanted.

use crate::interval::Interval;
use crate::partial::Failure;
use alloc::vec::Vec;

/// Cuts off the lines of `n` and those above; how many are left.
pub(super) fn cut_below(text: &mut Vec<u8>, n: i64) -> u64 {
    let (mut length, mut lines) = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if number(line).is_none_or(|number| number >= n) {
            break;
        }
        length += line.len();
        lines += 1;
    }
    text.truncate(length);
    lines
}

/// Cuts off all but the first lines.
pub(super) fn cut_after(text: &mut Vec<u8>, lines: u64) {
    let kept = text.split_inclusive(|byte| *byte == b'\n').zip(0..lines);
    let length = kept.map(|(line, _)| line.len()).sum();
    text.truncate(length);
}

/// The number of the last line.
pub(super) fn last_number(text: &[u8]) -> Option<i64> {
    text.split_inclusive(|byte| *byte == b'\n').next_back().and_then(number)
}

/// The number that a line begins with.
fn number(line: &[u8]) -> Option<i64> {
    let digits = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    core::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok())
}

/// The `count`-th of the numbers that failed, from 1; `None` if there are fewer.
pub(super) fn nth(failed: &[Failure], count: u64) -> Option<i64> {
    let mut before = u128::from(count.checked_sub(1)?);
    for Failure { interval, .. } in failed {
        if before < interval.len() {
            return Some(interval.split_front(before + 1).0.last());
        }
        before -= interval.len();
    }
    None
}

/// Cuts off all but the first `count` numbers that failed. Returns the last one that is left.
pub(crate) fn cut_failures(failed: &mut Vec<Failure>, count: u64) -> Option<i64> {
    let last = nth(failed, count)?;
    failed.retain_mut(|failure| {
        let first = failure.interval.first();
        let kept = Interval::new(first, failure.interval.last().min(last));
        failure.interval = kept.unwrap_or(failure.interval);
        kept.is_some()
    });
    Some(last)
}
