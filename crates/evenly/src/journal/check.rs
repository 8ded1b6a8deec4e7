//! What a journal holds, every byte of it checked: docs/journal.md has the conditions by number.

use super::error::JournalFault;
use super::fingerprint::{Fingerprint, JournalChange};
use super::format::{APPLICATION_ID, FORMAT};
use super::schema::{self, Field, Hasher, JournalSeal, read_fingerprint};
use super::tables::{self, BegunRow, Cursor, DoneRow, FailedRow, LinesRow};
use super::window;
use crate::function::may_leave_out;
use evenly_core::{Aggregate, Interval, Value};
use rusqlite::Connection;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// What a journal holds.
#[derive(Clone, Debug)]
pub(super) struct Contents {
    /// Of which job it is: the last is in force.
    pub(super) fingerprints: Vec<Fingerprint>,
    /// The call of the program that made it, and in which directory.
    pub(super) call: Option<(Vec<OsString>, PathBuf)>,
    /// Numbers that are done, or failed, or had begun when their run ended; ascending, and how many lines were
    /// found in them: of `failures` a line for each that failed or had begun.
    pub(super) pieces: Vec<(Interval, u64)>,
    /// How many have a value; how many failed, and had begun, which is the same when their run is over; and
    /// how many lines there are.
    pub(super) done: u128,
    pub(super) failed: u128,
    pub(super) begun: u128,
    pub(super) lowest_failure: Option<i64>,
    pub(super) lines: u64,
    /// Over all numbers that have one; nothing but the lines are not here.
    pub(super) value: Value,
    pub(super) hasher: Hasher,
    pub(super) seal: JournalSeal,
    /// The hash of the row of `total`.
    pub(super) total: i64,
    /// The number of the next row of `window`.
    pub(super) next_window: i64,
    /// Whether the tables are those of the [former](super::format::FORMER) version.
    pub(super) is_former: bool,
}

impl Contents {
    pub(super) fn fingerprint(&self) -> &Fingerprint {
        // There is at least one: it was checked.
        &self.fingerprints[self.fingerprints.len() - 1]
    }

    /// How many changes of the function, the program or the version were accepted.
    pub(super) fn changes(&self) -> usize {
        let pairs = self.fingerprints.windows(2);
        pairs.filter(|pair| !pair[0].differences_but_range(&pair[1]).is_empty()).count()
    }

    /// What earlier results come from and what the next ones come from, if these differ.
    pub(super) fn change(&self, is_new: bool) -> Option<JournalChange> {
        let (last, earlier) = self.fingerprints.split_last()?;
        let origins = [Fingerprint::function_name, Fingerprint::program_name, Fingerprint::release];
        origins.into_iter().find_map(|origin| {
            let now = origin(last);
            let mut before: Vec<String> = earlier.iter().map(origin).collect();
            before.retain(|before| *before != now);
            before.dedup();
            (!before.is_empty()).then(|| JournalChange {
                before: before.join(" and "),
                now,
                is_new,
            })
        })
    }

    /// Counts a row of one of the tables that have numbers.
    fn count(&mut self, table: &str, interval: Interval, hash: i64) {
        self.seal.add(hash);
        if table == "done" {
            self.done += interval.len();
            return;
        }
        self.failed += interval.len();
        self.begun += if table == "begun" { interval.len() } else { 0 };
        self.lowest_failure = self.lowest_failure.or(Some(interval.first()));
    }
}

/// Reads and checks all of it.
pub(super) fn check(connection: &Connection) -> Result<Contents, JournalFault> {
    let version = check_file(connection)?;
    let mut seal = JournalSeal::default();
    let (fingerprints, mut hasher) = read_fingerprints(connection, &mut seal)?;
    let fingerprint = &fingerprints[fingerprints.len() - 1];
    let call = read_call(connection, &mut hasher, &mut seal)?;
    let mut contents = Contents {
        pieces: Vec::new(),
        call,
        done: 0,
        failed: 0,
        begun: 0,
        lowest_failure: None,
        lines: 0,
        value: fingerprint.aggregate.empty(),
        hasher,
        seal,
        total: 0,
        next_window: 1,
        is_former: version != FORMAT,
        fingerprints,
    };
    read_numbers(connection, &mut contents)?;
    read_lines(connection, &mut contents)?;
    read_windows(connection, &mut contents)?;
    read_total(connection, &mut contents)?;
    check_value(connection, &contents)?;
    Ok(contents)
}

/// That it is a sound database with the tables of its version and no others; the version.
fn check_file(connection: &Connection) -> Result<i64, JournalFault> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let tables = schema::tables(version);
    if number("application_id")? != APPLICATION_ID || tables.is_empty() {
        return Err(JournalFault::Wrong("header: it is not that of a journal".to_owned()));
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if verdict != "ok" {
        return Err(JournalFault::Wrong(verdict.replace('\n', " ")));
    }
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY rowid")?;
    let mut found: Vec<Option<String>> = Vec::new();
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        found.push(row.get(0)?);
    }
    // The index of a table without row numbers is the table.
    found.retain(Option::is_some);
    // A journal that was of the former version has them in another order.
    found.sort_unstable();
    if found.iter().flatten().ne(tables) {
        return Err(JournalFault::Wrong("its tables are not those of a journal".to_owned()));
    }
    Ok(version)
}

fn read_fingerprints(
    connection: &Connection,
    seal: &mut JournalSeal,
) -> Result<(Vec<Fingerprint>, Hasher), JournalFault> {
    let mut statement = connection.prepare("SELECT * FROM fingerprint ORDER BY id")?;
    let mut rows = statement.query(())?;
    let mut fingerprints: Vec<Fingerprint> = Vec::new();
    let mut hasher = Hasher::default();
    while let Some(row) = rows.next()? {
        let (id, fingerprint, hash) = read_fingerprint(row)?;
        if id != fingerprints.len() as i64 + 1 || hasher.fingerprint(id, &fingerprint) != hash {
            return Err(JournalFault::row("fingerprint", id, "its hash is not that of its fields"));
        }
        if id == 1 {
            hasher = Hasher::of(&fingerprint);
        } else if let Some(before) = fingerprints.last()
            && before.differences(&fingerprint).iter().any(|one| !one.may_be_accepted)
        {
            return Err(JournalFault::row("fingerprint", id, "of another job than the one before"));
        }
        seal.add(hash);
        fingerprints.push(fingerprint);
    }
    if fingerprints.is_empty() {
        return Err(JournalFault::Wrong("table fingerprint: there is none".to_owned()));
    }
    Ok((fingerprints, hasher))
}

type StoredCall = Option<(Vec<OsString>, PathBuf)>;

fn read_call(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
) -> Result<StoredCall, JournalFault> {
    let mut statement = connection.prepare("SELECT * FROM call ORDER BY id")?;
    let mut rows = statement.query(())?;
    let mut call = None;
    while let Some(row) = rows.next()? {
        let (id, words, directory): (i64, Vec<u8>, Vec<u8>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let hash: i64 = row.get(3)?;
        let fields = [Field::Integer(id), Field::Bytes(&words), Field::Bytes(&directory)];
        if id != 1 || hasher.hash("call", &fields) != hash {
            return Err(JournalFault::row("call", id, "its hash is not that of its fields"));
        }
        seal.add(hash);
        let words = words.split_inclusive(|byte| *byte == 0);
        let words = words.map(|word| OsString::from_vec(word[..word.len() - 1].to_vec()));
        call = Some((words.collect(), OsString::from_vec(directory).into()));
    }
    Ok(call)
}

/// Done and failed numbers, and those that had begun: ascending, apart from each other, and within the range.
fn read_numbers(connection: &Connection, contents: &mut Contents) -> Result<(), JournalFault> {
    let whole = contents.fingerprint().items.positions().interval();
    let mut hasher = contents.hasher.clone();
    let mut done_rows = tables::all(connection, "done")?;
    let mut failed_rows = tables::all(connection, "failed")?;
    let mut done_rows: Cursor<'_, DoneRow> = Cursor::over(done_rows.query(())?, &mut hasher)?;
    let mut hasher = contents.hasher.clone();
    let mut failed_rows: Cursor<'_, FailedRow> = Cursor::over(failed_rows.query(())?, &mut hasher)?;
    let mut hasher = contents.hasher.clone();
    let mut begun_rows = tables::all(connection, "begun")?;
    let mut begun_rows: Cursor<'_, BegunRow> = Cursor::over(begun_rows.query(())?, &mut hasher)?;
    loop {
        let next_done = done_rows.peek().map(|row| ("done", row.interval));
        let next_failed = failed_rows.peek().map(|row| ("failed", row.failure.interval));
        let next_begun = begun_rows.peek().map(|row| ("begun", row.interval));
        let all = [next_done, next_failed, next_begun].into_iter().flatten();
        let Some((table, interval)) = all.min_by_key(|(_, interval)| *interval) else {
            return Ok(());
        };
        let hash = match table {
            "done" => done_rows.take()?.map(|row| row.hash),
            "failed" => failed_rows.take()?.map(|row| row.hash),
            _ => begun_rows.take()?.map(|row| row.hash),
        };
        contents.count(table, interval, hash.unwrap_or_default());
        if !whole.is_some_and(|whole| whole.contains(interval)) {
            return Err(JournalFault::row(table, interval.first(), "it is outside of the range"));
        }
        // Of `failures` each failed number is a line.
        let lines = match contents.fingerprint().aggregate {
            Aggregate::Failures { .. } if table != "done" => {
                u64::try_from(interval.len()).unwrap_or(u64::MAX)
            }
            _ => 0,
        };
        match contents.pieces.last_mut() {
            Some((last, _)) if last.last() >= interval.first() => {
                return Err(JournalFault::row(
                    table,
                    interval.first(),
                    "its numbers are done already",
                ));
            }
            Some((last, before)) if last.last() + 1 == interval.first() => {
                (*last, *before) = (last.hull(interval), before.saturating_add(lines));
            }
            _ => contents.pieces.push((interval, lines)),
        }
    }
}

/// Lines: each row within numbers that are done.
fn read_lines(connection: &Connection, contents: &mut Contents) -> Result<(), JournalFault> {
    let (mut lines_hasher, mut done_hasher) = (contents.hasher.clone(), contents.hasher.clone());
    let mut lines_rows = tables::all(connection, "lines")?;
    let mut done_rows = tables::all(connection, "done")?;
    let mut lines_rows: Cursor<'_, LinesRow> =
        Cursor::over(lines_rows.query(())?, &mut lines_hasher)?;
    let mut done_rows: Cursor<'_, DoneRow> = Cursor::over(done_rows.query(())?, &mut done_hasher)?;
    let (mut piece, mut last) = (0, None);
    while let Some(row) = lines_rows.take()? {
        let interval = row.interval;
        while done_rows.peek().is_some_and(|done| done.interval.last() < interval.first()) {
            done_rows.take()?;
        }
        let is_done = done_rows.peek().is_some_and(|done| done.interval.contains(interval));
        if !is_done || last.is_some_and(|last| interval.first() <= last) {
            return Err(JournalFault::row("lines", interval.first(), "its numbers are not done"));
        }
        last = Some(interval.last());
        while contents.pieces.get(piece).is_some_and(|(one, _)| one.last() < interval.first()) {
            piece += 1;
        }
        if let Some((_, lines)) = contents.pieces.get_mut(piece) {
            *lines += row.lines;
        }
        contents.lines += row.lines;
        contents.seal.add(row.hash);
    }
    Ok(())
}

/// The audit of the windows: each within the range.
fn read_windows(connection: &Connection, contents: &mut Contents) -> Result<(), JournalFault> {
    if contents.is_former {
        return Ok(());
    }
    let whole = contents.fingerprint().items.positions().interval();
    let hasher = contents.hasher.clone();
    window::each(connection, &hasher, |row| {
        let interval = row.window.interval;
        if !whole.is_some_and(|whole| whole.contains(interval)) {
            return Err(JournalFault::row(
                "window",
                interval.first(),
                "it is outside of the range",
            ));
        }
        contents.seal.add(row.hash);
        contents.next_window = contents.next_window.max(row.id.saturating_add(1));
        Ok(())
    })
}

/// The value over all numbers, and the seal over all rows.
fn read_total(connection: &Connection, contents: &mut Contents) -> Result<(), JournalFault> {
    let is_histogram = contents.value.counts().is_some();
    if is_histogram {
        let mut statement = tables::all(connection, "bucket")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (value, count, hash) = tables::read_bucket(row, &mut contents.hasher)?;
            contents.seal.add(hash);
            contents.value.count_values(value, count);
        }
    }
    let row = tables::read_total(connection, &mut contents.hasher)?;
    if row.seal != contents.seal {
        return Err(JournalFault::Wrong(
            "the rows are not those that were sealed together".to_owned(),
        ));
    }
    contents.total = row.hash;
    if !is_histogram {
        let value = contents.value.like(&row.value);
        contents.value = value.ok_or_else(|| JournalFault::row("total", 1, "its value is none"))?;
    } else if !row.value.is_empty() {
        return Err(JournalFault::row("total", 1, "its value is none"));
    }
    Ok(())
}

/// Checks that the value is possible for the count of finished numbers.
fn check_value(connection: &Connection, contents: &Contents) -> Result<(), JournalFault> {
    let is_done = |n: i64| tables::is_done(connection, n);
    let (done, lines) = (contents.done, u128::from(contents.lines));
    // Each number that is done has a value, except under a condition.
    let leaves_out = may_leave_out(&contents.fingerprint().function);
    let has_values = |values: u128| values == done || (leaves_out && values < done);
    let is_possible = match (&contents.value, contents.fingerprint().aggregate) {
        (Value::Count(count), _) => *count <= done,
        (Value::Min(extreme) | Value::Max(extreme), _) => match extreme {
            Some(extreme) => is_done(extreme.n)?,
            // A chunk may have none.
            None => true,
        },
        (Value::RealMin(extreme) | Value::RealMax(extreme), _) => is_done(extreme.n)?,
        (Value::Mean(mean), _) => has_values(mean.count()),
        (Value::RealHistogram(values), _) => has_values(values.values().sum()),
        (Value::Binned(binned), _) => has_values(binned.total()),
        (Value::Witness(Some(n)), _) => is_done(*n)?,
        (Value::Histogram(values), _) => has_values(values.values().sum()),
        (Value::Lines { .. }, Aggregate::Map) => has_values(lines),
        (Value::Lines { .. }, _) => lines <= done,
        _ => true,
    };
    if is_possible {
        Ok(())
    } else {
        Err(JournalFault::row("total", 1, "its value cannot be that of the numbers done"))
    }
}
