//! Oracle of at-most-once runs: every number that began is in hand, or its end is known.

use super::Oracle;
use crate::outcome::check;
use evenly_core::{Assignment, Interval, Scheduler};

impl Oracle {
    /// Whoever ends now knows of everything that has begun: it is in somebody's hands, or has its fate.
    pub(crate) fn look_what_is_begun(&self, scheduler: &Scheduler) -> Result<(), String> {
        if !self.fates.is_once() || self.is_at_agent() {
            return Ok(());
        }
        let mut known = self.given_out.clone();
        for Assignment { interval, .. } in scheduler.in_hand() {
            check(known.add(interval), || format!("{interval} is in hand, and has its fate"))?;
        }
        // What is not wanted any more is nobody's.
        let limit = scheduler.ledger().limit().unwrap_or(i64::MAX);
        for begun in self.fates.begun.iter() {
            let wanted = Interval::new(begun.first(), begun.last().min(limit));
            let is_known = wanted.is_none_or(|wanted| known.has_all(wanted));
            check(is_known, || format!("{begun} is begun, and in nobody's hands"))?;
        }
        Ok(())
    }

    /// These are said to be back although nobody has begun them.
    pub(crate) fn untouched(&mut self, interval: Interval) -> Result<(), String> {
        let fates = &mut self.fates;
        check(!fates.begun.has_any(interval), || format!("{interval} is begun, not untouched"))?;
        // An agent may have been told to forget them in the meantime.
        let was_held = fates.handed_out.take(interval) || self.is_at_agent();
        check(was_held, || format!("{interval} was in nobody's hands"))
    }
}
