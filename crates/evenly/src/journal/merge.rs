//! Merging of several journals into one.

use super::coverage::{Coverage, StridedPositions};
use super::error::JournalError;
use super::merge_lines::each_line;
use super::reading::{is_lines, windows_of};
use super::source::SourceJournal;
use super::verify::{Together, together, too_many};
use super::window::WindowAttempt;
use super::writer::{Committed, JournalWriter, ResumeCall, ResumeTerms, TRIES};
use crate::item::Numbers;
use evenly_core::items::{MOST_PIECES, TooManyPieces};
use evenly_core::{Aggregate, Failure, Interval, Record, Value};
use std::path::{Path, PathBuf};

/// Bytes of lines from which on they become a record.
const LONG: usize = 256 << 10;

/// Makes one journal of these, over all numbers from the lowest to the highest, or over the items of which they are
/// parts: what they cover.
///
/// # Errors
/// As [`verify`](super::verify()); and if numbers are in more than one, or the new file is there.
pub fn merge(paths: &[PathBuf], into: &Path) -> Result<Together, JournalError> {
    Ok(merge_if(paths, into, |_| true)?.0)
}

/// The same, but writes nothing if the journals are of parts and a part is missing or not finished. Whether it wrote.
///
/// # Errors
/// As [`merge`].
pub fn merge_finished_parts(
    paths: &[PathBuf],
    into: &Path,
) -> Result<(Together, bool), JournalError> {
    merge_if(paths, into, |together| together.missing_parts == 0 && together.unfinished.is_empty())
}

fn merge_if(
    paths: &[PathBuf],
    into: &Path,
    is_wanted: impl Fn(&Together) -> bool,
) -> Result<(Together, bool), JournalError> {
    let (together, journals) = together(paths, false)?;
    if let Some(positions) = together.overlaps.first() {
        return Err(overlap(&together, &journals, *positions));
    }
    if together.value.as_ref().is_some_and(Value::has_too_many_values) {
        return Err(JournalError::TooManyValues);
    }
    if !is_wanted(&together) {
        return Ok((together.numbered(), false));
    }
    let done = done_of(&together, &journals)?;
    let no_call: ResumeCall<'_> = None;
    let opened = JournalWriter::open(into, &together.fingerprint, no_call, ResumeTerms::default());
    let (mut writer, _) = opened.map_err(|error| match error {
        JournalError::Exists { path } => JournalError::MergeExists { path },
        other => other,
    })?;
    let copied = copy(&mut writer, &together, &journals, &done);
    if copied.is_err() {
        // What is not whole is not left there.
        let path = writer.path().to_owned();
        drop(writer);
        let _ = super::discard::discard(&path);
    }
    copied.map(|()| (together.numbered(), true))
}

fn overlap(together: &Together, journals: &[SourceJournal], positions: Interval) -> JournalError {
    let has = |journal: &&SourceJournal| {
        let mut pieces = journal.contents.pieces.iter();
        let has = |at: Interval| at.contains(Interval::single(positions.first()));
        pieces.any(|(piece, _)| journal.placement.intervals(*piece).any(has))
    };
    let mut both = journals.iter().filter(has).map(|journal| journal.path.clone());
    let (one, other) = (both.next().unwrap_or_default(), both.next().unwrap_or_default());
    let numbers = Numbers::of(&together.fingerprint.items);
    let numbers = numbers.map_or(positions, |numbers| numbers.hull(positions));
    JournalError::Overlap { one, other, numbers }
}

/// What is done and is copied, without a gap in each. Above the number that decides the answer strided journals have
/// many gaps, and nothing there is needed.
fn done_of(together: &Together, journals: &[SourceJournal]) -> Result<Vec<Interval>, JournalError> {
    let Some(whole) = together.fingerprint.items.positions().interval() else {
        return Ok(Vec::new());
    };
    let mut pieces: Vec<StridedPositions> = Vec::new();
    for journal in journals {
        let done = journal.reading(SourceJournal::done)?.into_iter();
        pieces.extend(done.flat_map(|done| journal.placement.pieces(done)));
    }
    let too_many = too_many(journals);
    let coverage = Coverage::of(&pieces).map_err(&too_many)?;
    let limit = if coverage.is_strided() { together.limit(journals)? } else { None };
    let last = limit.map_or(whole.last(), |limit| limit.min(whole.last()));
    let wanted = Interval::new(whole.first(), last).unwrap_or(whole);
    let done = coverage.chosen(wanted, MOST_PIECES, |count| count > 0);
    if done.has_more { Err(too_many(TooManyPieces)) } else { Ok(done.intervals) }
}

/// Writes all of these journals.
fn copy(
    writer: &mut JournalWriter,
    together: &Together,
    journals: &[SourceJournal],
    done: &[Interval],
) -> Result<(), JournalError> {
    let aggregate = together.fingerprint.aggregate;
    let value = together.value.clone();
    let mut writer = MergeWriter { writer, value, aggregate };
    copy_done(&mut writer, journals, done)?;
    for journal in journals {
        let failed = journal.reading(SourceJournal::failures)?;
        for failure in failed {
            writer.put(None, Some(failure), aggregate.empty())?;
        }
    }
    writer.flush()?;
    for journal in journals {
        let mut windows: Vec<WindowAttempt> = Vec::new();
        journal.reading(|journal| {
            windows_of(&journal.connection, &journal.contents, |mut window| {
                window.interval = journal.placement.hull(window.interval);
                windows.push(window);
                Ok(())
            })
        })?;
        for window in windows {
            writer.writer.put_windows(vec![window]);
            if writer.writer.is_full() {
                writer.flush()?;
            }
        }
    }
    writer.flush()
}

/// Writes what is done, with the lines in it.
fn copy_done(
    writer: &mut MergeWriter<'_>,
    journals: &[SourceJournal],
    done: &[Interval],
) -> Result<(), JournalError> {
    let mut intervals = done.iter().copied();
    let mut rest = intervals.next();
    let (mut lines, mut text) = (0_u64, Vec::new());
    let value = |writer: &MergeWriter<'_>, lines: &mut u64, text: &mut Vec<u8>| {
        let (lines, text) = (std::mem::take(lines), std::mem::take(text));
        if lines == 0 { writer.aggregate.empty() } else { Value::Lines { lines, text } }
    };
    each_line(journals, |position, line| {
        while let Some(interval) = rest.filter(|interval| interval.last() < position) {
            let value = value(writer, &mut lines, &mut text);
            writer.put(Some(interval), None, value)?;
            rest = intervals.next();
        }
        // Lines above the number that decides the answer.
        let Some(interval) = rest else { return Ok(()) };
        lines += 1;
        text.extend_from_slice(line);
        if text.len() >= LONG {
            let whole = Interval::new(interval.first(), position).unwrap_or(interval);
            let value = value(writer, &mut lines, &mut text);
            writer.put(Some(whole), None, value)?;
            rest = interval.above(position).or_else(|| intervals.next());
        }
        Ok(())
    })?;
    while let Some(interval) = rest {
        let value = value(writer, &mut lines, &mut text);
        writer.put(Some(interval), None, value)?;
        rest = intervals.next();
    }
    Ok(())
}

/// Writer of the merged journal: puts records and commits in batches.
struct MergeWriter<'a> {
    writer: &'a mut JournalWriter,
    /// What all of it comes to, written with the first.
    value: Option<Value>,
    aggregate: Aggregate,
}

impl MergeWriter<'_> {
    fn put(
        &mut self,
        covered: Option<Interval>,
        failed: Option<Failure>,
        value: Value,
    ) -> Result<(), JournalError> {
        let value = match self.value.take() {
            Some(all) if !is_lines(&all) => all,
            _ => value,
        };
        let (covered, failed) = (covered.into_iter().collect(), failed.into_iter().collect());
        self.writer.put(Record::new(covered, failed, value));
        if self.writer.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        for _ in 0..TRIES {
            match self.writer.commit(&[])? {
                Committed::Records(_) => return Ok(()),
                Committed::NotYet => {}
            }
        }
        Err(JournalError::Failed {
            path: self.writer.path().to_owned(),
            doing: "write",
            cause: "another program has it locked".to_owned(),
            advice: "merge again when it is closed",
        })
    }
}
