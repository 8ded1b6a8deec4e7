//! The journal in the loop: what comes in is made durable now and then, and counts when it is.
//!
//! Commits happen between two waits, in the one thread there is. Nobody waits idle for one: workers have
//! their next chunks already, and when nobody has anything left in hand it is not put off.

use super::gather::Gathering;
use super::gather::OVERSLEPT;
use super::unwritten::Unwritten;
use crate::error::Error;
use crate::function::Function;
use crate::job::Job;
use crate::journal::{Committed, Done, Journal, JournalError, JournalWriter, Ready};
use crate::observe::{Observation, Resumed};
use evenly_core::{Aggregate, Assignment, Interval, Range, Record, Scheduler};
use std::time::{Duration, Instant};

/// The journal of a run, if it has one.
#[derive(Default)]
pub(super) struct Keeper {
    book: Option<JournalWriter>,
    /// When one is begun that nobody named.
    begins: Option<Duration>,
    /// Whether this run began it.
    is_new: bool,
    /// Whether the run goes on without it where it cannot be written.
    is_optional: bool,
    /// Of commands that put something out: what is done, until that has been written.
    unwritten: Unwritten,
    /// Whether it was told that somebody else has it locked.
    is_told: bool,
    /// Whether what begins is written down before, because nothing must begin twice; and what is held back
    /// until that is done, with the slots of those who get it.
    is_ahead: bool,
    held: Vec<(usize, Assignment)>,
}

/// A keeper whose journal was checked and not written to yet.
pub(super) struct Checked<'a> {
    keeper: Keeper,
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
        let mut checked = Self { keeper: Keeper::default(), journal: None };
        let Some(journal) = journal else { return Ok(checked) };
        if let Some(begins) = journal.begins_after() {
            // Of what must happen at most once, what came before the journal would be begun again.
            if !is_ahead {
                checked.keeper.begins = Some(begins);
                checked.keeper.is_optional = true;
            }
            return Ok(checked);
        }
        checked.journal = journal.check(aggregate, range, function, until)?;
        checked.keeper.is_ahead = is_ahead;
        Ok(checked)
    }

    /// Opens the journal: with what it says is done.
    pub(super) fn begin(self) -> Result<(Keeper, Option<Done>), Error> {
        let Self { mut keeper, journal } = self;
        let Some(journal) = journal else { return Ok((keeper, None)) };
        let (book, done) = journal.begin()?;
        keeper.is_new = done.is_none();
        keeper.book = Some(book);
        Ok((keeper, done))
    }
}

impl Keeper {
    /// Whether what begins is written down before.
    pub(super) fn is_ahead(&self) -> bool {
        self.is_ahead
    }

    /// Whether what is done is kept.
    pub(super) fn has_journal(&self) -> bool {
        self.book.is_some()
    }

    /// Holds assignments back until they are written down as begun.
    pub(super) fn hold(&mut self, slot: usize, assignments: &[Assignment]) {
        self.held.extend(assignments.iter().map(|assignment| (slot, *assignment)));
    }

    /// Whether an assignment is held back.
    pub(super) fn holds(&self, assignment: &Assignment) -> bool {
        self.held.iter().any(|(_, held)| held.lease == assignment.lease)
    }

    /// When something is to be done about it.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.book.as_ref().map_or(self.begins, JournalWriter::due)
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

impl Gathering<'_> {
    /// Reports that the job has begun; `resumed` is how many numbers an earlier run did, and how many failed.
    pub(super) fn tell_begun(&mut self, resumed: Option<(u128, u128)>) {
        let ledger = self.supervisor.scheduler().ledger();
        let is_over = ledger.is_exhausted();
        let book = self.keeper.book.as_ref();
        let resumed = resumed.zip(book).map(|((done, failed), book)| Resumed {
            path: book.path(),
            done,
            failed,
            is_over,
        });
        self.observer.observe(&Observation::Begun { resumed });
    }

    /// Takes what is to be made durable, or gives it back at once.
    pub(super) fn keep(&mut self, record: Record) -> Result<(), Error> {
        let is_put_out = self.is_put_out();
        match &mut self.keeper.book {
            // Nobody can put out again what is lost on its way: it is written first, and then done.
            Some(_) if is_put_out => {
                self.keeper.unwritten.add(&record);
                self.count(record)?;
                self.consider_halting()
            }
            Some(book) => {
                book.put(record, self.clock.elapsed());
                Ok(())
            }
            // Nothing is kept on disk: as durable as it is going to be.
            None => {
                self.count(record)?;
                self.consider_halting()
            }
        }
    }

    /// Whether what comes is put out by commands, and not kept.
    fn is_put_out(&self) -> bool {
        matches!(self.job.aggregate, Aggregate::Run { .. })
    }

    /// Takes what has been written to be made durable.
    pub(super) fn keep_what_is_written(&mut self) {
        let Some(book) = &mut self.keeper.book else { return };
        if !self.outlet.is_empty() {
            return;
        }
        let waits_below = match self.job.aggregate {
            Aggregate::Run { in_order: true } => self.supervisor.scheduler().stream().next(),
            _ => i128::MAX,
        };
        if let Some((covered, failed)) = self.keeper.unwritten.take_below(waits_below) {
            let record = Record::new(covered, failed, self.job.aggregate.empty());
            book.put(record, self.clock.elapsed());
        }
    }

    /// Makes durable what waits when there is nothing left to gather, however long somebody else has it locked.
    pub(super) fn keep_the_rest(&mut self) -> Result<(), Error> {
        while !self.try_to_keep_the_rest()? {
            self.heed_signals()?;
            self.keep_time()?;
        }
        Ok(())
    }

    fn try_to_keep_the_rest(&mut self) -> Result<bool, Error> {
        self.keep_what_is_written();
        match self.keeper.book.as_ref().and_then(JournalWriter::due) {
            Some(_) => {
                let is_kept = self.commit(self.clock.elapsed(), &[])?;
                self.consider_halting()?;
                Ok(is_kept)
            }
            None => Ok(true),
        }
    }

    /// What becomes of the journal of a job that ends without an answer, and what its user is told.
    pub(super) fn leave_the_journal(&mut self, why: Error) -> Error {
        match (&why, &self.keeper.book) {
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
            (refusal, Some(book)) if refusal.is_refusal() && self.keeper.is_new => {
                let path = book.path().to_owned();
                self.keeper.book = None;
                // That it stays is no error of its own.
                let _ = crate::journal::discard(&path);
                why
            }
            // What came to be known last is known then, too. If it cannot be written, it is done again.
            (_, Some(_)) => {
                let _ = self.try_to_keep_the_rest();
                why
            }
        }
    }

    /// Ends the job if a file that workers of this machine use is not what it was: after what was done, and before
    /// it counts. So all that counts, or is in a journal, is of one version.
    pub(super) fn refuse_changed_files(&self, thoroughly: bool) -> Result<(), Error> {
        if self.crew.slots.is_empty() {
            return Ok(());
        }
        let changed = self.job.function.changed_file(thoroughly);
        changed.map_or(Ok(()), |path| Err(Error::FileChanged { path }))
    }

    /// The same at last, where all bytes are compared: a write right after the start may have left the times of a
    /// file as they were. What counts then may be of two versions, so the journal is not gone on with.
    pub(super) fn compare_files_at_last(&self) -> Result<(), Error> {
        let compared = self.refuse_changed_files(true);
        if let (Err(_), Some(book)) = (&compared, &self.keeper.book) {
            book.distrust()?;
        }
        compared
    }

    fn count(&mut self, record: Record) -> Result<(), Error> {
        Ok(self.supervisor.recorded(record, self.clock.now_ns())?)
    }

    /// Makes durable what is due, and begins a journal when it is time.
    pub(super) fn keep_journal(&mut self) -> Result<(), Error> {
        let now = self.clock.elapsed();
        if self.keeper.begins.is_some_and(|begins| begins <= now) {
            self.keeper.begins = None;
            self.begin_journal();
        }
        let Some(due) = self.keeper.book.as_ref().and_then(JournalWriter::due) else {
            return Ok(());
        };
        if due > now && !self.supervisor.scheduler().is_idle() {
            return Ok(());
        }
        self.commit(now, &[])?;
        self.consider_halting()?;
        self.act()
    }

    /// Sends what is held back, when it is durable that it begins: a commit for all that is assigned at once.
    /// Whether anything was sent, and so something else may be to do.
    pub(super) fn begin_what_is_held(&mut self) -> Result<bool, Error> {
        let now = self.clock.elapsed();
        // Nothing begins any more when the end was asked for.
        let is_ending = self.early.is_some();
        let Self { keeper, supervisor, .. } = &mut *self;
        // Who was to have it may be lost since.
        keeper.held.retain(|(_, assignment)| supervisor.scheduler().stands(assignment));
        let is_put_off = keeper.is_told && keeper.next_due().is_some_and(|due| due > now);
        if keeper.held.is_empty() || is_put_off || is_ending {
            return Ok(false);
        }
        let beginning: Vec<Interval> = keeper.held.iter().map(|(_, one)| one.interval).collect();
        if !self.commit(now, &beginning)? {
            return Ok(false);
        }
        let halts = self.consider_halting();
        if halts.is_err() || self.early.is_some() {
            // What came to be known with this commit ends the job before they begin.
            beginning.into_iter().for_each(|interval| self.keep_untouched(interval));
            return halts.map(|()| false);
        }
        for (slot, assignment) in std::mem::take(&mut self.keeper.held) {
            if let Some(packer) = self.packer(slot) {
                packer.assign(&[assignment]);
            }
        }
        Ok(true)
    }

    /// Notes what was written down as begun and has not.
    pub(super) fn keep_untouched(&mut self, interval: Interval) {
        if let Some(book) = &mut self.keeper.book {
            book.untouch(interval, self.clock.elapsed());
        }
    }

    /// Makes durable what waits, and that these begin; whether that was possible now. All of it counts before
    /// the caller [considers halting](Self::consider_halting): what is known is what the journal has.
    fn commit(&mut self, now: Duration, beginning: &[Interval]) -> Result<bool, Error> {
        let Some(book) = &mut self.keeper.book else { return Ok(true) };
        let committed = book.commit(now, beginning);
        let took = self.clock.elapsed().saturating_sub(now);
        if took > OVERSLEPT {
            // Nobody was heard meanwhile: that was a pause of ours, and nobody's silence.
            self.clock.leave_out(took);
        }
        match committed {
            Ok(Committed::Records(records)) => {
                self.keeper.is_told = false;
                if !self.is_put_out() {
                    records.into_iter().try_for_each(|record| self.count(record))?;
                }
                Ok(true)
            }
            Ok(Committed::NotYet) => {
                if !std::mem::replace(&mut self.keeper.is_told, true) {
                    let path = book.path();
                    self.observer.observe(&Observation::JournalLocked { path });
                }
                Ok(false)
            }
            Err(error) if self.keeper.is_optional => self.go_without(&error).map(|()| true),
            Err(error) => Err(error.into()),
        }
    }

    /// Nobody asked for the journal, and it cannot be written any more.
    fn go_without(&mut self, why: &JournalError) -> Result<(), Error> {
        self.observer.observe(&Observation::JournalGivenUp { why });
        let Some(book) = self.keeper.book.take() else { return Ok(()) };
        let path = book.path().to_owned();
        let waiting = book.into_waiting();
        // It lacks what comes now. That it cannot be removed has a line already.
        let _ = crate::journal::discard(&path);
        self.keeper.unwritten = Unwritten::default();
        if self.is_put_out() {
            return Ok(());
        }
        waiting.into_iter().try_for_each(|record| self.count(record))
    }

    /// Begins the journal that nobody named, with what is done so far. Where the answer is lines, those
    /// of the numbers done so far have left, and so they are not in it: they are done again.
    fn begin_journal(&mut self) {
        let Job { journal, aggregate, range, function, .. } = &*self.job;
        let Some(journal) = journal else { return };
        let scheduler = self.supervisor.scheduler();
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
                self.keeper.book = Some(book);
            }
            Err(why) => self.observer.observe(&Observation::JournalGivenUp { why: &why }),
        }
    }

    /// Gives back the lines that are due and were found by an earlier run: some of them. Whether there
    /// were any.
    pub(super) fn give_back_lines(&mut self, due: Interval) -> Result<(), Error> {
        let Some(book) = &mut self.keeper.book else { return Ok(()) };
        let partial = book.kept(due)?;
        self.supervisor.give_back_lines(partial);
        Ok(())
    }
}
