//! Arguments of `status`.

use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Process number of a job, or its journal [default: all jobs of this user]
    #[arg(value_name = "PID|JOURNAL")]
    pub(crate) target: Option<OsString>,
    /// Print a JSON object for each job, one a line
    #[arg(long)]
    pub(crate) json: bool,
}
