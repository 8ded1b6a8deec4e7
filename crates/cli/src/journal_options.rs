//! Options that name the journal of a run and say how a run continues from it.

use clap::Args;
use std::path::{Path, PathBuf};

// The journal options of every verb and of `evenly sbatch`.
#[derive(Clone, Debug, Args)]
pub(crate) struct JournalArguments {
    /// Record finished work in this file, so that an interrupted run can be continued [default: after one
    /// minute, a file in the state directory; see evenly resume]
    #[arg(long = "journal", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Continue from the journal, if the file exists
    #[arg(long, requires = "file")]
    pub(crate) resume: bool,
    /// Whether the journal must be there; set by `evenly resume`
    #[arg(skip)]
    pub(crate) is_expected: bool,
    /// With --resume: run again the n, or tasks, that failed
    #[arg(long, requires = "resume")]
    pub(crate) retry_failed: bool,
    /// With --resume: continue although the function, command or script has changed; the journal records both
    #[arg(long, requires = "resume")]
    pub(crate) accept_change: bool,
}

impl JournalArguments {
    /// The journal that the run continues.
    pub(crate) fn continued(&self) -> Option<&Path> {
        self.file.as_deref().filter(|_| self.resume)
    }
}
