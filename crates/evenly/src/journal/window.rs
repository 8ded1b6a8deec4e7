//! Rows of `window`: the audit of the windows of chunk commands, one for each attempt and each decision.
//!
//! A window is the chunk that one command gets as a whole. Its row is written in the commit that has its outcome.

use super::error::JournalFault;
use super::schema::{Field, Hasher, JournalSeal};
use super::tables::{self, KeyedRow, interval, wrong_hash};
use crate::observe::{Loss, Piece};
use evenly_core::{Cause, Failure, Interval};
use rusqlite::{Connection, Row};
use std::time::{Duration, SystemTime};

/// Outcome of a window whose worker was lost, so that another worker does it again.
const LOST: &str = "lost";
/// Outcome of a window that may have been started, and is not started again.
pub(super) const UNKNOWN: &str = "unknown";
/// Outcome of a window whose command ended well.
const DONE: &str = "exit 0";

/// Beginning of the outcome of numbers that passed at a later try; the cause of the failed try follows.
const FLAKY: &str = "flaky ";

/// Time of a window that began and ended in the same millisecond.
const LEAST_NS: u64 = 500_000;

/// One attempt of a window, or a decision about it, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowAttempt {
    /// Its numbers.
    pub interval: Interval,
    /// At which attempt of its run, from 1; 0 for a decision about it, and for numbers that passed at a later try.
    pub attempt: u8,
    /// When its command began, in milliseconds since 1970; `None` if that is not known.
    pub began: Option<i64>,
    /// When it ended; `None` if that is not known.
    pub ended: Option<i64>,
    /// `exit 0`, a cause of failure, `lost`, `unknown`, `settled done`, `settled retry`, or `flaky` with the cause of a try.
    pub end: String,
}

impl WindowAttempt {
    /// A window whose command may have been started when its run ended.
    pub(super) fn unknown(interval: Interval, began: Option<i64>) -> Self {
        Self { interval, attempt: 1, began, ended: None, end: UNKNOWN.to_owned() }
    }

    /// Numbers of which a try failed for this cause and a later one passed.
    pub(super) fn flaky(Failure { interval, cause }: Failure, now: SystemTime) -> Self {
        let end = format!("{FLAKY}{cause}");
        Self { interval, attempt: 0, began: None, ended: Some(millis(now)), end }
    }

    /// What became of a piece that was told at `now`. `is_ahead`: nothing of it is started again.
    pub(super) fn of_piece(piece: &Piece, is_ahead: bool, now: SystemTime) -> Self {
        let Piece { interval, attempt, took, .. } = *piece;
        let ended = Some(millis(now));
        let began = Some(millis(now.checked_sub(took).unwrap_or(now)));
        match piece.lost {
            None => Self { interval, attempt, began, ended, end: DONE.to_owned() },
            Some(Loss::Failed(cause)) => {
                Self { interval, attempt, began, ended, end: cause.to_string() }
            }
            // A lost worker measured nothing, and may not have begun it.
            Some(_) => {
                let end = if is_ahead { UNKNOWN } else { LOST }.to_owned();
                Self { interval, attempt, began: None, ended, end }
            }
        }
    }
}

/// Milliseconds since 1970, at most those that fit.
pub(super) fn millis(time: SystemTime) -> i64 {
    // A clock before 1970 is not set.
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Writes rows, the first of them under this number. The number of the next.
pub(super) fn write(
    connection: &Connection,
    (hasher, seal): (&mut Hasher, &mut JournalSeal),
    mut id: i64,
    windows: &[WindowAttempt],
) -> Result<i64, JournalFault> {
    let sql = "INSERT INTO window VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut insert = connection.prepare_cached(sql)?;
    for window in windows {
        let WindowAttempt { interval, attempt, began, ended, end } = window;
        let hash = hash(hasher, id, window);
        let (first, last) = (interval.first(), interval.last());
        insert.execute((first, id, last, attempt, began, ended, end, hash))?;
        seal.add(hash);
        id += 1;
    }
    Ok(id)
}

fn hash(hasher: &mut Hasher, id: i64, window: &WindowAttempt) -> i64 {
    let WindowAttempt { interval, attempt, began, ended, end } = window;
    let time = |time: &Option<i64>| Field::Integer(time.unwrap_or(i64::MIN));
    let attempt = Field::Integer((*attempt).into());
    let rest = [Field::Integer(id), attempt, time(began), time(ended), Field::from(&**end)];
    hasher.numbers("window", (interval.first(), interval.last()), &rest)
}

/// A row of `window`, with its number.
#[derive(Clone, Debug)]
pub(super) struct WindowRow {
    pub(super) id: i64,
    pub(super) window: WindowAttempt,
    pub(super) hash: i64,
}

impl KeyedRow for WindowRow {
    fn read(row: &Row<'_>, hasher: &mut Hasher) -> Result<Self, JournalFault> {
        let interval = interval("window", (row.get(0)?, row.get(2)?))?;
        let (attempt, began, ended) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let window = WindowAttempt { interval, attempt, began, ended, end: row.get(6)? };
        let (id, stored) = (row.get(1)?, row.get(7)?);
        if hash(hasher, id, &window) != stored {
            return Err(wrong_hash("window", interval.first()));
        }
        Ok(Self { id, window, hash: stored })
    }
}

/// The last windows that ended well, `most` of them at most and the oldest first: how many numbers each had, and how many
/// nanoseconds it took.
pub(super) fn last_done(
    connection: &Connection,
    most: u32,
) -> Result<Vec<(u128, u64)>, JournalFault> {
    let sql = "SELECT first, last, began, ended FROM window
               WHERE end = ?1 AND began <= ended ORDER BY id DESC LIMIT ?2";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query((DONE, most))?;
    let mut windows = Vec::new();
    while let Some(row) = rows.next()? {
        let interval = interval("window", (row.get(0)?, row.get(1)?))?;
        let (began, ended): (i64, i64) = (row.get(2)?, row.get(3)?);
        // Both times are cut to milliseconds.
        let took_ns = ended.saturating_sub(began).unsigned_abs().saturating_mul(1_000_000);
        windows.push((interval.len(), took_ns.max(LEAST_NS)));
    }
    windows.reverse();
    Ok(windows)
}

/// The windows that failed at some attempt, the last attempt first.
pub(super) fn failed(connection: &Connection) -> Result<Vec<Interval>, JournalFault> {
    let sql = "SELECT first, last FROM window
               WHERE end NOT IN (?1, ?2, ?3) AND attempt > 0 ORDER BY id DESC";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query((DONE, LOST, UNKNOWN))?;
    let mut windows = Vec::new();
    while let Some(row) = rows.next()? {
        windows.push(interval("window", (row.get(0)?, row.get(1)?))?);
    }
    Ok(windows)
}

/// The numbers that are done and passed at a later try, with the cause of the failed one; in the order in which they were
/// written.
pub(super) fn flaky(connection: &Connection) -> Result<Vec<Failure>, JournalFault> {
    let sql = "SELECT first, last, end FROM window
               WHERE attempt = 0 AND substr(end, 1, length(?1)) = ?1 ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query((FLAKY,))?;
    let mut flaky = Vec::new();
    while let Some(row) = rows.next()? {
        let (interval, end): (_, String) =
            (interval("window", (row.get(0)?, row.get(1)?))?, row.get(2)?);
        let cause = end.strip_prefix(FLAKY).and_then(cause_of_text);
        let unknown = || JournalFault::row("window", interval.first(), "it has an unknown cause");
        let cause = cause.ok_or_else(unknown)?;
        if tables::is_done(connection, interval.first())? {
            flaky.push(Failure { interval, cause });
        }
    }
    Ok(flaky)
}

/// The cause that is displayed as this text.
fn cause_of_text(text: &str) -> Option<Cause> {
    let number = |prefix| text.strip_prefix(prefix)?.parse().ok();
    if let Some(status) = number("exit ") {
        return Some(Cause::Exit(status));
    }
    if let Some(signal) = number("signal ") {
        return Some(Cause::Signal(signal));
    }
    // The other causes have few codes.
    let codes = (3..=8).flat_map(|code| (0..=64).map(move |detail| (code, detail)));
    let mut causes = codes.filter_map(|(code, detail)| Cause::from_code(code, detail));
    causes.find(|cause| cause.to_string() == text)
}

/// Gives all rows, ascending by number and then in the order in which they were written.
pub(super) fn each<E: From<JournalFault>>(
    connection: &Connection,
    hasher: &Hasher,
    mut take: impl FnMut(WindowRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut hasher = hasher.clone();
    let sql = "SELECT * FROM window ORDER BY first, id";
    let mut statement = connection.prepare_cached(sql).map_err(JournalFault::from)?;
    let mut rows = statement.query(()).map_err(JournalFault::from)?;
    while let Some(row) = rows.next().map_err(JournalFault::from)? {
        take(WindowRow::read(row, &mut hasher)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::Arithmetic;

    #[test]
    fn the_cause_of_a_flaky_number_is_read_back() {
        for cause in [
            Cause::Exit(3),
            Cause::Signal(11),
            Cause::Timeout,
            Cause::Memory,
            Cause::Garbage,
            Cause::Flood,
            Cause::Arithmetic(Arithmetic::Overflow),
        ] {
            assert_eq!(cause_of_text(&cause.to_string()), Some(cause));
        }
        assert_eq!(cause_of_text("exit"), None);
        assert_eq!(cause_of_text("settled done"), None);
    }
}
