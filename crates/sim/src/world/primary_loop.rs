//! Event loop of the primary: forks workers, assigns chunks, and schedules its next wake-up.

use crate::model::primary_process::{RunPhase, SimPrimary};
use crate::model::worker_process::SimWorker;
use crate::options::SimTransport;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::summary::Summary;
use crate::world::SimWorld;
use evenly_core::Assignment;
use evenly_core::frame::Packer;
use evenly_core::seats::LONGEST_PAUSE_NS;

impl SimWorld<'_> {
    /// Wakes the primary after this time, unless an earlier wake-up is set.
    pub(crate) fn wake_in(&mut self, ns: u64) {
        let at_ns = self.now_ns.saturating_add(ns);
        if self.primary.wake_at_ns.is_none_or(|before| at_ns < before) {
            self.primary.wake_at_ns = Some(at_ns);
        }
    }

    /// Wakes the primary after the delay of a turn.
    pub(crate) fn wake_within_a_turn(&mut self) {
        let ns = self.random.between(1, self.plan.turn_ns);
        self.wake_in(ns);
    }

    /// Starts the first workers.
    pub(crate) fn fill_all_seats(&mut self) -> StepResult {
        for slot in 0..self.plan.seats {
            self.fork_worker(slot)?;
        }
        self.wake_in(1);
        Ok(())
    }

    /// Forks a worker into an empty seat, or fails to.
    pub(crate) fn fork_worker(&mut self, slot: usize) -> StepResult {
        if self.are_faults_active() && self.random.happens(self.plan.faults.refuse) {
            self.stats.refusals += 1;
            self.trace.record("fork refused", slot as u64, 0);
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
        let seat = &mut self.primary.worker_seats[slot];
        seat.pid = Some(pid);
        seat.packer = Packer::new(name, self.plan.frame_limit);
        (seat.window, seat.silences) = (window, 0);
        (seat.last_frame_ns, seat.is_quiet, seat.is_silent) = (self.now_ns, false, false);
        (seat.given, seat.reported_n, seat.has_said_farewell) = (Vec::new(), None, false);
        seat.stopped_at = None;
        self.processes.push(SimWorker::new(&self.plan, slot, name, self.now_ns));
        self.stats.forks += 1;
        self.trace.record("forked", pid as u64, slot as u64);
        let moment_ns = self.random_step_ns();
        self.schedule_step(pid, moment_ns);
        Ok(())
    }

    /// One turn of the primary's loop.
    pub(crate) fn run_primary_turn(&mut self) -> StepResult {
        self.primary.wake_at_ns = None;
        self.read_result_pipe()?;
        self.reclaim_ended_workers()?;
        self.detect_silent_workers();
        self.process_primary_frames()?;
        if self.handle_reader_gone()? {
            return Ok(());
        }
        self.retry_lines();
        self.carry_out_outputs()?;
        if self.is_over {
            return Ok(());
        }
        self.schedule_reader();
        self.check_waiting_lines()?;
        self.flush_to_workers()?;
        self.flush_to_primary();
        self.flush_to_agents()?;
        let scheduler = self.primary.engine.scheduler();
        self.oracle.check_scheduler(scheduler)?;
        self.oracle.check_begun_numbers(scheduler)?;
        self.check_no_idle_worker()?;
        self.check_halt()?;
        match self.primary.phase {
            RunPhase::Running if self.upstream.is_some() => {}
            RunPhase::Running => {
                if self.primary.engine.is_over() {
                    self.begin_shutdown()?;
                }
            }
            RunPhase::ShuttingDown { until_ns } => {
                let incarnation = self.incarnation;
                self.await_workers(until_ns)?;
                if self.incarnation != incarnation {
                    // The next primary has its first turn soon.
                    return Ok(());
                }
            }
        }
        self.schedule_wake()
    }

    /// Sends chunks to the worker or agent in a slot.
    pub(crate) fn send_assignment(&mut self, slot: usize) -> StepResult {
        let assignments = self.primary.engine.assignments();
        check(!assignments.is_empty(), || "an empty assignment".into())?;
        self.trace.record("assign", slot as u64, assignments.len() as u64);
        self.check_assigned(slot, &assignments)?;
        let packer = self.packer(slot).ok_or("an assignment for an empty seat")?;
        packer.assign(&assignments);
        Ok(())
    }

    /// Chunks are assigned to a worker or agent.
    pub(crate) fn check_assigned(&mut self, slot: usize, assignments: &[Assignment]) -> StepResult {
        let numbers = assignments.iter().map(|one| one.interval.len()).sum::<u128>();
        let numbers = u64::try_from(numbers).unwrap_or(u64::MAX);
        self.most_at_once = self.most_at_once.max(numbers);
        self.primary.starts += assignments.len() as u64;
        let most = self.plan.engine_settings.most_starts(self.now_ns - self.primary.began_ns);
        let (starts, is_limited) = (self.primary.starts, self.upstream.is_none());
        check(starts <= most || !is_limited, || format!("{starts} starts, of {most} at most"))?;
        let Summary { refusals, stops, agents_joined, .. } = self.stats;
        let is_here = slot < self.plan.seats;
        let has_done_others = is_here && !self.primary.worker_seats[slot].given.is_empty();
        // Holds if every lost worker is replaced and may start at once, and none is silent.
        let is_replaced =
            refusals + stops + agents_joined == 0 && self.plan.engine_settings.rate.is_none();
        let must_be_fresh =
            has_done_others && is_replaced && self.plan.transport == SimTransport::Pipes;
        for assignment in assignments {
            self.oracle.blame.check_assignment(assignment.interval, must_be_fresh)?;
            self.oracle.begins.assign(assignment.interval)?;
            if is_here {
                self.primary.worker_seats[slot].given.push(assignment.interval);
            } else {
                self.oracle.begins.mark_doubtful(assignment.interval);
            }
        }
        let is_much = is_here && assignments.len() > 1 && self.plan.once.is_some();
        check(!is_much, || "a worker has in hand what it does not begin".into())
    }

    /// The chunks of the worker in a slot may be lost with it: only the last one, in a run in which a worker has no
    /// more than it begins.
    pub(crate) fn mark_doubtful(&mut self, slot: usize) {
        for held in self.primary.engine.held_for(slot) {
            self.oracle.begins.mark_doubtful(held);
        }
        if let Some(seat) = self.primary.worker_seats.get(slot)
            && let Some(last) = seat.given.last()
        {
            self.oracle.begins.mark_doubtful(*last);
        }
    }

    /// Rule: no worker that can work is idle while there is work.
    fn check_no_idle_worker(&self) -> StepResult {
        let SimPrimary { engine, worker_seats, .. } = &self.primary;
        let scheduler = engine.scheduler();
        if !engine.is_work()
            || scheduler.awaits_a_fresh_worker()
            || scheduler.is_waiting_for_allowance()
        {
            return Ok(());
        }
        self.check_no_idle_agent()?;
        for (slot, seat) in worker_seats.iter().enumerate() {
            let is_idle = seat.pid.is_some() && !seat.is_silent && !engine.owes(slot);
            check(!is_idle, || format!("the worker in seat {slot} is idle while there is work"))?;
        }
        let is_vacant = worker_seats.iter().any(|seat| seat.pid.is_none());
        let is_due_soon =
            engine.next_due_ns().is_some_and(|due_ns| due_ns <= self.now_ns + LONGEST_PAUSE_NS);
        check(!is_vacant || is_due_soon, || "a seat stays vacant while there is work".into())
    }

    /// Sets the next wake-up: for more bytes, or for the next timer.
    fn schedule_wake(&mut self) -> StepResult {
        if !self.results.is_empty() {
            self.wake_within_a_turn();
        }
        if let Some(due_ns) = self.primary.engine.next_due_ns() {
            check(due_ns > self.now_ns, || "what is due is not given out".into())?;
            self.wake_in(due_ns - self.now_ns);
        }
        if let Some(quiet_ns) = self.next_silence_deadline_ns() {
            self.wake_in(quiet_ns.saturating_sub(self.now_ns).max(1));
        }
        Ok(())
    }
}
