//! `cargo xtask sim`: simulation of whole runs of the core from seeds, on all processors.
//!
//! The assertions of the core find as much as the oracle does. The command therefore builds and runs
//! itself again in the profile `sim` if it was built without them.

use clap::Args;
use evenly_sim::{Aggregate, SimOptions, SimTransport, Summary, question_of_name};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Simulate this many runs, from consecutive seeds
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    seeds: u64,
    /// Begin with this seed
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Begin with a seed made of the commit that is checked out
    #[arg(long, conflicts_with = "from")]
    commit: bool,
    /// Simulate the one run of this seed
    #[arg(long, conflicts_with_all = ["seeds", "from", "commit"])]
    seed: Option<u64>,
    /// Print each step of that run
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Use this transport, not the one that the seed draws
    #[arg(long, value_name = "NAME", value_parser = named("pipes, datagrams or raw", SimTransport::of_name))]
    transport: Option<SimTransport>,
    /// Ask this question: count, sum, min, max, find, find-first, any, all, hist, map, mean or failures
    #[arg(long, value_name = "NAME", value_parser = named("a question", question_of_name))]
    question: Option<Aggregate>,
    /// Have agents in every run over pipes
    #[arg(long, conflicts_with = "no_agents")]
    agents: bool,
    /// Have agents in no run
    #[arg(long)]
    no_agents: bool,
    /// Let workers name the number at which they crash, in every run
    #[arg(long, conflicts_with = "no_crash_reports")]
    crash_reports: bool,
    /// Let workers name the number at which they crash in no run
    #[arg(long)]
    no_crash_reports: bool,
    /// Hand out no number twice, in every run
    #[arg(long, conflicts_with = "no_once")]
    once: bool,
    /// Hand out numbers twice where that is needed, in every run
    #[arg(long)]
    no_once: bool,
    /// Let no number fail by itself
    #[arg(long)]
    no_failures: bool,
    /// Let the values of short ranges be doubles, some of them NaN
    #[arg(long)]
    reals: bool,
    /// Cause no fault
    #[arg(long)]
    no_faults: bool,
}

/// A parser of values that have a name; `expected` says which there are.
fn named<T: Clone + Send + Sync + 'static>(
    expected: &'static str,
    of_name: fn(&str) -> Option<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |name| of_name(name).ok_or_else(|| format!("not {expected}"))
}

impl Arguments {
    fn options(&self) -> SimOptions {
        let choice = |yes: bool, no: bool| (yes || no).then_some(yes);
        SimOptions {
            transport: self.transport,
            question: self.question,
            agents: choice(self.agents, self.no_agents),
            crash_reports: choice(self.crash_reports, self.no_crash_reports),
            once: choice(self.once, self.no_once),
            do_numbers_fail: !self.no_failures,
            are_values_real: self.reals,
            are_faults_wanted: !self.no_faults,
        }
    }
}

pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    if !cfg!(debug_assertions) {
        return again_with_assertions();
    }
    if let Some(seed) = arguments.seed {
        return run_one(seed, &arguments.options(), arguments.trace);
    }
    let from = if arguments.commit { seed_of_commit() } else { Ok(arguments.from) };
    match from {
        Ok(from) => run_many(from, arguments.seeds, arguments.options()),
        Err(error) => {
            eprintln!("xtask sim: {error}");
            ExitCode::from(2)
        }
    }
}

/// The first half of a commit's name, as a number: another one for each commit, the same for all who
/// look at it.
fn seed_of_commit() -> Result<u64, String> {
    let output = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    let name = String::from_utf8_lossy(&output.stdout);
    let digits = name.get(..16).ok_or("git rev-parse HEAD names no commit")?;
    u64::from_str_radix(digits, 16).map_err(|_| format!("`{digits}` is no commit"))
}

fn again_with_assertions() -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--profile", "sim", "--package", "xtask", "--"]);
    match command.args(std::env::args_os().skip(1)).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(1) as u8),
        Err(error) => {
            eprintln!("xtask sim: cargo: {error}");
            ExitCode::from(2)
        }
    }
}

fn run_one(seed: u64, options: &SimOptions, is_traced: bool) -> ExitCode {
    println!("seed {seed}{options}");
    println!("{}", evenly_sim::describe(seed, options));
    let mut print = |line: &str| println!("{line}");
    let outcome = if is_traced {
        evenly_sim::trace(seed, options, &mut print)
    } else {
        evenly_sim::run(seed, options)
    };
    match outcome {
        Ok(summary) => {
            print!("{summary}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("FAILED: seed {}: {}", failure.seed, failure.reason);
            ExitCode::FAILURE
        }
    }
}

fn run_many(from: u64, seeds: u64, options: SimOptions) -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("seeds {from} and the {seeds} from there on, {threads} at a time;{options}");
    println!("repeat: cargo xtask sim --from {from} --seeds {seeds}{options}");
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let has_failed = AtomicBool::new(false);
    let total = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut sum = Summary::default();
                while !has_failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= seeds {
                        break;
                    }
                    let seed = from.wrapping_add(index);
                    match run_caught(seed, &options) {
                        Ok(summary) => sum.add(&summary),
                        Err(reason) => {
                            has_failed.store(true, Ordering::Relaxed);
                            println!("FAILED: {reason}");
                        }
                    }
                }
                if let Ok(mut total) = total.lock() {
                    total.add(&sum);
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let total = total.into_inner().unwrap_or_default();
    print!("{total}");
    println!("{} runs in {seconds:.1} s: {:.0} a second", total.runs, total.runs as f64 / seconds);
    if has_failed.into_inner() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// An assertion of the core that fails is a failure of that seed like any other.
fn run_caught(seed: u64, options: &SimOptions) -> Result<Summary, String> {
    let options = *options;
    match std::panic::catch_unwind(move || evenly_sim::run(seed, &options)) {
        Ok(Ok(summary)) => Ok(summary),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(_) => Err(format!(
            "seed {seed}: an assertion failed\nrepeat: cargo xtask sim --seed {seed} --trace{options}"
        )),
    }
}
