//! Halt conditions: a run ends early by itself after enough numbers failed, succeeded or were done.

use crate::interval::Interval;
use crate::scheduler::{Record, Scheduler};
use core::fmt;

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

/// As `--halt` takes it.
impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = match self.when {
            HaltSpeed::Now => "now",
            HaltSpeed::Soon => "soon",
        };
        let why = match self.why {
            HaltTrigger::Fail => "fail",
            HaltTrigger::Success => "success",
            HaltTrigger::Done => "done",
        };
        match self.after {
            HaltThreshold::Numbers(numbers) => write!(f, "{when},{why}={numbers}"),
            HaltThreshold::Percent(percent) => write!(f, "{when},{why}={percent}%"),
        }
    }
}

/// A condition that was met, and the count that met it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReachedHalt {
    /// The condition.
    pub halt: Halt,
    /// How many numbers or windows it counted in this run.
    pub counted: u128,
    /// Whether it counted windows: chunks that one command gets as a whole.
    pub has_windows: bool,
    /// Whether the items have an end. Without one, `--halt never` alone is refused.
    pub has_end: bool,
}

/// As in `--halt soon,fail=2 (2 windows failed; to do the rest, use --halt never instead)`. Where the items have no end, the advice is
/// a limit twice as high.
impl fmt::Display for ReachedHalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { halt, counted, has_windows, has_end } = self;
        let unit = if *has_windows { "window" } else { "number" };
        let plural = if *counted == 1 { "" } else { "s" };
        let how = match halt.why {
            HaltTrigger::Fail => "failed",
            HaltTrigger::Success => "succeeded",
            HaltTrigger::Done => "done",
        };
        write!(f, "--halt {halt} ({counted} {unit}{plural} {how}; to do the rest, use --halt ")?;
        match halt.after {
            HaltThreshold::Numbers(numbers) if !has_end => {
                let after = HaltThreshold::Numbers(numbers.max(*counted).saturating_mul(2));
                write!(f, "{} instead)", Halt { after, ..*halt })
            }
            _ => f.write_str("never instead)"),
        }
    }
}

/// Numbers or windows of this run; `covered` includes `failed`.
#[derive(Clone, Copy, Debug, Default)]
struct HaltCounts {
    failed: u128,
    covered: u128,
}

impl Halt {
    /// What counts towards the condition.
    fn counted(&self, HaltCounts { failed, covered }: HaltCounts) -> u128 {
        match self.why {
            HaltTrigger::Fail => failed,
            HaltTrigger::Success => covered.saturating_sub(failed),
            HaltTrigger::Done => covered,
        }
    }

    /// Whether the condition is met. `covered` includes `failed`.
    #[must_use]
    pub fn has_happened(&self, failed: u128, covered: u128, total: u128) -> bool {
        let happened = self.counted(HaltCounts { failed, covered });
        match self.after {
            HaltThreshold::Numbers(numbers) => happened >= numbers.max(1),
            // Fewer than three say nothing about a percentage.
            HaltThreshold::Percent(percent) => {
                happened >= 3.min(total) && happened as f64 >= total as f64 * percent / 100.0
            }
        }
    }
}

/// HaltCounts towards a halt. Numbers of earlier runs of the journal do not count again, or a resumed run would halt at
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
    /// Numbers that wait for the journal, and count when it has them.
    waiting: HaltCounts,
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

    /// A record waits for the journal. Whether the condition is met when the journal has it, so that it should not wait
    /// long: a cheap function does millions of numbers meanwhile.
    pub(super) fn wait(&mut self, record: &Record, scheduler: &Scheduler) -> bool {
        let Some(halt) = self.halt.filter(|_| !self.has_windows) else { return false };
        let failed: u128 = record.failed.iter().map(|failure| failure.interval.len()).sum();
        self.waiting.failed += failed;
        self.waiting.covered += failed + record.covered.iter().map(Interval::len).sum::<u128>();
        let HaltCounts { failed, covered } = self.numbers(scheduler);
        let (failed, covered) = (failed + self.waiting.failed, covered + self.waiting.covered);
        halt.has_happened(failed, covered, scheduler.total())
    }

    /// The journal has what waited.
    pub(super) fn synced(&mut self) {
        self.waiting = HaltCounts::default();
    }

    /// How to end the run, if the condition is met.
    #[inline]
    pub(super) fn is_met(&self, scheduler: &Scheduler) -> Option<HaltSpeed> {
        let halt = self.halt?;
        let ledger = scheduler.ledger();
        let total = scheduler.total();
        // With every number done or waived there is an answer: a halt would only withhold it.
        if ledger.covered().len() + ledger.waived() == total {
            return None;
        }
        let numbers = self.numbers(scheduler);
        let happened = |halt: Halt, counts: HaltCounts, total| {
            halt.has_happened(counts.failed, counts.covered, total)
        };
        let is_met = match halt.after {
            _ if !self.has_windows => happened(halt, numbers, total),
            HaltThreshold::Numbers(_) => happened(halt, self.windows(scheduler), u128::MAX),
            // The number of windows is not known before the end, so the share is one of numbers. But one window
            // of many numbers says as little about a percentage as one number.
            HaltThreshold::Percent(_) => {
                let three = Halt { after: HaltThreshold::Numbers(3), ..halt };
                happened(halt, numbers, total)
                    && happened(three, self.windows(scheduler), u128::MAX)
            }
        };
        is_met.then_some(halt.when)
    }

    /// The condition, and what it has counted so far.
    pub(super) fn reached(&self, scheduler: &Scheduler) -> Option<ReachedHalt> {
        let halt = self.halt?;
        let has_windows = self.has_windows && matches!(halt.after, HaltThreshold::Numbers(_));
        let counts = if has_windows { self.windows(scheduler) } else { self.numbers(scheduler) };
        Some(ReachedHalt { halt, counted: halt.counted(counts), has_windows, has_end: true })
    }

    fn windows(&self, scheduler: &Scheduler) -> HaltCounts {
        let failed = u128::from(self.failed_windows);
        HaltCounts { failed, covered: failed + u128::from(scheduler.windows()) }
    }

    fn numbers(&self, scheduler: &Scheduler) -> HaltCounts {
        let ledger = scheduler.ledger();
        HaltCounts {
            failed: ledger.failed().saturating_sub(self.failed_before),
            covered: ledger.covered().len().saturating_sub(self.covered_before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

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
    fn a_reached_halt_names_the_option_its_limit_and_the_count() {
        let halt = |why, after| Halt { when: HaltSpeed::Soon, why, after };
        let text = |halt, counted, has_windows| {
            ReachedHalt { halt, counted, has_windows, has_end: true }.to_string()
        };
        let fail = halt(HaltTrigger::Fail, HaltThreshold::Numbers(2));
        assert_eq!(
            text(fail, 2, true),
            "--halt soon,fail=2 (2 windows failed; to do the rest, use --halt never instead)"
        );
        let done = halt(HaltTrigger::Done, HaltThreshold::Percent(5.0));
        assert_eq!(
            text(done, 1, false),
            "--halt soon,done=5% (1 number done; to do the rest, use --halt never instead)"
        );
        let open = ReachedHalt { halt: fail, counted: 3, has_windows: false, has_end: false };
        assert_eq!(
            open.to_string(),
            "--halt soon,fail=2 (3 numbers failed; to do the rest, use --halt soon,fail=6 instead)"
        );
    }

    #[test]
    fn the_default_waits_for_ten_thousand_failures() {
        assert!(!Halt::default().has_happened(9_999, 1 << 60, 1 << 64));
        assert!(Halt::default().has_happened(10_000, 10_000, 1 << 64));
    }
}
