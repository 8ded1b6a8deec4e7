//! Journal file of a run: checked before the run, resumed, appended to, begun late, given up or distrusted.

use crate::error::Error;
use crate::function::Function;
use crate::job::Job;
use crate::journal::{
    CheckedJournal, Committed, Done, Journal, JournalChange, JournalError, JournalWriter,
};
use crate::observe::Piece;
use evenly_core::partial::Partial;
use evenly_core::{Aggregate, Failure, Interval, Items, Record, Scheduler};
use std::path::Path;
use std::time::{Duration, Instant};

/// The journal of a run, if it has one.
#[derive(Default)]
pub(super) struct JournalFile {
    writer: Option<JournalWriter>,
    /// When the automatic journal begins.
    begins: Option<Duration>,
    /// Whether this run began it.
    is_new: bool,
    /// Whether the run goes on without it where it cannot be written.
    is_optional: bool,
    /// Whether an assignment is sent only when the journal says that it begins.
    is_ahead: bool,
    /// What earlier results come from, if that is something else than in this run.
    change: Option<JournalChange>,
}

/// A journal that was checked and not written to yet.
pub(super) struct CheckedJournalFile<'a> {
    journal_file: JournalFile,
    journal: Option<CheckedJournal<'a>>,
}

impl<'a> CheckedJournalFile<'a> {
    /// Checks the journal of a job, before anything else is done, `until` then at most.
    pub(super) fn new(
        journal: Option<&'a Journal>,
        (aggregate, items): (Aggregate, &Items),
        function: &dyn Function,
        until: Option<Instant>,
    ) -> Result<Self, Error> {
        let is_ahead = function.command().is_some_and(|command| command.is_at_most_once());
        let mut checked = Self { journal_file: JournalFile::default(), journal: None };
        let Some(journal) = journal else { return Ok(checked) };
        if let Some(begins) = journal.begins_after() {
            // Of what must happen at most once, what came before the journal would be begun again.
            if !is_ahead {
                checked.journal_file.begins = Some(begins);
                checked.journal_file.is_optional = true;
            }
            return Ok(checked);
        }
        checked.journal = journal.check(aggregate, items, function, until)?;
        checked.journal_file.is_ahead = is_ahead;
        Ok(checked)
    }

    /// Opens the journal: with what it says is done.
    pub(super) fn begin(self) -> Result<(JournalFile, Option<Done>), Error> {
        let Self { mut journal_file, journal } = self;
        let Some(journal) = journal else { return Ok((journal_file, None)) };
        let (writer, done) = journal.begin()?;
        journal_file.is_new = done.is_none();
        journal_file.change = done.as_ref().and_then(|done| done.change.clone());
        journal_file.writer = Some(writer);
        Ok((journal_file, done))
    }
}

impl JournalFile {
    /// Whether an assignment is sent only when the journal says that it begins.
    pub(super) fn is_ahead(&self) -> bool {
        self.is_ahead
    }

    /// Whether there is a journal now.
    pub(super) fn has_journal(&self) -> bool {
        self.writer.is_some()
    }

    /// Appends a record: the next sync makes it durable.
    pub(super) fn append(&mut self, record: Record) {
        if let Some(writer) = &mut self.writer {
            writer.put(record);
        }
    }

    /// When a journal begins that the user did not name.
    pub(super) fn begins(&self) -> Option<Duration> {
        self.begins
    }

    /// Goes on with what is done.
    pub(super) fn resume(
        &mut self,
        scheduler: Scheduler,
        done: Option<Done>,
    ) -> Result<Scheduler, Error> {
        let Some((done, writer)) = done.zip(self.writer.as_mut()) else { return Ok(scheduler) };
        if done.value.has_too_many_values() {
            return Err(Error::TooManyValues);
        }
        let set = done.set();
        let resumed = scheduler.resume(&set, done.value, &[]);
        let mut scheduler = resumed.map_err(evenly_core::Violation::from)?;
        writer.each_failure(|failed| scheduler.resume_failures(failed))?;
        scheduler.keep_lines(&done.pieces, done.lowest_failure);
        scheduler.resume_pace(&writer.recent_windows()?);
        writer.end_reading()?;
        Ok(scheduler)
    }

    /// The numbers of earlier runs that are done and passed at a later try.
    pub(super) fn flaky(&self) -> Result<Vec<Failure>, JournalError> {
        self.writer.as_ref().map_or_else(|| Ok(Vec::new()), JournalWriter::flaky)
    }

    /// Appends that a try of these numbers failed and a later one passed.
    pub(super) fn append_flaky(&mut self, failure: Failure) {
        if let Some(writer) = &mut self.writer {
            writer.put_flaky(failure);
        }
    }

    /// What earlier results come from, if that is something else than in this run.
    pub(super) fn change(&self) -> Option<&JournalChange> {
        self.change.as_ref()
    }

    /// Path of the journal, if there is one now.
    pub(super) fn path(&self) -> Option<&Path> {
        self.writer.as_ref().map(JournalWriter::path)
    }

    /// Whether the run goes on without the journal where it cannot be written.
    pub(super) fn is_optional(&self) -> bool {
        self.is_optional
    }

    /// Appends that these numbers did not begin.
    pub(super) fn append_untouched(&mut self, interval: Interval) {
        if let Some(writer) = &mut self.writer {
            writer.untouch(interval);
        }
    }

    /// Appends what became of a window, for the audit.
    pub(super) fn append_window(&mut self, piece: &Piece) {
        if let Some(writer) = &mut self.writer {
            writer.put_window(piece, self.is_ahead);
        }
    }

    /// Makes durable what was appended, and that these numbers begin; `None` without a journal.
    pub(super) fn commit(
        &mut self,
        beginning: &[Interval],
    ) -> Option<Result<Committed, JournalError>> {
        Some(self.writer.as_mut()?.commit(beginning))
    }

    /// Reads back the lines that an earlier run found in the first of these numbers.
    pub(super) fn read_back(&mut self, due: Interval) -> Result<Option<Partial>, JournalError> {
        self.writer.as_mut().map(|writer| writer.kept(due)).transpose()
    }

    /// Marks the journal as wrong, so that no run goes on with it.
    pub(super) fn distrust(&self) -> Result<(), JournalError> {
        self.writer.as_ref().map_or(Ok(()), JournalWriter::distrust)
    }

    /// Whether this run began the journal.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Gives the journal up; the records that it has not made durable.
    pub(super) fn give_up(&mut self) -> Vec<Record> {
        let Some(writer) = self.writer.take() else { return Vec::new() };
        let path = writer.path().to_owned();
        let waiting = writer.into_waiting();
        // It lacks what comes now. An error of the removal would only repeat the one that was reported.
        let _ = crate::journal::discard(&path);
        waiting
    }

    /// Removes the journal.
    pub(super) fn discard(&mut self) {
        if let Some(writer) = self.writer.take() {
            // An error of the removal is no error of the run.
            let _ = writer.discard();
        }
    }

    /// Whether it is time to begin the automatic journal. True once.
    pub(super) fn begins_now(&mut self, now: Duration) -> bool {
        self.begins.take_if(|begins| *begins <= now).is_some()
    }

    /// Begins the automatic journal with what is done so far. Lines of numbers that are done have left and are not
    /// in it, so a resumed run computes these numbers again.
    pub(super) fn begin_late(
        &mut self,
        job: &Job,
        scheduler: &Scheduler,
    ) -> Result<(), JournalError> {
        let Job { journal, aggregate, items, function, .. } = job;
        let Some(journal) = journal else { return Ok(()) };
        let ledger = scheduler.ledger();
        let known: u128 = ledger.failures().iter().map(|failure| failure.interval.len()).sum();
        let mut writer = journal.begin(*aggregate, items, &**function)?;
        // Of very many failures only the lowest are known.
        if !aggregate.is_streamed() && known == ledger.failed() {
            let taken = writer.take_over(ledger.covered(), ledger.failures(), scheduler.answer());
            if let Err(why) = taken {
                // Nothing is in it.
                let _ = writer.discard();
                return Err(why);
            }
        }
        self.writer = Some(writer);
        Ok(())
    }
}
