//! Timer for the limits of a command. It leaves out the time in which the worker itself was stopped.

use std::time::{Duration, Instant};

/// Number of checks per limit. A check counts at most one such part of the limit: a longer wait means that the
/// worker was stopped meanwhile.
const CHECKS: u32 = 8;

/// Time that a command may still take.
pub(super) struct Timer {
    limit: Option<Duration>,
    spent: Duration,
    checked: Instant,
}

impl Timer {
    pub(super) fn start(limit: Option<Duration>) -> Self {
        Self { limit, spent: Duration::ZERO, checked: Instant::now() }
    }

    /// Time until the next check is due; `None` without a limit.
    pub(super) fn next(&self) -> Option<Duration> {
        let limit = self.limit?;
        Some((limit / CHECKS).min(limit.saturating_sub(self.spent)).max(Duration::from_micros(100)))
    }

    /// Checks whether the limit is reached.
    pub(super) fn is_over(&mut self) -> bool {
        let Some(limit) = self.limit else { return false };
        let passed = self.checked.elapsed();
        self.checked += passed;
        self.spent += passed.min(limit / CHECKS + Duration::from_millis(10));
        self.spent >= limit
    }
}
