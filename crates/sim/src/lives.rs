//! The lives of the primary: how one ends early or crashes, and how the next goes on from the journal.

use crate::journal::Entry;
use crate::pipe::Pipe;
use crate::primary::{Primary, Stage};
use crate::process::Process;
use crate::queue::Event;
use crate::reader::Outlet;
use crate::world::{DRAIN_NS, Outcome, World};

impl World<'_> {
    /// Somebody asks for an early end.
    pub(crate) fn drain(&mut self) -> Outcome {
        if self.primary.stage == Stage::Gathering {
            self.tape.note("drain", 0, 0);
            self.primary.supervisor.drain();
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
        self.outlet = Outlet::new(&self.plan);
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
        let (mut records, mut beginning) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Record(record) => records.push(record),
                Entry::Begins(slot, assignment) => beginning.push((slot, assignment)),
                Entry::Untouched(_) => {}
            }
        }
        while !records.is_empty() {
            // In any order: the core does not say that there is one.
            let which = self.random.below(records.len() as u64) as usize;
            self.recorded(records.swap_remove(which))?;
        }
        for (slot, assignment) in beginning {
            self.let_begin(slot, assignment)?;
        }
        self.sync_if_due();
        self.wake_in(1);
        Ok(())
    }

    /// Begins to make durable what waits for it, unless that is being done.
    pub(crate) fn sync_if_due(&mut self) {
        if let Some(sync_ns) = self.plan.sync_ns
            && self.journal.begin_sync()
        {
            let at_ns = self.now_ns + self.random.between(1, sync_ns);
            self.queue.add(at_ns, Event::Synced { life: self.life });
        }
    }
}
