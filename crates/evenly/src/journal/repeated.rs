//! Journals of one part that ran twice: equal results count once, different ones are refused.

use super::error::{JournalError, JournalFault};
use super::reading::is_lines;
use super::source::SourceJournal;
use super::tables::{self, Cursor, LinesRow};
use crate::item::{Numbers, position_of_line};
use evenly_core::{Failure, Interval, Value};
use std::path::PathBuf;

/// A journal that is left out, and the one of the same part that has all that it has.
pub(super) type Repeated = (PathBuf, PathBuf);

/// Leaves one journal of each part: the one that covers most.
///
/// # Errors
/// If two journals of a part have different results.
pub(super) fn leave_out(
    journals: Vec<SourceJournal>,
) -> Result<(Vec<SourceJournal>, Vec<Repeated>), JournalError> {
    let mut kept: Vec<SourceJournal> = Vec::with_capacity(journals.len());
    let mut repeated = Vec::new();
    for mut journal in journals {
        let part = journal.contents.fingerprint().part.as_ref();
        let same = part.and_then(|part| {
            kept.iter_mut().find(|it| it.contents.fingerprint().part.as_ref() == Some(part))
        });
        let Some(other) = same else {
            kept.push(journal);
            continue;
        };
        compare(other, &journal)?;
        let covered = |it: &SourceJournal| (it.contents.done, it.contents.failed);
        if covered(&journal) > covered(other) {
            std::mem::swap(other, &mut journal);
        }
        repeated.push((journal.path, other.path.clone()));
    }
    Ok((kept, repeated))
}

/// Compares the results of numbers that both journals have.
fn compare(one: &SourceJournal, other: &SourceJournal) -> Result<(), JournalError> {
    let differ = |numbers: Interval, there: String, here: String| {
        let positions = numbers;
        let numbers = Numbers::of(&one.contents.fingerprint().items);
        let numbers = numbers.map_or(positions, |numbers| numbers.hull(positions));
        let (one, other) = (one.path.clone(), other.path.clone());
        let what = format!("{there} there, {here} here").into();
        JournalError::PartsDiffer { one, other, numbers, what }
    };
    let (done, other_done) =
        (one.reading(SourceJournal::done)?, other.reading(SourceJournal::done)?);
    let (failed, other_failed) =
        (one.reading(SourceJournal::own_failed)?, other.reading(SourceJournal::own_failed)?);
    for (failed, done, is_one) in [(&failed, &other_done, true), (&other_failed, &done, false)] {
        if let Some((n, failure)) = first_common(failed, done) {
            let (failure, done) = (failure.cause.to_string(), "done".to_owned());
            let (there, here) = if is_one { (failure, done) } else { (done, failure) };
            return Err(differ(Interval::single(n), there, here));
        }
    }
    if done == other_done && !is_lines(&one.contents.value) {
        let (value, other_value) = (&one.contents.value, &other.contents.value);
        if value != other_value {
            let whole = one.contents.fingerprint().items.positions().interval();
            let deciding = position(value).or(position(other_value)).map(Interval::single);
            let numbers = deciding.or(whole).unwrap_or(Interval::single(0));
            return Err(differ(numbers, shown(value), shown(other_value)));
        }
    }
    let mut lines = Vec::new();
    for journal in [one, other] {
        lines.push(journal.reading(own_lines)?);
    }
    let is_done = |done: &[Interval], n: i64| {
        let index = done.partition_point(|interval| interval.last() < n);
        done.get(index).is_some_and(|interval| interval.first() <= n)
    };
    let (mut here, mut there) = (lines[1].iter().peekable(), lines[0].iter().peekable());
    loop {
        let next = [there.peek(), here.peek()].map(|line| line.map(|(n, _)| *n));
        let Some(n) = next.into_iter().flatten().min() else { return Ok(()) };
        let take = |lines: &mut std::iter::Peekable<std::slice::Iter<'_, (i64, u64)>>| {
            lines.next_if(|(at, _)| *at == n).map(|(_, digest)| *digest)
        };
        let (one_line, other_line) = (take(&mut there), take(&mut here));
        if one_line != other_line && is_done(&done, n) && is_done(&other_done, n) {
            let text = |line: Option<u64>| match line {
                Some(_) => "a line".to_owned(),
                None => "no line".to_owned(),
            };
            let (there, here) = match (one_line, other_line) {
                (Some(_), Some(_)) => ("one value".to_owned(), "another value".to_owned()),
                lines => (text(lines.0), text(lines.1)),
            };
            return Err(differ(Interval::single(n), there, here));
        }
    }
}

/// The lowest position that failed in one journal and is done in another.
fn first_common<'a>(failed: &'a [Failure], done: &[Interval]) -> Option<(i64, &'a Failure)> {
    failed.iter().find_map(|failure| {
        let index = done.partition_point(|it| it.last() < failure.interval.first());
        let next = done.get(index).filter(|it| it.first() <= failure.interval.last())?;
        Some((next.first().max(failure.interval.first()), failure))
    })
}

/// The position and a digest of each line.
fn own_lines(journal: &SourceJournal) -> Result<Vec<(i64, u64)>, JournalFault> {
    let mut hasher = journal.contents.hasher.clone();
    let mut rows = tables::all(&journal.connection, "lines")?;
    let mut rows: Cursor<'_, LinesRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    let mut lines = Vec::new();
    while let Some(row) = rows.take()? {
        for line in row.text.split_inclusive(|byte| *byte == b'\n') {
            if let (Some(position), rest) = position_of_line(line) {
                lines.push((position, xxhash_rust::xxh3::xxh3_64(rest)));
            }
        }
    }
    Ok(lines)
}

fn position(value: &Value) -> Option<i64> {
    match value {
        Value::Witness(witness) => *witness,
        value => value.extreme().map(|(_, n)| n),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Witness(Some(_)) => "decided".to_owned(),
        Value::Witness(None) => "not decided".to_owned(),
        value => value.extreme().map_or("another value".to_owned(), |(value, _)| value.to_string()),
    }
}
