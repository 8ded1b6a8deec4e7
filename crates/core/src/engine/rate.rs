//! Rate limiter for chunk starts (`--max-rate`): one start after the other, at equal distances.

use core::time::Duration;

/// Shortest sleep between two starts. At more than a thousand starts per second, several share one wake-up.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// A rate, and the time of the next start.
#[derive(Debug)]
pub struct RateLimiter {
    distance: Duration,
    next: Duration,
}

impl RateLimiter {
    /// This many starts per second, from the beginning of the run on.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        Self { distance: Duration::from_secs_f64(1.0 / per_second), next: Duration::ZERO }
    }

    /// Starts per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        1.0 / self.distance.as_secs_f64()
    }

    /// When [`take`](Self::take) gives something next.
    #[must_use]
    pub fn next(&self) -> Duration {
        // Below a thousand per second, LEAST_WAIT adds nothing.
        self.next + LEAST_WAIT.saturating_sub(self.distance)
    }

    /// How many starts are allowed now. A start that was allowed long ago and did not happen is not made up for.
    pub fn take(&mut self, now: Duration) -> u64 {
        if now < self.next {
            return 0;
        }
        let due = 1 + (now - self.next).as_nanos() / self.distance.as_nanos().max(1);
        let at_once = 1 + LEAST_WAIT.as_nanos() / self.distance.as_nanos().max(1);
        let taken = due.min(at_once) as u64;
        self.next = if due > at_once {
            now + self.distance
        } else {
            self.next + self.distance.saturating_mul(taken as u32)
        };
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    /// Starts in each second, for an owner that asks whenever there may be one.
    fn in_seconds(per_second: f64, seconds: u64) -> Vec<u64> {
        let mut rate = RateLimiter::new(per_second);
        let mut begun = vec![0; seconds as usize];
        let mut now = Duration::ZERO;
        while now.as_secs() < seconds {
            begun[now.as_secs() as usize] += rate.take(now);
            now = rate.next().max(now + Duration::from_micros(1));
        }
        begun
    }

    #[test]
    fn the_rate_holds_in_every_second() {
        assert_eq!(in_seconds(2.0, 3), [2, 2, 2]);
        assert_eq!(in_seconds(0.5, 4), [1, 0, 1, 0]);
        for begun in in_seconds(50_000.0, 3) {
            assert!((49_000..=50_100).contains(&begun), "{begun}");
        }
    }

    #[test]
    fn a_missed_start_is_not_made_up_for() {
        let mut rate = RateLimiter::new(10.0);
        assert_eq!(rate.take(Duration::ZERO), 1);
        assert_eq!(rate.take(Duration::from_secs(5)), 1);
        assert_eq!(rate.take(Duration::from_secs(5)), 0);
        assert_eq!(rate.next(), Duration::from_millis(5100));
    }
}
