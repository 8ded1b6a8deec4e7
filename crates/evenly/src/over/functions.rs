//! Calls with the default settings, as functions.

use super::call::over;
use super::failed::{CallResult, ExtremeResult, FailuresResult};
use super::integer::IntegerRange;
use super::mapped::ValuesResult;
use super::outcome::{Outcome, Quantity};
use std::collections::BTreeMap;

/// Functions of a range and a closure that make a call with the default settings.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty)?) -> $result:ty, O: $bound:path;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        #[doc = concat!(
            "[`CallError`](crate::CallError), as [`Over::", stringify!($name), "`](super::Over::", stringify!($name), ")."
        )]
        #[track_caller]
        pub fn $name<R, F, O>(range: R, $($argument: $type,)? closure: F) -> $result
        where
            R: IntegerRange,
            F: FnMut(R::Integer) -> O,
            O: $bound,
        {
            over(range).$name($($argument,)? closure)
        }
    )*};
}

calls! {
    /// How many numbers of a range satisfy a closure.
    ///
    /// ```
    /// assert_eq!(evenly::count(0..1_000_000_u32, |n| n % 7 == 3)?, 142_857);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    count() -> CallResult<R::Integer, u128>, O: Outcome<Value = bool>;

    /// The lowest number of a range that satisfies a closure.
    ///
    /// ```
    /// assert_eq!(evenly::find(2..1_000_000_u64, |n| n * n % 1000 == 44)?, Some(138));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    find() -> CallResult<R::Integer, Option<R::Integer>>, O: Outcome<Value = bool>;

    /// The lowest `most` numbers of a range that satisfy a closure, ascending.
    ///
    /// ```
    /// assert_eq!(evenly::find_first(0..100_u8, 2, |n| n % 30 == 4)?, [4, 34]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    find_first(most: u64) -> CallResult<R::Integer, Vec<R::Integer>>, O: Outcome<Value = bool>;

    /// Whether a number of a range satisfies a closure.
    ///
    /// ```
    /// assert!(evenly::any(0..=u16::MAX, |n| n.count_ones() == 16)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    any() -> CallResult<R::Integer, bool>, O: Outcome<Value = bool>;

    /// Whether every number of a range satisfies a closure.
    ///
    /// ```
    /// assert!(evenly::all(i16::MIN..=i16::MAX, |n| n.reverse_bits().reverse_bits() == n)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    all() -> CallResult<R::Integer, bool>, O: Outcome<Value = bool>;

    /// The exact sum of what a closure gives over a range: an `i128`, or an `f64` that is rounded once.
    ///
    /// ```
    /// assert_eq!(evenly::sum(1..=10_i64, |n| n.pow(3))?, 3025);
    /// assert_eq!(evenly::sum(0..10_u8, |_| 0.1)?, 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    sum() -> CallResult<R::Integer, <O::Value as Quantity>::Sum>, O: Outcome<Value: Quantity>;

    /// The smallest of what a closure gives over a range, behind the lowest number that gives it.
    ///
    /// ```
    /// assert_eq!(evenly::min(0..100_i32, |n| (n - 40).pow(2))?, Some((40, 0)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    min() -> ExtremeResult<R::Integer, O::Value>, O: Outcome<Value: Quantity>;

    /// The largest of what a closure gives over a range, behind the lowest number that gives it.
    ///
    /// ```
    /// assert_eq!(evenly::max(0..100_u32, |n| n % 10)?, Some((9, 9)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    max() -> ExtremeResult<R::Integer, O::Value>, O: Outcome<Value: Quantity>;

    /// The mean of what a closure gives over a range, exact and rounded once; `None` of an empty range.
    ///
    /// ```
    /// assert_eq!(evenly::mean(0..4_u8, |n| n)?, Some(1.5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    mean() -> CallResult<R::Integer, Option<f64>>, O: Outcome<Value: Quantity>;

    /// How many numbers of a range give each value of a closure, of which there may be 2^20.
    ///
    /// ```
    /// assert_eq!(evenly::hist(0..10_u8, |n| n % 3)?.into_iter().collect::<Vec<_>>(), [(0, 4), (1, 3), (2, 3)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    hist() -> CallResult<R::Integer, BTreeMap<O::Value, u128>>, O: Outcome<Value: Quantity + Ord>;

    /// The numbers of a range for which a closure returns an error or `false`, panics or crashes.
    ///
    /// ```
    /// let failures = evenly::failures(0..100_u32, |n| assert_ne!(n, 31, "not {n}"))?;
    /// assert_eq!(failures[0].first, 31);
    /// assert!(failures[0].to_string().contains("not 31"), "{}", failures[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    failures() -> FailuresResult<R::Integer>, O: Outcome;
}

/// What a closure gives for each number of a range, in ascending order, while it is computed: an iterator over pairs of
/// the number and its value.
///
/// The workers wait while nothing is taken. Dropped, the iterator ends the job; see [`Mapped::values`](super::Mapped::values).
///
/// ```
/// for item in evenly::map(1..=9_i64, |n| n.pow(3))? {
///     let (n, cube) = item?;
///     println!("{n}\t{cube}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`CallError`](crate::CallError), if the job cannot begin. A failed number is an error at its place, and the last item.
#[track_caller]
pub fn map<R, F, O>(range: R, closure: F) -> ValuesResult<R::Integer, O::Value>
where
    R: IntegerRange,
    F: FnMut(R::Integer) -> O,
    O: Outcome<Value: Quantity>,
{
    over(range).map(closure).values()
}
