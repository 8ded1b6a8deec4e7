//! Simulated primary process: the real engine, its unpacker, and the seats of its workers.
//!
//! As in the real driver: it reads before it writes, never waits for a pipe, processes everything that a worker wrote
//! before it takes the work back, and kills every worker that may have written garbage.

use crate::event_queue::{Pid, SessionId};
use crate::oracle::record_ledger::RecordLedger;
use crate::plan::RunPlan;
use crate::step_result::StepResult;
use evenly_core::engine::{self, Durability, LineDestination};
use evenly_core::frame::{Packer, Unpacker};
use evenly_core::{Interval, IntervalSet, Scheduler, WorkerId};
use std::collections::BTreeMap;

/// Phase of the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunPhase {
    Running,
    /// The assignment pipes are closed; a worker that still lives after the grace is killed.
    ShuttingDown {
        until_ns: u64,
    },
}

/// Time for which workers may exit by themselves.
pub(crate) const GRACE_NS: u64 = 10_000_000_000;
/// Time at the end for agents to learn that the run is over.
pub(crate) const LINGER_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct SimPrimary {
    pub(crate) engine: engine::Primary,
    pub(crate) unpacker: Unpacker,
    pub(crate) worker_seats: Vec<WorkerSeat>,
    /// The process of each worker name; `None` for workers of agents.
    pub(crate) pids: Vec<Option<Pid>>,
    /// Workers that ended and whose last bytes are not read yet.
    pub(crate) ended: Vec<Pid>,
    pub(crate) phase: RunPhase,
    /// Time of its next turn. It is in no queue, because most turns are moved before they come.
    pub(crate) wake_at_ns: Option<u64>,
    /// When it started, and how many chunks it has assigned since.
    pub(crate) began_ns: u64,
    pub(crate) starts: u64,
    /// Agents, by their slots beyond those of the workers.
    pub(crate) agent_sessions: BTreeMap<usize, SessionId>,
}

/// State that the primary keeps for a seat.
#[derive(Debug)]
pub(crate) struct WorkerSeat {
    pub(crate) pid: Option<Pid>,
    pub(crate) packer: Packer,
    /// Chunks that its pipe holds, and how often it was silent. Both bound the chunks that wait for it.
    pub(crate) window: usize,
    pub(crate) silences: usize,
    /// Time of its last frame, and whether it counts as stopped since then. For workers behind a link.
    pub(crate) last_frame_ns: u64,
    pub(crate) is_quiet: bool,
    /// Whether its chunks were taken back after it was stopped.
    pub(crate) is_silent: bool,
    /// Losses in a row, counted without the code of the core.
    pub(crate) losses: u32,
    /// The chunks that it was given since it was last idle, and the number of its crash report.
    pub(crate) given: Vec<Interval>,
    pub(crate) reported_n: Option<i64>,
    /// Whether it said farewell.
    pub(crate) has_said_farewell: bool,
    /// The numbers at which it is stopped, if the primary sees them.
    pub(crate) stopped_at: Option<Interval>,
}

impl SimPrimary {
    /// A primary that resumes from the durable rows.
    pub(crate) fn begin(plan: &RunPlan, durable: &RecordLedger) -> StepResult<Self> {
        let mut done = IntervalSet::new();
        for interval in durable.covered.iter() {
            done.insert(interval).map_err(|overlap| overlap.to_string())?;
        }
        let scheduler =
            Scheduler::new(plan.range, plan.question.aggregate, plan.policy, plan.seats as u32)
                .opening(plan.opening)
                .retries(plan.retries)
                .credit(plan.question.credit);
        let scheduler = plan.engine_settings.limited(plan.once(scheduler));
        let scheduler =
            if plan.question.leaves_out { scheduler.leave_out_failures() } else { scheduler };
        let scheduler = if plan.is_undivided() { scheduler.undivided() } else { scheduler };
        let scheduler = match plan.engine_settings.shuffle {
            Some(shuffle) => scheduler.shuffled(shuffle),
            None => scheduler,
        };
        let value = durable.value.clone();
        let scheduler = if done.is_empty() {
            scheduler
        } else {
            let resumed = scheduler.resume(&done, value, &durable.failures());
            resumed.map_err(|overlap| format!("cannot resume: {overlap}"))?
        };
        let mut scheduler = scheduler;
        scheduler.keep_lines(&durable.kept_spans(), durable.lowest_failure());
        let mut primary = Self::around(plan, scheduler);
        plan.engine_settings.apply(&mut primary.engine);
        let engine = &mut primary.engine;
        engine.set_halt(plan.early_end.halt, false);
        engine.set_deadline(plan.early_end.deadline_ns);
        engine.set_resumed(durable.numbers, durable.failed.len() as u128);
        if plan.sync_ns.is_some() {
            engine.set_durability(Durability::Journal { is_ahead: plan.once.is_some() });
        }
        if plan.question.aggregate.is_streamed() {
            engine.set_lines(LineDestination::Written { most: plan.line_reader.most_kept });
        }
        Ok(primary)
    }

    /// The part of an agent that leads its workers.
    pub(crate) fn at_agent(plan: &RunPlan) -> Self {
        let scheduler = Scheduler::open_ended(plan.question.aggregate, plan.seats as u32)
            .credit(plan.question.credit)
            .opening(plan.opening)
            .retries(plan.retries);
        let mut primary = Self::around(plan, plan.once(scheduler));
        primary.engine.set_durability(Durability::Confirmed);
        primary
    }

    pub(crate) fn around(plan: &RunPlan, scheduler: Scheduler) -> Self {
        let seat = || WorkerSeat {
            pid: None,
            packer: Packer::new(WorkerId(0), plan.frame_limit),
            window: 0,
            silences: 0,
            last_frame_ns: 0,
            is_quiet: false,
            is_silent: false,
            losses: 0,
            given: Vec::new(),
            reported_n: None,
            has_said_farewell: false,
            stopped_at: None,
        };
        let at_once = usize::try_from(plan.read_most).unwrap_or(usize::MAX);
        let mut engine = engine::Primary::new(scheduler, plan.question.aggregate, plan.seats);
        engine.watch_records();
        plan.engine_settings.limit_silence(&mut engine);
        Self {
            engine,
            unpacker: Unpacker::new(plan.frame_limit, at_once),
            worker_seats: (0..plan.seats).map(|_| seat()).collect(),
            pids: Vec::new(),
            ended: Vec::new(),
            phase: RunPhase::Running,
            wake_at_ns: None,
            began_ns: 0,
            starts: 0,
            agent_sessions: BTreeMap::new(),
        }
    }
}
