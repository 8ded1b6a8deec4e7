//! SQLite connections to a journal file, and the check that the file is a journal.
//!
//! A process that opens and closes a file beside SQLite drops the locks that SQLite has on it (fcntl(2)).
//! So the check goes through SQLite, too, in a mode that cannot write: `immutable` does not even touch the
//! rollback file of a crashed transaction.

use super::error::{JournalError, JournalFault};
use super::format::{APPLICATION_ID, FORMAT, FORMER, UNTRUSTED};
use super::schema::PAGE;
use crate::process::end_is_asked_for;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{Access, AtFlags};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Time that SQLite waits for a reader of the journal before the commit is put off.
const BUSY: Duration = Duration::from_millis(250);

/// Steps of SQLite between two looks at the clock and at signals: less than 10 ms.
const LOOK_EVERY: i32 = 10_000;

/// What to do about a journal, or a directory of journals, that this user may not read.
pub(super) const READ_ADVICE: &str =
    "run as its owner, give this user permission (chmod), or name another file";

/// What there is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathState {
    Missing,
    /// A file without a byte.
    Empty,
    Journal,
}

/// The path of a journal without symbolic links and relative parts: so that its lock is the same
/// whatever it is called by, and no name means something else to SQLite.
pub(super) fn place(path: &Path) -> Result<PathBuf, JournalError> {
    let failed = |cause: std::io::Error| JournalError::Failed {
        path: path.to_owned(),
        doing: "open",
        cause: cause.to_string(),
        advice: match cause.kind() {
            std::io::ErrorKind::PermissionDenied => READ_ADVICE,
            _ => "name a file in a directory that exists",
        },
    };
    match std::fs::canonicalize(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
        canonical => return canonical.map_err(failed),
    }
    // A link to where the journal will be: what it leads to is found by that name later on.
    if let Ok(target) = std::fs::read_link(path) {
        return place(&path.with_file_name(target));
    }
    let Some(name) = path.file_name() else {
        let path = path.to_owned();
        return Err(JournalError::NotOurs { path, what: "no file has such a name".to_owned() });
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).map_err(failed)?;
    Ok(parent.join(name))
}

/// Looks what is there, without writing or locking anything.
pub(super) fn path_state(path: &Path) -> Result<PathState, JournalError> {
    let not_ours = |what: String| JournalError::NotOurs { path: path.to_owned(), what };
    let unreadable = |cause: &dyn std::fmt::Display| JournalError::Failed {
        path: path.to_owned(),
        doing: "read",
        cause: cause.to_string(),
        advice: READ_ADVICE,
    };
    match std::fs::metadata(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            return Ok(PathState::Missing);
        }
        Err(cause) => return Err(unreadable(&cause)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(not_ours("it is not a regular file".to_owned()));
        }
        Ok(metadata) if metadata.len() == 0 => return Ok(PathState::Empty),
        Ok(_) => {}
    }
    // SQLite says only that it cannot open a file, not why. Asks without opening it, for the reason above.
    rustix::fs::accessat(rustix::fs::CWD, path, Access::READ_OK, AtFlags::EACCESS)
        .map_err(|cause| unreadable(&cause))?;
    let probe = || -> Result<(i64, i64, String), JournalFault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri(path), flags)?;
        // Of a run that was killed in a commit the file may be shorter than its first page says, which
        // is undone when it is opened: not a reason to refuse it here.
        connection.pragma_update(None, "writable_schema", true)?;
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get(0));
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok((number("application_id")?, number("user_version")?, mode))
    };
    let (id, version, mode) = match probe() {
        Ok(found) => found,
        // By its first bytes a database, and not whole.
        Err(JournalFault::Sqlite(error))
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) =>
        {
            return Err(JournalFault::Sqlite(error).at(path, "open"));
        }
        Err(JournalFault::Sqlite(error)) => {
            return Err(not_ours(error.to_string().replace('\n', " ")));
        }
        Err(trouble) => return Err(trouble.at(path, "open")),
    };
    match (id, version) {
        (APPLICATION_ID, FORMAT | FORMER) if mode == "wal" => {
            Err(JournalFault::Wrong("header: its mode is WAL, in which no run writes".to_owned())
                .at(path, "open"))
        }
        (APPLICATION_ID, FORMAT | FORMER) => Ok(PathState::Journal),
        (APPLICATION_ID, UNTRUSTED) => Err(JournalError::Untrusted { path: path.to_owned() }),
        (APPLICATION_ID, version) => Err(JournalError::Format { path: path.to_owned(), version }),
        (id, _) => Err(not_ours(format!("a database of another program (application_id {id})"))),
    }
}

/// The file as SQLite calls it where nothing about it can change.
fn uri(path: &Path) -> PathBuf {
    let mut uri = b"file://".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(*byte),
            other => uri.extend_from_slice(format!("%{other:02X}").as_bytes()),
        }
    }
    uri.extend_from_slice(b"?immutable=1");
    PathBuf::from(OsString::from_vec(uri))
}

/// Opens a journal to write to it; makes the file if it is not there.
pub(super) fn open(path: &Path) -> Result<Connection, JournalFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    connection.pragma_update(None, "page_size", PAGE)?;
    // A journal for going back, not one for going forward: that needs shared memory, which there is
    // not between machines that share a home directory. It is cut to nothing after each commit, which
    // is durable, and takes no change of the directory.
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "truncate", |row| row.get(0))?;
    if mode != "truncate" {
        return Err(JournalFault::Wrong(format!(
            "header: its mode is {mode}, in which no run writes"
        )));
    }
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

/// Has reading end with an error when a signal asks for the end, or at this time.
pub(super) fn end_reading_at(
    connection: &mut Connection,
    until: Option<Instant>,
) -> Result<(), JournalFault> {
    let is_over = move || end_is_asked_for() || until.is_some_and(|until| until <= Instant::now());
    Ok(connection.progress_handler(LOOK_EVERY, Some(is_over))?)
}

/// Nothing interrupts it any more.
pub(super) fn end_reading_never(connection: &mut Connection) -> Result<(), JournalFault> {
    Ok(connection.progress_handler(0, None::<fn() -> bool>)?)
}

/// Whether nothing is in it: a run was killed when it had just begun it, and that is undone now.
pub(super) fn is_empty(connection: &Connection) -> Result<bool, JournalFault> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    Ok(pages == 0)
}

/// Opens a journal to read it. Should a run have been killed while it wrote, that is undone if the
/// file can be written.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, JournalFault> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE);
    let connection = match opened {
        Ok(connection) => connection,
        Err(_) => Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY)?,
    };
    prepare(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), JournalFault> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(32);
    // What a file says is not trusted, and nothing else is written.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(())
}
