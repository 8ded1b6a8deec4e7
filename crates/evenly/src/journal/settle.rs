//! Decisions about windows of unknown fate, and about those that failed: done, or to be started again.
//!
//! A run that starts nothing twice leaves windows whose commands may have been started. Only their owner can find out
//! what became of them. A window that failed may have done its work all the same, or its owner has done it by hand.

use super::batch::{Batch, remove};
use super::begun;
use super::check::check;
use super::connection::{self, PathState};
use super::error::{JournalError, JournalFault};
use super::file_lock::lock;
use super::open_windows::{Decided, OpenRow, positions_of};
use super::schema;
use super::tables::failed_hash;
use super::window::{WindowAttempt, millis};
use super::writer::JournalWriter;
use crate::item::Numbers;
use evenly_core::{Aggregate, Cause, Failure, Interval, Items};
use std::path::Path;
use std::time::SystemTime;

/// What is decided about windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleDecision {
    /// They are done.
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
    /// How many of them had failed. Of the others the fate was unknown.
    pub failed: usize,
    /// How many windows of unknown fate are left.
    pub left: usize,
}

/// Decides about all windows within these items whose fate is unknown or that failed, in one transaction. The audit has a
/// row for each.
///
/// # Errors
/// If the journal is in use, or not sound; [`JournalError::NotOpen`] if the items hold no such window, or a part of
/// one; [`JournalError::HasValues`] if only the commands themselves know the value of their numbers.
pub fn settle(
    path: &Path,
    items: &Items,
    decision: SettleDecision,
) -> Result<SettledWindows, JournalError> {
    let real = connection::place(path)?;
    settle_at(&real, items, decision).map_err(|error| error.called(path))
}

fn settle_at(
    path: &Path,
    items: &Items,
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
        let open = OpenRow::all(&connection, &contents)?;
        Ok((connection, contents, open))
    };
    let (connection, contents, open) = read().map_err(|trouble| trouble.at(path, "read"))?;
    let aggregate = contents.fingerprint().aggregate;
    // The rows of a journal count positions, and the caller names numbers.
    let job = &contents.fingerprint().items;
    let by_position = Numbers::of(job);
    let named = |window: Interval| by_position.as_ref().map_or(window, |it| it.hull(window));
    let asked = positions_of(items, job);
    let asked =
        asked.map_err(|cause| JournalError::TooManyItems { path: path.to_owned(), cause })?;
    let decided: Option<Vec<Decided>> = open.iter().map(|row| row.decided(&asked)).collect();
    let is_some = |decided: &Vec<Decided>| decided.iter().any(|row| !row.windows.is_empty());
    let Some(decided) = decided.filter(is_some) else {
        let (path, items) = (path.to_owned(), items.clone());
        let windows = open.iter().flat_map(OpenRow::parts).map(named).collect();
        return Err(JournalError::NotOpen { path, items, windows });
    };
    let decided: Vec<(Failure, Decided)> =
        open.iter().map(|row| row.failure).zip(decided).collect();
    let is_unknown = |failure: &Failure| failure.cause == Cause::Unknown;
    let unknown = decided.iter().filter(|(failure, _)| is_unknown(failure)).count();
    let decided: Vec<(Failure, Decided)> =
        decided.into_iter().filter(|(_, row)| !row.windows.is_empty()).collect();
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
        let mut batch = Batch::default();
        for (failure, row) in &decided {
            seal.remove(failed_hash(&mut writer.hasher, failure));
            remove(&writer.connection, "failed", failure.interval.first())?;
            let rest =
                row.rest.iter().map(|rest| Failure { interval: *rest, cause: failure.cause });
            batch.failed.extend(rest);
            if decision == SettleDecision::Done {
                batch.covered.extend(&row.windows);
            }
        }
        batch.write(&writer.connection, &mut writer.hasher, seal)?;
        let ended = Some(millis(SystemTime::now()));
        let windows = decided.iter().flat_map(|(_, row)| &row.windows);
        rows.extend(windows.map(|window| WindowAttempt {
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
    let of_unknown = decided.iter().filter(|(failure, _)| is_unknown(failure)).count();
    let windows: Vec<Interval> =
        decided.iter().flat_map(|(_, row)| &row.windows).copied().map(named).collect();
    let failed = windows.len() - of_unknown;
    Ok(SettledWindows { windows, failed, left: unknown - of_unknown })
}
