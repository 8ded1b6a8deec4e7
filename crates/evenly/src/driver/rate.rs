//! How much may begin in a second: one thing after the other, at equal distances.

use std::time::Duration;

/// Who wakes up for more than a thousand things a second wakes up for several at once.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// A rate, and when the next thing may begin.
#[derive(Debug)]
pub(super) struct Rate {
    distance: Duration,
    next: Duration,
}

impl Rate {
    /// So many a second, from the start on.
    pub(super) fn new(per_second: f64) -> Self {
        Self { distance: Duration::from_secs_f64(1.0 / per_second), next: Duration::ZERO }
    }

    /// How many things may begin in a second.
    pub(super) fn per_second(&self) -> f64 {
        1.0 / self.distance.as_secs_f64()
    }

    /// When there is something to [take](Self::take).
    pub(super) fn next(&self) -> Duration {
        // At less than a thousand a second, that is what comes next.
        self.next + LEAST_WAIT.saturating_sub(self.distance)
    }

    /// How many things may begin now. What could have begun long ago and did not is not made up for.
    pub(super) fn take(&mut self, now: Duration) -> u64 {
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

    /// How many begin in each of these seconds, if somebody asks whenever that makes sense.
    fn in_seconds(per_second: f64, seconds: u64) -> Vec<u64> {
        let mut rate = Rate::new(per_second);
        let mut begun = vec![0; seconds as usize];
        let mut now = Duration::ZERO;
        while now.as_secs() < seconds {
            begun[now.as_secs() as usize] += rate.take(now);
            now = rate.next().max(now + Duration::from_micros(1));
        }
        begun
    }

    #[test]
    fn that_many_begin_in_a_second() {
        assert_eq!(in_seconds(2.0, 3), [2, 2, 2]);
        assert_eq!(in_seconds(0.5, 4), [1, 0, 1, 0]);
        for begun in in_seconds(50_000.0, 3) {
            assert!((49_000..=50_100).contains(&begun), "{begun}");
        }
    }

    #[test]
    fn what_did_not_begin_is_not_made_up_for() {
        let mut rate = Rate::new(10.0);
        assert_eq!(rate.take(Duration::ZERO), 1);
        assert_eq!(rate.take(Duration::from_secs(5)), 1);
        assert_eq!(rate.take(Duration::from_secs(5)), 0);
        assert_eq!(rate.next(), Duration::from_millis(5100));
    }
}
