//! What makes numbers superfluous, and what keeps workers from running ahead: an answer that is decided
//! by its lowest numbers, and lines that are wanted in order.

use super::{Action, Scheduler};
use crate::lease::WorkerId;
use crate::policy::Policy;
use crate::stream::{Passed, Stream};
use alloc::vec::Vec;

impl Scheduler {
    /// Nothing above `limit` can change the answer: nobody does it any more. Chunks up there end at
    /// once, lest a number that takes hours be waited for; what comes of them is late.
    pub(super) fn waive_above(&mut self, limit: i64) {
        if !self.ledger.waive_above(limit) {
            return;
        }
        let mut ended = Vec::new();
        self.leases.end_above(limit, |lease, worker, numbers| ended.push((lease, worker, numbers)));
        for (lease, worker, numbers) in ended {
            self.late.forget(lease);
            if let Some(numbers) = numbers {
                self.ledger.waive(numbers);
                self.account(worker, 1, 0, 0);
            }
            self.pending.push_back(Action::Withdraw { worker, lease, parts: 0 });
        }
    }

    /// Lines that can be passed on, in order; see [`Stream::pass`]. Credit goes back with them.
    pub fn next_lines(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.stream.pass()? {
                Passed::Lines(lines) => return Some(lines),
                Passed::Merged(worker, bytes) => self.give_credit(worker, bytes),
            }
        }
    }

    /// The lines on their way out.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// How many numbers a chunk may have, so that several of them wait for the lowest without using up
    /// what their worker may send ahead. Whoever says how long chunks are gets those.
    pub(super) fn most_by_credit(&self) -> u128 {
        let is_said = matches!(self.sizer.policy(), Policy::Fixed(_) | Policy::Static);
        if is_said { u128::MAX } else { self.credits.most() }
    }

    /// Gives nobody more than its share while what was sent cannot be passed on.
    pub(crate) fn hold_back(&mut self, is_held_back: bool) {
        self.is_held_back = is_held_back;
    }

    /// What a worker sent has been passed on, or is not wanted.
    pub(crate) fn give_credit(&mut self, worker: WorkerId, bytes: u64) {
        if let Some(bytes) = self.credits.merge(worker, bytes) {
            self.pending.push_back(Action::Credit { worker, bytes });
        }
    }

    /// Lets the one go on that the others wait for, unless what it sent before is still on its way.
    pub(super) fn extend_credit(&mut self) -> Option<Action> {
        if !self.stream.is_empty() || self.is_held_back {
            return None;
        }
        let worker = self.leases.lowest()?;
        let bytes = self.credits.extend(worker)?;
        Some(Action::Credit { worker, bytes })
    }
}
