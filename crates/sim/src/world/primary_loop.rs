//! The primary process: forks workers, and passes on the chunks of the engine.

use crate::model::primary_process::{Primary, Stage};
use crate::model::worker_process::Process;
use crate::options::Transport;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::summary::Summary;
use crate::world::World;
use evenly_core::Assignment;
use evenly_core::frame::Packer;

impl World<'_> {
    /// Wakes the primary after so long, or earlier if that is arranged.
    pub(crate) fn wake_in(&mut self, ns: u64) {
        let at_ns = self.now_ns.saturating_add(ns);
        if self.primary.wake_at_ns.is_none_or(|before| at_ns < before) {
            self.primary.wake_at_ns = Some(at_ns);
        }
    }

    /// Wakes the primary when it gets round to it.
    pub(crate) fn wake_in_a_turn(&mut self) {
        let ns = self.random.between(1, self.plan.turn_ns);
        self.wake_in(ns);
    }

    /// The first workers.
    pub(crate) fn fill_all_seats(&mut self) -> Outcome {
        for slot in 0..self.plan.seats {
            self.fill(slot)?;
        }
        self.wake_in(1);
        Ok(())
    }

    /// Forks a worker into an empty seat, or fails to.
    pub(crate) fn fill(&mut self, slot: usize) -> Outcome {
        if self.is_phase_one() && self.random.happens(self.plan.faults.refuse) {
            self.stats.refusals += 1;
            self.tape.note("fork refused", slot as u64, 0);
            self.primary.engine.worker_refused(slot, self.now_ns);
            return Ok(());
        }
        let pid = self.processes.len();
        let engine = &mut self.primary.engine;
        let name = engine.next_name();
        let window = (self.plan.assignment_pipe / 4).max(1);
        engine
            .worker_joined(slot, window, self.now_ns)
            .map_err(|violation| violation.to_string())?;
        check(name.0 as usize == self.primary.pids.len(), || "a name came twice".into())?;
        self.primary.pids.push(Some(pid));
        let peer = &mut self.primary.peers[slot];
        peer.pid = Some(pid);
        peer.packer = Packer::new(name, self.plan.frame_limit);
        (peer.window, peer.silences) = (window, 0);
        (peer.heard_ns, peer.is_quiet, peer.is_silent) = (self.now_ns, false, false);
        (peer.lent, peer.gasp, peer.has_left) = (Vec::new(), None, false);
        self.processes.push(Process::new(&self.plan, slot, name, self.now_ns));
        self.stats.forks += 1;
        self.tape.note("forked", pid as u64, slot as u64);
        let moment_ns = self.moment_ns();
        self.step_in(pid, moment_ns);
        Ok(())
    }

    /// One turn of the primary's loop.
    pub(crate) fn wake(&mut self) -> Outcome {
        self.primary.wake_at_ns = None;
        self.receive()?;
        self.bury()?;
        self.mind_the_quiet();
        self.attend_upstream()?;
        if self.is_reader_gone()? {
            return Ok(());
        }
        self.retry_lines();
        self.act()?;
        if self.is_over {
            return Ok(());
        }
        self.let_read();
        self.look_what_waits()?;
        self.flush()?;
        self.flush_upstream();
        self.flush_guests()?;
        let scheduler = self.primary.engine.scheduler();
        self.oracle.look(scheduler)?;
        self.oracle.look_what_is_begun(scheduler)?;
        self.look_for_the_idle()?;
        match self.primary.stage {
            Stage::Gathering if self.upstream.is_some() => {}
            Stage::Gathering => {
                if self.primary.engine.is_over() {
                    self.close()?;
                }
            }
            Stage::Closing { until_ns } => self.see_off(until_ns)?,
        }
        self.arrange_to_wake()
    }

    /// Sends chunks to the worker or agent in a slot.
    pub(crate) fn assign(&mut self, slot: usize) -> Outcome {
        let assignments = self.primary.engine.assignments().to_vec();
        check(!assignments.is_empty(), || "an empty assignment".into())?;
        self.tape.note("assign", slot as u64, assignments.len() as u64);
        self.note_assigned(slot, &assignments)?;
        let packer = self.packer(slot).ok_or("an assignment for an empty seat")?;
        packer.assign(&assignments);
        let numbers = assignments.iter().map(|one| one.interval.len()).sum::<u128>();
        let numbers = u64::try_from(numbers).unwrap_or(u64::MAX);
        self.most_at_once = self.most_at_once.max(numbers);
        Ok(())
    }

    /// Chunks are assigned to a worker or agent.
    pub(crate) fn note_assigned(&mut self, slot: usize, assignments: &[Assignment]) -> Outcome {
        let Summary { refusals, stops, agents_joined, .. } = self.stats;
        let is_here = slot < self.plan.seats;
        let has_done_others = is_here && !self.primary.peers[slot].lent.is_empty();
        // Where every lost worker is replaced, and none is silent.
        let is_replaced = refusals + stops + agents_joined == 0;
        let must_be_fresh =
            has_done_others && is_replaced && self.plan.transport == Transport::Pipes;
        for assignment in assignments {
            self.oracle.culprits.assign(assignment.interval, must_be_fresh)?;
            self.oracle.fates.hand_out(assignment.interval)?;
            if is_here {
                self.primary.peers[slot].lent.push(assignment.interval);
            } else {
                self.oracle.fates.doubt(assignment.interval);
            }
        }
        let is_much = is_here && assignments.len() > 1 && self.plan.once.is_some();
        check(!is_much, || "a worker has in hand what it does not begin".into())
    }

    /// The chunks of the worker in a slot may be lost with it: only the last one, in a run in which a worker has no
    /// more than it begins.
    pub(crate) fn doubt(&mut self, slot: usize) {
        for held in self.primary.engine.held_for(slot) {
            self.oracle.fates.doubt(held);
        }
        if let Some(peer) = self.primary.peers.get(slot)
            && let Some(last) = peer.lent.last()
        {
            self.oracle.fates.doubt(*last);
        }
    }

    /// No worker that can work is idle while there is work.
    fn look_for_the_idle(&self) -> Outcome {
        let Primary { engine, peers, .. } = &self.primary;
        if !engine.is_work() || engine.scheduler().awaits_a_fresh_worker() {
            return Ok(());
        }
        self.look_for_idle_agents()?;
        for (slot, peer) in peers.iter().enumerate() {
            let is_idle = peer.pid.is_some() && !peer.is_silent && !engine.owes(slot);
            check(!is_idle, || format!("the worker in seat {slot} is idle while there is work"))?;
        }
        Ok(())
    }

    /// Wakes again when there is more to read or something is due.
    fn arrange_to_wake(&mut self) -> Outcome {
        if !self.results.is_empty() {
            self.wake_in_a_turn();
        }
        if let Some(due_ns) = self.primary.engine.next_due_ns() {
            check(due_ns > self.now_ns, || "what is due is not given out".into())?;
            self.wake_in(due_ns - self.now_ns);
        }
        if let Some(quiet_ns) = self.next_quiet_ns() {
            self.wake_in(quiet_ns.saturating_sub(self.now_ns).max(1));
        }
        Ok(())
    }
}
