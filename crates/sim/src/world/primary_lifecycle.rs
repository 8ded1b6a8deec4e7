//! Lifecycle of the primary: drain, crash, restart from the journal, and syncs.

use crate::event_queue::SimEvent;
use crate::model::lossy_journal::JournalEntry;
use crate::model::pipe::BoundedPipe;
use crate::model::primary_process::{RunPhase, SimPrimary};
use crate::model::worker_process::SimWorker;
use crate::plan::line_reader::OutputPipe;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;

impl SimWorld<'_> {
    /// Ends the primary with its workers and the rows that are not durable; another primary starts.
    pub(crate) fn crash_primary(&mut self) -> StepResult {
        // A run that goes on without its journal is not resumed.
        if self.primary.phase == RunPhase::Running && self.plan.sync_ns.is_some() {
            self.stats.primary_crashes += 1;
            self.restart_primary()?;
        }
        Ok(())
    }

    /// Another primary takes over from the journal.
    pub(crate) fn restart_primary(&mut self) -> StepResult {
        self.trace.record("begin again", u64::from(self.incarnation), 0);
        let persisted = self.random.next();
        self.stats.records_lost += self.journal.lose_unsynced(persisted)? as u64;
        self.stats.settled += self.journal.fail_begun()?;
        self.oracle.begin_incarnation(self.journal.durable())?;
        self.count_stale_answers();
        self.processes.iter_mut().for_each(SimWorker::discard);
        self.drop_agent_seats();
        self.waiting.clear();
        self.results = BoundedPipe::new(self.plan.result_pipe);
        self.output_pipe = OutputPipe::new(self.plan.line_reader.pipe);
        self.incarnation += 1;
        self.drain_deadline_ns = None;
        self.stats.resumes += 1;
        self.primary = SimPrimary::begin(&self.plan, self.journal.durable())?;
        self.primary.began_ns = self.now_ns;
        self.fill_all_seats()
    }

    /// The open transaction of the journal is durable now.
    pub(crate) fn finish_sync(&mut self) -> StepResult {
        let entries = self.journal.finish_sync()?;
        self.trace.record("synced", entries.len() as u64, 0);
        let (mut records, mut beginning) = (Vec::new(), 0);
        for entry in entries {
            match entry {
                JournalEntry::Record(record) => records.push(record),
                JournalEntry::Begins(_) => beginning += 1,
                JournalEntry::Untouched(_) => {}
            }
        }
        // In any order: the engine does not say that there is one.
        for last in (1..records.len()).rev() {
            let other = self.random.below(last as u64 + 1) as usize;
            records.swap(last, other);
        }
        let synced = self.primary.engine.synced(
            records,
            self.plan.engine_settings.commit_took_ns,
            self.now_ns,
        );
        synced.map_err(|violation| violation.to_string())?;
        self.begun_now = 0;
        self.carry_out_outputs()?;
        if self.primary.engine.drains_for().is_none() {
            self.stats.lost_before_begun += beginning - self.begun_now;
        }
        self.wake_in(1);
        Ok(())
    }

    /// The journal cannot be written any more, and the run goes on without it.
    fn give_up_journal(&mut self) -> StepResult {
        self.stats.journals_given_up += 1;
        self.trace.record("without journal", 0, 0);
        self.plan.sync_ns = None;
        let records = self.journal.give_up();
        records.iter().for_each(|record| self.oracle.take_back_record(record));
        let given_up = self.primary.engine.give_up_journal(records, self.now_ns);
        given_up.map_err(|violation| violation.to_string())
    }

    /// Begins to make durable what was appended, and that what is held back begins; now and then another process
    /// has locked the journal.
    pub(crate) fn begin_sync(&mut self) -> StepResult {
        let sync_ns = self.plan.sync_ns.ok_or("a sync without a journal")?;
        if self.plan.engine_settings.is_given_up_now() {
            return self.give_up_journal();
        }
        if self.are_faults_active() && self.random.happens(self.plan.engine_settings.locked) {
            let rest_ns = self.random.between(1, 4 * sync_ns);
            self.primary.engine.put_off_sync(rest_ns, self.now_ns);
            return Ok(());
        }
        for interval in self.primary.engine.beginning() {
            self.stats.written_ahead += 1;
            self.journal.append(JournalEntry::Begins(*interval));
        }
        check(self.journal.begin_sync(), || "a sync of nothing, or within a sync".into())?;
        let at_ns = self.now_ns + self.random.between(1, sync_ns);
        self.queue.add(at_ns, SimEvent::JournalSynced { incarnation: self.incarnation });
        Ok(())
    }
}
