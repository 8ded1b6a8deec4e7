//! Declaration of the arguments of `evenly inspect`.

use crate::shared_arguments::LanguageArguments;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// Processes; the report also has their descendants, the processes at the other ends of their pipes and
    /// sockets, and those for which one of these waits
    #[arg(value_name = "PID", required_unless_present = "cmd")]
    pub(crate) pids: Vec<String>,
    /// A command to start and to inspect when nothing has moved in it for a second. Its output goes to standard
    /// error. It is ended if something is wrong, and with this call
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["pids", "watch"])]
    pub(crate) cmd: Vec<OsString>,
    /// Look every second, and print a report when it has changed, until the processes have ended
    #[arg(long)]
    pub(crate) watch: bool,
    /// Form of the report: for people, or one JSON object on one line for each report
    #[arg(long, value_enum, default_value_t = InspectFormat::Text, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) format: InspectFormat,
    /// Also draw the processes and their pipes as an SVG picture in this file, which is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    Text,
    Json,
}
