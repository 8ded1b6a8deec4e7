//! The arguments as they are typed: names, texts and values, and nothing about what they mean.

use crate::examples;
use crate::later::Later;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// How a question is put, for the first lines of its help.
macro_rules! usage {
    ($command:literal) => {
        concat!("evenly ", $command, " [OPTIONS] [FUNCTION] <RANGE> [-- <CMD>...]")
    };
}

/// Applies a function to every integer of a range, on all your cores, and gives one exact answer.
#[derive(Debug, Parser)]
#[command(name = "evenly", version, disable_help_subcommand = true, after_help = examples::ALL)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the n that satisfy a function
    #[command(override_usage = usage!("count"), after_help = examples::COUNT)]
    Count(Later<JobArguments>),
    /// Add up what a function gives
    #[command(override_usage = usage!("sum"), after_help = examples::SUM)]
    Sum(Later<JobArguments>),
    /// Find the smallest value of a function, and the lowest n that gives it
    #[command(override_usage = usage!("min"), after_help = examples::MIN)]
    Min(Later<JobArguments>),
    /// Find the largest value of a function, and the lowest n that gives it
    #[command(override_usage = usage!("max"), after_help = examples::MAX)]
    Max(Later<JobArguments>),
    /// List the n that satisfy a function, ascending
    #[command(override_usage = usage!("find"), after_help = examples::FIND)]
    Find(Later<FindArguments>),
    /// Say whether some n satisfies a function, and the lowest that does
    #[command(override_usage = usage!("any"), after_help = examples::ANY)]
    Any(Later<JobArguments>),
    /// Say whether all n satisfy a function, or the lowest that does not
    #[command(override_usage = usage!("all"), after_help = examples::EVERY)]
    All(Later<JobArguments>),
    /// Count how many n give each value
    #[command(override_usage = usage!("hist"), after_help = examples::HIST)]
    Hist(Later<JobArguments>),
    /// List what a function gives for each n, ascending
    #[command(override_usage = usage!("map"), after_help = examples::MAP)]
    Map(Later<JobArguments>),
    /// List the n that fail, ascending, and why
    #[command(override_usage = usage!("failures"), after_help = examples::FAILURES)]
    Failures(Later<JobArguments>),
    /// Run a command for each n or each chunk, and pass on what it prints
    #[command(override_usage = "evenly run [OPTIONS] <RANGE> -- <CMD>...", after_help = examples::RUN)]
    Run(Later<RunArguments>),
    /// Work for a primary elsewhere, which listens at an address
    #[command(after_help = examples::JOIN)]
    Join(JoinArguments),
    /// Go on with a run that left a journal behind: with the call that is in it
    #[command(after_help = examples::RESUME)]
    Resume(ResumeArguments),
    /// Say what journals cover, together: gaps, overlaps, failures, totals
    #[command(after_help = examples::VERIFY)]
    Verify(VerifyArguments),
    /// Make a key for agents on other machines, in a file that does not exist yet
    #[command(after_help = examples::KEYGEN)]
    Keygen {
        /// Where to: 32 random bytes that nobody else may read
        file: PathBuf,
    },
    /// List builtin functions and operators, with an example of each
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

#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// Where the primary listens: unix:PATH, unixgram:PATH, tcp:HOST:PORT or udp:HOST:PORT
    pub(crate) address: String,
    /// The key of the primary [default: evenly/key in the configuration directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Workers on this machine: N, or N% of the CPUs that this process may use, or +N or -N: N more or
    /// fewer than these CPUs, at least 1 [default: 100%]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
    /// Bring the function of a shared library that its job asks for
    #[arg(long, value_name = "FILE.so:SYMBOL")]
    pub(crate) lib: Option<String>,
    /// Bring this program, for a job that was started with the same behind its --: commands do not travel
    #[arg(last = true, value_name = "CMD", conflicts_with = "lib")]
    pub(crate) cmd: Vec<OsString>,
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
pub(crate) struct ResumeArguments {
    /// The journal [default: the latest that was kept without --journal]
    pub(crate) file: Option<PathBuf>,
    /// Workers on this machine [default: as in the interrupted call]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
    /// Run the n again that failed
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Go on although the function is not the same any more: it changed on purpose
    #[arg(long)]
    pub(crate) accept_change: bool,
    /// Print the answer over the other n where some failed (the status is still 3)
    #[arg(long)]
    pub(crate) partial: bool,
    /// Say nothing but errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say more on standard error
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Journals of the same command and function; their ranges may differ
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Make one journal of them, over all numbers from the lowest to the highest
    #[arg(long, value_name = "OUT")]
    pub(crate) merge: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct FindArguments {
    /// Only the K lowest; the numbers above them need not be tested
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    pub(crate) first: Option<String>,
    #[command(flatten)]
    pub(crate) job: JobArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Print in the order of the numbers; who is too far ahead waits
    #[arg(short, long)]
    pub(crate) keep_order: bool,
    /// Begin each line with its n, or its chunk, and a tab
    #[arg(long)]
    pub(crate) tag: bool,
    #[command(flatten)]
    pub(crate) job: JobArguments,
}

#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    /// What is asked of each n: an expression in n, or a builtin (see `evenly functions`); not with CMD
    #[arg(allow_hyphen_values = true, value_parser = no_option)]
    pub(crate) function: Option<String>,
    /// The numbers: START..END (END excluded) or START..=LAST
    #[arg(allow_hyphen_values = true, value_parser = no_option)]
    pub(crate) range: Option<String>,
    /// A program instead of a function, run once for each n, which is put in for {}; or once for each chunk,
    /// with {start} and {end} (END excluded). Status 0 is yes and 1 is no for count, find, any and all; for
    /// the others the value is what it prints. Any other end is a failure of that n
    #[arg(last = true, value_name = "CMD")]
    pub(crate) cmd: Vec<OsString>,
    /// Start CMD once in each worker; it reads lines START END and answers each with one line
    #[arg(long)]
    pub(crate) coprocess: bool,
    /// Tell CMD its n as a Slurm array does, so that an array script runs unchanged
    #[arg(long = "as", value_enum, value_name = "KIND", conflicts_with = "coprocess")]
    pub(crate) as_kind: Option<Array>,
    /// The exit status of CMD that means no, instead of 1
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) no_status: Option<String>,
    /// Start CMD at most once for each n, or chunk: where its worker or machine was lost meanwhile, nobody
    /// knows how it ended; that is listed as unknown and not started again (the status is 4)
    #[arg(long)]
    pub(crate) at_most_once: bool,
    /// Start no more than so many n in a second, or chunks, where CMD does chunks: 10/s, 100/m, 0.5/s
    #[arg(long, value_name = "N/s", allow_hyphen_values = true)]
    pub(crate) max_rate: Option<String>,

    /// Ask a function of a shared library, int64_t f(int64_t n), instead of FUNCTION
    #[arg(long, value_name = "FILE.so:SYMBOL")]
    pub(crate) lib: Option<String>,
    /// Workers on this machine: N, or N% of the CPUs that this process may use, or +N or -N: N more or
    /// fewer than these CPUs, at least 1; 0 only with --listen [default: 100%]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", allow_negative_numbers = true)]
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

    /// Remember in this file what is done, so that the run can be gone on with [default: after a
    /// minute, in a file of its own in the state directory; see evenly resume]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Go on with the journal if it is there
    #[arg(long, requires = "journal")]
    pub(crate) resume: bool,
    /// With --resume: run the n again that failed
    #[arg(long, requires = "resume")]
    pub(crate) retry_failed: bool,
    /// With --resume: go on although the function is not the same any more; both stay in the journal
    #[arg(long, requires = "resume")]
    pub(crate) accept_change: bool,

    /// What a chunk of the timed policy should take [default: 100ms, commands 1s]
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub(crate) chunk_time: Option<String>,
    /// How many numbers a chunk of the timed policy may have
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) chunk_max: Option<String>,

    /// Let no n take longer, as in 500ms, 30s, 5m, 2h; one that does so again when it is alone fails
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub(crate) timeout: Option<String>,
    /// Let no worker have more memory, no CMD with all that it starts, as in 64M, 1.5G; an n that takes more
    /// again when it is alone fails
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(crate) memory: Option<String>,
    /// End after so much time, as in 500ms, 30s, 5m, 2h or 1h30m, with status 124
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub(crate) deadline: Option<String>,
    /// Try a chunk whose worker was lost so many more times, then halve it [default: 2]; if given, run a CMD
    /// that failed so many more times, too
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) retries: Option<String>,
    /// End early, as GNU parallel does: never, or now or soon, then fail, success or done, then a
    /// number of n or a percentage, as in now,fail=1 [default: soon,fail=10000; failures: never]
    #[arg(long, value_name = "SPEC", allow_hyphen_values = true)]
    pub(crate) halt: Option<String>,
    /// Print the answer over the other n where some failed (the status is still 3)
    #[arg(long)]
    pub(crate) partial: bool,

    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Write a line for each chunk, in the columns of GNU parallel; +FILE appends, and so does --resume
    #[arg(long, value_name = "[+]FILE")]
    pub(crate) joblog: Option<PathBuf>,
    /// Write what happens, one JSON object a line; --resume appends
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
pub(crate) enum Array {
    Slurm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    Auto,
    Bar,
    Plain,
    None,
}

/// A word that may begin with minus signs, but is no option with a slip in it.
fn no_option(word: &str) -> Result<String, String> {
    let name = word.strip_prefix("--").unwrap_or_default().split('=').next().unwrap_or_default();
    let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    // `--n` is n.
    if is_name && name.len() > 1 { Err("no such option".to_owned()) } else { Ok(word.to_owned()) }
}
