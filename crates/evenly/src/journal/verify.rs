//! Coverage of several journals: what they have together, what is missing, and what is in more than one.

use super::begun;
use super::check::{Contents, check};
use super::connection::{self, PathState};
use super::error::{JournalError, JournalFault};
use super::file_lock::lock;
use super::fingerprint::Fingerprint;
use super::tables::{self, Cursor, FailedRow, LinesRow};
use super::window::{self, WindowAttempt};
use crate::item::Numbers;
use evenly_core::{Aggregate, Failure, Interval, Items, Range, Value};
use rusqlite::Connection;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

/// Most intervals that are listed of each kind; the others are only counted.
const LISTED: usize = 100;

/// What journals cover together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Together {
    /// Of which job they are; with all numbers from the lowest to the highest that any of them is about.
    pub fingerprint: Fingerprint,
    /// How many changes of the function, the program or the version were accepted, in all of them.
    pub changes: usize,
    /// How many numbers have a value, and how many failed.
    pub done: u128,
    /// How many failed.
    pub failed: u128,
    /// The lowest of those.
    pub failures: Vec<Failure>,
    /// The lowest of those that are done and passed at a later try, with the cause of the failed one.
    pub flaky: Vec<Failure>,
    /// Count of numbers that are in no journal and can change the answer.
    pub missing: u128,
    /// Where they are.
    pub gaps: Vec<Interval>,
    /// Numbers that are in more than one journal: how many, and the lowest of them.
    pub double: u128,
    /// Where they are.
    pub overlaps: Vec<Interval>,
    /// The value over all that have one, unless some are in more than one journal.
    pub value: Option<Value>,
    /// How many lines were found, where the answer is lines.
    pub lines: u64,
}

impl Together {
    /// Whether the value is that of all numbers.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let may_fail = matches!(self.fingerprint.aggregate, Aggregate::Failures { .. });
        self.missing == 0 && self.double == 0 && (may_fail || self.failed == 0)
    }
}

/// Gives each row of the audit of these journals, one journal after the other: ascending by number, those of a number
/// in the order in which they were written. What had begun when its run ended, or is at work, is `unknown`.
///
/// # Errors
/// If a journal is not sound.
pub fn windows(paths: &[PathBuf], mut take: impl FnMut(WindowAttempt)) -> Result<(), JournalError> {
    paths.iter().try_for_each(|path| {
        let (connection, contents) = read(path)?;
        let numbers = Numbers::of(&contents.fingerprint().items);
        let read = windows_of(&connection, &contents, |mut window| -> Result<(), JournalFault> {
            if let Some(numbers) = &numbers {
                window.interval = numbers.hull(window.interval);
            }
            take(window);
            Ok(())
        });
        read.map_err(|trouble| trouble.at(path, "read"))
    })
}

pub(super) fn windows_of<E: From<JournalFault>>(
    connection: &Connection,
    contents: &Contents,
    mut take: impl FnMut(WindowAttempt) -> Result<(), E>,
) -> Result<(), E> {
    let begun = begun::read(connection, &contents.hasher)?.into_iter();
    let mut begun = begun.map(|row| WindowAttempt::unknown(row.interval, row.began)).peekable();
    if !contents.is_former {
        window::each(connection, &contents.hasher, |row| {
            let is_before =
                |one: &WindowAttempt| one.interval.first() < row.window.interval.first();
            while let Some(one) = begun.next_if(is_before) {
                take(one)?;
            }
            take(row.window)
        })?;
    }
    begun.try_for_each(take)
}

/// Reads and checks a journal, without writing to it.
pub(super) fn read(path: &Path) -> Result<(Connection, Contents), JournalError> {
    read_at(path).map_err(|error| error.called(path))
}

fn read_at(path: &Path) -> Result<(Connection, Contents), JournalError> {
    let path = connection::place(path)?;
    match connection::path_state(&path)? {
        PathState::Journal => {}
        PathState::Missing => return Err(JournalError::Missing { path }),
        PathState::Empty => {
            return Err(JournalError::NotOurs { path, what: "it is empty".to_owned() });
        }
    }
    let read = || -> Result<_, JournalFault> {
        let connection = connection::open_to_read(&path)?;
        // A run may go on meanwhile: what is read is of one moment.
        connection.execute_batch("BEGIN")?;
        if connection::is_empty(&connection)? {
            return Err(JournalFault::Wrong("nothing is in it".to_owned()));
        }
        let contents = check(&connection)?;
        Ok((connection, contents))
    };
    read().map_err(|trouble| {
        // A run that is stopped in the middle of a write: its lock says whose the journal is.
        let owner = if trouble.is_busy() { lock(&path).err() } else { None };
        owner.unwrap_or_else(|| trouble.at(&path, "read"))
    })
}

/// What these journals cover together.
///
/// # Errors
/// If one is not sound, or of another job. The ranges may differ.
pub fn verify(paths: &[PathBuf]) -> Result<Together, JournalError> {
    Ok(together(paths)?.0.numbered())
}

pub(super) type ReadJournal = (Connection, Contents);

pub(super) fn together(paths: &[PathBuf]) -> Result<(Together, Vec<ReadJournal>), JournalError> {
    let read = paths.iter().map(|path| read(path));
    let journals = read.collect::<Result<Vec<_>, _>>()?;
    let Some((_, first)) = journals.first() else {
        return Err(JournalError::Missing { path: PathBuf::new() });
    };
    let mut fingerprint = first.fingerprint().clone();
    for ((_, contents), path) in journals.iter().zip(paths) {
        let other = contents.fingerprint();
        let mut differences = fingerprint.differences_but_range(other);
        let items = common(&fingerprint.items, &other.items);
        if items.is_none() {
            differences.extend(fingerprint.difference_of_items(other));
        }
        if !differences.is_empty() {
            return Err(JournalError::AnotherJob { path: path.clone(), differences });
        }
        fingerprint.items = items.unwrap_or_else(|| other.items.clone());
    }
    let mut together = Together {
        changes: journals.iter().map(|(_, contents)| contents.changes()).sum(),
        done: journals.iter().map(|(_, contents)| contents.done).sum(),
        failed: journals.iter().map(|(_, contents)| contents.failed).sum(),
        lines: journals.iter().map(|(_, contents)| contents.lines).sum(),
        failures: Vec::new(),
        flaky: Vec::new(),
        missing: 0,
        gaps: Vec::new(),
        double: 0,
        overlaps: Vec::new(),
        value: Some(fingerprint.aggregate.empty()),
        fingerprint,
    };
    for ((connection, contents), path) in journals.iter().zip(paths) {
        let lowest =
            lowest_failures(connection, contents).map_err(|trouble| trouble.at(path, "read"))?;
        together.failures.extend(lowest);
        if !contents.is_former {
            let flaky = window::flaky(connection).map_err(|trouble| trouble.at(path, "read"))?;
            together.flaky.extend(flaky);
        }
        if let (Some(value), false) = (&mut together.value, is_lines(&contents.value)) {
            value.merge(contents.value.clone());
        }
    }
    together.failures.sort_unstable_by_key(|failure| failure.interval);
    together.failures.truncate(LISTED);
    // Of several rows of the same numbers the last one counts.
    together.flaky.reverse();
    together.flaky.sort_by_key(|failure| failure.interval);
    together.flaky.dedup_by_key(|failure| failure.interval);
    together.flaky.truncate(LISTED);
    together.compare(&journals, paths)?;
    Ok((together, journals))
}

pub(super) fn is_lines(value: &Value) -> bool {
    matches!(value, Value::Lines { .. })
}

/// What journals over these items are about together: all from the lowest to the highest number of two ranges. Other
/// sets must be equal, because their journals count positions.
fn common(one: &Items, other: &Items) -> Option<Items> {
    match (one.as_range(), other.as_range()) {
        (Some(range), Some(other_range)) => {
            let hull = hull(range, other_range);
            let is_open_ended = one.is_open_ended() || other.is_open_ended();
            let start = hull.interval().filter(|_| is_open_ended).map(|all| all.first());
            Some(start.map_or_else(|| hull.into(), |start| Items::from_on(start, NonZeroU64::MIN)))
        }
        _ => (one == other).then(|| one.clone()),
    }
}

/// From the lowest to the highest number of both.
fn hull(one: Range, other: Range) -> Range {
    if one.is_empty() || other.is_empty() {
        return if one.is_empty() { other } else { one };
    }
    // Both were ranges.
    Range::new(one.start().min(other.start()), one.end().max(other.end())).unwrap_or(one)
}

fn lowest_failures(
    connection: &Connection,
    contents: &Contents,
) -> Result<Vec<Failure>, JournalFault> {
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "failed")?;
    let mut rows: Cursor<'_, FailedRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    let mut lowest = Vec::new();
    while lowest.len() < LISTED
        && let Some(row) = rows.take()?
    {
        lowest.push(row.failure);
    }
    let begun = begun::read(connection, &contents.hasher)?;
    lowest.extend(begun.into_iter().map(|row| begun::unknown(row.interval)));
    Ok(lowest)
}

impl Together {
    /// The same with numbers in the place of positions.
    pub(super) fn numbered(mut self) -> Self {
        let Some(numbers) = Numbers::of(&self.fingerprint.items) else { return self };
        let listed = |positions: &[Interval]| {
            let intervals = positions.iter().flat_map(|positions| numbers.intervals(*positions));
            intervals.take(LISTED).collect()
        };
        self.gaps = listed(&self.gaps);
        self.overlaps = listed(&self.overlaps);
        self.failures = numbers.failures(&self.failures);
        self.failures.truncate(LISTED);
        self.flaky = numbers.failures(&self.flaky);
        self.flaky.truncate(LISTED);
        self.value = self.value.map(|value| numbers.value(value));
        self
    }

    /// Looks for gaps and overlaps.
    fn compare(&mut self, journals: &[ReadJournal], paths: &[PathBuf]) -> Result<(), JournalError> {
        let pieces = journals.iter().flat_map(|(_, contents)| &contents.pieces);
        let mut pieces: Vec<Interval> = pieces.map(|(interval, _)| *interval).collect();
        pieces.sort_unstable();
        let limit = self.limit(journals, paths)?;
        if let Some(limit) = limit {
            self.forget_failures_above(limit, journals, paths)?;
        }
        let mut rest = self.fingerprint.items.positions().interval();
        if let (Some(whole), Some(limit)) = (rest, limit) {
            rest = Interval::new(whole.first(), whole.last().min(limit));
        }
        let mut last: Option<i64> = None;
        for piece in pieces {
            if let Some(last) = last.filter(|last| piece.first() <= *last) {
                let both = Interval::new(piece.first(), piece.last().min(last));
                note(&mut self.double, &mut self.overlaps, both);
            }
            last = last.max(Some(piece.last()));
            if let Some(left) = rest {
                let below = piece.first().checked_sub(1).map(|below| below.min(left.last()));
                let gap = below.and_then(|below| Interval::new(left.first(), below));
                note(&mut self.missing, &mut self.gaps, gap);
                rest = left.above(piece.last());
            }
        }
        note(&mut self.missing, &mut self.gaps, rest);
        if self.double > 0 {
            self.value = None;
        }
        Ok(())
    }

    /// What failed above the number that decides the answer changes nothing. Of `failures --first K` that is the number
    /// of the K-th failure.
    fn forget_failures_above(
        &mut self,
        limit: i64,
        journals: &[ReadJournal],
        paths: &[PathBuf],
    ) -> Result<(), JournalError> {
        let wanted = |numbers: Interval| Interval::new(numbers.first(), numbers.last().min(limit));
        let failed = each_of(journals, paths, failed_of)?.into_iter();
        self.failed = failed.filter_map(wanted).map(|failed| failed.len()).sum();
        self.failures.retain_mut(|failure| {
            let wanted = wanted(failure.interval);
            failure.interval = wanted.unwrap_or(failure.interval);
            wanted.is_some()
        });
        Ok(())
    }

    /// The number that decides the answer, if one does: those above it need not be done.
    fn limit(
        &self,
        journals: &[ReadJournal],
        paths: &[PathBuf],
    ) -> Result<Option<i64>, JournalError> {
        match (self.fingerprint.aggregate, &self.value) {
            (_, Some(Value::Witness(witness))) => Ok(*witness),
            (Aggregate::Find { first: Some(first) }, _) if self.lines >= first.get() => {
                let mut found = each_of(journals, paths, lines_of)?;
                found.sort_unstable();
                let mut lines = 0;
                Ok(found.into_iter().find_map(|(last, more)| {
                    lines += more;
                    (lines >= first.get()).then_some(last)
                }))
            }
            (Aggregate::Failures { first: Some(first) }, _)
                if self.failed >= first.get().into() =>
            {
                let mut failed = each_of(journals, paths, failed_of)?;
                failed.sort_unstable();
                let mut before = u128::from(first.get()) - 1;
                Ok(failed.into_iter().find_map(|failed| {
                    let last = failed.split_front(before + 1).0.last();
                    let is_here = before < failed.len();
                    before = before.saturating_sub(failed.len());
                    is_here.then_some(last)
                }))
            }
            _ => Ok(None),
        }
    }
}

/// What `read` reads from each journal, together.
fn each_of<T>(
    journals: &[ReadJournal],
    paths: &[PathBuf],
    read: impl Fn(&Connection, &Contents) -> Result<Vec<T>, JournalFault>,
) -> Result<Vec<T>, JournalError> {
    let mut all = Vec::new();
    for ((connection, contents), path) in journals.iter().zip(paths) {
        all.extend(read(connection, contents).map_err(|trouble| trouble.at(path, "read"))?);
    }
    Ok(all)
}

/// Counts some numbers and lists them, unless there are too many.
fn note(numbers: &mut u128, listed: &mut Vec<Interval>, interval: Option<Interval>) {
    let Some(interval) = interval else { return };
    *numbers += interval.len();
    if listed.len() < LISTED {
        listed.push(interval);
    }
}

/// What failed, or had begun.
fn failed_of(connection: &Connection, contents: &Contents) -> Result<Vec<Interval>, JournalFault> {
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "failed")?;
    let mut rows: Cursor<'_, FailedRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    let begun = begun::read(connection, &contents.hasher)?;
    let mut failed: Vec<Interval> = begun.into_iter().map(|row| row.interval).collect();
    while let Some(row) = rows.take()? {
        failed.push(row.failure.interval);
    }
    Ok(failed)
}

/// The last number of each row of lines, and how many lines it has.
fn lines_of(connection: &Connection, contents: &Contents) -> Result<Vec<(i64, u64)>, JournalFault> {
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "lines")?;
    let mut rows: Cursor<'_, LinesRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    let mut found = Vec::new();
    while let Some(row) = rows.take()? {
        found.push((row.interval.last(), row.lines));
    }
    Ok(found)
}
