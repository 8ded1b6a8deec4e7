//! Simulated runs of the engine of evenly, each from one seed.
//!
//! `run` draws a plan from the seed: range, policy, workers, costs, pipes, faults. Then the real engine
//! ([`Primary`](evenly_core::engine::Primary)) and the real [`Worker`](evenly_core::Worker)s run on a virtual clock.
//! In phase one things break. In phase two nothing new breaks, except numbers that always end their worker, and the
//! run must end. An oracle that shares no code with the core checks every record, every failure, every line and the
//! answer.
//!
//! In half of the runs the primary has agents. Each is a world of its own around the real
//! [`AgentSession`](evenly_core::engine::AgentSession), connected by a stream or by datagrams through the real
//! [`Channel`](evenly_core::channel::Channel). In some runs no number is assigned twice (`once`).
//!
//! Imports point one way: `plan` (what the seed decides) <- `oracle` (the rules) <- `model` (state of the parts outside
//! the engine: pipes, links, processes, journal) <- `world` (the clock, and a file for what happens to each part).
//!
//! There are no threads, no time of day, no hash maps with an order of their own, and no I/O. Two runs from one seed
//! are the same to the last step.
#![forbid(unsafe_code)]

mod event_queue;
mod event_trace;
mod model;
mod options;
mod oracle;
mod plan;
mod step_result;
mod summary;
mod world;

pub use evenly_core::Aggregate;
pub use options::{SimOptions, SimTransport, question_of_name};
pub use summary::Summary;

use evenly_testkit::random::Random;
use event_trace::{EventTrace, TraceSink};
use plan::RunPlan;
use plan::crash_reports::CrashReportPlan;
use plan::early_end::EarlyEnd;
use plan::engine_settings::{EngineSettings, LimitedRun};
use std::fmt;
use world::SimWorld;

/// A run that broke a rule of the oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRun {
    /// The seed that repeats the run.
    pub seed: u64,
    /// The options of the run.
    pub options: SimOptions,
    /// The broken rule.
    pub reason: String,
    /// The plan that the seed decided.
    pub plan: String,
}

impl fmt::Display for FailedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.reason)?;
        writeln!(f, "{}", self.plan)?;
        write!(f, "repeat: cargo xtask sim --seed {} --trace{}", self.seed, self.options)
    }
}

impl std::error::Error for FailedRun {}

/// Runs the plan of a seed.
///
/// # Errors
/// If the run breaks a rule of the oracle.
pub fn run(seed: u64, options: &SimOptions) -> Result<Summary, Box<FailedRun>> {
    make(seed, options, None)
}

/// Runs the plan of a seed and writes each event as a line.
///
/// # Errors
/// As [`run`].
pub fn trace(
    seed: u64,
    options: &SimOptions,
    lines: &mut dyn FnMut(&str),
) -> Result<Summary, Box<FailedRun>> {
    make(seed, options, Some(lines))
}

/// The plan of a seed, as text.
#[must_use]
pub fn describe(seed: u64, options: &SimOptions) -> String {
    format!("{:#?}", draw(&mut Random::new(seed), seed, options))
}

/// Seed constants of the separate generators.
const QUESTION_STREAM: u64 = 0x61_736b_6564;
const CRASH_REPORT_STREAM: u64 = 0x6761_7370;
const ENGINE_SETTINGS_STREAM: u64 = 0x7465_726d_7300;
const AT_MOST_ONCE_STREAM: u64 = 0x6f6e_6365;
const SHUFFLE_STREAM: u64 = 0x6465_616c;
const LIMITS_STREAM: u64 = 0x6c69_6d69_7473;
const EARLY_END_STREAM: u64 = 0x656e_6473;

/// Agents, question, crash reports, engine settings, at-most-once, shuffle, limits and early ends have generators of their own. Without them, a
/// seed makes the same run as before they existed.
fn draw(random: &mut Random, seed: u64, options: &SimOptions) -> RunPlan {
    let mut plan = RunPlan::draw(random, options);
    plan.draw_once(&mut Random::new(seed.rotate_left(48) ^ AT_MOST_ONCE_STREAM), options);
    plan.draw_agents(&mut Random::new(!seed), options);
    plan.draw_question(&mut Random::new(seed.rotate_left(32) ^ QUESTION_STREAM), options);
    plan.engine_settings = EngineSettings::draw(
        &mut Random::new(seed.rotate_left(8) ^ ENGINE_SETTINGS_STREAM),
        plan.range.len(),
        options,
    );
    plan.engine_settings.draw_shuffle(&mut Random::new(seed.rotate_left(24) ^ SHUFFLE_STREAM));
    let limited = LimitedRun {
        numbers: plan.range.len(),
        is_piped: plan.transport == SimTransport::Pipes,
        has_agents: !plan.agents.machines.is_empty(),
        has_optional_journal: plan.sync_ns.is_some() && plan.once.is_none(),
    };
    let mut limits = Random::new(seed.rotate_left(40) ^ LIMITS_STREAM);
    plan.engine_settings = plan.engine_settings.with_limits(&mut limits, limited, options);
    let mut early_end = Random::new(seed.rotate_left(56) ^ EARLY_END_STREAM);
    let extent = (plan.range.len(), plan.faults.until_ns);
    plan.early_end = EarlyEnd::draw(&mut early_end, extent, options);
    plan.crash_reports = CrashReportPlan::draw(
        &mut Random::new(seed.rotate_left(16) ^ CRASH_REPORT_STREAM),
        (plan.transport, plan.once.is_some()),
        options,
    );
    plan
}

fn make(
    seed: u64,
    options: &SimOptions,
    lines: Option<TraceSink<'_>>,
) -> Result<Summary, Box<FailedRun>> {
    let mut random = Random::new(seed);
    let plan = draw(&mut random, seed, options);
    let failure = |reason| {
        let plan = describe(seed, options);
        Box::new(FailedRun { seed, options: *options, reason, plan })
    };
    let mut world = SimWorld::new(plan, random, EventTrace::new(lines)).map_err(failure)?;
    world.run().map_err(failure)?;
    Ok(world.stats)
}
