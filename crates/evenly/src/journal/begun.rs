//! What may have begun and has not ended, of a job that starts nothing twice: written ahead of the start, and
//! gone in the commit in which it is done.

use super::batch::Batch;
use super::error::JournalFault;
use super::schema::{Hasher, JournalSeal};
use super::tables::{self, BegunRow, Cursor, begun_hash};
use evenly_core::{Cause, Failure, Interval};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// The rows of `begun`, first and last number. There are no more than workers hold chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BegunRows(BTreeMap<i64, i64>);

impl BegunRows {
    /// These may begin now.
    pub(super) fn begin(&mut self, interval: Interval) {
        self.0.insert(interval.first(), interval.last());
    }

    /// These have ended, or were never begun.
    pub(super) fn end(&mut self, ended: Interval) {
        while let Some((&first, &last)) = self.0.range(..=ended.last()).next_back()
            && last >= ended.first()
        {
            self.0.remove(&first);
            // What lies on either side has not.
            if last > ended.last() {
                self.0.insert(ended.last() + 1, last);
            }
            if first < ended.first() {
                self.0.insert(first, ended.first() - 1);
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
        let rows = |of: &Self, but: &Self| -> Vec<Interval> {
            let rows = of.0.iter().filter(|(first, last)| but.0.get(first) != Some(last));
            rows.filter_map(|(first, last)| Interval::new(*first, *last)).collect()
        };
        let mut delete = connection.prepare_cached("DELETE FROM begun WHERE first = ?1")?;
        for gone in rows(before, self) {
            delete.execute((gone.first(),))?;
            seal.remove(begun_hash(hasher, gone));
        }
        let mut insert = connection.prepare_cached("INSERT INTO begun VALUES (?1, ?2, ?3)")?;
        for new in rows(self, before) {
            let hash = begun_hash(hasher, new);
            insert.execute((new.first(), new.last(), hash))?;
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
) -> Result<Vec<Interval>, JournalFault> {
    let mut hasher = hasher.clone();
    let mut rows = tables::all(connection, "begun")?;
    let mut rows: Cursor<'_, BegunRow> = Cursor::over(rows.query(())?, &mut hasher)?;
    let mut begun = Vec::new();
    while let Some(row) = rows.take()? {
        begun.push(row.interval);
    }
    Ok(begun)
}

/// Has failed what had begun when its run ended: it is not begun again.
pub(super) fn settle(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
) -> Result<(), JournalFault> {
    let intervals = read(connection, hasher)?;
    let mut begun = BegunRows::default();
    intervals.iter().for_each(|interval| begun.begin(*interval));
    BegunRows::default().write(&begun, connection, (hasher, seal))?;
    let failed = intervals.into_iter().map(unknown).collect();
    Batch { failed, ..Batch::default() }.write(connection, hasher, seal)
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
            .for_each(|(first, last)| begun.begin(interval(*first, *last)));
        begun.end(interval(20, 29));
        begun.end(interval(5, 12));
        begun.end(interval(30, 30));
        begun.end(interval(i64::MIN, -11));
        begun.end(interval(41, i64::MAX));
        let rows: Vec<(i64, i64)> = begun.0.into_iter().collect();
        assert_eq!(rows, [(-10, -10), (0, 4), (13, 19), (40, 40)]);
    }
}
