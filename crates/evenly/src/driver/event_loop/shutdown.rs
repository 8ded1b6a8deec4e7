//! The last steps of the primary: end of file in both directions, and waiting for the children.

use super::EventLoop;
use crate::driver::agent_client::AgentClient;
use crate::error::{Error, system};
use crate::job::report::Report;
use crate::observe;
use crate::transport::Transport;
use evenly_core::engine::{DrainReason, FailureSummary, FlakySummary};
use rustix::process::Signal;
use std::time::Duration;

/// How long the primary waits for end of file after it closed the assignment pipes. A worker that
/// lives longer is killed: every number is covered, so nothing is lost.
const GRACE: Duration = Duration::from_secs(1);

impl EventLoop<'_> {
    /// Closes the assignment pipes, which is end of file for the workers, and reads until it is
    /// end of file here: until the last worker has gone and with it the last write end.
    pub(in crate::driver) fn end_of_file(&mut self) -> Result<(), Error> {
        self.signals.heed_children(false).map_err(system("signalfd"))?;
        self.agents.close(self.clock.now_ns());
        for slot in 0..self.pool.slots.len() {
            self.worker_pipes.close(slot);
            self.show_closed_pipe(slot)?;
        }
        // Who is stopped will not read it.
        let stopped = self.pool.slots.iter().filter(|slot| slot.is_stopped);
        stopped.for_each(|slot| slot.child.signal(Signal::KILL));
        let deadline = self.clock.elapsed() + self.grace() + GRACE;
        while !(self.is_end_of_file && self.is_quiet()) && self.clock.elapsed() < deadline {
            let due = self.next_deadline_elsewhere().map_or(deadline, |due| due.min(deadline));
            let ready = self.wait(Some(due))?;
            if ready.signals {
                self.heed_signals()?;
            }
            if ready.results {
                self.receive()?;
            }
            if ready.status {
                self.attend_port();
            }
            for token in ready.elsewhere {
                self.attend_elsewhere(token)?;
            }
            self.keep_time_elsewhere()?;
        }
        if self.is_end_of_file {
            self.stages.end_of_file(&self.pool, &mut self.clock);
        }
        Ok(())
    }

    /// Whether what was said last has been delivered everywhere.
    fn is_quiet(&self) -> bool {
        self.agents.is_quiet() && self.upstream.as_ref().is_none_or(AgentClient::is_quiet)
    }

    /// Reaps every worker and gives the report. Kills a worker that does not leave within [`GRACE`] although
    /// there is nothing left to do.
    pub(in crate::driver) fn wait_for_children(&mut self) -> Result<Report, Error> {
        self.signals.heed_children(true).map_err(system("signalfd"))?;
        let deadline = self.clock.elapsed() + self.grace() + GRACE;
        for slot in 0..self.pool.slots.len() {
            while !self.pool.slots[slot].child.has_been_waited_for().map_err(system("waitid"))? {
                // After end of file only a worker that is stopped or gone wild is still there.
                let is_stopped = self.pool.slots[slot].is_stopped;
                if is_stopped || !self.is_end_of_file || self.clock.elapsed() >= deadline {
                    self.pool.slots[slot].child.signal(Signal::KILL);
                    self.pool.slots[slot].child.wait().map_err(system("waitid"))?;
                    break;
                }
                self.wait(Some(deadline))?;
                self.heed_signals()?;
            }
        }
        self.stages.waited(&mut self.clock);
        self.tell_machines();
        let scheduler = self.engine.scheduler();
        if let Some(why) = self.engine.drains_for()
            && (matches!(why, DrainReason::Signal(_)) || !self.engine.is_complete())
        {
            return Err(self.ended_early(observe::Early::of(why)));
        }
        let FailureSummary { failures, failed, unknown } = self.engine.failures(&[]);
        let descriptions = self.engine.descriptions(&failures);
        let descriptions = descriptions.map(|(n, text)| (n, text.to_owned())).collect();
        let FlakySummary { flaky, numbers: flaky_numbers } = self.engine.flaky();
        Ok(Report {
            flaky,
            flaky_numbers,
            descriptions,
            answer: scheduler.answer().clone(),
            failures,
            failed,
            unknown,
            not_done: scheduler.total() - scheduler.ledger().covered().len(),
            lines: scheduler.stream().lines(),
            workers: self.pool.slots.len(),
            losses: self.engine.losses(),
            stale_answers: scheduler.stale_answers(),
            time_left: self.job.deadline.map(|all| all.saturating_sub(self.clock.elapsed())),
            elapsed: self.clock.since_start(),
        })
    }
}
