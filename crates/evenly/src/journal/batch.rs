//! One commit of the journal: joins the intervals, lines and failures of many records into rows.

use super::error::JournalFault;
use super::schema::{Hasher, JournalSeal};
use super::tables::{
    DoneRow, FailedRow, KeyedRow, bucket_hash, done_hash, failed_hash, lines_hash, read_bucket,
};
use evenly_core::interval::coalesce;
use evenly_core::real::Number;
use evenly_core::{Aggregate, Cause, Failure, Interval, Record, Value};
use rusqlite::Connection;
use std::borrow::Cow;

/// Lines of numbers that follow one another share a row up to about this many bytes.
const ROW: usize = 1 << 16;

/// What some records say together.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    pub(super) covered: Vec<Interval>,
    pub(super) failed: Vec<Failure>,
    pub(super) values: Vec<&'a Value>,
    pub(super) lines: Vec<IntervalLines<'a>>,
}

/// The lines of numbers that follow one another, all of them with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IntervalLines<'a> {
    interval: Interval,
    lines: u64,
    text: Cow<'a, [u8]>,
}

impl<'a> Batch<'a> {
    pub(super) fn of(records: &'a [Record], aggregate: Aggregate) -> Self {
        let mut batch = Self::default();
        for record in records {
            batch.covered.extend_from_slice(&record.covered);
            batch.failed.extend_from_slice(&record.failed);
            match &record.value {
                Value::Lines { lines: 0, .. } | Value::Nothing => {}
                // What a command put out is not put out again.
                Value::Lines { .. } if matches!(aggregate, Aggregate::Run { .. }) => {}
                Value::Lines { lines, text } => {
                    split(&record.covered, *lines, text, &mut batch.lines);
                }
                value => batch.values.push(value),
            }
        }
        coalesce(&mut batch.covered);
        batch.failed = neighbours(batch.failed);
        batch.lines = together(batch.lines);
        batch
    }

    /// Writes it, and what it does to the seal. The values are for the caller.
    pub(super) fn write(
        &self,
        connection: &Connection,
        hasher: &mut Hasher,
        seal: &mut JournalSeal,
    ) -> Result<(), JournalFault> {
        for interval in &self.covered {
            cover(connection, hasher, seal, *interval)?;
        }
        for failure in &self.failed {
            fail(connection, hasher, seal, *failure)?;
        }
        let mut insert =
            connection.prepare_cached("INSERT INTO lines VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for IntervalLines { interval, lines, text } in &self.lines {
            let hash = lines_hash(hasher, *interval, *lines, text);
            let (first, last) = (interval.first(), interval.last());
            insert.execute((first, last, lines.cast_signed(), &**text, hash))?;
            seal.add(hash);
        }
        Ok(())
    }
}

/// Shares out lines among the numbers in which they were found: numbers that failed may be done later,
/// and then their lines come in between.
fn split<'a>(covered: &[Interval], lines: u64, text: &'a [u8], out: &mut Vec<IntervalLines<'a>>) {
    if let [interval] = covered {
        out.push(IntervalLines { interval: *interval, lines, text: Cow::Borrowed(text) });
        return;
    }
    let mut rest = text;
    for interval in covered {
        let (mut length, mut lines) = (0, 0);
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            if number(line).is_none_or(|n| n > interval.last()) {
                break;
            }
            length += line.len();
            lines += 1;
        }
        let (text, behind) = rest.split_at(length);
        if lines > 0 {
            out.push(IntervalLines { interval: *interval, lines, text: Cow::Borrowed(text) });
        }
        rest = behind;
    }
}

/// The number that a line is about.
fn number(line: &[u8]) -> Option<i64> {
    let digits = line.split(u8::is_ascii_whitespace).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether failures have one row if they are neighbours. Windows of unknown fate are settled one by one.
fn share_a_row(one: &Failure, other: &Failure) -> bool {
    one.cause == other.cause && one.cause != Cause::Unknown
}

/// Ascending, and neighbours of one cause as one.
fn neighbours(mut failed: Vec<Failure>) -> Vec<Failure> {
    failed.sort_unstable_by_key(|failure| failure.interval);
    failed.dedup_by(|next, last| {
        let is_next = share_a_row(last, next) && touches(last.interval, next.interval);
        if is_next {
            last.interval = last.interval.hull(next.interval);
        }
        is_next
    });
    failed
}

/// Ascending, and neighbours as one as long as that is not too long.
fn together(mut lines: Vec<IntervalLines<'_>>) -> Vec<IntervalLines<'_>> {
    lines.sort_unstable_by_key(|lines| lines.interval);
    lines.dedup_by(|next, last| {
        let is_next =
            touches(last.interval, next.interval) && last.text.len() + next.text.len() <= ROW;
        if is_next {
            last.interval = last.interval.hull(next.interval);
            last.lines += next.lines;
            last.text.to_mut().extend_from_slice(&next.text);
        }
        is_next
    });
    lines
}

fn touches(below: Interval, above: Interval) -> bool {
    below.last().checked_add(1) == Some(above.first())
}

/// The rows of a table just below and just above some numbers.
fn beside<R: KeyedRow>(
    connection: &Connection,
    hasher: &mut Hasher,
    table: &str,
    interval: Interval,
) -> Result<[Option<R>; 2], JournalFault> {
    let ways = ["<= ?1 ORDER BY first DESC", "> ?1 ORDER BY first"];
    let mut found = [None, None];
    for (way, found) in ways.into_iter().zip(&mut found) {
        let sql = format!("SELECT * FROM {table} WHERE first {way} LIMIT 1");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((interval.first(),))?;
        if let Some(row) = rows.next()? {
            *found = Some(R::read(row, hasher)?);
        }
    }
    Ok(found)
}

pub(super) fn remove(connection: &Connection, table: &str, first: i64) -> Result<(), JournalFault> {
    let sql = format!("DELETE FROM {table} WHERE first = ?1");
    connection.prepare_cached(&sql)?.execute((first,))?;
    Ok(())
}

/// Notes numbers as done; with what they touch they are one row.
pub(super) fn cover(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
    interval: Interval,
) -> Result<(), JournalFault> {
    let [below, above] = beside::<DoneRow>(connection, hasher, "done", interval)?;
    let overlaps = below.is_some_and(|row| row.interval.last() >= interval.first())
        || above.is_some_and(|row| row.interval.first() <= interval.last());
    if overlaps {
        return Err(JournalFault::row("done", interval.first(), "its numbers are done already"));
    }
    let mut merged = interval;
    let below = below.filter(|row| touches(row.interval, interval));
    for row in below.into_iter().chain(above.filter(|row| touches(interval, row.interval))) {
        merged = merged.hull(row.interval);
        seal.remove(row.hash);
        remove(connection, "done", row.interval.first())?;
    }
    let hash = done_hash(hasher, merged);
    let mut insert = connection.prepare_cached("INSERT INTO done VALUES (?1, ?2, ?3)")?;
    insert.execute((merged.first(), merged.last(), hash))?;
    seal.add(hash);
    Ok(())
}

/// Notes numbers as failed; with neighbours of the same cause they are one row.
fn fail(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
    failure: Failure,
) -> Result<(), JournalFault> {
    let [below, above] = beside::<FailedRow>(connection, hasher, "failed", failure.interval)?;
    let mut merged = failure;
    let is_like = |row: &FailedRow| share_a_row(&row.failure, &failure);
    let below = below.filter(|row| is_like(row) && touches(row.failure.interval, failure.interval));
    let above = above.filter(|row| is_like(row) && touches(failure.interval, row.failure.interval));
    for row in below.into_iter().chain(above) {
        merged.interval = merged.interval.hull(row.failure.interval);
        seal.remove(row.hash);
        remove(connection, "failed", row.failure.interval.first())?;
    }
    let hash = failed_hash(hasher, &merged);
    let Failure { interval, cause } = merged;
    let (code, detail) = cause.code();
    let sql = "INSERT INTO failed VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = (interval.first(), interval.last(), cause.to_string(), code, detail, hash);
    connection.prepare_cached(sql)?.execute(row)?;
    seal.add(hash);
    Ok(())
}

/// Adds to the values of a histogram.
pub(super) fn add_buckets(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
    values: impl Iterator<Item = (Number, u128)>,
) -> Result<(), JournalFault> {
    let mut select = connection.prepare_cached("SELECT * FROM bucket WHERE value = ?1")?;
    let mut put = connection.prepare_cached("INSERT OR REPLACE INTO bucket VALUES (?1, ?2, ?3)")?;
    for (value, more) in values {
        let value = value.to_string();
        let mut rows = select.query((&value,))?;
        let mut count = more;
        if let Some(row) = rows.next()? {
            let (_, before, hash) = read_bucket(row, hasher)?;
            count += before;
            seal.remove(hash);
        }
        drop(rows);
        let count = count.to_string();
        let hash = bucket_hash(hasher, &value, &count);
        put.execute((&value, &count, hash))?;
        seal.add(hash);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(first: i64, last: i64) -> Interval {
        Interval::new(first, last).unwrap()
    }

    #[test]
    fn lines_go_to_the_numbers_they_were_found_in() {
        let mut out = vec![];
        let covered = [interval(-3, -1), interval(1, 4), interval(6, 9)];
        split(&covered, 3, b"-3\t9\n-1\t1\n7\t49\n", &mut out);
        let found: Vec<_> = out.iter().map(|l| (l.interval, l.lines, &*l.text)).collect();
        assert_eq!(found, [(covered[0], 2, &b"-3\t9\n-1\t1\n"[..]), (covered[2], 1, b"7\t49\n")]);
    }

    #[test]
    fn neighbours_share_a_row() {
        let lines = |first, last, text: &'static str| IntervalLines {
            interval: interval(first, last),
            lines: 1,
            text: Cow::Borrowed(text.as_bytes()),
        };
        let all = together(vec![lines(5, 9, "5\n"), lines(0, 4, "1\n"), lines(11, 12, "11\n")]);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].interval, &*all[0].text), (interval(0, 9), &b"1\n5\n"[..]));
        let failure = |n, status| Failure { interval: interval(n, n), cause: Cause::Exit(status) };
        let all = neighbours(vec![failure(3, 1), failure(1, 1), failure(2, 1), failure(4, 2)]);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].interval, interval(1, 3));
        let unknown =
            |first, last| Failure { interval: interval(first, last), cause: Cause::Unknown };
        assert_eq!(neighbours(vec![unknown(5, 9), unknown(0, 4)]).len(), 2);
    }
}
