//! Rules of early ends: when a halt is due, and what a run that ended says about numbers without a value.

use super::Oracle;
use crate::oracle::record_ledger::one_by_one;
use crate::step_result::check;
use evenly_core::engine::FailureSummary;
use evenly_core::engine::halt::{Halt, HaltThreshold, HaltTrigger};
use evenly_core::{Cause, Failure, Interval, Scheduler};

impl Oracle {
    /// Whether what this primary recorded meets a halt condition.
    pub(crate) fn is_halt_met(&self, halt: &Halt) -> bool {
        let covered = self.acknowledged.numbers - self.resumed;
        let failed = self.acknowledged.failed.len() as u128 - self.resumed_failures;
        let happened = match halt.why {
            HaltTrigger::Fail => failed,
            HaltTrigger::Success => covered - failed,
            HaltTrigger::Done => covered,
        };
        match halt.after {
            HaltThreshold::Numbers(numbers) => happened >= numbers,
            HaltThreshold::Percent(percent) => {
                // The plan draws whole percentages.
                happened >= self.total.min(3) && happened * 100 >= self.total * percent as u128
            }
        }
    }

    /// Rule: a run goes on until its halt condition is met, and no longer.
    pub(crate) fn check_halt_is_not_due(
        &self,
        halt: &Halt,
        scheduler: &Scheduler,
    ) -> Result<(), String> {
        let ledger = scheduler.ledger();
        // With every number done or waived there is an answer.
        let is_complete = ledger.covered().len() + ledger.waived() == self.total;
        check(is_complete || !self.is_halt_met(halt), || format!("not halted by {halt}"))
    }

    /// The engine names the numbers that had begun when an at-most-once run ended at once.
    pub(crate) fn check_unknown_in_hand(
        &self,
        unknown: &[Failure],
        limit: Option<i64>,
    ) -> Result<(), String> {
        let begins = &self.begins;
        let mut known = self.given_out.clone();
        for Failure { interval, cause } in unknown {
            check(*cause == Cause::Unknown, || format!("{interval} in hand failed of {cause}"))?;
            check(begins.assigned.has_all(*interval), || {
                format!("{interval} is unknown, and was not sent")
            })?;
            check(known.add(*interval), || format!("{interval} is unknown, and has its fate"))?;
        }
        let limit = limit.unwrap_or(i64::MAX);
        for begun in begins.begun.iter() {
            let wanted = Interval::new(begun.first(), begun.last().min(limit));
            let is_known = wanted.is_none_or(|wanted| known.has_all(wanted));
            check(is_known, || format!("{begun} had begun at the end, and is not unknown"))?;
        }
        Ok(())
    }

    /// The engine sums up the numbers without a value at an early end; these were unknown in hand.
    pub(crate) fn check_summary(
        &self,
        summary: &FailureSummary,
        unknown: &[Failure],
        limit: Option<i64>,
    ) -> Result<(), String> {
        if self.question.aggregate.first().is_some() {
            return Ok(());
        }
        let mut due = self.acknowledged.failed.clone();
        due.extend(one_by_one(unknown));
        due.retain(|n, _| limit.is_none_or(|limit| *n <= limit));
        let listed = one_by_one(&summary.failures);
        check(listed == due, || format!("failed at the end are {listed:?} and not {due:?}"))?;
        let is_unknown = |cause: &&Cause| **cause == Cause::Unknown;
        let counts = (due.len() as u128, due.values().filter(is_unknown).count() as u128);
        let said = (summary.failed, summary.unknown);
        check(said == counts, || format!("failed and unknown are {said:?} and not {counts:?}"))
    }
}
