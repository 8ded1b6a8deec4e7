//! Timer for the limits of a command. It leaves out the time in which the worker itself was stopped.

use std::time::{Duration, Instant};

/// Number of checks per limit. A check counts at most one such part of the limit: a longer wait means that the
/// worker was stopped meanwhile.
const CHECKS: u32 = 8;
/// Period of checks while the limit is not known yet.
const UNKNOWN_PERIOD: Duration = Duration::from_secs(1);

/// Time that a command may still take.
pub(super) struct Timer {
    limit: Option<Duration>,
    /// Whether the limit may change.
    can_change: bool,
    spent: Duration,
    checked: Instant,
}

impl Timer {
    pub(super) fn start(limit: Option<Duration>) -> Self {
        Self { limit, can_change: false, spent: Duration::ZERO, checked: Instant::now() }
    }

    /// Starts with a limit that may [change](Self::set_limit), or is not known yet.
    pub(super) fn start_with_changes(limit_ns: Option<u64>) -> Self {
        let limit = limit_ns.map(Duration::from_nanos);
        Self { can_change: true, ..Self::start(limit) }
    }

    /// Changes the limit of a timer that was started for that.
    pub(super) fn set_limit(&mut self, limit_ns: Option<u64>) {
        if self.can_change {
            self.limit = limit_ns.map(Duration::from_nanos);
        }
    }

    /// Time between two checks; `None` if there is nothing to check.
    fn period(&self) -> Option<Duration> {
        match self.limit {
            Some(limit) => Some(limit / CHECKS),
            None => self.can_change.then_some(UNKNOWN_PERIOD),
        }
    }

    /// Time until the next check is due; `None` without a limit.
    pub(super) fn next(&self) -> Option<Duration> {
        let left = self.limit.map_or(Duration::MAX, |limit| limit.saturating_sub(self.spent));
        Some(self.period()?.min(left).max(Duration::from_micros(100)))
    }

    /// Does not count the time since the last check.
    pub(super) fn skip(&mut self) {
        self.checked = Instant::now();
    }

    /// Checks whether the limit is reached.
    pub(super) fn is_over(&mut self) -> bool {
        let Some(period) = self.period() else { return false };
        let passed = self.checked.elapsed();
        self.checked += passed;
        self.spent += passed.min(period + Duration::from_millis(10));
        self.limit.is_some_and(|limit| self.spent >= limit)
    }
}
