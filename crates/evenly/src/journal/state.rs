//! Journals in the state directory: their paths, and the latest.

use super::connection::READ_ADVICE;
use super::error::JournalError;
use crate::lock::Lock;
use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const SUFFIX: &str = "journal";

/// Directory of journals without a given path: `$XDG_STATE_HOME/evenly`.
///
/// # Errors
/// If the environment names no directory.
pub fn directory() -> Result<PathBuf, JournalError> {
    directory_by(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

/// The rule of the XDG base directories: a path that is not absolute does not count.
fn directory_by(state: Option<OsString>, home: Option<OsString>) -> Result<PathBuf, JournalError> {
    let absolute =
        |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute(state).or_else(|| absolute(home).map(|home| home.join(".local/state")));
    state.map(|state| state.join("evenly")).ok_or(JournalError::NoHome)
}

/// The journal in this directory that was written last and that no run is using. One in which nothing is yet is
/// none.
///
/// # Errors
/// If there is none, or the directory cannot be read.
pub fn latest(directory: &Path) -> Result<PathBuf, JournalError> {
    let none = || JournalError::NothingLeft { directory: directory.to_owned() };
    let entries = std::fs::read_dir(directory).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => none(),
        _ => JournalError::Failed {
            path: directory.to_owned(),
            doing: "read the directory of",
            cause: cause.to_string(),
            advice: READ_ADVICE,
        },
    })?;
    let entries = entries.flatten();
    let journals = entries.map(|entry| entry.path()).filter(|path| is_journal(path));
    let mut journals: Vec<_> = journals
        .filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok().filter(|file| file.len() > 0)?;
            Some((metadata.modified().ok()?, path))
        })
        .collect();
    journals.sort_unstable();
    let is_free = |path: &Path| matches!(Lock::take(path), Ok(Some(_)));
    let latest = journals.into_iter().rev().map(|(_, path)| path).find(|path| is_free(path));
    latest.ok_or_else(none)
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == SUFFIX)
}

/// A path for a new journal, in a directory that is made for its owner alone if it is not there.
pub(super) fn new_file(directory: &Path) -> Result<PathBuf, JournalError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|cause| JournalError::Failed {
        path: directory.to_owned(),
        doing: "make the directory of",
        cause: cause.to_string(),
        advice: "name a file by --journal",
    })?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, pid) = (now.as_secs(), std::process::id());
    Ok(directory.join(format!("{seconds}-{pid}.{SUFFIX}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_directory_is_by_the_rule() {
        let by = |state: Option<&str>, home: Option<&str>| {
            directory_by(state.map(Into::into), home.map(Into::into))
        };
        assert_eq!(by(Some("/s"), Some("/h")).unwrap(), Path::new("/s/evenly"));
        assert_eq!(by(Some("s"), Some("/h")).unwrap(), Path::new("/h/.local/state/evenly"));
        assert_eq!(by(None, None), Err(JournalError::NoHome));
    }

    #[test]
    fn the_latest_journal_is_one_that_is_not_in_use() {
        let scratch = Scratch::new("journals");
        let none = latest(&scratch.path("")).unwrap_err();
        assert!(none.to_string().contains("no journal to resume"), "{none}");
        for (name, age) in [("a.journal", 2), ("b.journal", 1), ("c.journal", 0), ("d.txt", 0)] {
            std::fs::write(scratch.path(name), "something").unwrap();
            let file = std::fs::File::options().append(true).open(scratch.path(name)).unwrap();
            let then = SystemTime::now() - std::time::Duration::from_secs(age);
            file.set_modified(then).unwrap();
        }
        std::fs::File::create(scratch.path("e.journal")).unwrap();
        let _used = Lock::take(&scratch.path("c.journal")).unwrap().unwrap();
        assert_eq!(latest(&scratch.path("")).unwrap(), scratch.path("b.journal"));
    }
}
