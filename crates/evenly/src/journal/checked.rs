//! A journal between its check and its first write.
//!
//! Sockets are bound and workers forked in between: if that fails, the call is refused and the journal
//! is as it was.

use super::check::{Contents, check};
use super::connection::{self, PathState};
use super::discard;
use super::error::JournalError;
use super::file_lock::lock;
use super::fingerprint::Fingerprint;
use super::writer::{JournalWriter, OpenedJournal, ResumeCall, ResumeTerms};
use crate::lock::Lock;
use std::path::{Path, PathBuf};

/// A journal that was checked and locked for a job, and not written to yet.
pub(super) struct LockedJournal<'a> {
    /// As it is called by its user.
    name: PathBuf,
    path: PathBuf,
    lock: Lock,
    /// `None`: the file is missing or empty.
    found: Option<OpenedJournal>,
    fingerprint: Fingerprint,
    call: ResumeCall<'a>,
    terms: ResumeTerms,
}

impl JournalWriter {
    /// Opens the journal of this job, or begins it.
    ///
    /// # Errors
    /// If it is not that, or not sound, or in use; then nothing is written to it.
    pub(super) fn open(
        path: &Path,
        fingerprint: &Fingerprint,
        call: ResumeCall<'_>,
        terms: ResumeTerms,
    ) -> Result<(Self, Option<Contents>), JournalError> {
        LockedJournal::new(path, fingerprint, call, terms)?.begin()
    }
}

impl<'a> LockedJournal<'a> {
    /// Checks the journal of this job.
    ///
    /// # Errors
    /// If it is not that, or not sound, or in use.
    pub(super) fn new(
        name: &Path,
        fingerprint: &Fingerprint,
        call: ResumeCall<'a>,
        terms: ResumeTerms,
    ) -> Result<Self, JournalError> {
        let checked = connection::place(name).and_then(|path| {
            let (lock, found) = Self::look(&path, fingerprint, terms)?;
            let (name, fingerprint) = (name.to_owned(), fingerprint.clone());
            Ok(Self { name, path, lock, found, fingerprint, call, terms })
        });
        checked.map_err(|error| error.called(name))
    }

    /// How many changes of the function, the program or the version were accepted so far.
    pub(super) fn changes(&self) -> usize {
        self.found.as_ref().map_or(0, |found| found.contents.changes())
    }

    fn look(
        path: &Path,
        fingerprint: &Fingerprint,
        terms: ResumeTerms,
    ) -> Result<(Lock, Option<OpenedJournal>), JournalError> {
        let refused = |there| match there {
            PathState::Missing if terms.is_expected => {
                Err(JournalError::Missing { path: path.to_owned() })
            }
            PathState::Missing => Ok(()),
            PathState::Empty | PathState::Journal if terms.resume => Ok(()),
            PathState::Empty | PathState::Journal => {
                Err(JournalError::Exists { path: path.to_owned() })
            }
        };
        refused(connection::path_state(path)?)?;
        let lock = lock(path)?;
        // Another process may have made or removed it before the lock was taken.
        let there = connection::path_state(path)?;
        refused(there)?;
        if there != PathState::Journal {
            return Ok((lock, None));
        }
        let opened = connection::open(path).and_then(|mut connection| {
            connection::end_reading_at(&mut connection, terms.until)?;
            Ok((connection::is_empty(&connection)?, connection))
        });
        let (is_empty, connection) = opened.map_err(|trouble| trouble.at(path, "open"))?;
        if is_empty {
            return Ok((lock, None));
        }
        let contents = check(&connection).map_err(|trouble| trouble.at(path, "read"))?;
        let differences = contents.fingerprint().differences(fingerprint);
        let is_accepted = terms.accept_change && differences.iter().all(|one| one.may_be_accepted);
        if !differences.is_empty() && !is_accepted {
            return Err(JournalError::AnotherJob { path: path.to_owned(), differences });
        }
        let is_changed =
            !differences.is_empty() || contents.fingerprint().has_grown_to(fingerprint);
        Ok((lock, Some(OpenedJournal { connection, contents, is_changed })))
    }

    /// Opens it for the job: with what is done, or begun with nothing in it.
    ///
    /// # Errors
    /// If it cannot be written. A file that this made is removed.
    pub(super) fn begin(self) -> Result<(JournalWriter, Option<Contents>), JournalError> {
        let Self { name, path, lock, found, fingerprint, call, terms } = self;
        let begun = match found {
            Some(found) => JournalWriter::resume((path, lock), found, &fingerprint, call, terms)
                .map(|(writer, contents)| (writer, Some(contents))),
            None => {
                let is_missing = !path.exists();
                let begun = JournalWriter::begin(&path, lock, &fingerprint, call);
                if begun.is_err() && is_missing {
                    // That it stays is no error of its own.
                    let _ = discard::remove(&path);
                }
                begun.map(|writer| (writer, None))
            }
        };
        let (mut writer, contents) = begun.map_err(|error| error.called(&name))?;
        writer.path = name;
        Ok((writer, contents))
    }
}
