//! An interval as the range that can be typed for it.

use evenly::Interval;

/// An interval as a range that can be typed: `400..500`, the end excluded.
pub(crate) fn half_open(interval: Interval) -> String {
    format!("{}..{}", interval.first(), i128::from(interval.last()) + 1)
}
