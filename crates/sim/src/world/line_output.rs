//! The reader of lines: reads, pauses and goes away.

use crate::event_queue::Event;
use crate::plan::question::LONGEST_LINE;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::{Aggregate, Interval};

impl World<'_> {
    /// There may be room in the pipe to the reader.
    pub(crate) fn retry_lines(&mut self) {
        self.primary.engine.retry_lines();
    }

    /// Takes lines from the engine.
    pub(crate) fn take_lines(&mut self, lines: &[u8]) {
        self.oracle.lines.passed += lines.len() as u64;
        self.outlet.kept.extend_from_slice(lines);
    }

    /// Writes the lines that were taken, as far as the pipe has room.
    pub(crate) fn write_lines(&mut self) {
        let written = self.outlet.pipe.write(&self.outlet.kept);
        self.outlet.kept.drain(..written);
        self.stats.full_outlets += u64::from(!self.outlet.kept.is_empty());
        self.primary.engine.flushed(self.outlet.kept.len());
    }

    /// Reads back what an earlier life found.
    pub(crate) fn read_back(&mut self, due: Interval) -> Outcome {
        let kept = self.journal.durable().read_back(due);
        let partial = kept.ok_or_else(|| format!("nothing is kept of {due}"))?;
        self.stats.lines_read_back += 1;
        self.primary.engine.read_back_done(partial);
        Ok(())
    }

    pub(crate) fn let_read(&mut self) {
        if !self.outlet.pipe.is_empty() && !self.outlet.is_read_due {
            self.outlet.is_read_due = true;
            let in_ns = self.random.between(1, self.plan.reader.every_ns);
            self.queue.add(self.now_ns + in_ns, Event::Read { life: self.life });
        }
    }

    /// The reader takes something, pauses or goes.
    pub(crate) fn read_lines(&mut self) -> Outcome {
        let reader = &self.plan.reader;
        let (pause_after, pause_ns, gone_after) =
            (reader.pause_after, reader.pause_ns, reader.gone_after);
        let mut bytes = vec![0; reader.takes];
        let count = self.outlet.pipe.read(&mut bytes);
        self.oracle.read(&bytes[..count])?;
        self.tape.note("lines", count as u64, 0);
        self.stats.bytes_read += count as u64;
        let before = self.outlet.read;
        self.outlet.read += count as u64;
        self.outlet.is_read_due = false;
        if gone_after.is_some_and(|after| self.outlet.read >= after) {
            self.stats.readers_gone += 1;
            self.outlet.is_read = false;
        } else if pause_ns > 0 && (before..self.outlet.read).contains(&pause_after) {
            self.stats.reader_pauses += 1;
            self.outlet.is_read_due = true;
            self.queue.add(self.now_ns + pause_ns, Event::Read { life: self.life });
        } else {
            self.let_read();
        }
        if !self.primary.engine.has_written_lines() || !self.outlet.is_read {
            self.wake_in_a_turn();
        }
        Ok(())
    }

    /// The reader is gone: the run ends, or a later run resumes it and another reader reads everything.
    pub(crate) fn is_reader_gone(&mut self) -> Outcome<bool> {
        if self.outlet.is_read {
            return Ok(false);
        }
        self.tape.note("reader gone", 0, 0);
        self.oracle.end(self.primary.engine.scheduler())?;
        self.plan.reader.gone_after = None;
        if self.plan.sync_ns.is_some() {
            self.begin_again()?;
        } else {
            self.end_run();
        }
        Ok(true)
    }

    /// The reader takes what is left, at the end; whether that is all depends on how the run ended.
    pub(crate) fn read_the_rest(&mut self, is_whole: bool) -> Outcome {
        while !self.outlet.pipe.is_empty() {
            let mut bytes = [0; 4096];
            let count = self.outlet.pipe.read(&mut bytes);
            self.oracle.read(&bytes[..count])?;
        }
        if is_whole && self.outlet.is_read { self.oracle.read_everything() } else { Ok(()) }
    }

    /// What waits for the numbers below does not grow with the range.
    pub(crate) fn look_what_waits(&mut self) -> Outcome {
        let scheduler = self.primary.engine.scheduler();
        // Failures are written out only as they leave.
        let has_text = self.plan.question.aggregate != Aggregate::Failures;
        if !has_text || self.life > 0 || scheduler.ledger().limit().is_some() {
            return Ok(());
        }
        let credit = u64::from(self.plan.question.credit);
        let each = 2 * credit + credit / 64 + self.plan.question.most_at_once();
        let workers = |seats: u64| seats * each;
        let machines = &self.plan.party.machines;
        let strongest = machines.iter().map(|one| one.slowness.len()).max().unwrap_or(0);
        let agent = 8 * credit + workers(strongest as u64);
        // If no other worker can take the lowest chunk, a worker first finishes the chunks that it holds: as many
        // again as it was assigned at once.
        let in_hand = self.most_at_once.saturating_mul(2 * LONGEST_LINE);
        // Of each machine one agent that is there, and what others left that were lost.
        let agents = 3 * machines.len() as u64 * agent;
        let most = workers(self.plan.seats as u64) + agents;
        let most = most.saturating_add(in_hand.saturating_mul(self.plan.seats as u64));
        let waiting = self.oracle.acknowledged.bytes - self.oracle.lines.passed;
        check(waiting <= most, || format!("{waiting} bytes of lines wait, of {most} at most"))
    }
}
