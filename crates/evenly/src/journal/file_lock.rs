//! Lock file beside a journal: at most one process writes a journal.

use super::connection;
use super::error::JournalError;
use crate::lock::Lock;
use std::path::Path;

/// The lock beside a journal.
pub(super) fn lock(path: &Path) -> Result<Lock, JournalError> {
    let failed = |cause: rustix::io::Errno| JournalError::Failed {
        path: path.to_owned(),
        doing: "lock",
        cause: cause.to_string(),
        advice: match cause {
            rustix::io::Errno::EXIST => {
                "its lock file would be a file that another program wrote; name another journal"
            }
            _ => "name a file in a directory that can be written",
        },
    };
    let lock = Lock::take(path).map_err(failed)?;
    lock.ok_or_else(|| JournalError::InUse { path: path.to_owned(), pid: Lock::holder(path) })
}

/// The process that works on a journal at this moment, if there is one and the kernel says which one it is.
pub(crate) fn user_of(path: &Path) -> Option<u32> {
    Lock::holder(&connection::place(path).ok()?)
}
