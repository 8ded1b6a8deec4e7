//! One of several journals that are put together: what it holds, and where its positions stand among the common ones.

use super::begun;
use super::check::Contents;
use super::error::{JournalError, JournalFault};
use super::placement::Placement;
use super::reading::{LISTED, read};
use super::tables::{self, Cursor, DoneRow, FailedRow, LinesRow};
use super::window;
use evenly_core::items::{MOST_PIECES, TooManyPieces};
use evenly_core::{Failure, Interval, Items, Value};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// An open journal that was checked.
pub(super) struct SourceJournal {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) contents: Contents,
    pub(super) placement: Placement,
}

impl SourceJournal {
    /// Reads and checks a journal. Until it is placed, its positions are its own.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let (connection, contents) = read(path)?;
        let items = &contents.fingerprint().items;
        let placement = Placement::new(items, items);
        Ok(Self { path: path.to_owned(), connection, contents, placement })
    }

    /// Places it among these items.
    pub(super) fn place(&mut self, common: &Items) {
        self.placement = Placement::new(&self.contents.fingerprint().items, common);
    }

    /// What `read` reads from it; a fault names it.
    pub(super) fn reading<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, JournalFault>,
    ) -> Result<T, JournalError> {
        read(self).map_err(|trouble| trouble.at(&self.path, "read"))
    }

    /// The value over all that is done.
    pub(super) fn value(&self) -> Value {
        self.placement.value(self.contents.value.clone())
    }

    /// Own positions that have a value, ascending.
    pub(super) fn done(&self) -> Result<Vec<Interval>, JournalFault> {
        let mut hasher = self.contents.hasher.clone();
        let mut rows = tables::all(&self.connection, "done")?;
        let mut rows: Cursor<'_, DoneRow> = Cursor::over(rows.query(())?, &mut hasher)?;
        let mut done = Vec::new();
        while let Some(row) = rows.take()? {
            done.push(row.interval);
        }
        Ok(done)
    }

    /// Own positions that failed, ascending, or had begun.
    pub(super) fn own_failed(&self) -> Result<Vec<Failure>, JournalFault> {
        self.own_failures(usize::MAX)
    }

    /// Own positions that failed, or had begun, at most this many rows of each.
    fn own_failures(&self, most: usize) -> Result<Vec<Failure>, JournalFault> {
        let mut hasher = self.contents.hasher.clone();
        let mut rows = tables::all(&self.connection, "failed")?;
        let mut rows: Cursor<'_, FailedRow> = Cursor::over(rows.query(())?, &mut hasher)?;
        let mut failed = Vec::new();
        while failed.len() < most
            && let Some(row) = rows.take()?
        {
            failed.push(row.failure);
        }
        let begun = begun::read(&self.connection, &self.contents.hasher)?;
        failed.extend(begun.into_iter().map(|row| begun::unknown(row.interval)));
        Ok(failed)
    }

    /// The lowest that failed, or had begun.
    pub(super) fn lowest_failures(&self) -> Result<Vec<Failure>, JournalFault> {
        let failed = self.own_failures(LISTED)?.into_iter();
        Ok(failed.flat_map(|failure| self.placement.failures(failure)).take(2 * LISTED).collect())
    }

    /// All that failed, or had begun.
    pub(super) fn failures(&self) -> Result<Vec<Failure>, JournalFault> {
        let failed = self.own_failures(usize::MAX)?.into_iter();
        let mut all: Vec<Failure> = Vec::new();
        for failure in failed.flat_map(|failure| self.placement.failures(failure)) {
            if all.len() >= MOST_PIECES {
                return Err(JournalFault::Wrong(TooManyPieces.to_string()));
            }
            all.push(failure);
        }
        Ok(all)
    }

    /// The lowest that passed at a later try.
    pub(super) fn flaky(&self) -> Result<Vec<Failure>, JournalFault> {
        if self.contents.is_former {
            return Ok(Vec::new());
        }
        let flaky = window::flaky(&self.connection)?.into_iter();
        Ok(flaky.flat_map(|failure| self.placement.failures(failure)).collect())
    }

    /// The last position of each row of lines, and how many lines it has.
    pub(super) fn line_counts(&self) -> Result<Vec<(i64, u64)>, JournalFault> {
        let mut hasher = self.contents.hasher.clone();
        let mut rows = tables::all(&self.connection, "lines")?;
        let mut rows: Cursor<'_, LinesRow> = Cursor::over(rows.query(())?, &mut hasher)?;
        let mut found = Vec::new();
        while let Some(row) = rows.take()? {
            found.push((self.placement.at(row.interval.last()), row.lines));
        }
        Ok(found)
    }
}
