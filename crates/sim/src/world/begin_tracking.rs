//! Begins of numbers in at-most-once runs: each is durable before it is sent, and happens once.

use crate::event_queue::Pid;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::{Assignment, Interval, WorkerId};

impl SimWorld<'_> {
    /// The begin of an assignment is durable: sends the assignment.
    pub(crate) fn send_begin(&mut self, slot: usize, assignment: Assignment) -> StepResult {
        self.begun_now += 1;
        let is_durable = self.journal.has_begun(assignment.interval);
        check(is_durable, || {
            format!("{} is sent before its begin is durable", assignment.interval)
        })?;
        let holder = self.name_in(slot);
        let scheduler = self.primary.engine.scheduler();
        let stands = holder.is_some_and(|holder| scheduler.stands(holder, &assignment));
        check(stands, || format!("{} begins, and its worker is lost", assignment.interval))?;
        self.check_assigned(slot, &[assignment])?;
        let seat = self.primary.worker_seats.get(slot);
        let is_here = seat.is_none_or(|seat| seat.given.last() == Some(&assignment.interval));
        check(is_here, || format!("{} goes to another worker", assignment.interval))?;
        if let Some(packer) = self.packer(slot) {
            packer.assign([assignment]);
            // The packed frames may go to an agent before the next turn.
            packer.seal(0);
        }
        Ok(())
    }

    /// The name of the worker or agent in a slot.
    fn name_in(&self, slot: usize) -> Option<WorkerId> {
        if let Some(seat) = self.primary.worker_seats.get(slot) {
            return seat.pid.map(|pid| self.processes[pid].name);
        }
        let sid = *self.primary.agent_sessions.get(&slot)?;
        self.sessions[sid].agent_seat.as_ref()?.seat.map(|(_, name)| name)
    }

    /// A worker begins these numbers, and so will not give them back.
    pub(crate) fn begin_numbers(&mut self, pid: Pid, numbers: Interval) -> StepResult {
        if self.plan.once.is_none() {
            return Ok(());
        }
        let Some(worker) = self.processes[pid].running.as_deref_mut() else { return Ok(()) };
        worker.core.hold(numbers);
        // It may have found that the first of them does not end it after all.
        let first = Interval::single(numbers.first());
        let new = match worker.at_once.replace(numbers) {
            Some(before) if before.contains(first) => numbers.above(before.last()),
            _ => Some(numbers),
        };
        new.map_or(Ok(()), |new| self.oracle.begins.begin(new))
    }

    /// Processes what arrived while a worker computed, and ends the computation.
    pub(crate) fn read_while_working(&mut self, pid: Pid) -> StepResult {
        if self.plan.once.is_none() {
            return Ok(());
        }
        let most = self.random.between(1, self.plan.read_most);
        let Some(worker) = self.running_worker(pid) else { return Ok(()) };
        while worker.has_input() {
            worker.read(most)?;
        }
        worker.at_once = None;
        self.retry_assignment_write(pid);
        Ok(())
    }

    /// Adds the numbers that an agent began since the last call to those of the run.
    pub(crate) fn add_begun_at_agent(&mut self, begun: Vec<Interval>) -> StepResult {
        begun.into_iter().try_for_each(|interval| self.oracle.begins.begin(interval))
    }
}
