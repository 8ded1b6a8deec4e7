//! A closure of a call as a function of a job.

use super::integer::Integer;
use super::outcome::{Outcome, Quantity};
use crate::function::{Function, Kind, at};
use crate::process::panics;
use evenly_core::{Arithmetic, Cause, Interval, Tally};
use std::io;
use std::marker::PhantomData;
use std::panic::Location;

/// Texts of errors that are kept of one slice: those of its lowest numbers.
const MOST_ERRORS: usize = 64;

/// Adds what a closure returns to a tally.
pub(super) trait Told<O: Outcome> {
    /// The kind of function that this makes.
    const KIND: Kind;

    /// Adds the value of n.
    fn tell(tally: &mut Tally, n: i64, value: O::Value);
}

/// The closure says yes or no.
pub(super) struct Truths;

impl<O: Outcome<Value = bool>> Told<O> for Truths {
    const KIND: Kind = Kind::Truth;

    #[inline]
    fn tell(tally: &mut Tally, n: i64, value: bool) {
        tally.truth(n, value);
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
    name: String,
    call: F,
    errors: Vec<(i64, String)>,
    types: PhantomData<fn(T) -> W>,
}

impl<T, F, W> Closure<T, F, W> {
    pub(super) fn new(name: String, call: F) -> Self {
        Self { name, call, errors: Vec::new(), types: PhantomData }
    }

    /// The closure itself.
    pub(super) fn call(&self) -> &F {
        &self.call
    }

    #[cold]
    fn fail(&mut self, n: i64, error: String, tally: &mut Tally) {
        tally.fail(n, Cause::Error);
        if self.errors.len() < MOST_ERRORS {
            // An empty text would be none.
            let error = if error.is_empty() { "error".to_owned() } else { error };
            self.errors.push((n, error));
        }
    }
}

impl<T, F, O, W> Function for Closure<T, F, W>
where
    T: Integer,
    F: FnMut(T) -> O,
    O: Outcome,
    W: Told<O>,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        W::KIND
    }

    fn says_at(&self) -> bool {
        true
    }

    fn may_capture(&self) -> bool {
        true
    }

    fn begin(&mut self) -> io::Result<()> {
        panics::note();
        Ok(())
    }

    fn take_errors(&mut self) -> Vec<(i64, String)> {
        std::mem::take(&mut self.errors)
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        for n in slice.first()..=slice.last() {
            at(n);
            match (self.call)(T::of_range(n)).into_value() {
                Ok(value) => W::tell(tally, n, value),
                Err(error) => self.fail(n, error, tally),
            }
            if tally.is_full() {
                return n;
            }
        }
        slice.last()
    }
}

/// The name of a closure: where it is called.
pub(super) fn name(call: &Location<'_>) -> String {
    format!("closure at {call}")
}
