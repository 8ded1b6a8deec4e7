//! The function of a call: a name and the texts of errors, around what applies the closure to a slice.

use crate::function::{Function, Kind};
use crate::process::panics;
use evenly_core::frame::MAX_TEXT;
use evenly_core::printable::shortened;
use evenly_core::{Cause, Interval, Tally};
use std::io;

/// Texts of errors that are kept of one slice: those of its lowest numbers.
const MOST_ERRORS: usize = 64;

/// Applies the closure of a call to slices, in a worker.
pub(super) trait OfClosure {
    /// The closure, or several.
    type Closure;

    /// What applies this closure.
    fn new(closure: Self::Closure) -> Self;

    /// The closure itself.
    fn closure(&self) -> &Self::Closure;

    /// The kind of function that this makes.
    fn kind(&self) -> Kind {
        Kind::Truth
    }

    /// As [`Function::fold`]; errors that the closure returns go to `errors`.
    fn fold(&mut self, slice: Interval, tally: &mut Tally, errors: &mut Errors) -> i64;

    /// As [`Function::kept_bytes`].
    fn kept_bytes(&self) -> usize {
        0
    }

    /// As [`Function::settle`].
    fn settle(&mut self, _tally: &mut Tally) {}
}

/// The function of a call.
pub(super) struct Called<G> {
    name: String,
    errors: Errors,
    applied: G,
}

impl<G: OfClosure> Called<G> {
    /// The function with this name.
    pub(super) fn new(name: String, closure: G::Closure) -> Self {
        Self { name, errors: Errors::default(), applied: G::new(closure) }
    }

    /// The closure itself.
    pub(super) fn closure(&self) -> &G::Closure {
        self.applied.closure()
    }
}

impl<G: OfClosure> Function for Called<G> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        self.applied.kind()
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
        std::mem::take(&mut self.errors.0)
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        self.applied.fold(slice, tally, &mut self.errors)
    }

    fn kept_bytes(&self) -> usize {
        self.applied.kept_bytes()
    }

    fn settle(&mut self, tally: &mut Tally) {
        self.applied.settle(tally);
    }
}

/// Texts of the errors that a closure has returned, each with its number.
#[derive(Default)]
pub(super) struct Errors(Vec<(i64, String)>);

impl Errors {
    /// Fails a number with the text of its error.
    #[cold]
    pub(super) fn fail(&mut self, n: i64, error: String, tally: &mut Tally) {
        tally.fail(n, Cause::Error);
        if self.0.len() < MOST_ERRORS {
            // An empty text would be none.
            let error = if error.is_empty() { "error".to_owned() } else { error };
            self.0.push((n, shortened(error, MAX_TEXT)));
        }
    }
}
