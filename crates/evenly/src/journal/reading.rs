//! Reading of a journal that another process may be writing.

use super::begun;
use super::check::{Contents, check};
use super::connection::{self, PathState};
use super::error::{JournalError, JournalFault};
use super::file_lock::lock;
use super::window::{self, WindowAttempt};
use evenly_core::Value;
use rusqlite::Connection;
use std::path::Path;

/// Most intervals that are listed of each kind; the others are only counted.
pub(super) const LISTED: usize = 100;

/// Reads and checks a journal, without writing to it.
pub(super) fn read(path: &Path) -> Result<(Connection, Contents), JournalError> {
    read_at(path).map_err(|error| error.called(path))
}

fn read_at(path: &Path) -> Result<(Connection, Contents), JournalError> {
    let path = connection::place(path)?;
    match connection::path_state(&path)? {
        PathState::Journal => {}
        PathState::Missing => return Err(JournalError::Missing { path }),
        PathState::Empty => {
            return Err(JournalError::NotOurs { path, what: "it is empty".to_owned() });
        }
    }
    let read = || -> Result<_, JournalFault> {
        let connection = connection::open_to_read(&path)?;
        // A run may go on meanwhile: what is read is of one moment.
        connection.execute_batch("BEGIN")?;
        if connection::is_empty(&connection)? {
            return Err(JournalFault::Wrong("nothing is in it".to_owned()));
        }
        let contents = check(&connection)?;
        Ok((connection, contents))
    };
    read().map_err(|trouble| {
        // A run that is stopped in the middle of a write: its lock says whose the journal is.
        let owner = if trouble.is_busy() { lock(&path).err() } else { None };
        owner.unwrap_or_else(|| trouble.at(&path, "read"))
    })
}

/// Passes each row of the audit to `take`.
pub(super) fn windows_of<E: From<JournalFault>>(
    connection: &Connection,
    contents: &Contents,
    mut take: impl FnMut(WindowAttempt) -> Result<(), E>,
) -> Result<(), E> {
    let begun = begun::read(connection, &contents.hasher)?.into_iter();
    let mut begun = begun.map(|row| WindowAttempt::unknown(row.interval, row.began)).peekable();
    if !contents.is_former {
        window::each(connection, &contents.hasher, |row| {
            let is_before =
                |one: &WindowAttempt| one.interval.first() < row.window.interval.first();
            while let Some(one) = begun.next_if(is_before) {
                take(one)?;
            }
            take(row.window)
        })?;
    }
    begun.try_for_each(take)
}

/// Whether a value is lines, which the journal keeps in rows of their own.
pub(super) fn is_lines(value: &Value) -> bool {
    matches!(value, Value::Lines { .. })
}
