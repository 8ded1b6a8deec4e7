//! Assignment of chunks: which worker gets some, and how many.

use super::allowance::{Allowance, most_allowed};
use super::{Action, Scheduler};
use crate::lease::WorkerId;
use crate::ledger::Taker;
use crate::policy::Policy;
use alloc::vec::Vec;

impl Scheduler {
    /// Lends chunks to the first worker that has room for some.
    ///
    /// A worker whose output waits for lower numbers gets none while another worker can do them: it would begin them only
    /// when all of that output is in memory here.
    pub(super) fn assign(&mut self) -> Option<Action> {
        let mut blocked = Vec::new();
        let mut assigned = None;
        while let Some(&worker) = self.hungry.front() {
            if self.is_draining || self.ledger.is_exhausted() {
                // The first worker in line gets the next numbers that come back. Near the end most workers wait.
                break;
            }
            if self.leases.is_full() || self.allowance.is_some_and(Allowance::is_used_up) {
                // It keeps its place until a worker answers, or until more is allowed.
                break;
            }
            self.hungry.pop_front();
            if self.is_blocked(worker) && self.has_free_worker() {
                blocked.push(worker);
                continue;
            }
            let state = &mut self.workers[worker.0 as usize];
            state.is_queued = false;
            if !state.can_work() {
                continue;
            }
            self.open_window(worker);
            let is_assigned = self.fill(worker);
            if self.workers[worker.0 as usize].window.runs_low() {
                self.low.insert(worker);
            }
            if is_assigned {
                assigned = Some(Action::Assign { worker });
                break;
            }
            self.may_steal = true;
        }
        self.hungry.extend(blocked);
        assigned
    }

    /// Lends `worker` as many chunks as its window has room for; whether there were any.
    fn fill(&mut self, worker: WorkerId) -> bool {
        let most = self.longest_chunk(worker);
        let taker = self.taker(worker);
        let mut input = self.input(worker);
        self.choose_order();
        let Self { ledger, leases, sizer, assigned, late, allowance, now_ns, windows_of, .. } =
            self;
        let window = &mut self.workers[worker.0 as usize].window;
        assigned.clear();
        while window.room() > 0 {
            input.remaining = ledger.remaining();
            if let Some(returned) = ledger.take_returned(taker) {
                let attempt = returned.attempts.saturating_add(1);
                let (interval, history) = (returned.interval, (returned.losses, returned.cause));
                let assignment = leases.lend(worker, interval, attempt, history);
                if let Some(first) = returned.late {
                    late.lend_again(first, assignment.lease);
                }
                assigned.push(assignment.into());
                window.lent(interval.len(), *now_ns);
                if let Some(allowance) = allowance {
                    allowance.use_up(interval.len());
                }
            } else if input.remaining > 0 {
                let mut len = most_allowed(*allowance, sizer.next(input).min(most));
                // An agent cuts the chunks of its own workers.
                let items = windows_of.as_ref().filter(|_| !window.is_agent());
                if let Some((items, front)) = items.zip(ledger.front()) {
                    len = len.min(items.consecutive(front).positions().len());
                }
                // Chunks of one length are cut from the front in one step.
                let count = match (sizer.policy(), &*allowance, &*windows_of) {
                    (Policy::Fixed(_), None, None) if taker != Taker::Fresh => {
                        window.room_for(len).min(leases.room())
                    }
                    _ => 1,
                };
                let Some(front) = ledger.take_front(len.saturating_mul(count as u128)) else {
                    break;
                };
                leases.lend_run(worker, front, len, assigned);
                if let Some(allowance) = allowance {
                    allowance.use_up(front.len());
                }
                let count = front.len().div_ceil(len) as usize;
                window.lent_run(count, len.min(front.len()), *now_ns);
            } else {
                break;
            }
            let is_used_up = allowance.is_some_and(Allowance::is_used_up);
            // A fresh worker has a number that was set apart for itself.
            if leases.is_full() || is_used_up || taker == Taker::Fresh {
                break;
            }
        }
        self.workers[worker.0 as usize].is_fresh &= assigned.is_empty();
        !assigned.is_empty()
    }
}
