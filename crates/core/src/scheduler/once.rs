//! Runs in which nothing is handed out twice: what is done for a number has effects that must not be
//! had again.
//!
//! What a lost or silent worker held may have begun, and nobody knows how it ended: it fails, with a
//! [cause](Cause::Unknown) of its own. So that this is no more than must be, nobody holds anything that it
//! does not do at once, and where numbers begin one by one, each is a chunk. What a worker
//! gives back it has not begun; that goes out again.

use super::{Action, Counts, Scheduler};
use crate::interval::Interval;
use crate::lease::{Assignment, WorkerId};
use crate::partial::{Cause, Failure};

impl Scheduler {
    /// Hands out nothing again that may have begun: single numbers, or chunks that begin as a whole.
    #[must_use]
    pub fn at_most_once(mut self, counts: Counts) -> Self {
        self.once = Some(counts);
        self
    }

    pub(crate) fn is_at_most_once(&self) -> bool {
        self.once.is_some()
    }

    /// Whether an assignment that was polled still stands: nobody has taken it back.
    #[must_use]
    pub fn stands(&self, assignment: &Assignment) -> bool {
        self.leases.has(assignment.lease)
    }

    /// What was handed out and not heard of since.
    pub fn in_hand(&self) -> impl Iterator<Item = Assignment> + '_ {
        self.leases.in_force().map(|(lease, interval)| Assignment { lease, interval })
    }

    /// How long a chunk may be of which nothing is done twice.
    pub(super) fn most_at_once(&self) -> u128 {
        if self.once == Some(Counts::Numbers) { 1 } else { u128::MAX }
    }

    /// What a chunk for this worker should take. What an agent has in hand is lost with it, so it gets no
    /// more than a worker where nothing is done twice.
    pub(super) fn aim_ns(&self, worker: WorkerId) -> u64 {
        match self.once {
            Some(_) => self.chunk_ns,
            None => self.workers[worker.0 as usize].window.aim_ns(self.chunk_ns),
        }
    }

    /// Whoever was given these may have begun them, and will not say how they ended.
    pub(super) fn forsake(&mut self, interval: Interval) {
        self.give_up(Failure { interval, cause: Cause::Unknown });
    }

    /// These were given back.
    pub(super) fn note_untouched(&mut self, interval: Interval) {
        if self.once.is_some() {
            self.pending.push_back(Action::Untouched(interval));
        }
    }
}

#[cfg(test)]
mod tests;
