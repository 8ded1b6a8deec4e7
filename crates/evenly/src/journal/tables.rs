//! Rows of the tables, read with their hashes checked.

use super::error::JournalFault;
use super::schema::{Field, Hasher, JournalSeal};
use evenly_core::real::Number;
use evenly_core::{Cause, Failure, Interval};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Rows};

/// A row that is about numbers and has them as its key.
pub(super) trait KeyedRow: Sized {
    fn read(row: &Row<'_>, hasher: &mut Hasher) -> Result<Self, JournalFault>;
}

/// Numbers that have a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoneRow {
    pub(super) interval: Interval,
    pub(super) hash: i64,
}

/// Numbers that may have begun and have not ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct BegunRow {
    pub(super) interval: Interval,
    /// When, in milliseconds since 1970, unless the journal is of the former version.
    pub(super) began: Option<i64>,
    pub(super) hash: i64,
}

/// Numbers that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct FailedRow {
    pub(super) failure: Failure,
    pub(super) hash: i64,
}

/// Lines that were found in some numbers.
#[derive(Clone, Debug)]
pub(super) struct LinesRow {
    pub(super) interval: Interval,
    pub(super) lines: u64,
    pub(super) text: Vec<u8>,
    pub(super) hash: i64,
}

/// The one row of `total`.
#[derive(Clone, Debug)]
pub(super) struct TotalRow {
    pub(super) value: Vec<u8>,
    pub(super) seal: JournalSeal,
    pub(super) hash: i64,
}

pub(super) fn wrong_hash(table: &str, key: impl std::fmt::Display) -> JournalFault {
    JournalFault::row(table, key, "its hash is not that of its fields")
}

fn numbers(table: &str, row: &Row<'_>) -> Result<Interval, JournalFault> {
    interval(table, (row.get(0)?, row.get(1)?))
}

/// The numbers of a row from their ends.
pub(super) fn interval(table: &str, (first, last): (i64, i64)) -> Result<Interval, JournalFault> {
    Interval::new(first, last).ok_or_else(|| JournalFault::row(table, first, "it is reversed"))
}

pub(super) fn done_hash(hasher: &mut Hasher, interval: Interval) -> i64 {
    hasher.numbers("done", (interval.first(), interval.last()), &[])
}

pub(super) fn begun_hash(hasher: &mut Hasher, interval: Interval, began: Option<i64>) -> i64 {
    let began = began.map(Field::Integer);
    hasher.numbers("begun", (interval.first(), interval.last()), began.as_slice())
}

pub(super) fn failed_hash(hasher: &mut Hasher, failure: &Failure) -> i64 {
    let Failure { interval, cause } = failure;
    let (code, detail) = cause.code();
    let text = cause.to_string();
    let rest = [Field::from(&*text), Field::Integer(code.into()), Field::Integer(detail.into())];
    hasher.numbers("failed", (interval.first(), interval.last()), &rest)
}

pub(super) fn lines_hash(hasher: &mut Hasher, interval: Interval, lines: u64, text: &[u8]) -> i64 {
    let rest = [Field::Integer(lines.cast_signed()), Field::Bytes(text)];
    hasher.numbers("lines", (interval.first(), interval.last()), &rest)
}

pub(super) fn bucket_hash(hasher: &mut Hasher, value: &str, count: &str) -> i64 {
    hasher.hash("bucket", &[value.into(), count.into()])
}

pub(super) fn total_hash(hasher: &mut Hasher, value: &[u8], seal: JournalSeal) -> i64 {
    let numbers = [Field::Integer(seal.entries), Field::Integer(seal.sum)];
    hasher.hash("total", &[&[Field::Bytes(value)], &numbers[..]].concat())
}

impl KeyedRow for DoneRow {
    fn read(row: &Row<'_>, hasher: &mut Hasher) -> Result<Self, JournalFault> {
        let (interval, hash) = (numbers("done", row)?, row.get(2)?);
        if done_hash(hasher, interval) != hash {
            return Err(wrong_hash("done", interval.first()));
        }
        Ok(Self { interval, hash })
    }
}

impl KeyedRow for BegunRow {
    fn read(row: &Row<'_>, hasher: &mut Hasher) -> Result<Self, JournalFault> {
        let interval = numbers("begun", row)?;
        // The hash is the last column. The former version has no time before it.
        let last = row.as_ref().column_count() - 1;
        let began = if last == 3 { row.get(2)? } else { None };
        let hash = row.get(last)?;
        if begun_hash(hasher, interval, began) != hash {
            return Err(wrong_hash("begun", interval.first()));
        }
        Ok(Self { interval, began, hash })
    }
}

impl KeyedRow for FailedRow {
    fn read(row: &Row<'_>, hasher: &mut Hasher) -> Result<Self, JournalFault> {
        let interval = numbers("failed", row)?;
        let wrong = || wrong_hash("failed", interval.first());
        let (text, code, detail, hash): (String, u32, i32, i64) =
            (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
        let cause = Cause::from_code(code, detail).ok_or_else(wrong)?;
        let failure = Failure { interval, cause };
        if text != cause.to_string() || failed_hash(hasher, &failure) != hash {
            return Err(wrong());
        }
        Ok(Self { failure, hash })
    }
}

impl KeyedRow for LinesRow {
    fn read(row: &Row<'_>, hasher: &mut Hasher) -> Result<Self, JournalFault> {
        let interval = numbers("lines", row)?;
        let (lines, text, hash): (i64, Vec<u8>, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
        let lines = lines.cast_unsigned();
        if lines_hash(hasher, interval, lines, &text) != hash {
            return Err(wrong_hash("lines", interval.first()));
        }
        Ok(Self { interval, lines, text, hash })
    }
}

/// A value of a histogram, how many give it, and the hash of the row.
pub(super) fn read_bucket(
    row: &Row<'_>,
    hasher: &mut Hasher,
) -> Result<(Number, u128, i64), JournalFault> {
    let (value, count, hash): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let is_right = bucket_hash(hasher, &value, &count) == hash;
    let numbers = value.parse().ok().zip(count.parse().ok()).filter(|_| is_right);
    let (value, count) = numbers.ok_or_else(|| wrong_hash("bucket", value))?;
    Ok((value, count, hash))
}

pub(super) fn read_total(
    connection: &Connection,
    hasher: &mut Hasher,
) -> Result<TotalRow, JournalFault> {
    let mut statement = all(connection, "total")?;
    let mut rows = statement.query(())?;
    let missing = || JournalFault::Wrong("table total: not exactly one row".to_owned());
    let row = rows.next()?.ok_or_else(missing)?;
    let (id, value, entries, sum, hash): (i64, Vec<u8>, i64, i64, i64) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
    let seal = JournalSeal { entries, sum };
    if id != 1 || rows.next()?.is_some() {
        return Err(missing());
    }
    if total_hash(hasher, &value, seal) != hash {
        return Err(wrong_hash("total", id));
    }
    Ok(TotalRow { value, seal, hash })
}

/// Whether this number has a value.
pub(super) fn is_done(connection: &Connection, n: i64) -> Result<bool, JournalFault> {
    let sql = "SELECT last FROM done WHERE first <= ?1 ORDER BY first DESC LIMIT 1";
    let last: Option<i64> = connection.query_row(sql, (n,), |row| row.get(0)).optional()?;
    Ok(last.is_some_and(|last| n <= last))
}

/// All rows of a table, in the order of their keys.
pub(super) fn all<'c>(
    connection: &'c Connection,
    table: &str,
) -> Result<CachedStatement<'c>, JournalFault> {
    Ok(connection.prepare_cached(&format!("SELECT * FROM {table} ORDER BY 1"))?)
}

/// The rows of a statement, one of them looked at ahead.
pub(super) struct Cursor<'s, R> {
    rows: Rows<'s>,
    hasher: &'s mut Hasher,
    next: Option<R>,
}

impl<'s, R: KeyedRow> Cursor<'s, R> {
    pub(super) fn over(rows: Rows<'s>, hasher: &'s mut Hasher) -> Result<Self, JournalFault> {
        let mut cursor = Self { rows, hasher, next: None };
        cursor.take()?;
        Ok(cursor)
    }

    pub(super) fn peek(&self) -> Option<&R> {
        self.next.as_ref()
    }

    pub(super) fn take(&mut self) -> Result<Option<R>, JournalFault> {
        let next = match self.rows.next()? {
            Some(row) => Some(R::read(row, self.hasher)?),
            None => None,
        };
        Ok(std::mem::replace(&mut self.next, next))
    }
}
