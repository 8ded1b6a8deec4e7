//! At-most-once in the world: a begin is written ahead, and no number begins twice.

use crate::event_queue::Pid;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::{Assignment, Interval};

impl World<'_> {
    /// It is durable that this begins: sends it.
    pub(crate) fn let_begin(&mut self, slot: usize, assignment: Assignment) -> Outcome {
        self.begun_now += 1;
        let is_durable = self.journal.has_begun(assignment.interval);
        check(is_durable, || {
            format!("{} is sent before its begin is durable", assignment.interval)
        })?;
        self.note_assigned(slot, &[assignment])?;
        let peer = self.primary.peers.get(slot);
        let is_here = peer.is_none_or(|peer| peer.lent.last() == Some(&assignment.interval));
        check(is_here, || format!("{} goes to another worker", assignment.interval))?;
        if let Some(packer) = self.packer(slot) {
            packer.assign(&[assignment]);
            // An agent may be sent what is packed before the next turn.
            packer.seal(0);
        }
        Ok(())
    }

    /// A worker begins these numbers, which it does not give back any more.
    pub(crate) fn begin_once(&mut self, pid: Pid, numbers: Interval) -> Outcome {
        if self.plan.once.is_none() {
            return Ok(());
        }
        let Some(life) = self.processes[pid].life.as_deref_mut() else { return Ok(()) };
        life.core.hold(numbers);
        // It may have found that the first of them does not end it after all.
        let first = Interval::single(numbers.first());
        let new = match life.at_once.replace(numbers) {
            Some(before) if before.contains(first) => numbers.above(before.last()),
            _ => Some(numbers),
        };
        new.map_or(Ok(()), |new| self.oracle.fates.begin(new))
    }

    /// What came in while a worker was at work; then it is done with it.
    pub(crate) fn hear_at_work(&mut self, pid: Pid) -> Outcome {
        if self.plan.once.is_none() {
            return Ok(());
        }
        let most = self.random.between(1, self.plan.read_most);
        let Some(life) = self.life(pid) else { return Ok(()) };
        while life.has_news() {
            life.read(most)?;
        }
        life.at_once = None;
        self.room_in_inbox(pid);
        Ok(())
    }

    /// What an agent has begun since it was asked last was begun in the run.
    pub(crate) fn note_begun_at_agent(&mut self, begun: Vec<Interval>) -> Outcome {
        begun.into_iter().try_for_each(|interval| self.oracle.fates.begin(interval))
    }
}
