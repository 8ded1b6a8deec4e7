//! Who works: workers that join, those that nobody has taken the place of yet, and who takes what.

use super::{Capacity, Scheduler, Violation, Window, Worker};
use crate::lease::WorkerId;
use crate::ledger::Taker;

impl Scheduler {
    pub(super) fn join(
        &mut self,
        worker: WorkerId,
        capacity: Capacity,
        now_ns: u64,
    ) -> Result<(), Violation> {
        if worker.0 as usize != self.workers.len() {
            return Err(Violation::UnknownWorker(worker));
        }
        self.meter.start(now_ns);
        let window = Window::new(capacity);
        self.strength += window.workers();
        self.missing = self.missing.saturating_sub(u32::from(capacity.agent.is_none()));
        self.workers.push(Worker {
            window,
            is_lost: false,
            is_silent: false,
            is_queued: false,
            is_fresh: true,
            gasp: None,
            stopped_at: None,
            is_explained: false,
        });
        self.living.push(worker);
        self.open_account(worker);
        self.queue(worker);
        if self.missing == 0 && self.ledger.is_all_set_apart() {
            // What it does not take, others may.
            self.queue_everybody();
        }
        Ok(())
    }

    pub(super) fn living(&self, worker: WorkerId) -> Result<(), Violation> {
        match self.workers.get(worker.0 as usize) {
            Some(state) if !state.is_lost => Ok(()),
            _ => Err(Violation::UnknownWorker(worker)),
        }
    }

    /// Who takes what was taken back, if this worker does: a number that is set apart is tried in a fresh
    /// worker, since another may only suffer from what it did before.
    #[inline]
    pub(super) fn taker(&self, worker: WorkerId) -> Taker {
        let state = &self.workers[worker.0 as usize];
        match self.missing {
            _ if state.is_fresh && !state.window.is_agent() => Taker::Fresh,
            0 => Taker::Anybody,
            _ => Taker::AnotherComes,
        }
    }

    /// Whether all that is left to hand out waits for a fresh worker, who is expected.
    #[must_use]
    pub fn awaits_a_fresh_worker(&self) -> bool {
        self.missing > 0 && self.ledger.is_all_set_apart()
    }

    /// For now, nobody takes the place of a lost worker.
    pub(crate) fn expect_nobody(&mut self) {
        self.missing = self.missing.saturating_sub(1);
        self.queue_everybody();
    }

    pub(super) fn queue_everybody(&mut self) {
        for index in 0..self.living.len() {
            self.queue(self.living[index]);
        }
    }
}
