//! Halt conditions: a run ends early by itself after enough numbers failed, succeeded or were done.

use crate::scheduler::Scheduler;

/// Condition under which a run ends early: `when,why=val` of `--halt`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Halt {
    /// Whether workers may finish the numbers that they are at.
    pub when: HaltSpeed,
    /// Which numbers count.
    pub why: HaltTrigger,
    /// How many of them.
    pub after: HaltThreshold,
}

/// How fast a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaltSpeed {
    /// At once: the workers are killed.
    Now,
    /// When the workers have finished the numbers that they are at.
    Soon,
}

/// Which numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HaltTrigger {
    /// Those that failed.
    Fail,
    /// Those that have a value.
    Success,
    /// Both.
    Done,
}

/// How many numbers it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HaltThreshold {
    /// This many, at least one.
    Numbers(u128),
    /// This percentage of the range, but at least three numbers.
    Percent(f64),
}

/// Failures that end a run by default: the user should look at them first.
const FAILURES: u128 = 10_000;

impl Default for Halt {
    fn default() -> Self {
        Self {
            when: HaltSpeed::Soon,
            why: HaltTrigger::Fail,
            after: HaltThreshold::Numbers(FAILURES),
        }
    }
}

impl Halt {
    /// Whether the condition is met. `covered` includes `failed`.
    #[must_use]
    pub fn has_happened(&self, failed: u128, covered: u128, total: u128) -> bool {
        let happened = match self.why {
            HaltTrigger::Fail => failed,
            HaltTrigger::Success => covered.saturating_sub(failed),
            HaltTrigger::Done => covered,
        };
        match self.after {
            HaltThreshold::Numbers(numbers) => happened >= numbers.max(1),
            // Fewer than three say nothing about a percentage.
            HaltThreshold::Percent(percent) => {
                happened >= 3.min(total) && happened as f64 >= total as f64 * percent / 100.0
            }
        }
    }
}

/// Counts towards a halt. Numbers of earlier runs of the journal do not count again, or a resumed run would halt at
/// once.
#[derive(Debug, Default)]
pub(super) struct HaltCount {
    halt: Option<Halt>,
    /// Whether a window (a chunk that one command gets as a whole) counts as one.
    has_windows: bool,
    covered_before: u128,
    failed_before: u128,
    /// Windows that failed in this run.
    failed_windows: u64,
}

impl HaltCount {
    pub(super) fn set_halt(&mut self, halt: Option<Halt>, has_windows: bool) {
        (self.halt, self.has_windows) = (halt, has_windows);
    }

    pub(super) fn set_before(&mut self, covered: u128, failed: u128) {
        (self.covered_before, self.failed_before) = (covered, failed);
    }

    /// A number or a window failed.
    pub(super) fn fail(&mut self) {
        self.failed_windows += 1;
    }

    /// How to end the run, if the condition is met. A percentage is always one of numbers, because the number of
    /// windows is not known before the end.
    #[inline]
    pub(super) fn is_met(&self, scheduler: &Scheduler) -> Option<HaltSpeed> {
        let halt = self.halt?;
        let ledger = scheduler.ledger();
        let (failed, covered, total) = (ledger.failed(), ledger.covered().len(), scheduler.total());
        // With every number done or waived there is an answer: a halt would only withhold it.
        if covered + ledger.waived() == total {
            return None;
        }
        let is_met = if self.has_windows && matches!(halt.after, HaltThreshold::Numbers(_)) {
            let failed = u128::from(self.failed_windows);
            halt.has_happened(failed, failed + u128::from(scheduler.windows()), u128::MAX)
        } else {
            halt.has_happened(
                failed.saturating_sub(self.failed_before),
                covered.saturating_sub(self.covered_before),
                total,
            )
        };
        is_met.then_some(halt.when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_counts_its_own_numbers() {
        let halt = |why, after| Halt { when: HaltSpeed::Now, why, after };
        let three = HaltThreshold::Numbers(3);
        assert!(!halt(HaltTrigger::Fail, three).has_happened(2, 10, 100));
        assert!(halt(HaltTrigger::Fail, three).has_happened(3, 10, 100));
        assert!(!halt(HaltTrigger::Success, three).has_happened(8, 10, 100));
        assert!(halt(HaltTrigger::Done, three).has_happened(0, 3, 100));
    }

    #[test]
    fn a_percentage_needs_three_numbers_at_least() {
        let halt = Halt {
            when: HaltSpeed::Soon,
            why: HaltTrigger::Fail,
            after: HaltThreshold::Percent(5.0),
        };
        assert!(!halt.has_happened(4, 50, 100));
        assert!(halt.has_happened(5, 50, 100));
        assert!(!halt.has_happened(2, 2, 10));
        assert!(halt.has_happened(3, 3, 10));
    }

    #[test]
    fn the_default_waits_for_ten_thousand_failures() {
        assert!(!Halt::default().has_happened(9_999, 1 << 60, 1 << 64));
        assert!(Halt::default().has_happened(10_000, 10_000, 1 << 64));
    }
}
