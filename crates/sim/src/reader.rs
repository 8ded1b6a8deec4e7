//! Whoever reads the lines: at its own pace, with a pause, to the end or not. And the pipe to it, into
//! which the primary writes as far as there is room.

use crate::oracle::check;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::queue::Event;
use crate::random::Random;
use crate::world::{Outcome, World};
use evenly_core::{Aggregate, Interval};

/// How somebody reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reader {
    /// What the pipe to it holds, and the most that the primary keeps besides.
    pub(crate) pipe: usize,
    pub(crate) most_kept: usize,
    /// How often it reads, and how much.
    every_ns: u64,
    takes: usize,
    /// Behind so many bytes: once, for how long it does nothing, and whether it is gone then.
    pause_after: u64,
    pause_ns: u64,
    gone_after: Option<u64>,
}

/// The longest line, with the longest number and value.
pub(crate) const LONGEST_LINE: u64 = 64;

impl Reader {
    /// Somebody who reads that many lines in not so many steps.
    pub(crate) fn draw(random: &mut Random, lines: u64, are_faults_wanted: bool) -> Self {
        let bytes = lines * LONGEST_LINE;
        let takes = random.magnitude(1, 1 << 16).max(bytes / 500);
        let about = random.magnitude(1, bytes.max(1));
        let is_pausing = are_faults_wanted && random.once_in(3);
        let is_leaving = are_faults_wanted && random.once_in(6);
        Self {
            pipe: random.magnitude(64, 1 << 16) as usize,
            most_kept: random.magnitude(1, 1 << 20) as usize,
            every_ns: random.magnitude(1_000, 20_000_000),
            takes: takes as usize,
            pause_after: about,
            pause_ns: if is_pausing { random.magnitude(1_000_000, 20_000_000_000) } else { 0 },
            gone_after: is_leaving.then(|| random.magnitude(1, about)),
        }
    }

    /// How long it takes at most to read everything.
    pub(crate) fn bound_ns(&self) -> u64 {
        self.pause_ns + 4_000 * self.every_ns
    }
}

/// The primary's end.
#[derive(Debug)]
pub(crate) struct Outlet {
    pipe: Pipe,
    /// What had no room.
    kept: Vec<u8>,
    is_read_due: bool,
    read: u64,
    /// Whether the reader is there.
    is_read: bool,
}

impl Outlet {
    pub(crate) fn new(plan: &Plan) -> Self {
        let pipe = Pipe::new(plan.reader.pipe);
        Self { pipe, kept: vec![], is_read_due: false, read: 0, is_read: true }
    }
}

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

    /// Nobody reads any more: the run ends, or somebody goes on with it later and reads everything.
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
        // Where nobody else can take the lowest chunk, a worker first finishes those that it holds: as
        // many again as it was assigned at once.
        let in_hand = self.most_at_once.saturating_mul(2 * LONGEST_LINE);
        // Of each machine one agent that is there, and what others left that were lost.
        let agents = 3 * machines.len() as u64 * agent;
        let most = workers(self.plan.seats as u64) + agents;
        let most = most.saturating_add(in_hand.saturating_mul(self.plan.seats as u64));
        let waiting = self.oracle.acknowledged.bytes - self.oracle.lines.passed;
        check(waiting <= most, || format!("{waiting} bytes of lines wait, of {most} at most"))
    }
}
