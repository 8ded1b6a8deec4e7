//! Rate limiter for reports of refused agents and callers: some at once, then one a minute.

use std::time::Duration;

/// Reports in a row.
const AT_ONCE: u64 = 20;

/// Interval in which one more may be reported.
const INTERVAL: Duration = Duration::from_secs(60);

/// Token bucket, and how many refusals it held back.
#[derive(Debug)]
pub(super) struct RefusalReport {
    left: u64,
    /// When a report was last added to those left.
    filled: Duration,
    unsaid: u64,
}

impl Default for RefusalReport {
    fn default() -> Self {
        Self { left: AT_ONCE, filled: Duration::ZERO, unsaid: 0 }
    }
}

impl RefusalReport {
    /// Whether a refusal is to be reported now, and then how many before it were not.
    pub(super) fn take(&mut self, now: Duration) -> Option<u64> {
        let intervals = now.saturating_sub(self.filled).as_secs() / INTERVAL.as_secs();
        self.left = (self.left + intervals).min(AT_ONCE);
        self.filled += Duration::from_secs(intervals * INTERVAL.as_secs());
        if self.left == 0 {
            self.unsaid += 1;
            return None;
        }
        self.left -= 1;
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_reported_by_its_number() {
        let mut report = RefusalReport::default();
        let at = Duration::from_millis;
        let reported = |report: &mut RefusalReport, from: u64, times: u64| -> Vec<u64> {
            (0..times).filter_map(|step| report.take(at(from + step))).collect()
        };
        assert_eq!(reported(&mut report, 5, 1000), vec![0; 20]);
        assert_eq!(reported(&mut report, 60_000, 1000), [980]);
        assert!(reported(&mut report, 119_000, 999).is_empty());
        assert_eq!(reported(&mut report, 120_000, 1), [999 + 999]);
        // After a quiet time, there are as many as at the beginning, and no more.
        assert_eq!(reported(&mut report, 1 << 40, 1000), vec![0; 20]);
    }
}
