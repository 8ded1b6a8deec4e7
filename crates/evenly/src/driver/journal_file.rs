//! Journal of a run: carries out the appends and syncs of the engine, and begins, leaves or discards the file.
//!
//! A commit happens between two waits, in the one thread of the primary. Workers do not idle meanwhile: they have
//! their next chunks already.

use super::event_loop::EventLoop;
use super::event_loop::OVERSLEPT;
use crate::error::Error;
use crate::function::Function;
use crate::job::Job;
use crate::journal::{Committed, Done, Journal, JournalError, JournalWriter, Ready};
use crate::observe::{Observation, Resumed};
use evenly_core::engine::Durability;
use evenly_core::{Aggregate, Interval, Range, Record, Scheduler};
use std::time::{Duration, Instant};

/// Pause before the next try, while another process has the journal locked.
const AGAIN: Duration = Duration::from_secs(1);

/// The journal of a run, if it has one.
#[derive(Default)]
pub(super) struct JournalFile {
    book: Option<JournalWriter>,
    /// When the automatic journal begins.
    begins: Option<Duration>,
    /// Whether this run began it.
    is_new: bool,
    /// Whether the run goes on without it where it cannot be written.
    is_optional: bool,
    /// Whether an assignment is sent only when the journal says that it begins.
    is_ahead: bool,
}

/// A journal_file whose journal was checked and not written to yet.
pub(super) struct Checked<'a> {
    journal_file: JournalFile,
    journal: Option<Ready<'a>>,
}

impl<'a> Checked<'a> {
    /// Checks the journal of a job, before anything else is done, `until` then at most.
    pub(super) fn new(
        journal: Option<&'a Journal>,
        (aggregate, range): (Aggregate, Range),
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
        checked.journal = journal.check(aggregate, range, function, until)?;
        checked.journal_file.is_ahead = is_ahead;
        Ok(checked)
    }

    /// Opens the journal: with what it says is done.
    pub(super) fn begin(self) -> Result<(JournalFile, Option<Done>), Error> {
        let Self { mut journal_file, journal } = self;
        let Some(journal) = journal else { return Ok((journal_file, None)) };
        let (book, done) = journal.begin()?;
        journal_file.is_new = done.is_none();
        journal_file.book = Some(book);
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
        self.book.is_some()
    }

    /// Appends a record: the next sync makes it durable.
    pub(super) fn append(&mut self, record: Record) {
        if let Some(book) = &mut self.book {
            book.put(record);
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
        let Some((done, book)) = done.zip(self.book.as_mut()) else { return Ok(scheduler) };
        if done.value.has_too_many_values() {
            return Err(Error::TooManyValues);
        }
        let set = done.set();
        let resumed = scheduler.resume(&set, done.value, &[]);
        let mut scheduler = resumed.map_err(evenly_core::Violation::from)?;
        book.each_failure(|failed| scheduler.resume_failures(failed))?;
        scheduler.keep_lines(&done.pieces, done.lowest_failure);
        book.end_reading()?;
        Ok(scheduler)
    }
}

impl EventLoop<'_> {
    /// Reports that the job has begun; `resumed` is how many numbers an earlier run did, and how many failed.
    pub(super) fn tell_begun(&mut self, resumed: Option<(u128, u128)>) {
        let ledger = self.engine.scheduler().ledger();
        let is_over = ledger.is_exhausted();
        let book = self.journal_file.book.as_ref();
        let resumed = resumed.zip(book).map(|((done, failed), book)| Resumed {
            path: book.path(),
            done,
            failed,
            is_over,
        });
        self.observer.observe(&Observation::Begun { resumed });
    }

    /// Appends that these numbers did not begin.
    pub(super) fn append_untouched(&mut self, interval: Interval) {
        if let Some(book) = &mut self.journal_file.book {
            book.untouch(interval);
        }
    }

    /// Makes durable what was appended, and that what is held back begins.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        let Some(book) = &mut self.journal_file.book else { return Ok(()) };
        let began = self.clock.elapsed();
        let committed = book.commit(self.engine.beginning());
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
            Err(error) if self.journal_file.is_optional => self.go_without(&error, now_ns),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes durable what a job that has ended leaves, if the journal can be written now.
    pub(super) fn sync_the_rest(&mut self) -> Result<(), Error> {
        if self.engine.begin_last_sync() { self.sync() } else { Ok(()) }
    }

    /// Tells that another process has locked the journal.
    pub(super) fn tell_journal_locked(&mut self) {
        if let Some(book) = &self.journal_file.book {
            let path = book.path();
            self.observer.observe(&Observation::JournalLocked { path });
        }
    }

    /// Begins the journal that the user did not name, when it is time.
    pub(super) fn begin_journal_if_due(&mut self) {
        if self.journal_file.begins.is_some_and(|begins| begins <= self.clock.elapsed()) {
            self.journal_file.begins = None;
            self.begin_journal();
        }
    }

    /// Reads back what an earlier run found in the first of these numbers.
    pub(super) fn read_back(&mut self, due: Interval) -> Result<(), Error> {
        let Some(book) = &mut self.journal_file.book else { return Ok(()) };
        let partial = book.kept(due)?;
        self.engine.read_back_done(partial);
        Ok(())
    }

    /// What becomes of the journal of a job that ends without an answer, and what its user reads about it.
    pub(super) fn leave_the_journal(&mut self, why: Error) -> Error {
        match (&why, &self.journal_file.book) {
            (
                Error::Unasked
                | Error::Untrusted { .. }
                | Error::Contradiction { .. }
                | Error::Violation(_),
                Some(book),
            ) => match book.distrust() {
                Ok(()) => why,
                Err(error) => error.into(),
            },
            (Error::Journal(_), _) | (_, None) => why,
            // A refused call leaves every file as it was.
            (refusal, Some(book)) if refusal.is_refusal() && self.journal_file.is_new => {
                let path = book.path().to_owned();
                self.journal_file.book = None;
                // That it stays is no error of its own.
                let _ = crate::journal::discard(&path);
                why
            }
            // What came to be known last is known then, too. If it cannot be written, it is done again.
            (_, Some(_)) => {
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

    /// The same at last, where all bytes are compared: a write right after the start may have left the times of a
    /// file as they were. What counts then may be of two versions, so the journal is not gone on with.
    pub(super) fn compare_files_at_last(&self) -> Result<(), Error> {
        let compared = self.refuse_changed_files(true);
        if let (Err(_), Some(book)) = (&compared, &self.journal_file.book) {
            book.distrust()?;
        }
        compared
    }

    /// The journal that the user did not name cannot be written any more.
    fn go_without(&mut self, why: &JournalError, now_ns: u64) -> Result<(), Error> {
        self.observer.observe(&Observation::JournalGivenUp { why });
        let Some(book) = self.journal_file.book.take() else { return Ok(()) };
        let path = book.path().to_owned();
        let waiting = book.into_waiting();
        // It lacks what comes now. An error of the removal would only repeat the one that was reported.
        let _ = crate::journal::discard(&path);
        Ok(self.engine.give_up_journal(waiting, now_ns)?)
    }

    /// Begins the automatic journal, with what is done so far. Where the answer is lines, those
    /// of the numbers done so far have left, and so they are not in it: they are done again.
    fn begin_journal(&mut self) {
        let Job { journal, aggregate, range, function, .. } = &*self.job;
        let Some(journal) = journal else { return };
        let scheduler = self.engine.scheduler();
        let ledger = scheduler.ledger();
        let known: u128 = ledger.failures().iter().map(|failure| failure.interval.len()).sum();
        let opened = journal.begin(*aggregate, *range, &**function);
        let begun = opened.and_then(|mut book| {
            // Of very many failures only the lowest are known.
            let taken = match !aggregate.is_streamed() && known == ledger.failed() {
                true => book.take_over(ledger.covered(), ledger.failures(), scheduler.answer()),
                false => Ok(()),
            };
            match taken {
                Ok(()) => Ok(book),
                Err(why) => {
                    // Nothing is in it.
                    let _ = book.discard();
                    Err(why)
                }
            }
        });
        match begun {
            Ok(book) => {
                self.observer.observe(&Observation::JournalBegun { path: book.path() });
                self.journal_file.book = Some(book);
                self.engine.set_durability(Durability::Journal { is_ahead: false });
            }
            Err(why) => self.observer.observe(&Observation::JournalGivenUp { why: &why }),
        }
    }
}
