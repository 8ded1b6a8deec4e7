//! Cost of a number on one worker: measured, and smoothed over the last measurements.

/// Nanoseconds for each number.
///
/// Floating point is enough: a pace decides how long a chunk is and never what the answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    ns_each: f64,
}

/// How much of a new measurement is believed at once. Half follows a cost that drifts along the
/// range within a few chunks, and forgives one chunk that was interrupted.
const BELIEF: f64 = 0.5;

impl Pace {
    /// The pace of `numbers` numbers that took `busy_ns`, or `None` if nothing was measured.
    #[must_use]
    pub fn measured(numbers: u128, busy_ns: u64) -> Option<Self> {
        if numbers == 0 {
            return None;
        }
        // A clock that did not advance still means some time: a pace is never zero.
        let ns = if busy_ns == 0 { 1.0 } else { busy_ns as f64 };
        Some(Self { ns_each: ns / numbers as f64 })
    }

    /// This pace after a newer measurement.
    #[must_use]
    pub fn then(self, newer: Self) -> Self {
        Self { ns_each: self.ns_each + (newer.ns_each - self.ns_each) * BELIEF }
    }

    /// The cost of `numbers` numbers in nanoseconds.
    #[must_use]
    pub fn cost_ns(self, numbers: u128) -> f64 {
        numbers as f64 * self.ns_each
    }
}

/// How fast the whole run advances, for progress displays: numbers per second over about
/// the last seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    /// When the first and the current period of measuring began.
    began_ns: Option<u64>,
    period_ns: u64,
    /// Numbers done since then.
    total: u128,
    period: u128,
    pace: Option<Pace>,
}

/// A measuring period that lasts this long means that the run stands still, or nearly so.
const STALE_NS: u64 = 10_000_000_000;

/// A rate over less than this is more noise than news.
const PERIOD_NS: u64 = 1_000_000_000;

impl Meter {
    /// Starts the clock, if it does not run yet.
    pub(crate) fn start(&mut self, now_ns: u64) {
        if self.began_ns.is_none() {
            self.began_ns = Some(now_ns);
            self.period_ns = now_ns;
        }
    }

    /// Notes numbers that are done.
    pub(crate) fn add(&mut self, numbers: u128, now_ns: u64) {
        self.start(now_ns);
        self.total += numbers;
        self.period += numbers;
        let elapsed = now_ns.saturating_sub(self.period_ns);
        if elapsed >= PERIOD_NS
            && let Some(newer) = Pace::measured(self.period, elapsed)
        {
            self.pace = Some(self.pace.map_or(newer, |pace| pace.then(newer)));
            self.period = 0;
            self.period_ns = now_ns;
        }
    }

    /// How many numbers are done.
    pub(crate) fn total(&self) -> u128 {
        self.total
    }

    /// The pace of the last seconds; before the first has passed, that since the start.
    pub(crate) fn pace(&self, now_ns: u64) -> Option<Pace> {
        let since_start = now_ns.saturating_sub(self.began_ns?);
        let pace = self.pace.or_else(|| Pace::measured(self.total, since_start))?;
        // A run that stands still is not as fast as it was: one more number is all that may be nearly done.
        let in_period = now_ns.saturating_sub(self.period_ns);
        let at_most = Pace::measured(self.period + 1, in_period).filter(|_| in_period >= STALE_NS);
        Some(at_most.filter(|at_most| at_most.ns_each > pace.ns_each).unwrap_or(pace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_never_zero() {
        let pace = Pace::measured(1_000, 0).unwrap();
        assert!(pace.cost_ns(1_000_000) > 0.0);
        assert_eq!(Pace::measured(0, 5), None);
    }

    #[test]
    fn newer_measurements_win_slowly() {
        let mut pace = Pace::measured(1, 100).unwrap();
        for _ in 0..20 {
            pace = pace.then(Pace::measured(1, 1_000).unwrap());
        }
        assert!((pace.cost_ns(1) - 1_000.0).abs() < 1.0);
    }

    #[test]
    fn a_meter_follows_the_last_seconds() {
        let mut meter = Meter::default();
        assert_eq!(meter.pace(5), None);
        meter.start(1_000);
        meter.add(10, 2_000);
        assert_eq!(meter.pace(2_000), Pace::measured(10, 1_000));
        for second in 1..20 {
            meter.add(1_000_000, 2_000 + second * PERIOD_NS);
        }
        let cost = meter.pace(21 * PERIOD_NS).unwrap().cost_ns(1_000_000);
        assert!((cost / PERIOD_NS as f64 - 1.0).abs() < 0.01, "{cost}");
    }
}
