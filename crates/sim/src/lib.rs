//! Whole runs of evenly's core from one seed: a primary, its workers, the pipes between them, and
//! everything that may break.
//!
//! `run` draws a plan from the seed (range, policy, workers, costs, pipes, faults), then lets the
//! real [`Supervisor`](evenly_core::Supervisor) and the real [`Worker`](evenly_core::Worker)s go
//! through it on a virtual clock. In phase one things break; in phase two nothing new does, except
//! numbers that always kill their worker, and the run must come to its end. An oracle that shares no
//! code with the core checks every record, every failure and the answer.
//!
//! In the order in which a run meets them: `plan` is drawn with `random`; the
//! `world` has the clock and the `queue` of what will happen; the `primary` hears (`hear`)
//! and acts (`act`); a `process` makes its `steps`, unless `faults` come between; records go
//! into a `journal`; the `oracle` looks on.
//!
//! What is absent: threads, the time of day, hash maps with an order of their own, and I/O. Two runs
//! from one seed are the same to the last step.
#![forbid(unsafe_code)]

mod act;
mod faults;
mod function;
mod hear;
mod journal;
mod options;
mod oracle;
mod pipe;
mod plan;
mod primary;
mod process;
mod queue;
mod random;
mod set;
mod steps;
mod summary;
mod tape;
mod world;

pub use options::{Options, Transport};
pub use summary::Summary;

use plan::Plan;
use random::Random;
use std::fmt;
use tape::{Lines, Tape};
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
    format!("{:#?}", Plan::draw(&mut Random::new(seed), options))
}

fn make(seed: u64, options: &Options, lines: Option<Lines<'_>>) -> Result<Summary, Box<Failure>> {
    let mut random = Random::new(seed);
    let plan = Plan::draw(&mut random, options);
    let failure = |reason| {
        let plan = describe(seed, options);
        Box::new(Failure { seed, options: *options, reason, plan })
    };
    let mut world = World::new(plan, random, Tape::new(lines)).map_err(failure)?;
    world.run().map_err(failure)?;
    Ok(world.stats)
}
