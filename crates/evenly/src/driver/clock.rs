//! The clock of a run: nanoseconds since it began, on a clock that is never set (clock_gettime(2)).

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Enough for 584 years.
    pub(super) fn now_ns(self) -> u64 {
        self.elapsed().as_nanos() as u64
    }
}
