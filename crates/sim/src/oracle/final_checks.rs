//! Checks at the end of a run, complete or early.

use crate::oracle::Oracle;
use crate::oracle::record_ledger::one_by_one;
use crate::plan::cost_model::DeadlyNumber;
use crate::step_result::check;
use evenly_core::{Cause, Interval, Scheduler, Value};

impl Oracle {
    /// Rules for the end of every run, early or not.
    pub(crate) fn check_end(&self, scheduler: &Scheduler) -> Result<(), String> {
        self.check_scheduler(scheduler)?;
        let covered = scheduler.ledger().covered();
        check(covered.iter().eq(self.acknowledged.covered.iter()), || {
            "the covered numbers are not those recorded".into()
        })?;
        let failed = one_by_one(scheduler.ledger().failures());
        let known = &self.acknowledged.failed;
        check(failed == *known, || format!("failed are {failed:?} and not {known:?}"))?;
        let unknown = known.values().filter(|cause| **cause == Cause::Unknown).count() as u128;
        check(scheduler.ledger().unknown() == unknown, || "others are unknown".into())?;
        if self.question.aggregate.is_streamed() {
            return Ok(());
        }
        let mut with_values = Vec::new();
        for interval in covered.iter() {
            let mut rest = Some(interval);
            for (n, _) in failed.range(interval.first()..=interval.last()) {
                let Some(left) = rest else { break };
                let below = n.checked_sub(1).and_then(|last| Interval::new(left.first(), last));
                with_values.extend(below);
                rest = left.above(*n);
            }
            with_values.extend(rest);
        }
        let value = self.question.value_over(&with_values)?;
        check(*scheduler.answer() == value, || {
            format!("the answer is {:?} and not {value:?}", scheduler.answer())
        })
    }

    /// Rules for the end of a complete run.
    pub(crate) fn check_finish(&self, scheduler: &Scheduler) -> Result<(), String> {
        self.check_end(scheduler)?;
        let Some(whole) = self.whole else { return Ok(()) };
        let (books, ledger) = (&self.acknowledged, scheduler.ledger());
        let waived = ledger.waived();
        check(books.numbers + waived == self.total, || "finished, and not covered".into())?;
        self.check_accounts(scheduler)?;
        let decided = self.deciding_number(whole);
        match (ledger.limit(), decided) {
            (None, None) => check(waived == 0, || "waived without a reason".into())?,
            (Some(limit), Some(decided)) if limit >= decided => {}
            (limit, decided) => {
                return Err(format!("nothing is wanted above {limit:?}, decided by {decided:?}"));
            }
        }
        let last = ledger.limit().map_or(whole.last(), |limit| limit.min(whole.last()));
        let wanted = Interval::new(whole.first(), last).ok_or("nothing is wanted")?;
        let is_done = books.covered.iter().any(|done| done.contains(wanted));
        check(is_done, || format!("gaps in the end, up to {last}"))?;
        let is_wanted = |deadly: &&DeadlyNumber| deadly.is_always() && deadly.n <= last;
        for deadly in self.deadly.iter().filter(is_wanted) {
            let has_failed = books.failed.contains_key(&deadly.n);
            check(has_failed, || format!("{} cannot be computed and did not fail", deadly.n))?;
        }
        Ok(())
    }

    /// Every number that this primary recorded is in the account of one worker or agent.
    fn check_accounts(&self, scheduler: &Scheduler) -> Result<(), String> {
        let accounts: u128 = scheduler.accounts().map(|(_, account)| account.numbers).sum();
        let recorded = self.acknowledged.numbers - self.resumed;
        check(accounts == recorded, || {
            format!("the accounts of the workers have {accounts} numbers of {recorded}")
        })
    }

    /// The number above which no other matters to the answer, by the done numbers.
    fn deciding_number(&self, whole: Interval) -> Option<i64> {
        let (question, books) = (&self.question, &self.acknowledged);
        let witness = match books.value {
            Value::Witness(witness) => witness,
            _ => None,
        };
        let enough = match question.aggregate.first() {
            Some(first) => {
                let mut found = 0;
                let mut from = i128::from(whole.first());
                loop {
                    let next = question.next_line(from, whole.last(), &books.failed);
                    let Ok(Some((n, _))) = next else { break None };
                    found += 1;
                    if found == first.get() {
                        break Some(n);
                    }
                    from = i128::from(n) + 1;
                }
            }
            _ => None,
        };
        let ends_below = question.aggregate.is_streamed() && !question.leaves_out;
        let failure = books.failed.keys().next().copied().filter(|_| ends_below);
        [witness, enough, failure].into_iter().flatten().min()
    }
}
