//! Declarations of all commands, arguments and options for clap.

use crate::agent_arguments::AgentArguments;
use crate::answer_format::Format;
use crate::batch::Batch;
use crate::bin_options::BinArguments;
use crate::examples;
use crate::help_groups;
use crate::inspect_arguments::InspectArguments;
use crate::item_options::ItemArguments;
use crate::join_arguments::JoinArguments;
use crate::journal_options::JournalArguments;
use crate::key_arguments::KeyCommand;
use crate::lab_arguments::LabArguments;
use crate::lazy_args::LazyArgs;
use crate::limits::LimitArguments;
use crate::output_options::OutputArguments;
use crate::report_arguments::ReportArguments;
use crate::sbatch::options::SlurmOptions;
use crate::settle_arguments::SettleArguments;
use crate::shared_arguments::{FirstArguments, KeyVariableArguments, PartialArguments};
use crate::slurm_script_arguments::SlurmScriptArguments;
use crate::start_options::StartArguments;
use crate::status_arguments::StatusArguments;
use crate::times::TimeArguments;
use crate::verify_arguments::VerifyArguments;
use crate::wiring_options::WiringArguments;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// How a question is put, for the first lines of its help.
macro_rules! usage {
    ($command:literal) => {
        concat!("evenly ", $command, " [OPTIONS] [FUNCTION] <RANGE> [-- <CMD>...]")
    };
}

/// Applies a function to every integer of a range, on all CPUs, and prints one exact answer.
#[derive(Debug, Parser)]
#[command(name = "evenly", version, disable_help_subcommand = true)]
#[command(help_template = help_groups::COMMANDS, after_help = examples::ALL)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: CliCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Count the n that satisfy a function
    #[command(override_usage = usage!("count"), after_help = examples::COUNT)]
    Count(LazyArgs<TruthArguments>),
    /// Add up the values of a function
    #[command(override_usage = usage!("sum"), after_help = examples::SUM)]
    Sum(LazyArgs<QuestionArguments>),
    /// Find the smallest value, and the lowest n that gives it
    #[command(override_usage = usage!("min"), after_help = examples::MIN)]
    Min(LazyArgs<QuestionArguments>),
    /// Find the largest value, and the lowest n that gives it
    #[command(override_usage = usage!("max"), after_help = examples::MAX)]
    Max(LazyArgs<QuestionArguments>),
    /// List the n that satisfy a function, ascending
    #[command(override_usage = usage!("find"), after_help = examples::FIND)]
    Find(LazyArgs<FindArguments>),
    /// Say whether some n satisfies a function; the lowest that does
    #[command(override_usage = usage!("any"), after_help = examples::ANY)]
    Any(LazyArgs<TruthArguments>),
    /// Say whether all n satisfy a function; the lowest that does not
    #[command(override_usage = usage!("all"), after_help = examples::EVERY)]
    All(LazyArgs<TruthArguments>),
    /// Count how many n give each value
    #[command(override_usage = usage!("hist"), after_help = examples::HIST)]
    Hist(LazyArgs<HistArguments>),
    /// Compute the mean of the values of a function
    #[command(override_usage = usage!("mean"), after_help = examples::MEAN)]
    Mean(LazyArgs<QuestionArguments>),
    /// List the value of a function for each n, ascending
    #[command(override_usage = usage!("map"), after_help = examples::MAP)]
    Map(LazyArgs<QuestionArguments>),
    /// List the n that fail, ascending, each with the cause
    #[command(override_usage = usage!("failures"), after_help = examples::FAILURES)]
    Failures(LazyArgs<FailuresArguments>),
    /// Run a command for each n or each chunk, and print its output
    #[command(
        override_usage = "evenly run [OPTIONS] <RANGE> -- <CMD>...\n       \
                          evenly run [OPTIONS] --lines <FILE> [RANGE] -- <CMD>...\n       \
                          evenly run [OPTIONS] --grid <NAME=VALUES>... [RANGE] -- <CMD>...\n       \
                          evenly run [OPTIONS] --from <FILE> -- <CMD>...",
        after_help = examples::RUN
    )]
    Run(LazyArgs<RunArguments>),
    /// Run an array script of Slurm (#SBATCH lines) on this machine
    #[command(
        override_usage = "evenly sbatch [OPTIONS] <SCRIPT> [ARGS]...",
        after_help = examples::SBATCH
    )]
    Sbatch(LazyArgs<SbatchArguments>),
    /// Print a script for sbatch that runs a call on several nodes
    #[command(
        override_usage = "evenly slurm-script [OPTIONS OF SBATCH] <CALL>...",
        after_help = examples::SLURM_SCRIPT
    )]
    SlurmScript(LazyArgs<SlurmScriptArguments>),
    /// Work, as an agent, for the primary that listens at an address
    #[command(after_help = examples::JOIN)]
    Join(Box<JoinArguments>),
    /// Wait, as an agent, for primaries that call by --on
    #[command(after_help = examples::AGENT)]
    Agent(Box<AgentArguments>),
    /// Continue an interrupted run from its journal
    #[command(after_help = examples::RESUME)]
    Resume(LazyArgs<ResumeArguments>),
    /// Report what journals cover: gaps, overlaps, failures, totals
    #[command(
        override_usage = "evenly verify [OPTIONS] <FILE>...\n       \
                          evenly verify --merge <OUT> [--partial] <FILE>...",
        after_help = examples::VERIFY
    )]
    Verify(VerifyArguments),
    /// Report how far running jobs are: progress, rate, time left
    #[command(after_help = examples::STATUS)]
    Status(StatusArguments),
    /// Write a page about a run: coverage, cost, workers, failures
    #[command(after_help = examples::REPORT)]
    Report(ReportArguments),
    /// Decide about commands of unknown fate or that failed
    #[command(after_help = examples::SETTLE)]
    Settle(SettleArguments),
    /// Say why processes hang: what each waits for, and a verdict
    #[command(after_help = examples::INSPECT)]
    Inspect(InspectArguments),
    /// Show mistakes with processes, pipes and sockets at work
    #[command(after_help = examples::LAB)]
    Lab(LabArguments),
    /// Make a key for agents on other machines, in a new file
    #[command(after_help = examples::KEYGEN)]
    Keygen {
        /// The new file: 32 random bytes, readable by its owner only
        file: PathBuf,
    },
    /// Show the key for another machine, or add that of another one
    #[command(after_help = examples::KEY)]
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// List the builtin functions and operators, each with an example
    Functions,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of evenly, or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// The journal [default: the latest one of a run without --journal]
    pub(crate) file: Option<PathBuf>,
    /// Run again the n that failed
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Continue although the function or command has changed since
    #[arg(long)]
    pub(crate) accept_change: bool,
    #[command(flatten)]
    pub(crate) partial: PartialArguments,
    /// Format of the answer
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    #[command(flatten)]
    pub(crate) call: CallArguments,
}

// The arguments of find.
#[derive(Debug, Args)]
pub(crate) struct FindArguments {
    #[command(flatten)]
    pub(crate) first: FirstArguments,
    #[command(flatten)]
    pub(crate) truth: TruthArguments,
}

// The arguments of failures.
#[derive(Debug, Args)]
pub(crate) struct FailuresArguments {
    #[command(flatten)]
    pub(crate) first: FirstArguments,
    #[command(flatten)]
    pub(crate) question: QuestionArguments,
}

// The arguments of hist.
#[derive(Debug, Args)]
pub(crate) struct HistArguments {
    #[command(flatten)]
    pub(crate) bins: BinArguments,
    #[command(flatten)]
    pub(crate) question: QuestionArguments,
}

// The arguments of the verbs that ask whether something is true.
#[derive(Debug, Args)]
pub(crate) struct TruthArguments {
    #[command(flatten)]
    pub(crate) question: QuestionArguments,
    /// Exit status of CMD that means no [default: 1]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) no_status: Option<String>,
}

// The arguments of the verbs that take a function and give an answer.
#[derive(Debug, Args)]
pub(crate) struct QuestionArguments {
    /// An expression in n, or the name of a builtin (`evenly functions` lists them); not with CMD
    #[arg(allow_hyphen_values = true, value_parser = no_option)]
    pub(crate) function: Option<String>,
    /// Take the function int64_t f(int64_t n) of a shared library as FUNCTION; with :f64 behind SYMBOL, double
    /// f(int64_t n)
    #[arg(long, value_name = "FILE.so:SYMBOL")]
    pub(crate) lib: Option<String>,
    #[command(flatten)]
    pub(crate) job: JobArguments,
    #[command(flatten)]
    pub(crate) partial: PartialArguments,
    /// Format of the answer
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}

// The arguments of run.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Print outputs in the order of the numbers; a worker that is far ahead waits
    #[arg(short, long)]
    pub(crate) keep_order: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) job: JobArguments,
}

// The arguments of sbatch.
#[derive(Debug, Args)]
pub(crate) struct SbatchArguments {
    #[command(flatten)]
    pub(crate) slurm: SlurmOptions,
    /// The script: its first line names an interpreter, and its lines #SBATCH have the options above. An option
    /// on the command line replaces that of the script
    #[arg(value_name = "SCRIPT")]
    pub(crate) script: Option<OsString>,
    /// Arguments of the script
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<OsString>,
    /// The whole array and the id of the job, in lines that rerun a task
    #[arg(long, hide = true, value_name = "SPEC@ID")]
    pub(crate) array_of: Option<String>,
    /// The id of the job, in the call that a journal records
    #[arg(long, hide = true, value_name = "ID")]
    pub(crate) job_id: Option<u64>,
    /// Start each task at most once. If its worker is lost meanwhile, that task is listed as unknown and not
    /// started again (the exit status is 4)
    #[arg(long)]
    pub(crate) at_most_once: bool,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) call: CallArguments,
}

// The arguments of every verb that has a range. The first fields are for the verbs that take them.
#[derive(Debug, Args)]
pub(crate) struct JobArguments {
    #[arg(skip)]
    pub(crate) function: Option<String>,
    #[arg(skip)]
    pub(crate) lib: Option<String>,
    #[arg(skip)]
    pub(crate) no_status: Option<String>,
    #[arg(skip)]
    pub(crate) partial: bool,
    #[arg(skip)]
    pub(crate) format: Option<Format>,
    #[arg(skip)]
    pub(crate) batch: Option<Batch>,
    /// Whether this call is only checked, for the script of a Slurm job.
    #[arg(skip)]
    pub(crate) is_for_script: bool,
    /// The numbers: START..END (without END) or START..=LAST, also with :STEP; START..+LENGTH; START.. without an
    /// end; a list or union of these, as in 0..10,15,50..=60:2
    #[arg(allow_hyphen_values = true, value_parser = no_option)]
    pub(crate) range: Option<String>,
    #[command(flatten)]
    pub(crate) items: ItemArguments,
    /// Run CMD for each line of FILE (- for standard input): {} is the text of the line, {#} its number from 1; {.}, {/},
    /// {//} and {/.} are parts of the text as in GNU parallel. The numbers choose lines [default: all]
    #[arg(long, value_name = "FILE")]
    pub(crate) lines: Option<PathBuf>,
    /// The same for texts that end with a NUL byte, as find -print0 prints them
    #[arg(long, value_name = "FILE", conflicts_with = "lines")]
    pub(crate) lines0: Option<PathBuf>,
    /// A command and its arguments, without a shell. With {} in an argument it is run for each n; with
    /// {start} and {end} (excluded), for each chunk. For count, find, any and all, exit status 0 is yes and
    /// 1 is no; for the other questions, the command prints the value. Any other end is a failure of that n
    #[arg(last = true, value_name = "CMD")]
    pub(crate) cmd: Vec<OsString>,
    /// Start CMD once in each worker; it reads lines START END and answers each with one line
    #[arg(long)]
    pub(crate) coprocess: bool,
    /// Set the environment of CMD as for a task of an array job, so that array scripts run unchanged. SYSTEM is slurm,
    /// sge, pbs or lsf; with :FIRST..=LAST if the array is longer than the range, and @ID for the id of the job
    #[arg(long = "as", value_name = "SYSTEM", conflicts_with = "coprocess")]
    pub(crate) as_kind: Option<String>,
    /// Start CMD at most once for each n, or chunk. If its worker or machine is lost meanwhile, that n is
    /// listed as unknown and not started again (the exit status is 4)
    #[arg(long)]
    pub(crate) at_most_once: bool,
    /// A file that CMD or the library uses, so that the answer depends on it; may be given several times. A job
    /// stops when it changes, and resume and agents compare it. The program of CMD, if it is named by a path,
    /// the script of a known interpreter (sh, python3, perl) and the library are compared without this
    #[arg(long, value_name = "FILE")]
    pub(crate) depends: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) call: CallArguments,
}

// The options of a job that its journal does not record. `resume` takes them too, for its own call.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// Workers on this machine: N, or N% of the CPUs that this process may use, or +N or -N: N more or
    /// fewer than these CPUs, at least 1; 0 only with --listen or --on [default: 100%]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
    #[arg(
        long,
        value_name = "WHERE",
        help = "Also work on another machine: ssh:HOST[/WORKERS] starts an agent there by ssh; tcp:HOST:PORT calls one \
                that waits there (evenly agent); slurm[:NODES] starts one on each node of the Slurm job of this process, or \
                on the first NODES; @FILE names a file with a host on each line, as for --sshlogin of GNU parallel; repeatable"
    )]
    pub(crate) on: Vec<String>,
    /// With --on slurm: the name of this machine for the nodes [default: that of --listen tcp:, or its own name]
    #[arg(long, value_name = "HOST")]
    pub(crate) advertise: Option<String>,
    /// Listen at this address for agents (evenly join): unix:PATH, unixgram:PATH, tcp:HOST:PORT or
    /// udp:HOST:PORT; port 0 takes a free one; repeatable
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<String>,
    /// File with the key for agents on a network; give two while replacing a key [default: evenly/key in
    /// the configuration directory, made at first use]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) key_variable: KeyVariableArguments,
    /// How to cut the range into chunks: timed, static, fixed:N or guided
    #[arg(long, value_name = "POLICY")]
    pub(crate) split: Option<String>,
    /// The same as --split fixed:N
    #[arg(long, value_name = "N", conflicts_with = "split")]
    pub(crate) chunk: Option<String>,
    /// Work in a random order: a function in up to 1024 blocks of consecutive n, commands in up to 65536. The same SEED
    /// gives the same order; without one it is printed. Answers, and outputs with -k, are as without this
    #[arg(
        long,
        alias = "shuf",
        value_name = "SEED",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub(crate) shuffle: Option<String>,
    /// Start at most N numbers a second (chunks, if CMD takes chunks): 10/s, 100/m, 0.5/s
    #[arg(long, value_name = "N/s", allow_hyphen_values = true)]
    pub(crate) max_rate: Option<String>,

    #[command(flatten)]
    pub(crate) start: StartArguments,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    /// When to end early, as in GNU parallel: never, or now or soon, a comma, fail, success or done, and =
    /// with a number of n (windows, if CMD takes chunks) or a percentage: now,fail=1 [default: soon,fail=10000; failures: never]
    #[arg(long, value_name = "SPEC", allow_hyphen_values = true)]
    pub(crate) halt: Option<String>,

    #[command(flatten)]
    pub(crate) times: TimeArguments,

    /// Write a line for each chunk to this file, in the columns of GNU parallel; +FILE appends to it, and so
    /// does --resume
    #[arg(long, value_name = "[+]FILE")]
    pub(crate) joblog: Option<PathBuf>,
    /// Write a test report to this file at the end, in the JUnit form: one test case for each n, or for each chunk
    /// of a CMD that does chunks; a failure has its cause and the last lines of CMD
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write what happens to this file, one JSON object a line; --resume appends to it
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,
    /// How to show progress on standard error; auto is a bar on a terminal, else a line every 30 s [default: auto]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) progress: Option<ProgressMode>,
    /// Print only errors on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Print more on standard error: workers, early ends, failed attempts
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) wiring: WiringArguments,
}

impl CallArguments {
    /// Whether agents may work for this call.
    pub(crate) fn has_agents(&self) -> bool {
        !self.listen.is_empty() || !self.on.is_empty()
    }
}

impl QuestionArguments {
    /// These arguments as those of a job.
    pub(crate) fn into_job(self) -> JobArguments {
        let Self { function, lib, mut job, partial, format } = self;
        // `resume` may have set both.
        job.partial |= partial.partial;
        let format = job.format.or(Some(format));
        JobArguments { function, lib, format, ..job }
    }
}

impl TruthArguments {
    /// These arguments as those of a job.
    pub(crate) fn into_job(self) -> JobArguments {
        JobArguments { no_status: self.no_status, ..self.question.into_job() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Bar,
    Plain,
    None,
}

/// A function or a range, which may begin with minus signs; not a mistyped option.
fn no_option(word: &str) -> Result<String, String> {
    if looks_like_option(word) { Err("no such option".to_owned()) } else { Ok(word.to_owned()) }
}

/// Whether a word can only be meant as an option: `--name`, or a minus sign and a letter. `-n` and `--n` are
/// expressions.
pub(crate) fn looks_like_option(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => {
            let name = name.split('=').next().unwrap_or_default();
            // No name in an expression has a capital, and `--n-2` is one.
            let is_part = |part: &str| {
                part.starts_with(|first: char| first.is_ascii_alphabetic())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            name.split('-').all(is_part) && name.split('-').any(|part| part.len() > 1)
        }
        None => match word.as_bytes() {
            [b'-', letter] => letter.is_ascii_alphabetic() && *letter != b'n',
            _ => false,
        },
    }
}
