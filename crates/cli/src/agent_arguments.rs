//! Arguments of `agent`.

use crate::shared_arguments::{
    AgentMessagesArguments, AgentWorkersArguments, KeyVariableArguments,
};
use crate::times::AgentTimeArguments;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct AgentArguments {
    /// Address at which primaries call: tcp:HOST:PORT, udp:HOST:PORT, unix:PATH or unixgram:PATH; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: String,
    /// Run this command for primaries that ask for it, with the same words and files; may be given several times. Its words
    /// are those of one shell line, but no shell runs it: --allow './test {}'
    #[arg(long, value_name = "CMD")]
    pub(crate) allow: Vec<String>,
    /// Compute the function of this shared library for primaries that ask for the same bytes; may be given several times
    #[arg(long, value_name = "FILE.so:SYMBOL")]
    pub(crate) allow_lib: Vec<String>,
    /// Let primaries send texts to commands of --allow, by --lines and --as. A shell or another program that runs what its
    /// arguments say then runs what the primary says
    #[arg(long, requires = "allow")]
    pub(crate) allow_texts: bool,
    /// A file that every --allow and --allow-lib uses, which the primary names with the same option; may be given several
    /// times. Both must have the same bytes
    #[arg(long, value_name = "FILE")]
    pub(crate) depends: Vec<PathBuf>,
    /// File with the key of primaries on a network; give two while replacing a key [default: evenly/key in the configuration
    /// directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) key_variable: KeyVariableArguments,
    #[command(flatten)]
    pub(crate) workers: AgentWorkersArguments,
    #[command(flatten)]
    pub(crate) times: AgentTimeArguments,
    #[command(flatten)]
    pub(crate) messages: AgentMessagesArguments,
}
