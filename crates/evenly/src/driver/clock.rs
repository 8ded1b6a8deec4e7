//! The clock of a run: nanoseconds since it began, on a clock that is never set (clock_gettime(2)).

use std::time::{Duration, Instant};

/// Leaves out pauses of the process, so that no deadline passes during one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: Instant,
    left_out: Duration,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), left_out: Duration::ZERO }
    }

    /// Time of the run: without its pauses.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed().saturating_sub(self.left_out)
    }

    /// The same in nanoseconds; enough for 584 years.
    pub(super) fn now_ns(&self) -> u64 {
        self.elapsed().as_nanos() as u64
    }

    /// Pauses included.
    pub(super) fn since_start(&self) -> Duration {
        self.began.elapsed()
    }

    /// Leaves out a pause that has just ended.
    pub(super) fn leave_out(&mut self, pause: Duration) {
        self.left_out += pause;
    }
}
