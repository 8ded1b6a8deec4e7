//! Journal in the event loop: appends and syncs of the engine, and what becomes of the file at an early end.
//!
//! A commit happens between two waits, in the one thread of the primary. Workers do not idle meanwhile: they have
//! their next chunks already.

use super::{EventLoop, OVERSLEPT};
use crate::error::Error;
use crate::journal::{Committed, JournalError};
use crate::observe::{Observation, Resumed};
use evenly_core::engine::Durability;
use evenly_core::{Interval, Record};
use std::time::Duration;

/// Pause before the next try, while another process has the journal locked.
const AGAIN: Duration = Duration::from_secs(1);

impl EventLoop<'_> {
    /// Reports that the job has begun; `resumed` is how many numbers an earlier run did, and how many failed.
    pub(super) fn tell_begun(&mut self, resumed: Option<(u128, u128)>) {
        let is_over = self.engine.scheduler().ledger().is_exhausted();
        let (path, change) = (self.journal_file.path(), self.journal_file.change());
        let resumed = resumed.zip(path);
        let resumed =
            resumed.map(|((done, failed), path)| Resumed { path, done, failed, is_over, change });
        self.observer.observe(&Observation::Begun { resumed });
    }

    /// Appends a record to the journal, or sends it to the primary of this agent.
    pub(super) fn append(&mut self, record: Record, now_ns: u64) -> Result<(), Error> {
        match &mut self.upstream {
            Some(upstream) => upstream.record(record, &mut self.engine, now_ns),
            None => {
                if let Some(prefix) = &mut self.prefix {
                    prefix.add(&record);
                }
                self.journal_file.append(record);
                Ok(())
            }
        }
    }

    /// Makes durable what was appended, and that what is held back begins.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        let began = self.clock.elapsed();
        let Some(committed) = self.journal_file.commit(self.engine.beginning()) else {
            return Ok(());
        };
        let took = self.clock.elapsed().saturating_sub(began);
        if took > OVERSLEPT {
            // No frame was read meanwhile, so no worker and no agent was silent.
            self.clock.leave_out(took);
        }
        let now_ns = self.clock.now_ns();
        match committed {
            Ok(Committed::Records(records)) => {
                Ok(self.engine.synced(records, took.as_nanos() as u64, now_ns)?)
            }
            Ok(Committed::NotYet) => {
                self.engine.put_off_sync(AGAIN.as_nanos() as u64, now_ns);
                Ok(())
            }
            Err(why) if self.journal_file.is_optional() => self.go_without(&why, now_ns),
            Err(why) => Err(why.into()),
        }
    }

    /// The journal that the user did not name cannot be written any more.
    fn go_without(&mut self, why: &JournalError, now_ns: u64) -> Result<(), Error> {
        self.observer.observe(&Observation::JournalGivenUp { why });
        let waiting = self.journal_file.give_up();
        Ok(self.engine.give_up_journal(waiting, now_ns)?)
    }

    /// Makes durable what a job that has ended leaves, if the journal can be written now.
    pub(super) fn sync_the_rest(&mut self) -> Result<(), Error> {
        if self.engine.begin_last_sync() { self.sync() } else { Ok(()) }
    }

    /// Reports that another process has locked the journal.
    pub(super) fn tell_journal_locked(&mut self) {
        if let Some(path) = self.journal_file.path() {
            self.observer.observe(&Observation::JournalLocked { path });
        }
    }

    /// Begins the journal that the user did not name, when it is time.
    pub(super) fn begin_journal_if_due(&mut self) {
        if !self.journal_file.begins_now(self.clock.elapsed()) {
            return;
        }
        match self.journal_file.begin_late(self.job, self.engine.scheduler()) {
            Ok(()) => {
                if let Some(path) = self.journal_file.path() {
                    self.observer.observe(&Observation::JournalBegun { path });
                    self.engine.set_durability(Durability::Journal { is_ahead: false });
                    let flaky = self.engine.flaky().flaky.into_iter();
                    flaky.for_each(|failure| self.journal_file.append_flaky(failure));
                }
            }
            Err(why) => self.observer.observe(&Observation::JournalGivenUp { why: &why }),
        }
    }

    /// Reads back what an earlier run found in the first of these numbers.
    pub(super) fn read_back(&mut self, due: Interval) -> Result<(), Error> {
        if let Some(partial) = self.journal_file.read_back(due)? {
            self.engine.read_back_done(partial);
        }
        Ok(())
    }

    /// Leaves the journal of a job that ends without an answer as the error asks for; the error to report.
    pub(super) fn leave_the_journal(&mut self, why: Error) -> Error {
        if !self.journal_file.has_journal() {
            return why;
        }
        match &why {
            Error::Unasked
            | Error::Untrusted { .. }
            | Error::Contradiction { .. }
            | Error::Violation(_) => match self.journal_file.distrust() {
                Ok(()) => why,
                Err(error) => error.into(),
            },
            Error::Journal(_) => why,
            refusal if refusal.is_refusal() && self.journal_file.is_new() => {
                self.journal_file.discard();
                why
            }
            // The last records become durable, too. If they cannot be written, a resumed run computes them again.
            _ => {
                let _ = self.act().and_then(|()| self.sync_the_rest());
                why
            }
        }
    }

    /// Ends the job if a file that workers of this machine use is not what it was: after what was done, and before
    /// it counts. So all that counts, or is in a journal, is of one version.
    pub(super) fn refuse_changed_files(&self, thoroughly: bool) -> Result<(), Error> {
        if self.pool.slots.is_empty() {
            return Ok(());
        }
        let changed = self.job.function.changed_file(thoroughly);
        changed.map_or(Ok(()), |path| Err(Error::FileChanged { path }))
    }

    /// The same at the end of the run, where all bytes are compared: a write right after the start may have left
    /// the times of a file as they were. What counted may be of two versions, so no run goes on with the journal.
    pub(in crate::driver) fn compare_files_at_last(&self) -> Result<(), Error> {
        let compared = self.refuse_changed_files(true);
        if compared.is_err() {
            self.journal_file.distrust()?;
        }
        compared
    }
}
