//! Arguments of `join`.

use crate::times::JoinTimeArguments;
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
    /// Read the key from this environment variable, which has the text of `evenly key show --text`; for containers
    #[arg(long, value_name = "VAR", conflicts_with = "key_file")]
    pub(crate) key_env: Option<String>,
    /// Workers on this machine: N, or N% of the CPUs that this process may use, or +N or -N: N more or
    /// fewer than these CPUs, at least 1 [default: 100%]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
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
    pub(crate) times: JoinTimeArguments,
    /// Print only errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print more on standard error: started workers, failed attempts
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}
