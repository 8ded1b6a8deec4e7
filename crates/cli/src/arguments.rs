//! The arguments as they are typed: names, texts and values, and nothing about what they mean.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Applies a function to every integer of a range, on all your cores, and gives one exact answer.
#[derive(Debug, Parser)]
#[command(
    name = "evenly",
    version,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  evenly count even 0..1_000_000_000      how many of them are even
  evenly count prime 0..=1e9 -j 4         by four workers
  evenly count even 0..100 -j 2 --wiring  show the processes, pipes and descriptors
  evenly join tcp:192.0.2.7:7700          work for a primary on another machine

Exit status: 0 done, 2 usage or cannot start, 3 some n failed, 4 incomplete, 124 deadline,
130/143 interrupted/terminated, 141 standard output closed, 70 a bug of evenly."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the n that satisfy a function
    #[command(allow_missing_positional = true, after_help = COUNT_EXAMPLES)]
    Count(Box<JobArguments>),
    /// Work for a primary elsewhere, which listens at an address
    #[command(after_help = JOIN_EXAMPLES)]
    Join(JoinArguments),
    /// Make a key for agents on other machines, in a file that does not exist yet
    #[command(after_help = KEYGEN_EXAMPLES)]
    Keygen {
        /// Where to: 32 random bytes that nobody else may read
        file: PathBuf,
    },
    /// List the builtin functions
    Functions,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of evenly or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
}

const COUNT_EXAMPLES: &str = "\
Ranges: A..B without B, A..=B with B; signed 64-bit; 1_000, 1e9, 2^32, 2**32 and -2^63 are numbers.

Examples:
  evenly count even 0..1_000_000_000
  evenly count prime -10..=100 --split static -j 4
  evenly count odd 0..2^40 --format json --progress none
  evenly count prime 0..1e13 --listen tcp:0.0.0.0:7700   and elsewhere: evenly join tcp:HOST:7700
  evenly count prime 0..1e13 --deadline 5m --joblog chunks.tsv --events events.jsonl";

const KEYGEN_EXAMPLES: &str = "\
Where nothing else is said, the key is evenly/key in the configuration directory, and the first
--listen on tcp or udp makes it. A key of its own is for machines or jobs that are not to share it.

Examples:
  evenly keygen cluster.key
  evenly count prime 0..1e12 --listen tcp:0.0.0.0:7700 --key-file cluster.key
  evenly join tcp:192.0.2.7:7700 --key-file cluster.key";

const JOIN_EXAMPLES: &str = "\
The primary says what is to be done, and this process brings workers. On a network, both need the
same key: a copy of the key file that the first --listen made, which is there already where both
have the same home directory. It is tried for 10 s; when the job is over, so is this.

Examples:
  evenly count prime 0..1e12 --listen tcp:0.0.0.0:7700   on one machine
  evenly join tcp:192.0.2.7:7700                         on each of the others";

#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// Where the primary listens: unix:PATH, unixgram:PATH, tcp:HOST:PORT or udp:HOST:PORT
    pub(crate) address: String,
    /// The key of the primary [default: evenly/key in the configuration directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Workers on this machine: a number, or a percentage of the CPUs this process may use
    #[arg(short = 'j', long, alias = "jobs", value_name = "N")]
    pub(crate) workers: Option<String>,
    /// Look so long for a primary that was lost, as in 500ms, 30s, 5m, 2h [default: 30s]
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub(crate) reconnect: Option<String>,
    /// Say nothing but errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say more on standard error: workers that start, pauses
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    /// What is asked of each n: a builtin (see `evenly functions`)
    #[arg(allow_hyphen_values = true)]
    pub(crate) function: Option<String>,
    /// The numbers: START..END (END excluded) or START..=LAST
    #[arg(allow_hyphen_values = true)]
    pub(crate) range: String,

    /// Workers on this machine: a number, or a percentage of the CPUs this process may use; 0 with
    /// --listen
    #[arg(short = 'j', long, alias = "jobs", value_name = "N")]
    pub(crate) workers: Option<String>,
    /// Let agents join there (evenly join): unix:PATH, unixgram:PATH, tcp:HOST:PORT or udp:HOST:PORT;
    /// port 0 for any; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<String>,
    /// The key that agents need on a network; twice while one takes the place of the other [default:
    /// evenly/key in the configuration directory, made when it is first needed]
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) key_file: Vec<PathBuf>,
    /// How the range is cut into chunks: timed, static, fixed:N or guided
    #[arg(long, value_name = "POLICY")]
    pub(crate) split: Option<String>,
    /// The same as --split fixed:N
    #[arg(long, value_name = "N", conflicts_with = "split")]
    pub(crate) chunk: Option<String>,

    /// End after so much time, as in 500ms, 30s, 5m, 2h or 1h30m, with status 124
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub(crate) deadline: Option<String>,
    /// Try a chunk whose worker was lost so many more times, then halve it [default: 2]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) retries: Option<String>,
    /// End early, as GNU parallel does: never, or now or soon, then fail, success or done, then a
    /// number of n or a percentage, as in now,fail=1 [default: soon,fail=10000]
    #[arg(long, value_name = "SPEC", allow_hyphen_values = true)]
    pub(crate) halt: Option<String>,
    /// Print the answer over the other n where some failed (the status is still 3)
    #[arg(long)]
    pub(crate) partial: bool,

    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Write a line for each chunk, in the columns of GNU parallel
    #[arg(long, value_name = "FILE")]
    pub(crate) joblog: Option<PathBuf>,
    /// Write what happens, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// How progress is shown on standard error; auto: a bar on a terminal, else a line every 30 s
    #[arg(long, value_enum, default_value_t = Progress::Auto, value_name = "HOW")]
    pub(crate) progress: Progress,
    /// Say nothing but errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say more on standard error: workers that start, pauses, early ends
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Show processes, pipes, sockets and descriptor tables at each stage, as the kernel has them
    #[arg(long)]
    pub(crate) wiring: bool,
    /// Stop at each stage of --wiring until Enter
    #[arg(long, requires = "wiring")]
    pub(crate) step: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    Auto,
    Bar,
    Plain,
    None,
}
