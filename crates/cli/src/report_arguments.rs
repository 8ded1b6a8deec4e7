//! Arguments of `report`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// The journal, the events and the job log of one run: one of them, or several in any order
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The page, which is replaced if it exists
    #[arg(short, long, value_name = "FILE.html")]
    pub(crate) output: PathBuf,
}
