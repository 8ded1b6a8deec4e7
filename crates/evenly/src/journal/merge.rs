//! Merging of several journals into one.

use super::begun;
use super::check::Contents;
use super::error::{JournalError, JournalFault};
use super::tables::{self, Cursor, DoneRow, FailedRow, LinesRow};
use super::verify::{ReadJournal, Together, is_lines, together, windows_of};
use super::writer::{Committed, JournalWriter, ResumeCall, ResumeTerms, TRIES};
use crate::item::Numbers;
use evenly_core::{Failure, Interval, Record, Value};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// Makes one journal of these, over all numbers from the lowest to the highest: what they cover.
///
/// # Errors
/// As [`verify`](super::verify()); and if numbers are in more than one, or the new file is there.
pub fn merge(paths: &[PathBuf], into: &Path) -> Result<Together, JournalError> {
    let (together, journals) = together(paths)?;
    if let Some(numbers) = together.overlaps.first() {
        let has = |(_, (_, contents)): &(usize, &ReadJournal)| {
            contents
                .pieces
                .iter()
                .any(|(piece, _)| piece.contains(Interval::single(numbers.first())))
        };
        let mut both = journals.iter().enumerate().filter(has).map(|(index, _)| &paths[index]);
        let path = || PathBuf::new();
        let (one, other) = (both.next().cloned(), both.next().cloned());
        let (one, other) = (one.unwrap_or_else(path), other.unwrap_or_else(path));
        let positions = *numbers;
        let numbers = Numbers::of(&together.fingerprint.items);
        let numbers = numbers.map_or(positions, |numbers| numbers.hull(positions));
        return Err(JournalError::Overlap { one, other, numbers });
    }
    if together.value.as_ref().is_some_and(Value::has_too_many_values) {
        return Err(JournalError::TooManyValues);
    }
    let no_call: ResumeCall<'_> = None;
    let opened = JournalWriter::open(into, &together.fingerprint, no_call, ResumeTerms::default());
    let (mut writer, _) = opened.map_err(|error| match error {
        JournalError::Exists { path } => JournalError::MergeExists { path },
        other => other,
    })?;
    let copied = journals.iter().zip(paths).try_for_each(|((connection, contents), path)| {
        copy(&mut writer, connection, contents).map_err(|failed| match failed {
            MergeError::Reading(trouble) => trouble.at(path, "read"),
            MergeError::Writing(error) => error,
        })
    });
    if copied.is_err() {
        // What is not whole is not left there.
        let path = writer.path().to_owned();
        drop(writer);
        let _ = super::discard::discard(&path);
    }
    copied.map(|()| together.numbered())
}

enum MergeError {
    Reading(JournalFault),
    Writing(JournalError),
}

impl From<JournalFault> for MergeError {
    fn from(trouble: JournalFault) -> Self {
        Self::Reading(trouble)
    }
}

/// Copies all of a journal, a part at a time.
fn copy(
    writer: &mut JournalWriter,
    connection: &Connection,
    contents: &Contents,
) -> Result<(), MergeError> {
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "lines")?;
    let mut lines: Cursor<'_, LinesRow> =
        Cursor::over(rows.query(()).map_err(JournalFault::from)?, &mut hasher)?;
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "done")?;
    let mut done: Cursor<'_, DoneRow> =
        Cursor::over(rows.query(()).map_err(JournalFault::from)?, &mut hasher)?;
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "failed")?;
    let mut failed: Cursor<'_, FailedRow> =
        Cursor::over(rows.query(()).map_err(JournalFault::from)?, &mut hasher)?;
    let mut writer = MergeWriter { writer, value: Some(contents.value.clone()) };
    while let Some(row) = done.take()? {
        let mut rest = Some(row.interval);
        while let Some(piece) = lines.peek().filter(|piece| row.interval.contains(piece.interval)) {
            let (left, last) = (rest.unwrap_or(row.interval), piece.interval.last());
            let Some(LinesRow { lines: count, text, .. }) = lines.take()? else { break };
            let span = Interval::new(left.first(), last).unwrap_or(left);
            writer.put(Some(span), None, Value::Lines { lines: count, text })?;
            rest = left.above(last);
        }
        if rest.is_some() {
            let empty = contents.fingerprint().aggregate.empty();
            writer.put(rest, None, empty)?;
        }
    }
    while let Some(row) = failed.take()? {
        let empty = contents.fingerprint().aggregate.empty();
        writer.put(None, Some(row.failure), empty)?;
    }
    for row in begun::read(connection, &contents.hasher)? {
        let empty = contents.fingerprint().aggregate.empty();
        writer.put(None, Some(begun::unknown(row.interval)), empty)?;
    }
    writer.flush()?;
    windows_of(connection, contents, |window| {
        writer.writer.put_windows(vec![window]);
        if writer.writer.is_full() { writer.flush() } else { Ok(()) }
    })?;
    writer.flush()
}

/// Writer of the merged journal: puts records and commits in batches.
struct MergeWriter<'a> {
    writer: &'a mut JournalWriter,
    /// What all of it comes to, written with the first.
    value: Option<Value>,
}

impl MergeWriter<'_> {
    fn put(
        &mut self,
        covered: Option<Interval>,
        failed: Option<Failure>,
        value: Value,
    ) -> Result<(), MergeError> {
        let value = match self.value.take() {
            Some(all) if !is_lines(&all) => all,
            _ => value,
        };
        let (covered, failed) = (covered.into_iter().collect(), failed.into_iter().collect());
        self.writer.put(Record::new(covered, failed, value));
        if self.writer.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), MergeError> {
        for _ in 0..TRIES {
            match self.writer.commit(&[]).map_err(MergeError::Writing)? {
                Committed::Records(_) => return Ok(()),
                Committed::NotYet => {}
            }
        }
        Err(MergeError::Writing(JournalError::Failed {
            path: self.writer.path().to_owned(),
            doing: "write",
            cause: "another program has it locked".to_owned(),
            advice: "merge again when it is closed",
        }))
    }
}
