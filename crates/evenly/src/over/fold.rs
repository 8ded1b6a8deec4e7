//! Folds over a range: any type that serde can pass from a worker to the process of the call.

use super::call::{Over, over};
use super::failed::{CallError, CallResult};
use super::folding::Folding;
use super::integer::{Integer, IntegerRange};
use super::merging::Merging;
use super::outcome::Folded;
use super::run::with_failures;
use evenly_core::Aggregate;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use std::panic::Location;

/// Folds the numbers of a range into one accumulator, of any type that serde can serialise.
///
/// It reads as rayon's `fold(init, f).reduce(init, merge)`. A worker begins with `init()`, and `f` puts one number after
/// the other into it, ascending. The accumulators travel to this process, which merges them with `merge`.
///
/// ```
/// use std::collections::BTreeMap;
///
/// // The lengths of Collatz paths, and the lowest number that has each.
/// let length = |n: u64| std::iter::successors(Some(n), |n| match n {
///     1 => None,
///     n if n % 2 == 0 => Some(n / 2),
///     n => Some(3 * n + 1),
/// });
/// let lowest = evenly::fold(
///     1..10_000_u64,
///     BTreeMap::new,
///     |mut lowest, n| {
///         lowest.entry(length(n).count()).or_insert(n);
///         lowest
///     },
///     |below, mut above| {
///         above.extend(below);
///         above
///     },
/// )?;
/// assert_eq!(lowest.last_key_value(), Some((&262, &6171)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What the closures may rely on
/// - **Order.** `merge(below, above)` is called in this process, in ascending order: all numbers of `below` are lower than
///   those of `above`, without a gap. So `merge` need not be commutative: a list is in the order of the range.
///   It must be associative, and `init()` must change nothing in a merge, because where the range is cut depends on the
///   time that numbers take. Sums of `f64` differ in their last bits for that reason; [`sum`](super::sum()) is exact.
/// - **Failures.** A number for which `f` returns an error, panics or crashes is not in the accumulator, not even in part,
///   and the numbers before it are. So `f` may be called for a number again. It takes the accumulator by value, as that of
///   `Iterator::fold`: an error takes the accumulator away, and the numbers since the last error or report (about 10 ms)
///   are folded again. If errors are frequent and the accumulator is large, find them before the fold, or return the
///   accumulator unchanged and count them in it.
/// - **Losses.** What a lost worker had folded and not sent is folded again by another one. Each number counts once.
/// - **Memory.** A worker has one accumulator, and this process one in addition to those that wait for lower numbers, for which each
///   worker has credit for 4 MiB, or for one that is larger. Serialised, an accumulator takes at most 60 MiB. A worker sends one for each
///   chunk, of about 100 ms.
///
/// # Types
/// Any type with `Serialize` and `DeserializeOwned`, such as numbers, texts, tuples, `Vec`, maps with keys of any type, and
/// types with `#[derive(Serialize, Deserialize)]`. `f64` keeps all its bits. A type that cannot be serialised is
/// [`CallError::Accumulator`], which names it.
///
/// # Errors
/// [`CallError`], as [`Over::fold`].
#[track_caller]
pub fn fold<R, A, I, F, M, O>(range: R, init: I, f: F, merge: M) -> CallResult<R::Integer, A>
where
    R: IntegerRange,
    A: Serialize + DeserializeOwned,
    I: Fn() -> A,
    F: FnMut(A, R::Integer) -> O,
    O: Folded<A>,
    M: FnMut(A, A) -> A,
{
    over(range).fold(init, f, merge)
}

impl<T: Integer> Over<'_, T> {
    /// Folds the numbers into one accumulator: see [`fold`](fold()).
    ///
    /// ```
    /// let (numbers, squares) = evenly::over(0..100_u64).workers(3).fold(
    ///     || (0, Vec::new()),
    ///     |(count, mut squares), n| {
    ///         if n.isqrt().pow(2) == n {
    ///             squares.push(n);
    ///         }
    ///         (count + 1, squares)
    ///     },
    ///     |(below, mut squares), (above, more)| {
    ///         squares.extend(more);
    ///         (below + above, squares)
    ///     },
    /// )?;
    /// assert_eq!((numbers, squares), (100, vec![0, 1, 4, 9, 16, 25, 36, 49, 64, 81]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError`]: also if an accumulator cannot be passed on, or the call has a journal.
    ///
    /// # Panics
    /// If `init` or `merge` panics in this process.
    #[track_caller]
    pub fn fold<A, I, F, M, O>(self, init: I, f: F, merge: M) -> CallResult<T, A>
    where
        A: Serialize + DeserializeOwned,
        I: Fn() -> A,
        F: FnMut(A, T) -> O,
        O: Folded<A>,
        M: FnMut(A, A) -> A,
    {
        if self.question.journal.is_some() {
            return Err(CallError::FoldWithJournal);
        }
        let mut merging = Merging::new(init(), merge);
        let (aggregate, call) = (Aggregate::Run { in_order: true }, Location::caller());
        let found =
            self.question.run::<Folding<T, A, I, F>>(aggregate, (init, f), call, &mut merging);
        match (merging.into_total(), found) {
            (Err(Some(error)), _) => Err(CallError::Accumulator(error)),
            (_, Err(why)) => Err(why.into()),
            (Ok(total), Ok(found)) => with_failures(&found, total),
            (Err(None), Ok(_)) => unreachable!("a panic of merge has left this function"),
        }
    }
}
