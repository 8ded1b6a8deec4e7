//! Work stealing: withdraws the tail of a long chunk for idle workers. Also withdraws everything when the run
//! drains.

use super::{Action, Policy, Scheduler, WorkerId};
use crate::frame::EVERY_LEASE;
use crate::lease::Assignment;

/// What is left of a chunk is worth dividing if it takes at least so long. A worker looks at its
/// pipe between slices of 20 ms at most, so less is often over before it looks.
const WORTH_NS: f64 = 5_000_000.0;

impl Scheduler {
    /// Asks the worker with the most left to do for a part of it, if others have nothing to do.
    ///
    /// Not under `static`: its equal parts are what the user asked for. Of [undivided](Self::undivided) chunks it asks for
    /// the last one that the worker got, as a whole; the worker keeps it if it has begun.
    pub(super) fn steal(&mut self) -> Option<Action> {
        self.may_steal = false;
        if self.is_draining || !self.ledger.is_exhausted() || self.sizer.policy() == Policy::Static
        {
            return None;
        }
        let states = self.living.iter().map(|worker| &self.workers[worker.0 as usize]);
        let can_work = states.filter(|state| state.can_work());
        let idle = can_work.filter(|state| state.window.is_empty()).count();
        let asked = self.leases.asked();
        if idle <= asked {
            return None;
        }
        let cost = |(worker, Assignment { lease, interval: rest }): (WorkerId, Assignment)| {
            let cost = self.cost_on(worker)?;
            (rest.len() > u128::from(self.sizes.least))
                .then(|| (cost.of(rest.len()), lease, worker))
        };
        let longest = self.leases.unasked().filter_map(cost).max_by(|a, b| a.0.total_cmp(&b.0));
        let (_, longest, worker) = longest.filter(|(cost_ns, ..)| *cost_ns >= WORTH_NS)?;
        let (lease, parts) = match self.is_undivided {
            false => (longest, idle as u64 + 1),
            true => (self.leases.last_unasked_of(worker)?, 0),
        };
        self.leases.ask(worker, lease);
        self.may_steal = true;
        Some(Action::Withdraw { worker, lease, parts })
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
        self.is_drained_except(|_| false)
    }

    /// The same where some assignments were not sent, so that no worker gives them back.
    #[must_use]
    pub fn is_drained_except(&self, is_unsent: impl Fn(&Assignment) -> bool) -> bool {
        let on_the_way = self.to_record.len() + self.recording;
        self.is_draining && on_the_way == 0 && self.in_hand().all(|one| is_unsent(&one))
    }
}
