//! The lives of the primary: how one ends early or crashes, and how the next goes on from the journal.

use crate::event_queue::Event;
use crate::model::lossy_journal::Entry;
use crate::model::pipe::Pipe;
use crate::model::primary_process::{Primary, Stage};
use crate::model::worker_process::Process;
use crate::plan::line_reader::Outlet;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::{DRAIN_NS, World};

/// The signal that asks for an early end.
const SIGTERM: i32 = 15;

impl World<'_> {
    /// A signal asks for an early end.
    pub(crate) fn drain(&mut self) -> Outcome {
        if self.primary.stage == Stage::Gathering {
            self.tape.note("drain", 0, 0);
            self.primary.engine.ask_for_end(SIGTERM, self.now_ns);
            let turns_ns = 2_000 * self.plan.turn_ns;
            // Where chunks are done as a whole, the dearest takes long.
            let once_ns = if self.plan.once.is_some() { self.plan.work_ns() } else { 0 };
            self.drain_deadline_ns = Some(self.now_ns + DRAIN_NS + turns_ns + once_ns);
            self.wake_in(1);
        }
        Ok(())
    }

    /// The primary is gone, with its workers and what is not durable; the next one begins.
    pub(crate) fn crash(&mut self) -> Outcome {
        if self.primary.stage == Stage::Gathering {
            self.stats.primary_crashes += 1;
            self.begin_again()?;
        }
        Ok(())
    }

    /// Another primary takes over from the journal.
    pub(crate) fn begin_again(&mut self) -> Outcome {
        self.tape.note("begin again", u64::from(self.life), 0);
        let persisted = self.random.next();
        self.stats.records_lost += self.journal.crash(persisted)? as u64;
        self.stats.settled += self.journal.settle()?;
        self.oracle.begin_life(self.journal.durable())?;
        self.count_stale_answers();
        self.processes.iter_mut().for_each(Process::vanish);
        self.forget_guests();
        self.waiting.clear();
        self.results = Pipe::new(self.plan.result_pipe);
        self.outlet = Outlet::new(self.plan.reader.pipe);
        self.life += 1;
        self.drain_deadline_ns = None;
        self.stats.resumes += 1;
        self.primary = Primary::begin(&self.plan, self.journal.durable())?;
        self.fill_all_seats()
    }

    /// What the journal was writing is durable now.
    pub(crate) fn synced(&mut self) -> Outcome {
        let entries = self.journal.synced()?;
        self.tape.note("synced", entries.len() as u64, 0);
        let (mut records, mut beginning) = (Vec::new(), 0);
        for entry in entries {
            match entry {
                Entry::Record(record) => records.push(record),
                Entry::Begins(_) => beginning += 1,
                Entry::Untouched(_) => {}
            }
        }
        // In any order: the engine does not say that there is one.
        for last in (1..records.len()).rev() {
            let other = self.random.below(last as u64 + 1) as usize;
            records.swap(last, other);
        }
        let synced =
            self.primary.engine.synced(records, self.plan.terms.commit_took_ns, self.now_ns);
        synced.map_err(|violation| violation.to_string())?;
        self.begun_now = 0;
        self.act()?;
        if self.primary.engine.drains_for().is_none() {
            self.stats.lost_before_begun += beginning - self.begun_now;
        }
        self.wake_in(1);
        Ok(())
    }

    /// Begins to make durable what was appended, and that what is held back begins; now and then another process
    /// has locked the journal.
    pub(crate) fn begin_sync(&mut self) -> Outcome {
        let sync_ns = self.plan.sync_ns.ok_or("a sync without a journal")?;
        if self.is_phase_one() && self.random.happens(self.plan.terms.locked) {
            let rest_ns = self.random.between(1, 4 * sync_ns);
            self.primary.engine.put_off_sync(rest_ns, self.now_ns);
            return Ok(());
        }
        for interval in self.primary.engine.beginning() {
            self.stats.written_ahead += 1;
            self.journal.append(Entry::Begins(*interval));
        }
        check(self.journal.begin_sync(), || "a sync of nothing, or within a sync".into())?;
        let at_ns = self.now_ns + self.random.between(1, sync_ns);
        self.queue.add(at_ns, Event::Synced { life: self.life });
        Ok(())
    }
}
