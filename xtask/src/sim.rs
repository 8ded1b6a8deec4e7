//! `cargo xtask sim`: whole runs of the core from seeds, as many a second as there are processors for.
//!
//! Assertions decide as much as the oracle does, so a build without them simulates nothing: the
//! command builds itself again in the profile `sim` if it was built without.

use evenly_sim::{Options, Summary, Transport, question_of_name};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

const USAGE: &str = "\
usage: cargo xtask sim [--seeds N] [--from SEED | --commit] [--transport pipes|datagrams|raw]
                       [--agents | --no-agents] [--question NAME] [--gasps | --no-gasps]
                       [--once | --no-once] [--no-failures] [--no-faults]
       cargo xtask sim --seed SEED [--trace] [--transport ..] ..

  --seeds N     so many runs, from seeds that follow one another (10000)
  --from SEED   the first of them (0)
  --commit      the first of them is made of the commit that is checked out
  --seed SEED   one run
  --trace       each of its steps on standard output
  --transport   instead of what the seed says
  --agents      agents in every run over pipes, or in none (--no-agents)
  --question    count, sum, min, max, find, find-first, any, all, hist, map or failures
  --gasps       workers say at which number something ends them, in every run or in none (--no-gasps)
  --once        nothing is handed out twice, in every run or in none (--no-once)
  --no-failures no number fails by itself
  --no-faults   nothing breaks";

struct Arguments {
    from: u64,
    seeds: u64,
    is_one: bool,
    is_traced: bool,
    options: Options,
}

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let parsed = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("xtask sim: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if !cfg!(debug_assertions) {
        return again_with_assertions(arguments);
    }
    if parsed.is_one { run_one(&parsed) } else { run_many(&parsed) }
}

fn parse(arguments: &[String]) -> Result<Arguments, String> {
    let options = Options::default();
    let mut parsed = Arguments { from: 0, seeds: 10_000, is_one: false, is_traced: false, options };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let number = |text: &String| text.parse().map_err(|_| format!("`{text}` is no number"));
        match argument.as_str() {
            "--seeds" => parsed.seeds = number(value()?)?,
            "--from" => parsed.from = number(value()?)?,
            "--commit" => parsed.from = seed_of_commit()?,
            "--seed" => {
                (parsed.from, parsed.seeds, parsed.is_one) = (number(value()?)?, 1, true);
            }
            "--trace" => parsed.is_traced = true,
            "--agents" => parsed.options.agents = Some(true),
            "--no-agents" => parsed.options.agents = Some(false),
            "--gasps" => parsed.options.gasps = Some(true),
            "--once" => parsed.options.once = Some(true),
            "--no-once" => parsed.options.once = Some(false),
            "--no-gasps" => parsed.options.gasps = Some(false),
            "--question" => {
                let name = value()?;
                let question = question_of_name(name);
                parsed.options.question =
                    Some(question.ok_or(format!("no question is named `{name}`"))?);
            }
            "--no-failures" => parsed.options.do_numbers_fail = false,
            "--no-faults" => parsed.options.are_faults_wanted = false,
            "--transport" => {
                let name = value()?;
                let transport = Transport::of_name(name);
                parsed.options.transport =
                    Some(transport.ok_or(format!("no transport is named `{name}`"))?);
            }
            unknown => return Err(format!("unknown argument `{unknown}`")),
        }
    }
    Ok(parsed)
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

fn again_with_assertions(arguments: &[String]) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--profile", "sim", "--package", "xtask", "--", "sim"]);
    match command.args(arguments).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(1) as u8),
        Err(error) => {
            eprintln!("xtask sim: cargo: {error}");
            ExitCode::from(2)
        }
    }
}

fn run_one(arguments: &Arguments) -> ExitCode {
    println!("seed {}{}", arguments.from, arguments.options);
    println!("{}", evenly_sim::describe(arguments.from, &arguments.options));
    let mut print = |line: &str| println!("{line}");
    let outcome = if arguments.is_traced {
        evenly_sim::trace(arguments.from, &arguments.options, &mut print)
    } else {
        evenly_sim::run(arguments.from, &arguments.options)
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

fn run_many(arguments: &Arguments) -> ExitCode {
    let Arguments { from, seeds, options, .. } = *arguments;
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
fn run_caught(seed: u64, options: &Options) -> Result<Summary, String> {
    let options = *options;
    match std::panic::catch_unwind(move || evenly_sim::run(seed, &options)) {
        Ok(Ok(summary)) => Ok(summary),
        Ok(Err(failure)) => Err(failure.to_string()),
        Err(_) => Err(format!(
            "seed {seed}: an assertion failed\nrepeat: cargo xtask sim --seed {seed} --trace{options}"
        )),
    }
}
