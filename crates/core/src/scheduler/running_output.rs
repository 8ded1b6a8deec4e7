//! Output of running commands: checked against the lease, charged to the credit of the worker, and put into the stream.

use super::{Scheduler, Violation};
use crate::aggregate::Aggregate;
use crate::frame::Text;
use crate::lease::{Standing, WorkerId};

impl Scheduler {
    /// Takes a part of what a command prints. It changes no coverage: the answer that follows does.
    pub(super) fn printed(&mut self, worker: WorkerId, text: Text<'_>) -> Result<(), Violation> {
        let Text { lease, first, is_open, bytes } = text;
        self.living(worker)?;
        if !matches!(self.aggregate, Aggregate::Run { .. }) || self.is_open {
            return Err(Violation::NotDue { worker, lease });
        }
        self.credits.receive(worker, bytes.len() as u64);
        let Standing::InForce(held) = self.leases.standing(lease, worker) else {
            // Another worker has the chunk by now, and passes on its own output.
            self.give_credit(worker, bytes.len() as u64);
            return Ok(());
        };
        if held.rest().first() != first {
            return Err(Violation::NotDue { worker, lease });
        }
        self.stream.put_text((first, worker), bytes, is_open);
        Ok(())
    }
}
