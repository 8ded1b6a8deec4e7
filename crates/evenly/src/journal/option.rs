//! The option of a job that keeps a journal.

use super::Journal;
use crate::job::Job;

impl Job {
    /// Keeps a journal: records of all that is done, in an SQLite file. A run that ends early, for any reason, can be
    /// resumed from it.
    #[must_use]
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = Some(journal);
        self
    }
}
