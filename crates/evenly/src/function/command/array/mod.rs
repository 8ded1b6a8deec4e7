//! Array jobs: the batch system whose variables each command gets, and the values of these variables.
//!
//! `job` is an array job, `system` the form of a table of variables; `slurm`, `sge`, `pbs` and `lsf` have one each, after
//! the manuals of these systems.

mod job;
mod lsf;
mod pbs;
mod sge;
mod slurm;
mod system;
#[cfg(test)]
mod tests;

pub use job::{ArrayJob, ArraySystem};

use super::template::variable;
use crate::process::task_directories::TaskFiles;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use system::{System, Task};

/// The variables of a system.
fn table(system: ArraySystem) -> &'static System {
    match system {
        ArraySystem::Slurm => &slurm::SLURM,
        ArraySystem::Sge => &sge::SGE,
        ArraySystem::Pbs => &pbs::PBS,
        ArraySystem::Lsf => &lsf::LSF,
    }
}

impl ArrayJob {
    /// Whether a variable of the caller is not passed on to tasks: they get their own, or it is of another job.
    pub(super) fn replaces(&self, name: &OsStr) -> bool {
        let System { prefixes, kept, variables, .. } = table(self.system);
        let begins = |prefix: &&str| name.as_bytes().starts_with(prefix.as_bytes());
        let is_there = |other: &str| name.as_bytes() == other.as_bytes();
        (prefixes.iter().any(begins) && !kept.iter().any(|kept| is_there(kept)))
            || variables.iter().any(|(variable, _)| is_there(variable))
    }

    /// The variables of one attempt of a task.
    pub(super) fn variables(&self, n: i64, attempt: u32, files: &TaskFiles) -> Vec<CString> {
        let task = Task { job: self, n, attempt, files };
        let variables = table(self.system).variables.iter();
        variables
            .filter_map(|(name, value)| Some(variable(name.as_bytes(), value(&task)?.as_bytes())))
            .collect()
    }
}
