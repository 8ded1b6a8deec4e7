//! Arguments of `verify`.

use crate::answer_format::Format;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Journals of the same command and function over different items, as of the parts of --part
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Merge the journals into this new file: over all numbers from the lowest to the highest of ranges, or over all
    /// items of their parts, when each part is finished
    #[arg(long, value_name = "OUT")]
    pub(crate) merge: Option<PathBuf>,
    /// With --merge: write OUT although a part is missing or not finished; a call with --journal OUT --resume does the rest
    #[arg(long, requires = "merge")]
    pub(crate) partial: bool,
    /// List each window of a chunk command: its range, attempt, begin, end, and how it ended
    #[arg(long, conflicts_with = "merge")]
    pub(crate) windows: bool,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}
