//! Writer of a journal: records that arrive are durable after the next commit, all at once.

use super::batch::{Batch, add_buckets};
use super::begun::{self, BegunRows};
use super::check::{Contents, check};
use super::connection;
use super::error::{JournalError, JournalFault};
use super::fingerprint::Fingerprint;
use super::format;
use super::schema::{self, Field, Hasher, JournalSeal};
use super::tables::{self, Cursor, FailedRow};
use super::window::{self, WindowAttempt};
use crate::lock::Lock;
use crate::observe::Piece;
use evenly_core::{Aggregate, Failure, Interval, IntervalSet, Record, Value};
use rusqlite::Connection;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// Tries of a last write while another process has the journal locked. Each takes as long as SQLite waits.
pub(super) const TRIES: u32 = 20;

/// What one commit of a merge takes in.
const MOST_ENTRIES: usize = 1 << 16;
const MOST_BYTES: usize = 1 << 21;

/// A journal in use. A forked child must not touch it, and must leave by `_exit`.
pub(crate) struct JournalWriter {
    /// The path that the caller gave.
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) hasher: Hasher,
    seal: JournalSeal,
    aggregate: Aggregate,
    /// The value over all that is durable. A histogram's is in the file only.
    pub(super) value: Value,
    /// The hash of the row of `total`, which shows whether another program has written.
    total: i64,
    waiting: Vec<Record>,
    /// What may have begun and has not ended; what of it was given back since.
    begun: BegunRows,
    untouched: Vec<Interval>,
    /// Windows for the audit, and the number of the next row of it.
    windows: Vec<WindowAttempt>,
    next_window: i64,
    /// How much was appended since the last commit: entries, and bytes of values.
    entries: usize,
    bytes: usize,
    /// Let go of when the database is closed.
    _lock: Lock,
}

/// What became of a commit.
#[derive(Debug)]
pub(crate) enum Committed {
    /// These are durable.
    Records(Vec<Record>),
    /// Another process has it locked; the next call tries again.
    NotYet,
}

/// ResumeTerms on which a run continues a journal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResumeTerms {
    pub(super) resume: bool,
    pub(super) retry_failed: bool,
    pub(super) accept_change: bool,
    /// Whether it must be there.
    pub(super) is_expected: bool,
    /// When reading it ends with an error, whatever is read by then.
    pub(super) until: Option<Instant>,
}

/// An open journal: its contents, and whether the job differs from it and is accepted.
pub(super) struct OpenedJournal {
    pub(super) connection: Connection,
    pub(super) contents: Contents,
    pub(super) is_changed: bool,
}

/// The call that a journal belongs to: its words, and the directory it was in.
pub(super) type ResumeCall<'a> = Option<(&'a [OsString], &'a Path)>;

impl JournalWriter {
    /// One in which nothing waits.
    fn of(
        (path, connection, lock): (PathBuf, Connection, Lock),
        aggregate: Aggregate,
        hasher: Hasher,
        (seal, total): (JournalSeal, i64),
        value: Value,
    ) -> Self {
        Self {
            path,
            connection,
            hasher,
            seal,
            aggregate,
            value,
            total,
            waiting: Vec::new(),
            begun: BegunRows::default(),
            untouched: Vec::new(),
            windows: Vec::new(),
            next_window: 1,
            entries: 0,
            bytes: 0,
            _lock: lock,
        }
    }

    /// One over a journal that has these contents.
    pub(super) fn over(opened: (PathBuf, Connection, Lock), contents: &Contents) -> Self {
        let (hasher, seal, total) = (contents.hasher.clone(), contents.seal, contents.total);
        let aggregate = contents.fingerprint().aggregate;
        let value = match contents.value.counts() {
            Some(_) => aggregate.empty(),
            None => contents.value.clone(),
        };
        let mut writer = Self::of(opened, aggregate, hasher, (seal, total), value);
        writer.next_window = contents.next_window;
        writer
    }

    /// Begins a journal in a file that is not there, or empty.
    pub(super) fn begin(
        path: &Path,
        lock: Lock,
        fingerprint: &Fingerprint,
        call: ResumeCall<'_>,
    ) -> Result<Self, JournalError> {
        let make = || -> Result<Self, JournalFault> {
            let connection = connection::open(path)?;
            let mut hasher = Hasher::of(fingerprint);
            let (mut seal, value) = (JournalSeal::default(), fingerprint.aggregate.empty());
            let transaction = connection.unchecked_transaction()?;
            schema::make(&connection)?;
            schema::add_fingerprint(&connection, (&mut hasher, &mut seal), 1, fingerprint)?;
            write_call(&connection, &mut hasher, &mut seal, call)?;
            let bytes = bytes(&value);
            let total = tables::total_hash(&mut hasher, &bytes, seal);
            connection.execute(
                "INSERT INTO total VALUES (1, ?1, ?2, ?3, ?4)",
                (&bytes, seal.entries, seal.sum, total),
            )?;
            transaction.commit()?;
            let opened = (path.to_owned(), connection, lock);
            Ok(Self::of(opened, fingerprint.aggregate, hasher, (seal, total), value))
        };
        make().map_err(|trouble| trouble.at(path, "begin"))
    }

    pub(super) fn resume(
        (path, lock): (PathBuf, Lock),
        found: OpenedJournal,
        fingerprint: &Fingerprint,
        call: ResumeCall<'_>,
        terms: ResumeTerms,
    ) -> Result<(Self, Contents), JournalError> {
        let OpenedJournal { connection, contents, is_changed } = found;
        let mut writer = Self::over((path, connection, lock), &contents);
        let retries = terms.retry_failed && contents.failed > 0;
        let has_begun = contents.begun > 0;
        if !retries && !has_begun && !is_changed && !contents.is_former {
            return Ok((writer, contents));
        }
        let number = contents.fingerprints.len() as i64 + 1;
        let changed = writer.transaction(|writer, seal| {
            if is_changed {
                let Self { connection, hasher, .. } = writer;
                schema::add_fingerprint(connection, (hasher, seal), number, fingerprint)?;
                write_call(connection, hasher, seal, call)?;
            }
            let unknown = if has_begun {
                begun::fail(&writer.connection, &mut writer.hasher, seal)?
            } else {
                Vec::new()
            };
            if retries {
                writer.forget_failures(seal)?;
            }
            if contents.is_former {
                schema::upgrade(&writer.connection)?;
            }
            writer.write_windows(seal, &unknown)?;
            Ok(writer.value.clone())
        });
        changed.map_err(|trouble| trouble.at(&writer.path, "write"))?;
        // What is there now, and nothing that was concluded.
        let contents =
            check(&writer.connection).map_err(|trouble| trouble.at(&writer.path, "read"))?;
        Ok((writer, contents))
    }

    /// Removes the rows of all failures.
    fn forget_failures(&mut self, seal: &mut JournalSeal) -> Result<(), JournalFault> {
        let mut statement = tables::all(&self.connection, "failed")?;
        let mut rows: Cursor<'_, FailedRow> = Cursor::over(statement.query(())?, &mut self.hasher)?;
        while let Some(row) = rows.take()? {
            seal.remove(row.hash);
        }
        Ok(self.connection.execute_batch("DELETE FROM failed")?)
    }

    /// Writes rows of the audit. If the transaction is undone, their numbers are not used again.
    pub(super) fn write_windows(
        &mut self,
        seal: &mut JournalSeal,
        windows: &[WindowAttempt],
    ) -> Result<(), JournalFault> {
        let Self { connection, hasher, next_window, .. } = self;
        *next_window = window::write(connection, (hasher, seal), *next_window, windows)?;
        Ok(())
    }

    /// Carries out a change of the rows and seals it: durable, or as it was before.
    pub(super) fn transaction(
        &mut self,
        change: impl FnOnce(&mut Self, &mut JournalSeal) -> Result<Value, JournalFault>,
    ) -> Result<(), JournalFault> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let changed = self.change(change).and_then(|changed| {
            self.connection.execute_batch("COMMIT")?;
            Ok(changed)
        });
        match changed {
            Ok((value, seal, total)) => {
                (self.value, self.seal, self.total) = (value, seal, total);
                Ok(())
            }
            Err(trouble) => {
                // It is undone by itself where it was a commit that failed.
                let _ = self.connection.execute_batch("ROLLBACK");
                Err(trouble)
            }
        }
    }

    fn change(
        &mut self,
        change: impl FnOnce(&mut Self, &mut JournalSeal) -> Result<Value, JournalFault>,
    ) -> Result<(Value, JournalSeal, i64), JournalFault> {
        let there = tables::read_total(&self.connection, &mut self.hasher)?;
        if there.hash != self.total {
            return Err(JournalFault::Changed);
        }
        let mut seal = self.seal;
        let value = change(self, &mut seal)?;
        let bytes = bytes(&value);
        let total = tables::total_hash(&mut self.hasher, &bytes, seal);
        let sql = "UPDATE total SET value = ?1, entries = ?2, seal = ?3, hash = ?4 WHERE id = 1";
        let row = (&bytes, seal.entries, seal.sum, total);
        self.connection.prepare_cached(sql)?.execute(row)?;
        Ok((value, seal, total))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record: the next commit makes it durable.
    pub(crate) fn put(&mut self, record: Record) {
        self.entries += 1;
        self.bytes += record.value.weight();
        // Lines belong to their numbers, unless they have been put out already.
        let is_joined = matches!(self.aggregate, Aggregate::Run { .. })
            || !matches!(record.value, Value::Lines { .. } | Value::Nothing);
        match self.waiting.last_mut() {
            Some(last) if is_joined => last.join(record),
            _ => self.waiting.push(record),
        }
    }

    /// Appends that these numbers were to begin, and did not.
    pub(crate) fn untouch(&mut self, interval: Interval) {
        self.untouched.push(interval);
    }

    /// Appends what became of a window, for the audit. `is_ahead`: no window is started twice.
    pub(crate) fn put_window(&mut self, piece: &Piece, is_ahead: bool) {
        let mut window = WindowAttempt::of_piece(piece, is_ahead, SystemTime::now());
        window.began = window.began.or_else(|| self.begun.began(window.interval));
        self.windows.push(window);
    }

    /// Appends that a try of these numbers failed and a later one passed.
    pub(crate) fn put_flaky(&mut self, failure: Failure) {
        self.windows.push(WindowAttempt::flaky(failure, SystemTime::now()));
    }

    /// Appends rows of the audit.
    pub(super) fn put_windows(&mut self, windows: Vec<WindowAttempt>) {
        self.entries += windows.len();
        self.windows.extend(windows);
    }

    /// Marks its answers as not trusted, so that no run continues it.
    ///
    /// # Errors
    /// If that cannot be written.
    pub(crate) fn distrust(&self) -> Result<(), JournalError> {
        let mut marked = Ok(());
        // A reader blocks this only for a short time.
        for _ in 0..TRIES {
            marked = self.connection.pragma_update(None, "user_version", format::UNTRUSTED);
            if marked.is_ok() {
                break;
            }
        }
        marked.map_err(|cause| JournalError::Failed {
            path: self.path.clone(),
            doing: "mark",
            cause: cause.to_string(),
            advice: "its answers cannot be trusted, so remove it",
        })
    }

    /// What waits, of a journal that is not gone on with.
    pub(crate) fn into_waiting(mut self) -> Vec<Record> {
        std::mem::take(&mut self.waiting)
    }

    /// Closes the journal and removes its file.
    pub(crate) fn discard(self) -> Result<(), JournalError> {
        let path = self.path.clone();
        drop(self);
        super::discard(&path)
    }

    /// Whether as much waits as one commit should take in.
    pub(super) fn is_full(&self) -> bool {
        self.entries >= MOST_ENTRIES || self.bytes >= MOST_BYTES
    }

    /// Makes durable what waits, and that these begin now, which they must not before.
    ///
    /// # Errors
    /// If it cannot be written. The journal is as it was before.
    pub(crate) fn commit(&mut self, beginning: &[Interval]) -> Result<Committed, JournalError> {
        let waiting = std::mem::take(&mut self.waiting);
        let windows = std::mem::take(&mut self.windows);
        let mut begun = self.begun.clone();
        let now = Some(window::millis(SystemTime::now()));
        let written = self.transaction(|writer, seal| {
            let batch = Batch::of(&waiting, writer.aggregate);
            batch.write(&writer.connection, &mut writer.hasher, seal)?;
            let failed = batch.failed.iter().map(|failure| failure.interval);
            let ended = batch.covered.iter().copied().chain(failed);
            ended.chain(writer.untouched.iter().copied()).for_each(|ended| begun.end(ended));
            beginning.iter().for_each(|interval| begun.begin(*interval, now));
            begun.write(&writer.begun, &writer.connection, (&mut writer.hasher, seal))?;
            writer.write_windows(seal, &windows)?;
            let mut value = writer.value.clone();
            for one in batch.values {
                let Some(values) = one.counts() else {
                    value.merge(one.clone());
                    continue;
                };
                add_buckets(&writer.connection, &mut writer.hasher, seal, values)?;
            }
            Ok(value)
        });
        match written {
            Ok(()) => {
                self.begun = begun;
                self.untouched.clear();
                (self.entries, self.bytes) = (0, 0);
                Ok(Committed::Records(waiting))
            }
            Err(trouble) => {
                (self.waiting, self.windows) = (waiting, windows);
                if trouble.is_busy() {
                    return Ok(Committed::NotYet);
                }
                Err(trouble.at(&self.path, "write"))
            }
        }
    }

    /// The run has read what it needs: nothing interrupts the journal from now on.
    pub(crate) fn end_reading(&mut self) -> Result<(), JournalError> {
        connection::end_reading_never(&mut self.connection)
            .map_err(|trouble| trouble.at(&self.path, "read"))
    }

    /// Writes down what a run has done before it had a journal.
    pub(crate) fn take_over(
        &mut self,
        covered: &IntervalSet,
        failed: &[Failure],
        value: &Value,
    ) -> Result<(), JournalError> {
        let covered = without(covered, failed);
        let written = self.transaction(|writer, seal| {
            let batch = Batch { covered, failed: failed.to_vec(), ..Batch::default() };
            batch.write(&writer.connection, &mut writer.hasher, seal)?;
            let Some(values) = value.counts() else { return Ok(value.clone()) };
            add_buckets(&writer.connection, &mut writer.hasher, seal, values)?;
            Ok(writer.value.clone())
        });
        written.map_err(|trouble| trouble.at(&self.path, "write"))
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        // Takes away the empty file that is left of going back. That it stays is no error.
        let delete = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let _ = self.connection.pragma_update_and_check(None, "journal_mode", "delete", delete);
    }
}

/// The bytes of a value in `total`: none of a histogram, which has a table of its own.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Histogram(_) | Value::RealHistogram(_) | Value::Binned(_) => Vec::new(),
        value => value.to_bytes(),
    }
}

/// Writes down the call, in the place of the one before.
fn write_call(
    connection: &Connection,
    hasher: &mut Hasher,
    seal: &mut JournalSeal,
    call: ResumeCall<'_>,
) -> Result<(), JournalFault> {
    let Some((words, directory)) = call else { return Ok(()) };
    let mut old = connection.prepare("SELECT hash FROM call")?;
    let mut rows = old.query(())?;
    while let Some(row) = rows.next()? {
        seal.remove(row.get(0)?);
    }
    let words: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
    let directory = directory.as_os_str().as_bytes();
    let fields = [Field::Integer(1), Field::Bytes(&words), Field::Bytes(directory)];
    let hash = hasher.hash("call", &fields);
    connection
        .execute("INSERT OR REPLACE INTO call VALUES (1, ?1, ?2, ?3)", (&words, directory, hash))?;
    seal.add(hash);
    Ok(())
}

/// Those of the covered numbers that did not fail.
fn without(covered: &IntervalSet, failed: &[Failure]) -> Vec<Interval> {
    let mut failed: Vec<Interval> = failed.iter().map(|failure| failure.interval).collect();
    failed.sort_unstable();
    let mut failed = failed.into_iter().peekable();
    let mut out = Vec::new();
    for interval in covered.iter() {
        let mut rest = Some(interval);
        while let Some(failure) = failed.next_if(|failure| failure.first() <= interval.last()) {
            let Some(left) = rest else { break };
            let below = failure.first().checked_sub(1);
            out.extend(below.and_then(|below| Interval::new(left.first(), below)));
            rest = left.above(failure.last());
        }
        out.extend(rest);
    }
    out
}
