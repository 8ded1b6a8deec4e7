//! Output of running commands: checked against the lease, charged to the credit of the worker, and put into the stream.

use super::{Scheduler, Violation};
use crate::aggregate::Aggregate;
use crate::frame::Text;
use crate::interval::Interval;
use crate::lease::{Standing, WorkerId};
use crate::stream::TextRelay;

impl Scheduler {
    /// Takes a part of what a command prints. It changes no coverage: the answer that follows does.
    pub(super) fn printed(&mut self, worker: WorkerId, text: Text<'_>) -> Result<(), Violation> {
        let Text { lease, first, is_open, bytes } = text;
        self.living(worker)?;
        let Aggregate::Run { in_order } = self.aggregate else {
            return Err(Violation::NotDue { worker, lease });
        };
        self.credits.receive(worker, bytes.len() as u64);
        let Standing::InForce(held) = self.leases.standing(lease, worker) else {
            // Another worker has the chunk by now, and passes on its own output.
            self.give_credit(worker, bytes.len() as u64);
            return Ok(());
        };
        // Several workers of an agent may be at one lease. In order, it sends the output of the lowest.
        let is_agent = self.workers[worker.0 as usize].window.is_agent();
        let is_due = match is_agent && !in_order {
            true => held.rest().contains(Interval::single(first)),
            false => held.rest().first() == first,
        };
        if !is_due {
            return Err(Violation::NotDue { worker, lease });
        }
        self.stream.put_text((first, worker), bytes, is_open);
        Ok(())
    }

    /// In an agent: what running commands printed and is not sent to its primary.
    pub(crate) fn text_relay(&mut self) -> Option<&mut TextRelay> {
        self.stream.relay()
    }
}
