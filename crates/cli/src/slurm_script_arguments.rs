//! Arguments of `slurm-script`.

use clap::Args;
use std::ffi::OsString;

#[derive(Debug, Args)]
pub(crate) struct SlurmScriptArguments {
    /// Options of sbatch, each for an #SBATCH line, as in -N 4 -t 1:00:00; then a call without the word evenly, as in
    /// count prime 0..1e12
    #[arg(
        required = true,
        value_name = "CALL",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<OsString>,
}
