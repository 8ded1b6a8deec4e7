//! Positions of workers as the driver reads them, compared with the leases of the scheduler.

use super::Supervisor;
use crate::frame::Description;
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::partial::Cause;
use crate::scheduler::{SchedulerEvent, Violation};

impl Supervisor {
    /// Another process stopped the worker in a slot.
    pub fn stop(&mut self, slot: usize, now_ns: u64) {
        self.seats.stop(slot, now_ns);
    }

    /// The worker in a slot goes on after a stop.
    ///
    /// # Errors
    /// None, as long as the slot has a worker.
    pub fn go_on(&mut self, slot: usize, now_ns: u64) -> Result<(), Violation> {
        let Some(worker) = self.names[slot] else { return Ok(()) };
        self.scheduler.went_on(worker);
        if self.seats.go_on(slot) {
            return self.scheduler.handle(SchedulerEvent::Awake { worker }, now_ns).map(drop);
        }
        Ok(())
    }

    /// The worker in a slot is stopped while it is at these numbers. If it does not go on in time, they are to
    /// blame for `cause` as if it were lost.
    pub fn stopped_at(&mut self, slot: usize, numbers: Interval, cause: Cause, now_ns: u64) {
        if let Some(worker) = self.names[slot]
            && self.scheduler.stopped_at(worker, numbers, cause)
        {
            self.seats.is_stopped_again(slot, now_ns);
        }
    }

    /// The worker in a slot is about to be lost of `cause` at number `n`, as can be seen from outside.
    pub fn report_crash_for(&mut self, slot: usize, n: i64, cause: Cause) {
        if let Some(worker) = self.names[slot] {
            self.scheduler.report_crash_for(worker, n, cause);
        }
    }

    /// Describes how a number may fail, as can be seen from outside its worker.
    pub fn describe(&mut self, description: Description<'_>) {
        self.descriptions.keep(description);
    }

    /// The agent in a slot says farewell: its end is no loss.
    pub(crate) fn note_farewell(&mut self, slot: usize) {
        if let Some(worker) = self.names[slot] {
            self.scheduler.said_farewell(worker);
        }
    }

    /// The slot that a worker or agent has or had.
    #[must_use]
    pub fn slot_of(&self, worker: WorkerId) -> Option<usize> {
        self.slots.get(worker.0 as usize).map(|slot| *slot as usize)
    }

    /// How many slots there are.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.names.len()
    }

    /// When a frame came from the worker or agent in a slot last.
    #[must_use]
    pub fn heard_ns(&self, slot: usize) -> u64 {
        self.heard_ns[slot]
    }

    /// Whether this is the name of an agent.
    #[inline]
    #[must_use]
    pub fn is_agent(&self, name: WorkerId) -> bool {
        let slot = self.slots.get(name.0 as usize);
        slot.is_some_and(|slot| self.seats.is_agent(*slot as usize))
    }

    /// The worker or agent in a slot.
    pub(crate) fn name_in(&self, slot: usize) -> Option<WorkerId> {
        self.names[slot]
    }

    /// Whether a slot has a worker or an agent.
    #[must_use]
    pub fn has_worker(&self, slot: usize) -> bool {
        self.names[slot].is_some()
    }

    /// Whether the worker or agent in a slot owes answers.
    #[must_use]
    pub fn owes(&self, slot: usize) -> bool {
        self.names[slot].is_some_and(|worker| self.scheduler.owes(worker))
    }

    /// The lowest chunk in the hands of the worker or agent in a slot, without what is covered.
    #[must_use]
    pub fn lowest_held(&self, slot: usize) -> Option<Interval> {
        self.scheduler.lowest_held(self.names[slot]?)
    }

    /// Expected time for this many numbers on one worker in a slot, in nanoseconds, from those that it has done.
    #[must_use]
    pub fn cost_ns(&self, slot: usize, numbers: u128) -> Option<f64> {
        self.scheduler.cost_ns(self.names[slot]?, numbers)
    }
}
