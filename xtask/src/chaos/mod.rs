//! `cargo xtask chaos`: runs of evenly under faults, compared with known answers.
//!
//! What is planned follows from the seed and the options alone: run k of seed S is the first run of
//! seed S + k. When each blow falls is up to the machine.

mod injector;
mod job;
mod journal;
mod kind;
pub(crate) mod launch;
mod options;
mod plan;
mod process;
mod reference;
mod run;
mod signals;
mod tally;
mod target;
mod verdict;

use clap::ValueEnum;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use evenly_testkit::random::Random;
use kind::Kind;
pub(crate) use options::Options;
use plan::Plan;
use run::Report;
use signals::Signals;
use tally::Tally;

use crate::paths::Paths;

/// Number of concurrent runs: one of them often waits.
const LANES: usize = 2;
/// Number of bad runs after which the command stops.
const BAD_MAX: usize = 100;
/// Time between two progress lines.
const PROGRESS_EVERY: Duration = Duration::from_secs(30);

pub(crate) fn main(options: Options) -> ExitCode {
    match run(options) {
        Ok(tally) if tally.bad.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut options: Options) -> Result<Tally, String> {
    options.sort_kinds();
    let seed = options.seed.unwrap_or_else(some_seed);
    println!("seed {seed}");
    let paths = Paths::find(options.evenly.as_deref())?;
    let signals = Signals::that_arrive();
    options.kinds.retain(|kind| can_be_done(*kind, &signals));
    if options.kinds.is_empty() {
        return Err("none of these faults can be caused here".into());
    }
    let options = &options;

    let started = Instant::now();
    let minutes = options.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let lanes = Lanes {
        options,
        evenly: &paths.evenly,
        signals: &signals,
        seed,
        until: minutes.map(|minutes| started + minutes),
        next: AtomicU64::new(0),
        is_enough: AtomicBool::new(false),
    };
    let (sender, receiver) = mpsc::channel();
    let mut tally = Tally::default();
    thread::scope(|scope| {
        // Dropped on the way out of here, so that the lanes notice a failure of one of them.
        let receiver = receiver;
        for _ in 0..LANES {
            let (lanes, sender) = (&lanes, sender.clone());
            scope.spawn(move || lanes.lane(&sender));
        }
        drop(sender);
        let mut told = started;
        loop {
            if told.elapsed() >= PROGRESS_EVERY {
                told = Instant::now();
                eprintln!("{}", tally.progress(told - started));
            }
            let patience = (told + PROGRESS_EVERY).saturating_duration_since(Instant::now());
            match receiver.recv_timeout(patience) {
                Ok(report) => {
                    let report = report?;
                    for fault in &report.faults {
                        eprintln!("bad, seed {}: {fault}", report.plan.seed);
                    }
                    tally.add(&report, &repeated(options));
                    lanes.is_enough.store(tally.bad.len() >= BAD_MAX, Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok::<(), String>(()),
            }
        }
    })?;
    println!("\n{}", tally.render());
    for bad in &tally.bad {
        println!("{bad}");
    }
    println!("seed {seed}, {}", tally.progress(started.elapsed()));
    Ok(tally)
}

/// Where runs are carried out side by side, each lane one after the other.
struct Lanes<'a> {
    options: &'a Options,
    evenly: &'a Path,
    signals: &'a Signals,
    seed: u64,
    until: Option<Instant>,
    /// The number of the next run.
    next: AtomicU64,
    is_enough: AtomicBool,
}

impl Lanes<'_> {
    fn lane(&self, reports: &Sender<Result<Report, String>>) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let is_over = self.until.is_some_and(|until| Instant::now() >= until)
                || self.is_enough.load(Ordering::Relaxed);
            if is_over || self.options.runs.is_some_and(|runs| number >= runs) {
                return;
            }
            let plan = Plan::draw(self.seed.wrapping_add(number), self.options);
            let report = run::carry_out(plan, self.evenly, self.signals);
            let has_failed = report.is_err();
            // The receiver is gone after an error in another lane.
            if reports.send(report).is_err() || has_failed {
                return;
            }
        }
    }
}

/// Another one each time: what counts is that it is printed.
fn some_seed() -> u64 {
    let now = UNIX_EPOCH.elapsed().unwrap_or_default();
    Random::new(now.as_nanos() as u64 ^ u64::from(std::process::id())).between(0, 999_999_999)
}

/// The options without which a seed would mean other runs.
fn repeated(options: &Options) -> String {
    let mut repeated = String::new();
    if options.kinds != Kind::value_variants() {
        let names: Vec<&str> = options.kinds.iter().map(|kind| kind.name()).collect();
        // Writing to a String cannot fail.
        let _ = write!(repeated, " --only {}", names.join(","));
    }
    let (low, high) = options.every;
    let _ = write!(repeated, " --every {}..{}", low.as_millis(), high.as_millis());
    if let Some(path) = &options.evenly {
        let _ = write!(repeated, " --evenly {}", path.display());
    }
    repeated
}

/// Whether the signals of a kind of fault arrive; prints a message if not.
fn can_be_done(kind: Kind, signals: &Signals) -> bool {
    let (can_be_done, ignored) = match kind {
        Kind::Interrupt => (!signals.interrupts.is_empty(), "SIGINT and SIGTERM are"),
        Kind::Hangup => (signals.has_hangup, "SIGHUP is"),
        _ => (true, ""),
    };
    if !can_be_done {
        eprintln!("xtask chaos: {ignored} ignored here, so there is no `{}`", kind.name());
    }
    can_be_done
}
