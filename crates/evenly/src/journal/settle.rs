//! Decisions about windows of unknown fate: done, or to be started again.
//!
//! A run that starts nothing twice leaves windows whose commands may have been started. Only their owner can find out
//! what became of them.

use super::batch::{cover, remove};
use super::begun;
use super::check::{Contents, check};
use super::connection::{self, PathState};
use super::error::{JournalError, JournalFault};
use super::file_lock::lock;
use super::schema;
use super::tables::{self, Cursor, FailedRow, failed_hash};
use super::window::{WindowAttempt, millis};
use super::writer::JournalWriter;
use crate::item::Numbers;
use evenly_core::{Aggregate, Cause, Interval};
use rusqlite::Connection;
use std::path::Path;
use std::time::SystemTime;

/// What is decided about windows of unknown fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleDecision {
    /// Their commands have ended well.
    Done,
    /// The next run starts them again.
    Retry,
}

impl SettleDecision {
    fn end(self) -> &'static str {
        match self {
            Self::Done => "settled done",
            Self::Retry => "settled retry",
        }
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettledWindows {
    /// The windows, ascending.
    pub windows: Vec<Interval>,
    /// How many windows of unknown fate are left.
    pub left: usize,
}

/// Decides about all windows of unknown fate within these numbers, in one transaction. The audit has a row for each.
///
/// # Errors
/// If the journal is in use, or not sound; [`JournalError::NotUnknown`] if the numbers hold no such window, or a part
/// of one; [`JournalError::HasValues`] if only the commands themselves know the value of their numbers.
pub fn settle(
    path: &Path,
    numbers: Interval,
    decision: SettleDecision,
) -> Result<SettledWindows, JournalError> {
    let real = connection::place(path)?;
    settle_at(&real, numbers, decision).map_err(|error| error.called(path))
}

fn settle_at(
    path: &Path,
    numbers: Interval,
    decision: SettleDecision,
) -> Result<SettledWindows, JournalError> {
    let is_there = || match connection::path_state(path)? {
        PathState::Journal => Ok(()),
        PathState::Missing => Err(JournalError::Missing { path: path.to_owned() }),
        PathState::Empty => {
            let what = "it is empty".to_owned();
            Err(JournalError::NotOurs { path: path.to_owned(), what })
        }
    };
    is_there()?;
    let lock = lock(path)?;
    // Another process may have removed it before the lock was taken.
    is_there()?;
    let read = || -> Result<_, JournalFault> {
        let connection = connection::open(path)?;
        if connection::is_empty(&connection)? {
            return Err(JournalFault::Wrong("nothing is in it".to_owned()));
        }
        let contents = check(&connection)?;
        let unknown = unknown(&connection, &contents)?;
        Ok((connection, contents, unknown))
    };
    let (connection, contents, unknown) = read().map_err(|trouble| trouble.at(path, "read"))?;
    let aggregate = contents.fingerprint().aggregate;
    // The rows of a journal count positions, and the caller names numbers.
    let by_position = Numbers::of(&contents.fingerprint().items);
    let named = |window: Interval| by_position.as_ref().map_or(window, |it| it.hull(window));
    let is_within = |window: &&Interval| numbers.contains(named(**window));
    let windows: Vec<Interval> = unknown.iter().filter(is_within).copied().collect();
    let touched = |window: &&Interval| {
        let window = named(**window);
        window.first() <= numbers.last() && numbers.first() <= window.last()
    };
    if windows.is_empty() || windows.len() != unknown.iter().filter(touched).count() {
        let unknown = unknown.into_iter().map(named).collect();
        return Err(JournalError::NotUnknown { path: path.to_owned(), numbers, unknown });
    }
    let has_values = !matches!(aggregate, Aggregate::Run { .. } | Aggregate::Failures { .. });
    if decision == SettleDecision::Done && has_values {
        return Err(JournalError::HasValues { path: path.to_owned(), verb: aggregate.name() });
    }
    let mut writer = JournalWriter::over((path.to_owned(), connection, lock), &contents);
    let written = writer.transaction(|writer, seal| {
        let mut rows = begun::fail(&writer.connection, &mut writer.hasher, seal)?;
        if contents.is_former {
            schema::upgrade(&writer.connection)?;
        }
        for window in &windows {
            let failure = begun::unknown(*window);
            seal.remove(failed_hash(&mut writer.hasher, &failure));
            remove(&writer.connection, "failed", window.first())?;
            if decision == SettleDecision::Done {
                cover(&writer.connection, &mut writer.hasher, seal, *window)?;
            }
        }
        let ended = Some(millis(SystemTime::now()));
        rows.extend(windows.iter().map(|window| WindowAttempt {
            interval: *window,
            attempt: 0,
            began: None,
            ended,
            end: decision.end().to_owned(),
        }));
        writer.write_windows(seal, &rows)?;
        Ok(writer.value.clone())
    });
    written.map_err(|trouble| trouble.at(path, "write"))?;
    let left = unknown.len() - windows.len();
    let windows = windows.into_iter().map(named).collect();
    Ok(SettledWindows { windows, left })
}

/// All windows of unknown fate, ascending.
fn unknown(connection: &Connection, contents: &Contents) -> Result<Vec<Interval>, JournalFault> {
    let begun = begun::read(connection, &contents.hasher)?;
    let mut unknown: Vec<Interval> = begun.into_iter().map(|row| row.interval).collect();
    let mut hasher = contents.hasher.clone();
    let mut rows = tables::all(connection, "failed")?;
    let mut rows: Cursor<'_, FailedRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    while let Some(row) = rows.take()? {
        if row.failure.cause == Cause::Unknown {
            unknown.push(row.failure.interval);
        }
    }
    unknown.sort_unstable();
    Ok(unknown)
}
