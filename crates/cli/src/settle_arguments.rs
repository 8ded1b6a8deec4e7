//! Declaration of the arguments of `evenly settle`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct SettleArguments {
    /// The journal of a run that has ended
    pub(crate) journal: PathBuf,
    /// Items that hold whole windows of unknown fate or that failed: START..END (END excluded), START..=LAST, also
    /// with :STEP; several with commas: 0..100,250..300
    #[arg(value_name = "ITEMS", allow_hyphen_values = true)]
    pub(crate) items: String,
    /// done: they count as done, and are not started again (run and failures only). retry: the next evenly resume
    /// starts them again
    #[arg(value_enum)]
    pub(crate) decision: DecisionArgument,
}

/// A decision about commands of unknown fate.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DecisionArgument {
    Done,
    Retry,
}
