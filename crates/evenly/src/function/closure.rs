//! Functions of the calling program: any closure from a number to yes or no.

use super::Function;
use evenly_core::Interval;

/// A closure as a function. It is called once for each n, in a forked copy of this process: what
/// it changes there, nobody else sees; files that were open before the job are closed there.
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

    fn count(&mut self, interval: Interval) -> u64 {
        let mut count = 0;
        for n in interval.first()..=interval.last() {
            count += u64::from((self.test)(n));
        }
        count
    }
}
