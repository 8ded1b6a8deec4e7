//! Functions of the calling program: any closure from a number to yes or no.

use super::fold::fold_each;
use super::{Function, Kind, at};
use crate::process::panics;
use evenly_core::{Interval, Tally};
use std::io;

/// A closure as a function. It is called once for each n, in a forked copy of this process: its changes to
/// memory stay there; files that were open before the job are closed there. If it crashes,
/// panics or leaves (exit(3)), the n that it was at is named; of a panic, the message and the place, too.
///
/// ```no_run
/// let square = evenly::function::predicate("square", |n| n >= 0 && n.isqrt().pow(2) == n);
/// let range = evenly::Range::new(0, 1_000_000)?;
/// let report = evenly::Job::count(range, square).run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn predicate(
    name: impl Into<String>,
    test: impl FnMut(i64) -> bool + 'static,
) -> Box<dyn Function> {
    Box::new(Predicate { name: name.into(), test })
}

struct Predicate<F> {
    name: String,
    test: F,
}

impl<F: FnMut(i64) -> bool> Function for Predicate<F> {
    fn name(&self) -> &str {
        &self.name
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

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        if !tally.takes_counts() {
            return fold_each(slice, tally, |n| {
                at(n);
                (self.test)(n)
            });
        }
        let mut count = 0;
        for n in slice.first()..=slice.last() {
            at(n);
            count += u64::from((self.test)(n));
        }
        tally.count(count, slice.len() as u64);
        slice.last()
    }
}

/// A closure that gives an integer for each n, as a function; otherwise as [`predicate`].
///
/// ```no_run
/// let ones = evenly::function::integers("ones", |n| n.count_ones().into());
/// let range = evenly::Range::new(0, 1_000_000)?;
/// let report = evenly::Job::new(evenly::Aggregate::Sum, range, ones).run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn integers(
    name: impl Into<String>,
    mut value: impl FnMut(i64) -> i128 + 'static,
) -> Box<dyn Function> {
    let name = name.into();
    Box::new(Valued { name, add: move |tally: &mut Tally, n| tally.number(n, value(n)) })
}

/// A closure that gives a double for each n, as a function; otherwise as [`predicate`]. NaN is a failure of the n.
///
/// The sum is exact and rounded once, so it is the same for any number of workers.
///
/// ```
/// let tenths = evenly::function::reals("tenths", |n| n as f64 / 10.0);
/// let range = evenly::Range::new(0, 1_000_000)?;
/// let report = evenly::Job::new(evenly::Aggregate::Sum, range, tenths).run()?;
/// assert_eq!(report.answer.to_string(), "49999950000");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reals(
    name: impl Into<String>,
    mut value: impl FnMut(i64) -> f64 + 'static,
) -> Box<dyn Function> {
    let name = name.into();
    Box::new(Valued { name, add: move |tally: &mut Tally, n| tally.real(n, value(n)) })
}

/// A closure with a value for each n, which it adds to the tally.
struct Valued<F> {
    name: String,
    add: F,
}

impl<F: FnMut(&mut Tally, i64)> Function for Valued<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Integer
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

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        for n in slice.first()..=slice.last() {
            at(n);
            (self.add)(tally, n);
            if tally.is_full() {
                return n;
            }
        }
        slice.last()
    }
}
