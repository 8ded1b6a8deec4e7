//! How often an observer acts on progress that is told to several, as often as the most eager wants.

use std::time::{Duration, Instant};

/// A rhythm of one observer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throttle {
    period: Duration,
    last: Instant,
}

impl Throttle {
    pub(crate) fn new(period: Duration) -> Self {
        Self { period, last: Instant::now() }
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// Whether it is time again. Progress that comes a little early counts: the next may come only
    /// after another period.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= self.period * 9 / 10;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}
