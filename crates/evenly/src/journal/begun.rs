//! What may have begun and has not ended, of a job that starts nothing twice: written ahead of the start, and
//! gone in the commit in which it is done.

use super::batch::Batch;
use super::error::JournalFault;
use super::schema::{Hasher, JournalSeal};
use super::tables::{self, BegunRow, Cursor, begun_hash};
use super::window::WindowAttempt;
use evenly_core::{Cause, Failure, Interval};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// The rows of `begun`, by their first number. There are no more than workers hold chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BegunRows(BTreeMap<i64, BegunFields>);

/// The other fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BegunFields {
    last: i64,
    /// In milliseconds since 1970.
    began: Option<i64>,
}

impl BegunRows {
    /// These may begin, at this time.
    pub(super) fn begin(&mut self, interval: Interval, began: Option<i64>) {
        self.0.insert(interval.first(), BegunFields { last: interval.last(), began });
    }

    /// When these began, if they have not ended.
    pub(super) fn began(&self, interval: Interval) -> Option<i64> {
        let (_, row) = self.0.range(..=interval.first()).next_back()?;
        row.began.filter(|_| row.last >= interval.first())
    }

    /// These have ended, or were never begun.
    pub(super) fn end(&mut self, ended: Interval) {
        while let Some((&first, &row)) = self.0.range(..=ended.last()).next_back()
            && row.last >= ended.first()
        {
            self.0.remove(&first);
            // What lies on either side has not.
            if row.last > ended.last() {
                self.0.insert(ended.last() + 1, row);
            }
            if first < ended.first() {
                self.0.insert(first, BegunFields { last: ended.first() - 1, ..row });
            }
        }
    }

    /// Makes the rows these, where they were those `before`.
    pub(super) fn write(
        &self,
        before: &Self,
        connection: &Connection,
        (hasher, seal): (&mut Hasher, &mut JournalSeal),
    ) -> Result<(), JournalFault> {
        let rows = |of: &Self, but: &Self| -> Vec<(Interval, Option<i64>)> {
            let rows = of.0.iter().filter(|(first, row)| but.0.get(first) != Some(row));
            let row = |(first, row): (&i64, &BegunFields)| {
                Some((Interval::new(*first, row.last)?, row.began))
            };
            rows.filter_map(row).collect()
        };
        let mut delete = connection.prepare_cached("DELETE FROM begun WHERE first = ?1")?;
        for (gone, began) in rows(before, self) {
            delete.execute((gone.first(),))?;
            seal.remove(begun_hash(hasher, gone, began));
        }
        let new = rows(self, before);
        if new.is_empty() {
            // The table of the former version has another number of columns, until it is empty.
            return Ok(());
        }
        let mut insert = connection.prepare_cached("INSERT INTO begun VALUES (?1, ?2, ?3, ?4)")?;
        for (new, began) in new {
            let hash = begun_hash(hasher, new, began);
            insert.execute((new.first(), new.last(), began, hash))?;
            seal.add(hash);
        }
        Ok(())
    }
}

/// The failure of numbers that began and whose outcome is unknown.
pub(super) fn unknown(interval: Interval) -> Failure {
    Failure { interval, cause: Cause::Unknown }
}

/// All that had begun when its run ended.
pub(super) fn read(
    connection: &Connection,
    hasher: &Hasher,
) -> Result<Vec<BegunRow>, JournalFault> {
    let mut hasher = hasher.clone();
    let mut rows = tables::all(connection, "begun")?;
    let mut rows: Cursor<'_, BegunRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    let mut begun = Vec::new();
    while let Some(row) = rows.take()? {
        begun.push(row);
    }
    Ok(begun)
}

/// Has failed what had begun when its run ended: it is not begun again. The windows of it, for the audit.
pub(super) fn fail(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
) -> Result<Vec<WindowAttempt>, JournalFault> {
    let rows = read(connection, hasher)?;
    let mut begun = BegunRows::default();
    rows.iter().for_each(|row| begun.begin(row.interval, row.began));
    BegunRows::default().write(&begun, connection, (hasher, seal))?;
    let failed = rows.iter().map(|row| unknown(row.interval)).collect();
    Batch { failed, ..Batch::default() }.write(connection, hasher, seal)?;
    Ok(rows.into_iter().map(|row| WindowAttempt::unknown(row.interval, row.began)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_leaves_what_has_not() {
        let interval = |first, last| Interval::new(first, last).unwrap();
        let mut begun = BegunRows::default();
        [(i64::MIN, -10), (0, 9), (10, 19), (30, 30), (40, i64::MAX)]
            .iter()
            .for_each(|(first, last)| begun.begin(interval(*first, *last), Some(*first)));
        begun.end(interval(20, 29));
        begun.end(interval(5, 12));
        begun.end(interval(30, 30));
        begun.end(interval(i64::MIN, -11));
        begun.end(interval(41, i64::MAX));
        assert_eq!(begun.began(interval(14, 19)), Some(10));
        assert_eq!(begun.began(interval(5, 9)), None);
        let rows: Vec<(i64, i64)> =
            begun.0.into_iter().map(|(first, row)| (first, row.last)).collect();
        assert_eq!(rows, [(-10, -10), (0, 4), (13, 19), (40, 40)]);
    }
}
