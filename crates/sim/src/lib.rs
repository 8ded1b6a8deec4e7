//! Whole runs of evenly's core from one seed: a primary, its workers, the pipes between them, and
//! everything that may break.
//!
//! `run` draws a plan from the seed (range, policy, workers, costs, pipes, faults), then lets the
//! real [`Supervisor`](evenly_core::Supervisor) and the real [`Worker`](evenly_core::Worker)s go
//! through it on a virtual clock. In phase one things break; in phase two nothing new does, except
//! numbers that always kill their worker, and the run must come to its end. An oracle that shares no
//! code with the core checks every record, every failure and the answer.
//!
//! In half of the runs the primary has agents, with or without workers of its own: each a world of
//! its own around the real [`Agent`](evenly_core::Agent), reached by a stream or by datagrams through
//! the real [`Channel`](evenly_core::channel::Channel).
//!
//! In some runs nothing is handed out twice, and what begins is written into the journal before (`once`).
//!
//! What is asked is any question that there is, about a function some of whose numbers fail. Lines are
//! read by somebody who is slow, pauses or goes away.
//!
//! In the order in which a run meets them: `plan` is drawn (`draw`) with `random`, and the
//! `question`; the `world` has the clock and the `queue` of what will happen; the `primary` hears
//! (`hear`) and acts (`act`); a `process` makes its `steps`, unless `faults` come between, and may say
//! with its last breath where it is (`gasps`); a `pipe` or a `line` carries frames; records go into a `journal`, from which the next of its `lives` goes on;
//! lines go to a `reader`; `ending` is the end. The `oracle` looks on: it keeps `books`, knows what a
//! `plain` loop gives, follows the `lines`, looks for `culprits`, notes
//! `fates`, and has a `verdict`.
//! Of agents: the `party` that is invited, their `session`s, the `link` between the `guests` at the
//! primary and the `upstream` at the agent, and `trouble`.
//!
//! What is absent: threads, the time of day, hash maps with an order of their own, and I/O. Two runs
//! from one seed are the same to the last step.
#![forbid(unsafe_code)]

mod act;
mod books;
mod culprits;
mod draw;
mod ending;
mod fates;
mod faults;
mod function;
mod gasps;
mod guests;
mod hear;
mod journal;
mod line;
mod lines;
mod link;
mod lives;
mod once;
mod options;
mod oracle;
mod party;
mod pipe;
mod plain;
mod plan;
mod primary;
mod process;
mod question;
mod queue;
mod reader;
mod session;
mod set;
mod steps;
mod summary;
mod tape;
mod terms;
mod trouble;
mod upstream;
mod verdict;
mod world;

pub use evenly_core::Aggregate;
pub use options::{Options, Transport, question_of_name};
pub use summary::Summary;

use evenly_testkit::random;
use gasps::Gasps;
use plan::Plan;
use random::Random;
use std::fmt;
use tape::{Lines, Tape};
use terms::Terms;
use world::World;

/// A run that did what must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// From which it can be repeated.
    pub seed: u64,
    /// With these.
    pub options: Options,
    /// What was wrong.
    pub reason: String,
    /// What was drawn from the seed.
    pub plan: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.reason)?;
        writeln!(f, "{}", self.plan)?;
        write!(f, "repeat: cargo xtask sim --seed {} --trace{}", self.seed, self.options)
    }
}

impl std::error::Error for Failure {}

/// Makes the run of a seed.
///
/// # Errors
/// If something was not as it must be.
pub fn run(seed: u64, options: &Options) -> Result<Summary, Box<Failure>> {
    make(seed, options, None)
}

/// The same, with each step as a line.
///
/// # Errors
/// As [`run`].
pub fn trace(
    seed: u64,
    options: &Options,
    lines: &mut dyn FnMut(&str),
) -> Result<Summary, Box<Failure>> {
    make(seed, options, Some(lines))
}

/// What is drawn from a seed, for whoever wants to know before the run.
#[must_use]
pub fn describe(seed: u64, options: &Options) -> String {
    format!("{:#?}", draw(&mut Random::new(seed), seed, options))
}

/// Apart from others, what is asked is drawn from another number.
const ASKED: u64 = 0x61_736b_6564;
/// And so is how workers speak.
const GASPED: u64 = 0x6761_7370;
/// And the terms of the engine.
const TERMS: u64 = 0x7465_726d_7300;
/// And whether anything may be done twice.
const ONCE: u64 = 0x6f6e_6365;

/// Agents, questions, gasps and what is done once are drawn by generators of their own: without them, a seed makes the run that it
/// made before there were any.
fn draw(random: &mut Random, seed: u64, options: &Options) -> Plan {
    let mut plan = Plan::draw(random, options);
    plan.draw_once(&mut Random::new(seed.rotate_left(48) ^ ONCE), options);
    plan.invite(&mut Random::new(!seed), options);
    plan.ask(&mut Random::new(seed.rotate_left(32) ^ ASKED), options);
    plan.terms = Terms::draw(&mut Random::new(seed.rotate_left(8) ^ TERMS), &plan, options);
    plan.gasps = Gasps::draw(&mut Random::new(seed.rotate_left(16) ^ GASPED), &plan, options);
    plan
}

fn make(seed: u64, options: &Options, lines: Option<Lines<'_>>) -> Result<Summary, Box<Failure>> {
    let mut random = Random::new(seed);
    let plan = draw(&mut random, seed, options);
    let failure = |reason| {
        let plan = describe(seed, options);
        Box::new(Failure { seed, options: *options, reason, plan })
    };
    let mut world = World::new(plan, random, Tape::new(lines)).map_err(failure)?;
    world.run().map_err(failure)?;
    Ok(world.stats)
}
