//! The function of a fold: an accumulator that each number of a chunk goes into, one after the other.

use super::accumulator;
use super::called::{Errors, OfClosure};
use super::integer::Integer;
use super::outcome::Folded;
use crate::function::at;
use evenly_core::{Interval, Tally};
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use std::marker::PhantomData;

/// A fold in a worker.
///
/// The accumulator goes through the closure by value. So an error for n takes it away, and with it what was folded before n. That
/// is folded again, from the last copy on, and then copied: the next error costs only the numbers after n.
/// An accumulator never holds a part of n.
pub(super) struct Folding<T, A, I, F> {
    /// What gives a new accumulator, and what puts a number into one.
    closures: (I, F),
    /// `None` if it is what the copy says.
    accumulator: Option<A>,
    /// The first number of the accumulator that is not in the copy.
    since: i64,
    /// The accumulator after the last error, encoded; `None` if there was none since the last [`settle`](Self::settle).
    copy: Option<Vec<u8>>,
    /// Why an accumulator cannot be passed on.
    refused: Option<String>,
    /// Length of the last accumulator that was passed on.
    length: usize,
    types: PhantomData<fn(T)>,
}

impl<T, A, I, F, O> Folding<T, A, I, F>
where
    T: Integer,
    A: Serialize + DeserializeOwned,
    I: Fn() -> A,
    F: FnMut(A, T) -> O,
    O: Folded<A>,
{
    /// The accumulator of the copy, or a new one. From now on `n` goes into it.
    #[cold]
    fn begin_at(&mut self, n: i64) -> A {
        self.since = n;
        match self.copy.as_deref().map(accumulator::decode) {
            Some(Ok(accumulator)) => return accumulator,
            Some(Err(why)) => self.refused = Some(why),
            None => {}
        }
        (self.closures.0)()
    }

    /// Folds the numbers below `n` again, for which the closure has returned an error; `None` if the copy has them.
    #[cold]
    fn fold_again_below(&mut self, n: i64) -> Option<A> {
        if self.since == n {
            return None;
        }
        let since = self.since;
        let mut accumulator = self.begin_at(since);
        for again in since..n {
            at(again);
            accumulator =
                match (self.closures.1)(accumulator, T::of_range(again)).into_accumulator() {
                    Ok(accumulator) => accumulator,
                    // The worker ends, and this number is tried alone in another one.
                    Err(error) => {
                        panic!("the closure fails a number that it has folded before: {error}")
                    }
                };
        }
        match accumulator::encode(&accumulator) {
            Ok(bytes) => self.copy = Some(bytes),
            Err(why) => self.refused = Some(why),
        }
        self.since = n.saturating_add(1);
        Some(accumulator)
    }
}

impl<T, A, I, F, O> OfClosure for Folding<T, A, I, F>
where
    T: Integer,
    A: Serialize + DeserializeOwned,
    I: Fn() -> A,
    F: FnMut(A, T) -> O,
    O: Folded<A>,
{
    type Closure = (I, F);

    fn new(closures: (I, F)) -> Self {
        Self {
            closures,
            accumulator: None,
            since: 0,
            copy: None,
            refused: None,
            length: 0,
            types: PhantomData,
        }
    }

    fn closure(&self) -> &(I, F) {
        &self.closures
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally, errors: &mut Errors) -> i64 {
        let mut accumulator = self.accumulator.take();
        for n in slice.first()..=slice.last() {
            at(n);
            let below = match accumulator {
                Some(accumulator) => accumulator,
                None => self.begin_at(n),
            };
            accumulator = match (self.closures.1)(below, T::of_range(n)).into_accumulator() {
                Ok(accumulator) => Some(accumulator),
                Err(error) => {
                    errors.fail(n, error, tally);
                    self.fold_again_below(n)
                }
            };
        }
        self.accumulator = accumulator;
        slice.last()
    }

    fn kept_bytes(&self) -> usize {
        self.length
    }

    fn settle(&mut self, tally: &mut Tally) {
        let outcome = match (self.refused.take(), self.accumulator.take(), self.copy.take()) {
            (Some(why), ..) => Err(why),
            (None, Some(accumulator), _) => accumulator::encode(&accumulator),
            (None, None, Some(copy)) => Ok(copy),
            (None, None, None) => return,
        };
        self.length = outcome.as_ref().map_or(0, Vec::len);
        tally.output(&accumulator::frame(&outcome));
    }
}
