//! Shutdown of the primary: end of file for workers, farewell to agents, and the final checks.

use crate::model::primary_connection::SessionEndCause;
use crate::model::primary_process::{GRACE_NS, LINGER_NS, RunPhase};
use crate::model::worker_process::WorkerStep;
use crate::options::SimTransport;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::WorkerId;
use evenly_core::frame::Packer;
use evenly_core::seats::LOSSES_IN_A_ROW;

impl SimWorld<'_> {
    /// Every number is covered, or the run ends early: sends end of file to every worker.
    pub(crate) fn begin_shutdown(&mut self) -> StepResult {
        if !self.primary.engine.is_complete() {
            self.wind_up()?;
        }
        let scheduler = self.primary.engine.scheduler();
        if scheduler.is_finished() {
            self.oracle.check_finish(scheduler)?;
        } else {
            self.oracle.check_end(scheduler)?;
        }
        self.trace.record("close", u64::from(scheduler.is_finished()), 0);
        self.primary.engine.end();
        self.drain_deadline_ns = None;
        for slot in 0..self.primary.worker_seats.len() {
            let seat = &mut self.primary.worker_seats[slot];
            seat.packer = Packer::new(WorkerId(0), self.plan.frame_limit);
            if let Some(pid) = seat.pid {
                self.close_assignment_pipe(pid);
            }
        }
        self.send_over_to_agents()?;
        let until_ns = self.now_ns + GRACE_NS;
        self.primary.phase = RunPhase::ShuttingDown { until_ns };
        self.wake_in(1);
        Ok(())
    }

    /// Waits for the workers to leave; then kills those that are stopped. All others must have left.
    pub(crate) fn await_workers(&mut self, until_ns: u64) -> StepResult {
        let living =
            || (0..self.processes.len()).filter(|pid| self.processes[*pid].running.is_some());
        if self.now_ns >= until_ns {
            for pid in living().collect::<Vec<_>>() {
                // Over a link the end may be late, too.
                let is_late = self.plan.transport != SimTransport::Pipes
                    || self.running_worker(pid).is_some_and(|worker| worker.is_stopped);
                // A worker may be at numbers that the answer does not need any more.
                let is_decided = self.primary.engine.scheduler().ledger().limit().is_some();
                let is_counting = self.running_worker(pid).is_some_and(|worker| {
                    matches!(
                        worker.step,
                        WorkerStep::Computing(_)
                            | WorkerStep::ReachingDeadly(..)
                            | WorkerStep::WritingCrashReport(_)
                            | WorkerStep::Crashing(_)
                    )
                });
                // The same for a chunk.
                let is_decided = is_decided || self.plan.once.is_some();
                let is_late = is_late || is_decided && is_counting;
                check(is_late, || format!("worker {pid} does not leave"))?;
                self.end_worker(pid, None);
            }
        } else if living().next().is_some() {
            self.wake_in(until_ns - self.now_ns);
            return Ok(());
        }
        if !self.have_all_agents_left() && self.now_ns < until_ns - GRACE_NS + LINGER_NS {
            self.wake_in(LINGER_NS / 100);
            return Ok(());
        }
        let scheduler = self.primary.engine.scheduler();
        self.oracle.check_end(scheduler)?;
        // A run that ends early leaves the numbers that no worker took.
        let is_finished = self.primary.engine.is_complete();
        self.stats.shuffled += u64::from(self.plan.engine_settings.shuffle.is_some());
        self.stats.decided += u64::from(scheduler.ledger().waived() > 0);
        self.read_remaining_lines(is_finished)?;
        if is_finished {
            self.stats.finished += 1;
        } else {
            self.stats.drained += 1;
            if self.plan.sync_ns.is_some() {
                let limit = self.primary.engine.scheduler().ledger().limit();
                self.journal.check_begun(&self.oracle.begins, limit)?;
                return self.restart_primary();
            }
        }
        self.end_run();
        Ok(())
    }

    /// A seat lost its worker too often in a row.
    pub(crate) fn end_after_losses(&mut self, slot: usize, times: u32) -> StepResult {
        let losses = self.primary.worker_seats[slot].losses;
        check(times >= LOSSES_IN_A_ROW && losses >= times, || {
            format!("given up after {times} losses in a row, of which {losses} happened")
        })?;
        self.end_given_up()
    }

    /// No worker is left, and several starts in a row were refused.
    pub(crate) fn end_without_workers(&mut self) -> StepResult {
        let is_any = self.primary.worker_seats.iter().any(|seat| seat.pid.is_some());
        check(!is_any && self.stats.refusals >= 5, || "given up with a worker left".into())?;
        self.end_given_up()
    }

    fn end_given_up(&mut self) -> StepResult {
        if self.upstream.is_some() {
            self.leave_session(SessionEndCause::GivenUp);
            self.is_over = true;
            return Ok(());
        }
        self.stats.given_up += 1;
        self.oracle.check_end(self.primary.engine.scheduler())?;
        self.end_run();
        Ok(())
    }

    /// Adds the dropped answers of a primary to the statistics.
    pub(crate) fn count_stale_answers(&mut self) {
        let scheduler = self.primary.engine.scheduler();
        match scheduler.ledger().limit() {
            None => self.stats.stale_answers += scheduler.stale_answers(),
            Some(_) => self.stats.superfluous_answers += scheduler.stale_answers(),
        }
    }

    pub(crate) fn end_run(&mut self) {
        self.count_stale_answers();
        for deadly in self.plan.deadly.iter().filter(|deadly| !deadly.is_always()) {
            let has_killed = self.deadly.iter().any(|left| left.n == deadly.n && left.times == 0);
            self.stats.survived_flaky += u64::from(has_killed && self.oracle.has_value(deadly.n));
        }
        self.is_over = true;
    }
}
