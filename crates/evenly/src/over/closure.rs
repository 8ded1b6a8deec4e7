//! A closure that is called once for each number.

use super::called::{Errors, OfClosure};
use super::integer::Integer;
use super::outcome::{Answer, Outcome, Quantity};
use crate::function::{Kind, at};
use evenly_core::{Arithmetic, Cause, Interval, Tally};
use std::marker::PhantomData;

/// Adds what a closure returns to a tally.
pub(super) trait Told<O: Outcome> {
    /// The kind of function that this makes.
    const KIND: Kind;

    /// Whether a value says no more than yes or no, so that a slice can be counted in a register.
    const IS_COUNTED: bool = false;

    /// Adds the value of n.
    fn tell(tally: &mut Tally, n: i64, value: O::Value);

    /// Whether a value that [is counted](Self::IS_COUNTED) is yes.
    fn satisfies(_value: O::Value) -> bool {
        false
    }
}

/// The closure says yes or no.
pub(super) struct Truths;

impl<O: Outcome<Value = bool>> Told<O> for Truths {
    const KIND: Kind = Kind::Truth;
    const IS_COUNTED: bool = true;

    #[inline]
    fn tell(tally: &mut Tally, n: i64, value: bool) {
        tally.truth(n, value);
    }

    #[inline]
    fn satisfies(value: bool) -> bool {
        value
    }
}

/// The type of the value says what it is.
pub(super) struct ByType;

impl<O: Outcome<Value: Answer>> Told<O> for ByType {
    const KIND: Kind = O::Value::KIND;
    const IS_COUNTED: bool = matches!(O::Value::KIND, Kind::Truth);

    #[inline]
    fn tell(tally: &mut Tally, n: i64, value: O::Value) {
        value.tell(tally, n);
    }

    #[inline]
    fn satisfies(value: O::Value) -> bool {
        value.satisfies()
    }
}

/// The closure gives quantities.
pub(super) struct Quantities;

impl<O: Outcome<Value: Quantity>> Told<O> for Quantities {
    const KIND: Kind = Kind::Integer;

    #[inline]
    fn tell(tally: &mut Tally, n: i64, value: O::Value) {
        match value.number() {
            Some(value) => tally.value(n, value),
            None => tally.fail(n, Cause::Arithmetic(Arithmetic::NotANumber)),
        }
    }
}

/// The closure passes or fails, whatever it returns.
pub(super) struct Passes;

impl<O: Outcome> Told<O> for Passes {
    const KIND: Kind = Kind::Truth;

    #[inline]
    fn tell(_tally: &mut Tally, _n: i64, _value: O::Value) {}
}

/// A closure, called once for each number.
pub(super) struct Closure<T, F, W> {
    call: F,
    types: PhantomData<fn(T) -> W>,
}

impl<T, F, O, W> OfClosure for Closure<T, F, W>
where
    T: Integer,
    F: FnMut(T) -> O,
    O: Outcome,
    W: Told<O>,
{
    type Closure = F;

    fn new(call: F) -> Self {
        Self { call, types: PhantomData }
    }

    fn closure(&self) -> &F {
        &self.call
    }

    fn kind(&self) -> Kind {
        W::KIND
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally, errors: &mut Errors) -> i64 {
        if W::IS_COUNTED && tally.takes_counts() {
            return self.count(slice, tally, errors);
        }
        for n in slice.first()..=slice.last() {
            at(n);
            match (self.call)(T::of_range(n)).into_value() {
                Ok(value) => W::tell(tally, n, value),
                Err(error) => errors.fail(n, error, tally),
            }
            if tally.is_full() {
                return n;
            }
        }
        slice.last()
    }
}

impl<T, F, W> Closure<T, F, W> {
    /// Counts the numbers of a slice for which the closure says yes. The count stays in a register, and the tally is
    /// used once for the slice.
    fn count<O>(&mut self, slice: Interval, tally: &mut Tally, errors: &mut Errors) -> i64
    where
        T: Integer,
        F: FnMut(T) -> O,
        O: Outcome,
        W: Told<O>,
    {
        let (mut satisfy, mut failed) = (0, 0);
        let (mut n, last) = (slice.first(), slice.last());
        // Not an inclusive range, whose iterator tests twice for its end.
        loop {
            at(n);
            match (self.call)(T::of_range(n)).into_value() {
                Ok(value) => satisfy += u64::from(W::satisfies(value)),
                Err(error) => {
                    errors.fail(n, error, tally);
                    failed += 1;
                    if tally.is_full() {
                        break;
                    }
                }
            }
            if n == last {
                break;
            }
            n += 1;
        }
        let applied = n.abs_diff(slice.first()) + 1;
        tally.count(satisfy, applied - failed);
        n
    }
}
