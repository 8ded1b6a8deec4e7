//! Output of running commands: checked against the lease, charged to the credit of the worker, and put into the stream.

use super::{Action, Scheduler, Violation};
use crate::aggregate::Aggregate;
use crate::frame::Text;
use crate::interval::Interval;
use crate::lease::{Assignment, Standing, WorkerId};
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

    /// Whether a worker has used up its credit for output that waits for lower numbers: it sends nothing until they are
    /// done. An agent keeps credit for its lowest number.
    pub(super) fn is_blocked(&self, worker: WorkerId) -> bool {
        self.credits.is_used_up(worker)
            && !self.workers[worker.0 as usize].window.is_agent()
            && self.stream.waits_in_order(worker).is_some()
    }

    /// Whether a worker that is not blocked lives, or is expected.
    pub(super) fn has_free_worker(&self) -> bool {
        let is_free = |worker: &WorkerId| {
            self.workers[worker.0 as usize].can_work() && !self.is_blocked(*worker)
        };
        self.missing > 0 || self.living.iter().any(is_free)
    }

    /// Asks a blocked worker for a chunk below the output that waits, which it has not begun, so that a free worker
    /// can do it.
    pub(super) fn withdraw_lower(&mut self, blocked: WorkerId) -> Option<Action> {
        let at = self.stream.waits_in_order(blocked)?;
        let is_lower = |(worker, chunk): &(WorkerId, Assignment)| {
            *worker == blocked && chunk.interval.first() < at
        };
        let (worker, Assignment { lease, .. }) = self.leases.unasked().find(is_lower)?;
        self.leases.ask(worker, lease);
        Some(Action::Withdraw { worker, lease, parts: 0 })
    }

    /// In an agent: what running commands printed and is not sent to its primary.
    pub(crate) fn text_relay(&mut self) -> Option<&mut TextRelay> {
        self.stream.relay()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::CREDIT;
    use crate::frame::{Body, Frame, PIPE_FRAME, Packer};
    use crate::lease::LeaseId;
    use crate::policy::Policy;
    use crate::range::Range;
    use crate::scheduler::window::Waiting;
    use crate::scheduler::{Capacity, SchedulerEvent};
    use core::num::NonZeroU64;
    use std::{vec, vec::Vec};

    const ONE: WorkerId = WorkerId(0);
    const TWO: WorkerId = WorkerId(1);
    const THREE: WorkerId = WorkerId(2);

    fn join(scheduler: &mut Scheduler, worker: WorkerId) {
        let capacity = Capacity::worker(4);
        scheduler.handle(SchedulerEvent::Joined { worker, capacity }, 0).unwrap();
    }

    /// The number of a chunk, its lease, and its worker.
    type Assigned = (i64, LeaseId, WorkerId);

    /// What must be done now: chunks to send, chunks to ask for, workers that get credit.
    fn poll(scheduler: &mut Scheduler) -> (Vec<Assigned>, Vec<LeaseId>, Vec<WorkerId>) {
        let (mut assigned, mut asked, mut credited) = (vec![], vec![], vec![]);
        while let Some(action) = scheduler.poll() {
            match action {
                Action::Assign { worker } => {
                    let chunks = scheduler.assignments().into_iter();
                    assigned.extend(chunks.map(|one| (one.interval.first(), one.lease, worker)));
                }
                Action::Withdraw { lease, .. } => asked.push(lease),
                Action::Credit { worker, .. } => credited.push(worker),
                other => panic!("{other:?}"),
            }
        }
        (assigned, asked, credited)
    }

    /// The first worker has number 0, the second one number 1, under this lease.
    fn two_numbers() -> (Scheduler, LeaseId) {
        let (range, aggregate) = (Range::new(0, 2).unwrap(), Aggregate::Run { in_order: true });
        let policy = Policy::Fixed(NonZeroU64::MIN);
        let mut scheduler = Scheduler::new(range, aggregate, policy, 2);
        [ONE, TWO].iter().for_each(|worker| join(&mut scheduler, *worker));
        let (assigned, ..) = poll(&mut scheduler);
        assert_eq!((assigned[0].0, assigned[0].2, assigned[1].0, assigned[1].2), (0, ONE, 1, TWO));
        (scheduler, assigned[1].1)
    }

    fn lose_one(scheduler: &mut Scheduler) {
        scheduler.handle(SchedulerEvent::Lost { worker: ONE, cause: None }, 0).unwrap();
        // Quick numbers: the other worker may hold more than one.
        let window = &mut scheduler.workers[1].window;
        window.settled(0, 100, 1000, 0);
        window.open(Policy::Timed, Waiting { numbers: 4, returned: 4 }, false);
        scheduler.low.insert(TWO);
        scheduler.queue_all();
    }

    /// The command for number 1 uses up the credit of its worker.
    fn print(scheduler: &mut Scheduler, lease: LeaseId) {
        let bytes = vec![b'x'; CREDIT as usize];
        let text = Text { lease, first: 1, is_open: true, bytes: &bytes };
        scheduler.handle(SchedulerEvent::Printed { worker: TWO, text }, 0).unwrap();
    }

    #[test]
    fn a_worker_whose_output_waits_gets_no_lower_number_while_another_worker_comes() {
        let (mut scheduler, lease) = two_numbers();
        print(&mut scheduler, lease);
        lose_one(&mut scheduler);
        assert_eq!(poll(&mut scheduler), (vec![], vec![], vec![]));
        join(&mut scheduler, THREE);
        let (assigned, asked, _) = poll(&mut scheduler);
        assert_eq!((assigned[0].0, assigned[0].2, asked), (0, THREE, vec![]));
    }

    #[test]
    fn a_lower_number_behind_output_that_waits_goes_to_a_free_worker() {
        let (mut scheduler, lease) = two_numbers();
        lose_one(&mut scheduler);
        let (assigned, ..) = poll(&mut scheduler);
        let [(0, behind, TWO)] = assigned[..] else { panic!("{assigned:?}") };
        print(&mut scheduler, lease);
        join(&mut scheduler, THREE);
        let (_, asked, credited) = poll(&mut scheduler);
        assert_eq!((asked, credited), (vec![behind], vec![THREE]));
        let mut packer = Packer::new(TWO, PIPE_FRAME);
        packer.release(behind, 0);
        packer.seal(1);
        let frame = Frame::whole(packer.frames().next().unwrap(), PIPE_FRAME).unwrap();
        let Body::Releases(releases) = frame.body else { panic!("{frame:?}") };
        let released = SchedulerEvent::Released { worker: TWO, busy_ns: 1, releases };
        scheduler.handle(released, 0).unwrap();
        let (assigned, ..) = poll(&mut scheduler);
        assert_eq!((assigned[0].0, assigned[0].2), (0, THREE));
    }

    #[test]
    fn the_only_worker_gets_the_lower_number_and_credit_to_reach_it() {
        let (mut scheduler, lease) = two_numbers();
        print(&mut scheduler, lease);
        lose_one(&mut scheduler);
        scheduler.expect_no_replacement();
        let (assigned, asked, credited) = poll(&mut scheduler);
        assert_eq!((assigned[0].0, assigned[0].2), (0, TWO));
        assert_eq!((asked, credited), (vec![], vec![TWO]));
    }
}
