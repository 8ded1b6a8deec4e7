//! The form of a table of variables, and an attempt of a task as the tables see it.

use super::job::{ArrayJob, Details, Machine, Submission};
pub(super) use super::job::{QUEUE, number, text};
use crate::process::task_directories::TaskFiles;
use std::ffi::OsString;

/// The variables of a batch system.
pub(super) struct System {
    /// A variable of the caller with such a name is of another job, and is left out.
    pub(super) prefixes: &'static [&'static str],
    /// Names that begin so and are settings of the system's own commands: they stay.
    pub(super) kept: &'static [&'static str],
    pub(super) variables: &'static [Variable],
}

/// A variable, and its value in a task; `None`: the system sets none.
pub(super) type Variable = (&'static str, fn(&Task<'_>) -> Option<OsString>);

/// One attempt of a task.
pub(super) struct Task<'a> {
    pub(super) job: &'a ArrayJob,
    pub(super) n: i64,
    pub(super) attempt: u32,
    pub(super) files: &'a TaskFiles,
}

impl Task<'_> {
    /// The id of this task alone.
    pub(super) fn id(&self) -> u64 {
        self.job.id_of(self.n)
    }

    /// A number that only tasks of an array have.
    pub(super) fn of_array(&self, of: impl ToString + Copy) -> Option<OsString> {
        number(of).filter(|_| !self.job.details.is_single)
    }

    pub(super) fn details(&self) -> &Details {
        &self.job.details
    }

    pub(super) fn submission(&self) -> &Submission {
        &self.job.submission
    }

    pub(super) fn machine(&self) -> &Machine {
        &self.job.machine
    }

    pub(super) fn directory(&self) -> OsString {
        self.files.directory.clone().into_os_string()
    }
}
