//! Lines and failures of an earlier run, read back in order.

use super::error::{JournalError, JournalFault};
use super::schema::Hasher;
use super::tables::{self, FailedRow, KeyedRow, LinesRow};
use super::window;
use super::writer::JournalWriter;
use evenly_core::{Failure, Interval, Partial, Value};
use rusqlite::Connection;

/// Failures that are read at once.
const FAILURES: usize = 4096;

/// Windows from which a resumed run learns what a chunk costs: enough for the average of a cost that differs.
const PACE_WINDOWS: u32 = 64;

const NO_LINES: Value = Value::Lines { lines: 0, text: Vec::new() };

impl JournalWriter {
    /// Gives all numbers that failed, some at a time.
    pub(crate) fn each_failure(
        &self,
        mut take: impl FnMut(&[Failure]),
    ) -> Result<(), JournalError> {
        let mut read = || -> Result<(), JournalFault> {
            let mut hasher = self.hasher.clone();
            let mut statement = tables::all(&self.connection, "failed")?;
            let mut rows = statement.query(())?;
            let mut some = Vec::new();
            while let Some(row) = rows.next()? {
                some.push(FailedRow::read(row, &mut hasher)?.failure);
                if some.len() == FAILURES {
                    take(&some);
                    some.clear();
                }
            }
            take(&some);
            Ok(())
        };
        read().map_err(|trouble| trouble.at(&self.path, "read"))
    }

    /// The last windows that ended well, the oldest first: how many numbers each had, and how many nanoseconds it took.
    pub(crate) fn recent_windows(&self) -> Result<Vec<(u128, u64)>, JournalError> {
        let read = || window::last_done(&self.connection, PACE_WINDOWS);
        read().map_err(|trouble: JournalFault| trouble.at(&self.path, "read"))
    }

    /// The numbers that are done and passed at a later try, with the cause of the failed one.
    pub(crate) fn flaky(&self) -> Result<Vec<Failure>, JournalError> {
        window::flaky(&self.connection).map_err(|trouble| trouble.at(&self.path, "read"))
    }

    /// What was found in the first of some numbers that are done: up to the next lines, or the next
    /// number that failed.
    pub(crate) fn kept(&mut self, due: Interval) -> Result<Partial, JournalError> {
        let read = || -> Result<Partial, JournalFault> {
            let mut hasher = self.hasher.clone();
            let lines: Option<LinesRow> = from(&self.connection, &mut hasher, "lines", due)?;
            let value = if self.value == Value::Nothing { Value::Nothing } else { NO_LINES };
            let failure = failed_from(&self.connection, &mut hasher, due)?;
            let is_lines_first =
                |row: &LinesRow| failure.is_none_or(|failure| row.interval < failure.interval);
            if let Some(LinesRow { interval, lines, text, .. }) = lines.filter(is_lines_first) {
                let span = Interval::new(due.first(), interval.last()).unwrap_or(due);
                return Ok(Partial::over(span, Value::Lines { lines, text }));
            }
            let Some(failure) = failure else { return Ok(Partial::over(due, value)) };
            let below = failure.interval.first().checked_sub(1);
            let below = below.and_then(|below| Interval::new(due.first(), below));
            Ok(Partial { covered: below.into_iter().collect(), failed: vec![failure], value })
        };
        read().map_err(|trouble| trouble.at(&self.path, "read"))
    }
}

/// The first row of a table that begins within some numbers.
fn from<R: KeyedRow>(
    connection: &Connection,
    hasher: &mut Hasher,
    table: &str,
    due: Interval,
) -> Result<Option<R>, JournalFault> {
    let sql = format!("SELECT * FROM {table} WHERE first BETWEEN ?1 AND ?2 ORDER BY first LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((due.first(), due.last()))?;
    match rows.next()? {
        Some(row) => Ok(Some(R::read(row, hasher)?)),
        None => Ok(None),
    }
}

/// The lowest of some numbers that failed for one cause. Their row may have grown beyond these numbers.
fn failed_from(
    connection: &Connection,
    hasher: &mut Hasher,
    due: Interval,
) -> Result<Option<Failure>, JournalFault> {
    let sql = "SELECT * FROM failed WHERE first < ?1 ORDER BY first DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((due.first(),))?;
    let mut found = match rows.next()? {
        Some(row) => Some(FailedRow::read(row, hasher)?),
        None => None,
    };
    found = found.filter(|row| row.failure.interval.last() >= due.first());
    if found.is_none() {
        found = from(connection, hasher, "failed", due)?;
    }
    Ok(found.and_then(|FailedRow { failure: Failure { interval, cause }, .. }| {
        let first = interval.first().max(due.first());
        let interval = Interval::new(first, interval.last().min(due.last()))?;
        Some(Failure { interval, cause })
    }))
}
