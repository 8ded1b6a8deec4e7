//! At-most-once runs: side effects of a number must happen at most once, so nothing is handed out twice.
//!
//! Numbers of a lost or silent worker may have begun, and their end is unknown: they fail with the cause
//! [`Unknown`](Cause::Unknown). To keep them few, a worker holds only what it does at once, and where numbers begin one
//! by one, each is a chunk. A worker gives back only numbers that it has not begun; these go out again.

use super::allowance::AtMostOnce;
use super::{Action, Counts, Scheduler};
use crate::interval::Interval;
use crate::lease::{Assignment, Reclaimed, WorkerId};
use crate::partial::{Cause, Failure};

impl Scheduler {
    /// Hands out nothing again that may have begun: single numbers, or chunks that begin as a whole.
    #[must_use]
    pub fn at_most_once(mut self, counts: Counts) -> Self {
        self.once = Some(AtMostOnce { counts, are_starts_said: false });
        self
    }

    /// Workers of this process say when a number starts, before it does: one that was lost before is handed out again.
    #[must_use]
    pub fn starts_are_said(mut self) -> Self {
        self.once.iter_mut().for_each(|once| once.are_starts_said = true);
        self
    }

    pub(crate) fn is_at_most_once(&self) -> bool {
        self.once.is_some()
    }

    /// Whether the lease of an assignment that was polled for this worker is still in force.
    #[must_use]
    pub fn stands(&self, worker: WorkerId, assignment: &Assignment) -> bool {
        self.leases.has(worker, assignment.lease)
    }

    /// Assignments in force: handed out, and not answered.
    pub fn in_hand(&self) -> impl Iterator<Item = Assignment> + '_ {
        self.leases.in_force().map(|(_, assignment)| assignment)
    }

    /// The longest chunk for this worker where numbers go out one by one.
    pub(super) fn most_at_once(&self, worker: WorkerId) -> u128 {
        let counts = self.once.map(|once| once.counts).or(self.one_by_one_for(worker));
        if counts == Some(Counts::Numbers) { 1 } else { u128::MAX }
    }

    /// What a chunk for this worker should take, in nanoseconds. An agent gets no more than a worker in an at-most-once
    /// run, because all that it holds is lost with it.
    pub(super) fn aim_ns(&self, worker: WorkerId) -> u64 {
        match self.once {
            Some(_) => self.sizes.aim_ns,
            None => self.workers[worker.0 as usize].window.aim_ns(self.sizes.aim_ns),
        }
    }

    /// Takes a chunk of a lost worker that nothing is done twice of: back, if the worker would have said that it started.
    pub(super) fn take_from_lost(&mut self, worker: WorkerId, chunk: Reclaimed, is_named: bool) {
        let are_starts_said = self.once.is_some_and(|once| once.are_starts_said);
        let is_agent = self.workers[worker.0 as usize].window.is_agent();
        let is_alone = chunk.rest.len() == 1;
        if !are_starts_said || is_agent || is_named || chunk.is_blamed || !is_alone {
            return self.forsake(chunk.rest);
        }
        self.note_untouched(chunk.rest);
        self.ledger.give_back(chunk.rest);
    }

    /// Fails numbers whose worker may have begun them and will not say how they ended.
    pub(super) fn forsake(&mut self, interval: Interval) {
        self.give_up(Failure { interval, cause: Cause::Unknown });
    }

    /// Notes numbers that a worker gave back.
    pub(super) fn note_untouched(&mut self, interval: Interval) {
        if self.once.is_some() {
            self.pending.push_back(Action::Untouched(interval));
        }
    }
}

#[cfg(test)]
mod tests;
