//! Work stealing: withdraws the tail of a long chunk for idle workers. Also withdraws everything when the run
//! drains.

use super::{Action, Policy, Scheduler, WorkerId};
use crate::frame::EVERY_LEASE;
use crate::lease::{Assignment, LeaseId};
use alloc::vec::Vec;

/// What is left of a chunk is worth dividing if it takes at least so long. A worker looks at its
/// pipe between slices of 20 ms at most, so less is often over before it looks.
const WORTH_NS: f64 = 5_000_000.0;

/// A look at this many leases takes about as long as handling a message.
const LEASES_PER_MESSAGE: usize = 64;

impl Scheduler {
    /// Asks the workers with the most left to do for a part of it, if others have nothing to do. The others may be very
    /// many, so one look at all leases asks for as many parts as are wanted, and with agents the next look comes only
    /// after some more messages. Each agent sends one a second at least.
    ///
    /// Not under `static`: its equal parts are what the user asked for. Of [undivided](Self::undivided) chunks it asks for
    /// the last one that the worker got, as a whole; the worker keeps it if it has begun.
    pub(super) fn steal(&mut self) -> Option<Action> {
        self.may_steal = false;
        if self.is_draining || !self.ledger.is_exhausted() || self.sizer.policy() == Policy::Static
        {
            return None;
        }
        let idle = self.living.len() - self.silent as usize - self.leases.busy();
        let wanted = idle.saturating_sub(self.leases.asked());
        if wanted == 0 {
            return None;
        }
        if let Some(left) = self.steals_to_skip.checked_sub(1) {
            self.steals_to_skip = left;
            return None;
        }
        let mut looked_at = 0;
        let mut longest = self.worth_dividing(&mut looked_at);
        longest.truncate(wanted);
        self.steals_to_skip = (looked_at / LEASES_PER_MESSAGE).min(self.agents as usize);
        for (_, longest, worker) in longest {
            let (lease, parts) = match self.is_undivided {
                false => (longest, idle as u64 + 1),
                true => match self.leases.last_unasked_of(worker) {
                    Some(last) => (last, 0),
                    None => break,
                },
            };
            self.leases.ask(worker, lease);
            self.may_steal = true;
            self.pending.push_back(Action::Withdraw { worker, lease, parts });
        }
        self.pending.pop_front()
    }

    /// Leases that are worth dividing and were not asked for, those that take longest first; counts all leases.
    fn worth_dividing(&self, looked_at: &mut usize) -> Vec<(f64, LeaseId, WorkerId)> {
        let cost = |(worker, Assignment { lease, interval: rest }): (WorkerId, Assignment)| {
            *looked_at += 1;
            let cost_ns = self.cost_on(worker)?.of(rest.len());
            let is_worth_it = rest.len() > u128::from(self.sizes.least) && cost_ns >= WORTH_NS;
            is_worth_it.then_some((cost_ns, lease, worker))
        };
        let mut longest: Vec<(f64, LeaseId, WorkerId)> =
            self.leases.unasked().filter_map(cost).collect();
        // Of those that take as long, the last ones first.
        longest.reverse();
        longest.sort_by(|a, b| b.0.total_cmp(&a.0));
        longest
    }

    /// Ends the run early: nothing more is handed out, and what workers have not counted is taken
    /// back.
    pub fn drain(&mut self) {
        if self.is_draining {
            return;
        }
        self.is_draining = true;
        for worker in self.living.iter().copied() {
            let state = &self.workers[worker.0 as usize];
            if state.can_work() && !state.window.is_empty() {
                let everything = Action::Withdraw { worker, lease: EVERY_LEASE, parts: 0 };
                self.pending.push_back(everything);
            }
        }
    }

    /// Whether the run is to end early and no worker has anything left in hand.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.is_draining && self.on_the_way() == 0 && self.leases.count() == 0
    }

    /// The same where some assignments were not sent, so that no worker gives them back.
    #[must_use]
    pub fn is_drained_except(&self, is_unsent: impl Fn(&Assignment) -> bool) -> bool {
        self.is_draining && self.on_the_way() == 0 && self.in_hand().all(|one| is_unsent(&one))
    }

    /// Numbers in records that do not count yet.
    fn on_the_way(&self) -> u128 {
        self.to_record.len() + self.recording
    }
}
