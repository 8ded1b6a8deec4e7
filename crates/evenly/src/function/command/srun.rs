//! `srun` for batch scripts on a machine without Slurm: a small script in front of `PATH`.
//!
//! Scripts of arrays start their program by `srun program`. That one process needs no Slurm. Several processes do, and are
//! refused. Where `PATH` has an `srun`, it stays the one that runs: its site has put it there.

use super::template::variable;
use super::{BatchScript, Command};
use crate::process::task_directories::Provided;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How the variable begins that says where programs are.
pub(super) const PATH: &[u8] = b"PATH=";

/// The program. Options of resources are left to `evenly sbatch`; the value of an option may be the next word.
const SRUN: &str = include_str!("srun.sh");

impl Command {
    /// The program that its tasks get as `srun`, if they get one.
    pub(crate) fn provided_srun(&self) -> Option<Provided> {
        let is_missing = self.batch.as_ref().is_some_and(BatchScript::is_srun_missing);
        is_missing.then_some(("srun", SRUN))
    }

    /// The variable `PATH` with this directory in front, for tasks that get an `srun`.
    pub(super) fn path_with_srun(&self, programs: &Path) -> Option<CString> {
        let batch = self.batch.as_ref().filter(|batch| batch.is_srun_missing())?;
        let mut path = programs.as_os_str().to_owned();
        path.push(":");
        path.push(batch.path());
        Some(variable(b"PATH", path.as_bytes()))
    }
}
