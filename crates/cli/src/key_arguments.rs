//! Arguments of `key show` and `key add`.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Print the line that adds the key of this machine on another one
    Show {
        /// File with the key [default: evenly/key in the configuration directory]
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// Print only the text of the key, for `evenly key add -` and --key-env
        #[arg(long)]
        text: bool,
    },
    /// Add the key of another machine, in a new file that its owner alone can read
    Add {
        /// The text that `evenly key show` prints, or - to read it from standard input: other users may see arguments
        text: String,
        /// The new file [default: evenly/key in the configuration directory]
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
}
