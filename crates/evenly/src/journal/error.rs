//! Errors of a journal, each with its file, cause and next step.

use super::fingerprint::Difference;
use evenly_core::items::TooManyPieces;
use evenly_core::{Interval, Items, printable};
use std::fmt;
use std::path::{Path, PathBuf};

/// Why a journal is not used, or not any more. Each is one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file exists, and the caller did not ask to resume it.
    #[error("journal '{}' exists; continue it with --resume, or name another file", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A signal or the deadline ended the reading of it. It is left as it is.
    #[error("the journal '{}' was read only in part", .path.display())]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
    /// It is not there.
    #[error("there is no journal '{}'; name one that a run has made by --journal", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another process works on it.
    #[error("journal '{}' is in use by {}; wait for its end, or name another file", .path.display(), Holder(*.pid))]
    InUse {
        /// The file.
        path: PathBuf,
        /// The process that works on it, if the kernel says which one it is.
        pid: Option<u32>,
    },
    /// The file is something else. It is not written to.
    #[error("'{}' is no journal of evenly: {what}; it is left as it is, name another file", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// How one sees that.
        what: String,
    },
    /// A version of the format that this program does not know.
    #[error(
        "journal '{}' has format {version}, and this evenly knows format {}; use the one that made it",
        .path.display(), super::format::FORMAT
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// The run that wrote it found out that its workers contradicted each other, or its coprocess itself.
    #[error(
        "journal '{}' holds answers that cannot be trusted, as the run found that wrote it; start again in another file",
        .path.display()
    )]
    Untrusted {
        /// The file.
        path: PathBuf,
    },
    /// It is of another job.
    #[error("journal '{}' is of another job: {}", .path.display(), Listed(.differences))]
    AnotherJob {
        /// The file.
        path: PathBuf,
        /// In what.
        differences: Vec<Difference>,
    },
    /// It is of another job than those before it, with which it is verified or merged.
    #[error("journal '{}' is of another job: {}", .path.display(), AmongOthers(.path, .differences))]
    OfOthers {
        /// The file.
        path: PathBuf,
        /// In what.
        differences: Vec<Difference>,
    },
    /// It holds what no run has written.
    #[error("journal '{}' is damaged: {what}; take a copy of it from before, or start again in another file", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What, and where.
        what: String,
    },
    /// Another program wrote to it while it was in use.
    #[error("journal '{}' was changed by another program while it was in use; see evenly verify", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot {doing} journal '{}': {cause}; {advice}", .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it did not work.
        cause: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// Journals that are to be put together have numbers in common.
    #[error("journals '{}' and '{}' both have n in {numbers}; each n may be in one only", .one.display(), .other.display())]
    Overlap {
        /// A file.
        one: PathBuf,
        /// Another.
        other: PathBuf,
        /// The lowest of these numbers.
        numbers: Interval,
    },
    /// Two journals of one part have different results.
    #[error(
        "journals '{}' and '{}' are of the same part, and differ for n in {numbers}: {what}; \
         find out which one is right, and merge without the other",
        .one.display(), .other.display()
    )]
    PartsDiffer {
        /// A file.
        one: PathBuf,
        /// Another.
        other: PathBuf,
        /// The lowest n that differs, or all of the part.
        numbers: Interval,
        /// What each of them has.
        what: Box<str>,
    },
    /// What is done in journals of strided parts has too many gaps between it.
    #[error(
        "journals '{}' and the others have more than {} gaps between their n; finish the parts that are missing or \
         incomplete, and then merge all",
        .path.display(), evenly_core::items::MOST_PIECES
    )]
    TooManyGaps {
        /// One of the files.
        path: PathBuf,
    },
    /// The items to settle hold no whole window that can be settled, or a part of one.
    #[error("{}", NotOpenText(.path, .items, .windows))]
    NotOpen {
        /// The file.
        path: PathBuf,
        /// The items.
        items: Items,
        /// All windows in the journal that can be settled, ascending.
        windows: Vec<Interval>,
    },
    /// The items to settle name too many numbers of the journal one by one.
    #[error("cannot settle these items in journal '{}': {cause}", .path.display())]
    TooManyItems {
        /// The file.
        path: PathBuf,
        /// How many there may be.
        cause: TooManyPieces,
    },
    /// A window cannot be settled as done, because its value is not known.
    #[error(
        "journal '{}' is of {verb}, and only the command knows the value of a window; settle it as retry, or as it is",
        .path.display()
    )]
    HasValues {
        /// The file.
        path: PathBuf,
        /// What its job asks.
        verb: &'static str,
    },
    /// Together they hold a histogram of more values than one may have.
    #[error(
        "more than {} different values; that is the limit of hist; group the values, as in hist 'n / 1000'",
        evenly_core::aggregate::MOST_VALUES
    )]
    TooManyValues,
    /// The file into which journals were to be merged exists.
    #[error("'{}' exists, and --merge writes a new file only; name another file: evenly verify --merge NEW FILE...", .path.display())]
    MergeExists {
        /// The file.
        path: PathBuf,
    },
    /// There is no directory for journals without a given path.
    #[error(
        "no directory for journals: neither XDG_STATE_HOME nor HOME is an absolute path; name a file by --journal"
    )]
    NoHome,
    /// No run has left a journal in the state directory.
    #[error("no journal to resume in '{}'; name one: evenly resume FILE", .directory.display())]
    NothingLeft {
        /// Where it was looked for.
        directory: PathBuf,
    },
}

impl JournalError {
    /// The path of a journal whose reading a signal or the deadline ended; any other error as it was.
    pub(crate) fn into_interrupted(self) -> Result<PathBuf, Self> {
        match self {
            Self::Interrupted { path } => Ok(path),
            other => Err(other),
        }
    }

    /// The same error with the path that the caller gave.
    pub(super) fn called(mut self, name: &Path) -> Self {
        match &mut self {
            Self::Exists { path }
            | Self::Missing { path }
            | Self::InUse { path, .. }
            | Self::NotOurs { path, .. }
            | Self::Untrusted { path }
            | Self::Interrupted { path }
            | Self::Format { path, .. }
            | Self::AnotherJob { path, .. }
            | Self::OfOthers { path, .. }
            | Self::Damaged { path, .. }
            | Self::Changed { path }
            | Self::NotOpen { path, .. }
            | Self::TooManyItems { path, .. }
            | Self::HasValues { path, .. }
            | Self::Failed { path, .. } => name.clone_into(path),
            Self::Overlap { .. }
            | Self::PartsDiffer { .. }
            | Self::TooManyGaps { .. }
            | Self::TooManyValues
            | Self::MergeExists { .. }
            | Self::NoHome
            | Self::NothingLeft { .. } => {}
        }
        self
    }
}

/// The process that works on a journal.
struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => {
                write!(f, "a running job (pid {pid}; evenly status {pid} shows how far it is)")
            }
            None => f.write_str("another run"),
        }
    }
}

/// Most characters of items in a message.
const LONGEST_ITEMS: usize = 200;

/// Most windows that a message lists.
const MOST_WINDOWS: usize = 20;

/// An interval as a range that can be typed.
struct HalfOpen(Interval);

impl fmt::Display for HalfOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0.first(), i128::from(self.0.last()) + 1)
    }
}

/// The windows of a journal that can be settled, where the items hold none of them.
struct NotOpenText<'a>(&'a Path, &'a Items, &'a [Interval]);

impl fmt::Display for NotOpenText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(path, items, windows) = self;
        let path = path.display();
        if windows.is_empty() {
            return write!(
                f,
                "nothing to settle: journal '{path}' has no windows of unknown fate, and none that failed"
            );
        }
        let items = items.to_string();
        let items = printable(items.as_bytes(), LONGEST_ITEMS);
        let shown = &windows[..windows.len().min(MOST_WINDOWS)];
        write!(
            f,
            "{items} holds no whole windows of unknown fate or that failed in journal '{path}': these are "
        )?;
        for (index, window) in shown.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}", HalfOpen(*window))?;
        }
        match windows.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}

struct Listed<'a>(&'a [Difference]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in self.0 {
            write!(f, "{difference}; ")?;
        }
        if self.0.iter().any(Difference::is_of_lines) {
            f.write_str("give the same lines again; ")?;
        }
        if self.0.iter().all(|difference| difference.may_be_accepted) {
            f.write_str("if it changed on purpose, add --accept-change, else name another file")
        } else if self.0.iter().all(Difference::is_of_ranges) {
            f.write_str(
                "a range here must contain the one there; for other numbers name another file, then put both \
                 together by evenly verify FILE FILE --merge OUT",
            )
        } else if self.0.iter().all(Difference::is_of_parts) {
            f.write_str(
                "each part has a journal of its own; name another file, and put all together by evenly verify --merge OUT \
                 FILE...",
            )
        } else if self.0.iter().all(Difference::is_of_items) {
            f.write_str(
                "items of a journal can only grow above its highest number; name another file",
            )
        } else {
            f.write_str("name another file")
        }
    }
}

/// The differences of a journal from others, and what to do.
struct AmongOthers<'a>(&'a Path, &'a [Difference]);

impl fmt::Display for AmongOthers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(path, differences) = self;
        for difference in *differences {
            write!(f, "{}; ", difference.to_others())?;
        }
        if differences.iter().all(Difference::is_of_files) {
            // Of all of them, since the others may be those of another version.
            write!(
                f,
                "if the results are good for one answer, call evenly resume {} --accept-change, and the same for the \
                 others; else leave it out",
                path.display()
            )
        } else {
            f.write_str("leave it out")
        }
    }
}

/// Error in a journal whose path is added later.
#[derive(Debug)]
pub(super) enum JournalFault {
    Sqlite(rusqlite::Error),
    /// A row, or what rows say together, cannot be.
    Wrong(String),
    /// The rows are not those that this process wrote.
    Changed,
}

impl From<rusqlite::Error> for JournalFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl JournalFault {
    /// A row that cannot be.
    pub(super) fn row(table: &str, key: impl fmt::Display, what: &str) -> Self {
        Self::Wrong(format!("table {table}, row {key}: {what}"))
    }

    /// Whether another process has it locked, so that a retry can succeed.
    pub(super) fn is_busy(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
    }

    /// The same with its file.
    pub(super) fn at(self, path: &Path, doing: &'static str) -> JournalError {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        let error = match self {
            Self::Wrong(what) => return JournalError::Damaged { path, what },
            Self::Changed => return JournalError::Changed { path },
            Self::Sqlite(error) => error,
        };
        let extended = error.sqlite_error().map(|error| error.extended_code);
        if extended == Some(rusqlite::ffi::SQLITE_READONLY_DBMOVED) {
            // SQLite says 'attempt to write a readonly database', which is not what happened.
            let cause = "it was removed or renamed while the run used it".to_owned();
            let advice = "move it back and continue with --resume, or start the job again";
            return JournalError::Failed { path, doing, cause, advice };
        }
        let advice = match error.sqlite_error_code() {
            Some(Code::DiskFull) => "make room, then continue with --resume",
            Some(Code::SystemIoFailure) => {
                "check that the disk is sound and has room, then continue with --resume"
            }
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
                "another program has it open; close that program, then continue with --resume"
            }
            Some(
                Code::CannotOpen
                | Code::PermissionDenied
                | Code::ReadOnly
                | Code::AuthorizationForStatementDenied,
            ) => "name a file in a directory that can be written",
            Some(
                Code::OutOfMemory | Code::NoLargeFileSupport | Code::FileLockingProtocolFailed,
            ) => "name a file elsewhere",
            Some(Code::OperationInterrupted) => return JournalError::Interrupted { path },
            // What it holds is no longer what was written.
            _ => return JournalError::Damaged { path, what: words(&error) },
        };
        JournalError::Failed { path, doing, cause: words(&error), advice }
    }
}

/// What SQLite says, on one line.
fn words(error: &rusqlite::Error) -> String {
    let text = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    text.replace(['\n', '\r'], " ")
}
