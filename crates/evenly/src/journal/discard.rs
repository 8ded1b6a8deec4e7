//! Removal of a journal file and of SQLite's rollback file beside it.

use super::error::JournalError;
use super::{connection, file_lock};
use std::path::Path;

/// Removes a journal file that is not needed any more.
///
/// # Errors
/// [`JournalError::InUse`] if another process holds its lock; an error if a file cannot be removed.
pub fn discard(path: &Path) -> Result<(), JournalError> {
    let path = connection::place(path)?;
    let _lock = file_lock::lock(&path)?;
    remove(&path)
}

/// Removes a journal and what SQLite may have left beside it. Its lock must be held.
pub(super) fn remove(path: &Path) -> Result<(), JournalError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-journal");
    // What undoes a commit goes last: without it, half of one could be taken for whole.
    for file in [path, Path::new(&beside)] {
        match std::fs::remove_file(file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(JournalError::Failed {
                    path: path.to_owned(),
                    doing: "remove",
                    cause: cause.to_string(),
                    advice: "remove it by hand",
                });
            }
            _ => {}
        }
    }
    Ok(())
}
