//! Throttle of progress observations: the job reports progress at the shortest period of all observers.

use std::time::{Duration, Instant};

/// The period of one observer.
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

    /// Whether the period has passed. An observation up to 10 % early counts, since the next one may come a whole
    /// period later.
    pub(crate) fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= self.period * 9 / 10;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}
