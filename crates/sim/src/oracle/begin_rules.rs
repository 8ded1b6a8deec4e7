//! At-most-once rules: each begun number is assigned, or its outcome is known; an untouched number has not begun.

use super::Oracle;
use crate::step_result::check;
use evenly_core::{Assignment, Interval, Scheduler};

impl Oracle {
    /// Every number that began is assigned to a worker or agent, or its end is known.
    pub(crate) fn check_begun_numbers(&self, scheduler: &Scheduler) -> Result<(), String> {
        if !self.begins.is_once() || self.is_at_agent() {
            return Ok(());
        }
        let mut known = self.given_out.clone();
        for Assignment { interval, .. } in scheduler.in_hand() {
            check(known.add(interval), || format!("{interval} is in hand, and has its fate"))?;
        }
        // Numbers above the limit of the answer are not assigned any more.
        let limit = scheduler.ledger().limit().unwrap_or(i64::MAX);
        for begun in self.begins.begun.iter() {
            let wanted = Interval::new(begun.first(), begun.last().min(limit));
            let is_known = wanted.is_none_or(|wanted| known.has_all(wanted));
            check(is_known, || format!("{begun} is begun, and not assigned"))?;
        }
        Ok(())
    }

    /// The engine reports that these are back and have not begun.
    pub(crate) fn check_untouched(&mut self, interval: Interval) -> Result<(), String> {
        let begins = &mut self.begins;
        check(!begins.begun.has_any(interval), || format!("{interval} is begun, not untouched"))?;
        // The primary may have withdrawn every lease of the agent in the meantime.
        let was_held = begins.assigned.take(interval) || self.is_at_agent();
        check(was_held, || format!("{interval} was not assigned"))
    }
}
