//! Early end of a run as in the driver: what had begun is named, the rest is written and made durable.

use crate::model::primary_process::RunPhase;
use crate::plan::early_end::EarlyEnd;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::{DRAIN_NS, SimWorld};
use evenly_core::Aggregate;
use evenly_core::engine::{DRAIN_AT_DEADLINE_NS, DrainReason};

/// The signal that asks for an early end.
const SIGTERM: i32 = 15;

impl SimWorld<'_> {
    /// A signal asks for an early end; the second one ends the run at once.
    pub(crate) fn begin_drain(&mut self) -> StepResult {
        if self.primary.phase != RunPhase::Running || self.is_over {
            return Ok(());
        }
        self.trace.record("drain", 0, 0);
        let engine = &mut self.primary.engine;
        let is_second = matches!(engine.drains_for(), Some(DrainReason::Signal(_)));
        let is_first = engine.ask_for_end(SIGTERM, self.now_ns);
        check(is_first != is_second, || "a second signal is taken for the first".into())?;
        if is_second {
            self.stats.second_signals += 1;
            return self.end_immediately(DrainReason::Signal(SIGTERM));
        }
        self.limit_drain();
        self.wake_in(1);
        Ok(())
    }

    /// Sets the time by which a drain that begins now is over.
    fn limit_drain(&mut self) {
        let turns_ns = 2_000 * self.plan.turn_ns;
        // Where chunks are done as a whole, the dearest takes long.
        let once_ns = if self.plan.once.is_some() { self.plan.work_ns() } else { 0 };
        self.drain_deadline_ns = Some(self.now_ns + DRAIN_NS + turns_ns + once_ns);
    }

    /// The engine begins to end the run by itself.
    pub(crate) fn note_early_end(&mut self, why: DrainReason) -> StepResult {
        self.trace.comment(|| format!("ends early: {why:?}"));
        self.check_reason(why)?;
        self.check_is_incomplete(why)?;
        match why {
            DrainReason::Halt => self.stats.halts += 1,
            DrainReason::Deadline => {
                self.stats.deadlines += 1;
                self.drain_deadline_ns = Some(self.now_ns + DRAIN_AT_DEADLINE_NS);
                return Ok(());
            }
            DrainReason::Signal(_) => {}
        }
        self.limit_drain();
        Ok(())
    }

    fn check_reason(&self, why: DrainReason) -> StepResult {
        let early_end = &self.plan.early_end;
        match why {
            DrainReason::Signal(_) => Ok(()),
            DrainReason::Halt => {
                let is_met = early_end.halt.is_some_and(|halt| self.oracle.is_halt_met(&halt));
                check(is_met, || "halted, and the condition is not met".into())
            }
            DrainReason::Deadline => {
                let is_due = early_end.deadline_ns.is_some_and(|due_ns| due_ns <= self.now_ns);
                check(is_due, || "ended before the deadline".into())
            }
        }
    }

    /// Rule: a halt never withholds a complete answer.
    fn check_is_incomplete(&self, why: DrainReason) -> StepResult {
        let scheduler = self.primary.engine.scheduler();
        let settled = scheduler.ledger().covered().len() + scheduler.ledger().waived();
        let is_early = why != DrainReason::Halt || settled < scheduler.total();
        check(is_early, || "halted with every number done".into())
    }

    /// Rule: a run ends when its halt condition is met.
    pub(crate) fn check_halt(&self) -> StepResult {
        let engine = &self.primary.engine;
        let is_running = self.is_running() && engine.drains_for().is_none();
        match self.plan.early_end.halt {
            Some(halt) if is_running && self.upstream.is_none() => {
                self.oracle.check_halt_is_not_due(&halt, engine.scheduler())
            }
            _ => Ok(()),
        }
    }

    /// The time of the drain is over, or a halt waits for none: kills the workers; the records so far count.
    pub(crate) fn end_immediately(&mut self, why: DrainReason) -> StepResult {
        if self.primary.phase != RunPhase::Running {
            // Each record that counts after a halt says so again.
            return Ok(());
        }
        self.trace.comment(|| format!("ends at once: {why:?}"));
        self.check_reason(why)?;
        if self.primary.engine.drains_for().is_none() {
            self.check_is_incomplete(why)?;
        }
        self.stats.cut_drains += 1;
        self.primary.engine.end();
        self.primary.phase = RunPhase::ShuttingDown { until_ns: self.now_ns };
        for slot in 0..self.primary.worker_seats.len() {
            if let Some(pid) = self.primary.worker_seats[slot].pid {
                self.end_worker(pid, None);
            }
        }
        self.carry_out_outputs()?;
        self.begin_shutdown()
    }

    /// Delivers what is known of a run that ended early.
    pub(crate) fn wind_up(&mut self) -> StepResult {
        // A later primary of the same run goes to the end.
        self.plan.early_end = EarlyEnd::default();
        self.primary.engine.end();
        self.carry_out_outputs()?;
        self.sync_the_rest()?;
        let engine = &self.primary.engine;
        let limit = engine.scheduler().ledger().limit();
        let unknown = engine.unknown_in_hand();
        let is_once = self.plan.once.is_some();
        check(is_once || unknown.is_empty(), || "unknown where numbers are tried again".into())?;
        if is_once {
            self.oracle.check_unknown_in_hand(&unknown, limit)?;
        }
        self.oracle.check_summary(&engine.failures(&unknown), &unknown, limit)?;
        let aggregate = self.plan.question.aggregate;
        if aggregate.is_streamed() && !matches!(aggregate, Aggregate::Failures { .. }) {
            self.primary.engine.write_rest(&unknown);
            self.write_lines_to_the_end()?;
        }
        Ok(())
    }

    /// Makes durable what the run leaves, unless the journal is locked.
    fn sync_the_rest(&mut self) -> StepResult {
        if self.primary.engine.begin_last_sync() {
            self.begin_sync()?;
            self.finish_sync()?;
        }
        Ok(())
    }

    /// Writes the lines that can leave, as long as the reader is there.
    fn write_lines_to_the_end(&mut self) -> StepResult {
        loop {
            self.primary.engine.retry_lines();
            self.carry_out_outputs()?;
            if self.primary.engine.has_written_lines() || !self.output_pipe.is_read {
                return Ok(());
            }
            check(self.read_some_lines()?, || {
                "lines are not written although there is room".into()
            })?;
        }
    }
}
