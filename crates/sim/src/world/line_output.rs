//! Output lines: written to the pipe, and read by a reader that pauses or leaves.

use crate::event_queue::SimEvent;
use crate::plan::question::LONGEST_LINE;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::{Aggregate, Interval};

impl SimWorld<'_> {
    /// The pipe to the reader may have room.
    pub(crate) fn retry_lines(&mut self) {
        self.primary.engine.retry_lines();
    }

    /// Takes lines from the engine.
    pub(crate) fn take_lines(&mut self, lines: &[u8]) {
        self.oracle.lines.passed += lines.len() as u64;
        self.output_pipe.kept.extend_from_slice(lines);
    }

    /// Writes the taken lines, as far as the pipe has room.
    pub(crate) fn write_lines(&mut self) {
        let written = self.output_pipe.pipe.write(&self.output_pipe.kept);
        self.output_pipe.kept.drain(..written);
        self.stats.full_output_pipes += u64::from(!self.output_pipe.kept.is_empty());
        self.primary.engine.flushed(self.output_pipe.kept.len());
    }

    /// Reads back the lines of an earlier primary.
    pub(crate) fn read_back_lines(&mut self, due: Interval) -> StepResult {
        let kept = self.journal.durable().read_back(due);
        let partial = kept.ok_or_else(|| format!("nothing is kept of {due}"))?;
        self.stats.lines_read_back += 1;
        self.primary.engine.read_back_done(partial);
        Ok(())
    }

    pub(crate) fn schedule_reader(&mut self) {
        if !self.output_pipe.pipe.is_empty() && !self.output_pipe.is_read_due {
            self.output_pipe.is_read_due = true;
            let in_ns = self.random.between(1, self.plan.line_reader.every_ns);
            self.queue
                .add(self.now_ns + in_ns, SimEvent::ReaderReads { incarnation: self.incarnation });
        }
    }

    /// The reader reads, pauses or leaves.
    pub(crate) fn run_reader(&mut self) -> StepResult {
        let reader = &self.plan.line_reader;
        let (pause_after, pause_ns, gone_after) =
            (reader.pause_after, reader.pause_ns, reader.gone_after);
        let mut bytes = vec![0; reader.takes];
        let count = self.output_pipe.pipe.read(&mut bytes);
        self.oracle.read_lines(&bytes[..count])?;
        self.trace.record("lines", count as u64, 0);
        self.stats.bytes_read += count as u64;
        let before = self.output_pipe.read;
        self.output_pipe.read += count as u64;
        self.output_pipe.is_read_due = false;
        if gone_after.is_some_and(|after| self.output_pipe.read >= after) {
            self.stats.readers_gone += 1;
            self.output_pipe.is_read = false;
        } else if pause_ns > 0 && (before..self.output_pipe.read).contains(&pause_after) {
            self.stats.reader_pauses += 1;
            self.output_pipe.is_read_due = true;
            self.queue.add(
                self.now_ns + pause_ns,
                SimEvent::ReaderReads { incarnation: self.incarnation },
            );
        } else {
            self.schedule_reader();
        }
        if !self.primary.engine.has_written_lines() || !self.output_pipe.is_read {
            self.wake_within_a_turn();
        }
        Ok(())
    }

    /// The reader is gone: the run ends, or a later run resumes it and another reader reads everything.
    pub(crate) fn handle_reader_gone(&mut self) -> StepResult<bool> {
        if self.output_pipe.is_read {
            return Ok(false);
        }
        self.trace.record("reader gone", 0, 0);
        self.oracle.check_end(self.primary.engine.scheduler())?;
        self.plan.line_reader.gone_after = None;
        if self.plan.sync_ns.is_some() {
            self.restart_primary()?;
        } else {
            self.end_run();
        }
        Ok(true)
    }

    /// The reader reads the rest at the end; how the run ended decides whether it must be complete.
    pub(crate) fn read_remaining_lines(&mut self, is_whole: bool) -> StepResult {
        while self.read_some_lines()? {}
        if is_whole && self.output_pipe.is_read {
            self.oracle.check_all_lines_read()
        } else {
            Ok(())
        }
    }

    /// The reader reads what is in the pipe at the end, a part at a time; whether there was something.
    pub(crate) fn read_some_lines(&mut self) -> StepResult<bool> {
        if self.output_pipe.pipe.is_empty() {
            return Ok(false);
        }
        let mut bytes = [0; 4096];
        let count = self.output_pipe.pipe.read(&mut bytes);
        self.oracle.read_lines(&bytes[..count])?;
        Ok(true)
    }

    /// Rule: the lines that wait for lower numbers do not grow with the range.
    pub(crate) fn check_waiting_lines(&mut self) -> StepResult {
        let scheduler = self.primary.engine.scheduler();
        // The engine formats failures only when it writes them.
        let has_text = !matches!(self.plan.question.aggregate, Aggregate::Failures { .. });
        if !has_text || self.incarnation > 0 || scheduler.ledger().limit().is_some() {
            return Ok(());
        }
        let credit = u64::from(self.plan.question.credit);
        let each = 2 * credit + credit / 64 + self.plan.question.most_at_once();
        let workers = |seats: u64| seats * each;
        let machines = &self.plan.agents.machines;
        let strongest = machines.iter().map(|one| one.slowness.len()).max().unwrap_or(0);
        let agent = 8 * credit + workers(strongest as u64);
        // If no other worker can take the lowest chunk, a worker first finishes the chunks that it holds: as many
        // again as it was assigned at once.
        let mut in_hand = self.most_at_once.saturating_mul(2 * LONGEST_LINE);
        if self.plan.engine_settings.shuffle.is_some() {
            // In a shuffled order, the lowest chunk is assigned behind all of these.
            in_hand = in_hand.saturating_mul(2);
        }
        // For each machine: its agent, and the lines that lost agents left behind.
        let agents = 3 * machines.len() as u64 * agent;
        let most = workers(self.plan.seats as u64) + agents;
        let most = most.saturating_add(in_hand.saturating_mul(self.plan.seats as u64));
        let waiting = self.oracle.acknowledged.bytes - self.oracle.lines.passed;
        check(waiting <= most, || format!("{waiting} bytes of lines wait, of {most} at most"))
    }
}
