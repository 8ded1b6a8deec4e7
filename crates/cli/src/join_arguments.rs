//! Arguments of `join`.

use crate::shared_arguments::{
    AgentMessagesArguments, AgentWorkersArguments, KeyVariableArguments,
};
use crate::times::{AgentTimeArguments, JoinTimeArguments};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// Address at which the primary listens: unix:PATH, unixgram:PATH, tcp:HOST:PORT or udp:HOST:PORT; or stdio:, if the
    /// primary started this agent and holds its standard input and output
    pub(crate) address: String,
    /// File with the key of the primary [default: evenly/key in the configuration directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) key_variable: KeyVariableArguments,
    #[command(flatten)]
    pub(crate) workers: AgentWorkersArguments,
    /// The shared library and function that the primary was started with
    #[arg(long, value_name = "FILE.so:SYMBOL")]
    pub(crate) lib: Option<String>,
    /// The command that the primary was started with; commands are not sent to agents
    #[arg(last = true, value_name = "CMD", conflicts_with = "lib")]
    pub(crate) cmd: Vec<OsString>,
    /// A file that CMD or the library uses, which the primary names with the same option; may be given several
    /// times. Both must have the same bytes
    #[arg(long, value_name = "FILE")]
    pub(crate) depends: Vec<PathBuf>,
    /// Work for one primary after the other that listens at the address, until a signal ends this agent
    #[arg(long)]
    pub(crate) stay: bool,
    #[command(flatten)]
    pub(crate) join_times: JoinTimeArguments,
    #[command(flatten)]
    pub(crate) times: AgentTimeArguments,
    #[command(flatten)]
    pub(crate) messages: AgentMessagesArguments,
}
