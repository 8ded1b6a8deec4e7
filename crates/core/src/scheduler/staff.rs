//! Workers of a run: joining, replacement of lost ones, and the choice of a worker for a returned chunk.

use super::window::Waiting;
use super::{Capacity, Scheduler, Violation, Window, WorkAccount, WorkerRecord};
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
        self.workers.push(WorkerRecord {
            account: WorkAccount::open(window.workers(), window.is_agent(), now_ns),
            window,
            has_said_farewell: false,
            is_lost: false,
            is_silent: false,
            is_queued: false,
            is_fresh: true,
            crash_report: None,
            stopped_at: None,
            is_explained: false,
        });
        self.living.insert(worker);
        self.agents += u32::from(capacity.agent.is_some());
        self.open_account(worker);
        self.queue(worker);
        if self.missing == 0 && self.ledger.is_all_set_apart() {
            // What it does not take, others may.
            self.queue_all();
        }
        Ok(())
    }

    pub(super) fn living(&self, worker: WorkerId) -> Result<(), Violation> {
        match self.workers.get(worker.0 as usize) {
            Some(state) if !state.is_lost => Ok(()),
            _ => Err(Violation::UnknownWorker(worker)),
        }
    }

    /// Which returned chunks this worker may take: a number that is set apart is tried in a fresh worker, because
    /// another one may suffer from numbers that it did before.
    #[inline]
    pub(super) fn taker(&self, worker: WorkerId) -> Taker {
        let state = &self.workers[worker.0 as usize];
        match self.missing {
            _ if state.is_fresh && !state.window.is_agent() => Taker::Fresh,
            0 => Taker::Any,
            _ => Taker::AnotherComes,
        }
    }

    /// Whether all that is left to hand out waits for a fresh worker that is expected.
    #[must_use]
    pub fn awaits_a_fresh_worker(&self) -> bool {
        self.missing > 0 && self.ledger.is_all_set_apart()
    }

    /// Expects no replacement of a lost worker for now.
    pub(crate) fn expect_no_replacement(&mut self) {
        self.missing = self.missing.saturating_sub(1);
        self.queue_all();
    }

    /// Notes what a worker finished, and queues it if it runs low.
    #[inline]
    pub(super) fn account(
        &mut self,
        worker: WorkerId,
        settled: usize,
        numbers: u128,
        busy_ns: u64,
    ) {
        let state = &mut self.workers[worker.0 as usize];
        state.account.numbers += numbers;
        state.account.busy_ns += busy_ns;
        if let Some(work) = state.window.settled(settled, numbers, busy_ns, self.now_ns) {
            self.learn(worker, work);
        }
        self.may_steal = true;
        self.queue(worker);
    }

    /// Puts a worker that runs low into the queue.
    #[inline]
    pub(super) fn queue(&mut self, worker: WorkerId) {
        let state = &mut self.workers[worker.0 as usize];
        if !state.can_work() || state.is_queued || !state.window.runs_low() {
            return;
        }
        state.is_queued = true;
        self.hungry.push_back(worker);
        self.may_steal = true;
    }

    /// Opens the window of a worker as wide as what waits for workers now suggests.
    pub(super) fn open_window(&mut self, worker: WorkerId) {
        let state = &self.workers[worker.0 as usize];
        let shares = (self.strength / state.window.workers()).max(1);
        let waiting = Waiting {
            numbers: self.ledger.remaining() / u128::from(shares),
            returned: self.ledger.returned_chunks() / shares as usize,
        };
        let is_alone = self.should_be_alone(worker);
        let is_one_by_one = self.one_by_one_for(worker).is_some();
        let is_growing = self.is_growing_agent(worker);
        let state = &mut self.workers[worker.0 as usize];
        state.window.open(self.sizer.policy(), waiting, is_alone);
        if is_growing {
            state.window.hold_few_to_learn();
        }
        if self.allowance.is_some() || self.once.is_some() || is_one_by_one {
            // What is allowed now is to begin now, not after other chunks; what may have begun is lost with
            // the worker that holds it; and an answer decides whether there is another chunk.
            state.window.hold_no_more_than_begin();
        }
    }

    /// Queues the workers that got fewer chunks than they have room for. All others are in the queue, or have enough.
    pub(super) fn queue_all(&mut self) {
        for worker in core::mem::take(&mut self.low) {
            self.queue(worker);
        }
    }
}
