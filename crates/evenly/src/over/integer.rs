//! Integer types, and ranges of them, that a call can go over.

use evenly_core::{Range, RangeError};
use std::fmt::{Debug, Display};
use std::ops;

mod sealed {
    pub trait Sealed {}
}

/// An integer type of at most 64 bits. The closure of a call gets the type of its range.
///
/// Implemented for `i8` to `i64`, `u8` to `u64`, `isize` and `usize`. A range of `u64` or `usize` must end at or below
/// 2^63.
///
/// ```
/// fn evens<T: evenly::Integer + Into<i64>>(range: std::ops::Range<T>) -> evenly::CallResult<T, u128> {
///     evenly::count(range, |n| n.into() % 2 == 0)
/// }
///
/// assert_eq!(evens(0..100_u8)?, 50);
/// assert_eq!(evens(-100..100_i32)?, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an integer type of at most 64 bits",
    label = "`evenly` goes over ranges of `i8` to `i64`, `u8` to `u64`, `isize` and `usize`"
)]
pub trait Integer: Copy + Debug + Display + Ord + Send + Sync + sealed::Sealed + 'static {
    /// This integer in 128 bits.
    #[doc(hidden)]
    fn widened(self) -> i128;

    /// The integer of this type that a number of its range is.
    #[doc(hidden)]
    fn of_range(n: i64) -> Self;
}

macro_rules! integer {
    ($widen:expr; $($type:ty)*) => {$(
        impl sealed::Sealed for $type {}

        impl Integer for $type {
            #[inline]
            fn widened(self) -> i128 {
                $widen(self)
            }

            #[inline]
            fn of_range(n: i64) -> Self {
                n as Self
            }
        }
    )*};
}

integer!(i128::from; i8 i16 i32 i64 u8 u16 u32 u64);
integer!(|size| size as i128; isize usize);

/// A range of integers: `a..b` or `a..=b`. A range whose end is below its start is empty, as in the standard library.
///
/// ```
/// assert_eq!(evenly::count(0..10_u8, |_| true)?, 10);
/// assert_eq!(evenly::count(i8::MIN..=i8::MAX, |_| true)?, 256);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a range of integers with two ends",
    label = "write `a..b` or `a..=b`",
    note = "for the items of a slice or `Vec`, go over their indexes: `0..items.len()`",
    note = "for `(a..b).step_by(k)`, go over `0..count` and compute `a + i * k` in the closure"
)]
pub trait IntegerRange: sealed::Sealed {
    /// The type of its integers.
    type Integer: Integer;

    /// The same range of `i64`.
    #[doc(hidden)]
    fn checked(self) -> Result<Range, RangeError>;
}

impl<T: Integer> sealed::Sealed for ops::Range<T> {}

impl<T: Integer> IntegerRange for ops::Range<T> {
    type Integer = T;

    fn checked(self) -> Result<Range, RangeError> {
        range(self.start.widened(), self.end.widened())
    }
}

impl<T: Integer> sealed::Sealed for ops::RangeInclusive<T> {}

impl<T: Integer> IntegerRange for ops::RangeInclusive<T> {
    type Integer = T;

    fn checked(self) -> Result<Range, RangeError> {
        // An iterator that has reached its end is an empty range whose ends do not show that.
        let end = self.end().widened() + i128::from(!self.is_empty());
        range(self.start().widened(), end)
    }
}

fn range(start: i128, end: i128) -> Result<Range, RangeError> {
    Range::new(start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(range: impl IntegerRange) -> Result<u128, RangeError> {
        range.checked().map(|range| evenly_core::Items::from(range).len())
    }

    #[test]
    fn the_whole_of_each_type_is_a_range() {
        assert_eq!(length(i8::MIN..=i8::MAX), Ok(256));
        assert_eq!(length(0..=u32::MAX), Ok(1 << 32));
        assert_eq!(length(i64::MIN..=i64::MAX), Ok(1 << 64));
        assert_eq!(length(0..1_u64 << 63), Ok(1 << 63));
        assert_eq!(length(0..=u64::MAX), Err(RangeError::Outside { n: 1 << 63 }));
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
    fn a_reversed_range_is_empty() {
        assert_eq!(length(5..3_u8), Ok(0));
        assert_eq!(length(5..=3_i64), Ok(0));
        let mut all = 0..=1_u8;
        all.by_ref().count();
        assert_eq!(length(all), Ok(0));
    }
}
