//! Plan of a run: everything that the seed decides before the run starts.
//!
//! Each kind of fault has a rate of its own, often zero: some runs have one kind of fault, others all of them.

pub(crate) mod agent_plan;
mod at_most_once;
pub(crate) mod cost_model;
pub(crate) mod crash_reports;
pub(crate) mod early_end;
pub(crate) mod engine_settings;
pub(crate) mod fault_rates;
pub(crate) mod line_reader;
pub(crate) mod once_setting;
pub(crate) mod question;
mod workload_draw;

use crate::options::{SimOptions, SimTransport};
use crate::plan::agent_plan::{AgentMachine, AgentPlan};
use crate::plan::cost_model::{CostModel, DeadlyNumber};
use crate::plan::crash_reports::CrashReportPlan;
use crate::plan::early_end::EarlyEnd;
use crate::plan::engine_settings::EngineSettings;
use crate::plan::fault_rates::{FaultRates, SECOND};
use crate::plan::line_reader::LineReader;
use crate::plan::once_setting::AtMostOnce;
use crate::plan::question::{LONGEST_LINE, SimQuestion};
use crate::plan::workload_draw::{draw_cost, draw_deadly, draw_policy, draw_range};
use evenly_core::{Policy, Range};
use evenly_testkit::random::Random;

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct RunPlan {
    pub(crate) range: Range,
    pub(crate) policy: Policy,
    pub(crate) seats: usize,
    pub(crate) retries: u8,
    pub(crate) opening: u64,
    pub(crate) cost: CostModel,
    /// By seat: nanoseconds that its worker takes for a thousandth of the cost.
    pub(crate) slowness: Vec<u64>,
    pub(crate) deadly: Vec<DeadlyNumber>,
    pub(crate) transport: SimTransport,
    /// Longest frame and capacity of the pipes, in bytes.
    pub(crate) frame_limit: usize,
    pub(crate) assignment_pipe: usize,
    pub(crate) result_pipe: usize,
    /// Most bytes of one read.
    pub(crate) read_most: u64,
    /// How long a worker computes before it reads, answers, reports.
    pub(crate) slice_ns: u64,
    pub(crate) overdue_ns: u64,
    pub(crate) report_ns: u64,
    /// Longest time of any other step.
    pub(crate) step_ns: u64,
    /// How long the primary may take to notice something.
    pub(crate) turn_ns: u64,
    /// How long a journal takes to make something durable; `None` without a journal.
    pub(crate) sync_ns: Option<u64>,
    pub(crate) faults: FaultRates,
    pub(crate) agents: AgentPlan,
    pub(crate) question: SimQuestion,
    pub(crate) line_reader: LineReader,
    pub(crate) crash_reports: CrashReportPlan,
    pub(crate) once: Option<AtMostOnce>,
    pub(crate) engine_settings: EngineSettings,
    pub(crate) early_end: EarlyEnd,
}

impl RunPlan {
    /// Whether chunks are withdrawn as a whole only: some of the plans with chunks of one length, without a draw.
    pub(crate) fn is_undivided(&self) -> bool {
        matches!(self.policy, Policy::Fixed(_)) && self.retries % 2 == 1
    }

    pub(crate) fn draw(random: &mut Random, options: &SimOptions) -> Self {
        let (range, is_huge) = draw_range(random);
        let seats = if random.once_in(5) { 1 } else { random.between(1, 8) as usize };
        let transport = options.transport.unwrap_or_else(|| match random.below(6) {
            0 => SimTransport::Datagrams,
            _ => SimTransport::Pipes,
        });
        let cost = draw_cost(random, range, is_huge);
        let frame_limit = match random.below(3) {
            0 => 4096,
            1 => random.between(64, 160) as usize,
            _ => random.magnitude(64, 4096) as usize,
        };
        let slowest_turn_ns = if random.once_in(3) { 30_000_000 } else { 100_000 };
        let mut plan = Self {
            range,
            policy: draw_policy(random, range, is_huge),
            seats,
            retries: random.pick(&[0, 1, 2, 2, 2, 3]),
            opening: if random.once_in(3) { random.magnitude(1, 1000) } else { 1 },
            cost,
            slowness: (0..seats).map(|_| random.pick(&[900, 1000, 1000, 1500, 4000])).collect(),
            deadly: Vec::new(),
            transport,
            frame_limit,
            assignment_pipe: frame_limit.max(random.magnitude(64, 1 << 16) as usize),
            result_pipe: frame_limit.max(random.magnitude(64, 1 << 16) as usize),
            read_most: random.magnitude(1, 1 << 16),
            slice_ns: random.magnitude(1_000_000, 50_000_000),
            overdue_ns: random.pick(&[0, 1_000_000, 1_000_000, 100_000_000]),
            report_ns: random.magnitude(1_000_000, 100_000_000),
            step_ns: random.magnitude(100, 100_000),
            turn_ns: random.magnitude(100, slowest_turn_ns),
            sync_ns: random.once_in(2).then(|| random.magnitude(1_000, SECOND / 5)),
            faults: FaultRates::default(),
            agents: AgentPlan::default(),
            question: SimQuestion::count(),
            line_reader: LineReader::default(),
            crash_reports: CrashReportPlan::default(),
            once: None,
            engine_settings: EngineSettings::default(),
            early_end: EarlyEnd::default(),
        };
        // A primary with slow turns reads much at once; and a long range means many answers.
        let least = (plan.turn_ns / 1000).max(if is_huge { 128 } else { 1 });
        plan.read_most = plan.read_most.max(least);
        // Slices must be long enough for the longest runs to end.
        plan.slice_ns = plan.slice_ns.max(plan.work_ns() / 50_000);
        plan.report_ns = plan.report_ns.max(plan.work_ns() / 50_000);
        if plan.transport == SimTransport::Raw {
            // A slice that was sized by cheap numbers and meets dear ones must end before its worker
            // is taken for silent; there are no heartbeats here.
            plan.cost.cliff_times = plan.cost.cliff_times.min(50);
            plan.cost.expensive_ns = plan.cost.expensive_ns.min(SECOND / 20);
        }
        if options.are_faults_wanted {
            plan.deadly = draw_deadly(random, range);
            plan.faults = draw_faults(random, &plan);
        }
        plan
    }

    /// Adds agents, drawn by a generator of their own.
    pub(crate) fn draw_agents(&mut self, random: &mut Random, options: &SimOptions) {
        if self.transport != SimTransport::Pipes || !options.agents.unwrap_or(random.once_in(2)) {
            return;
        }
        self.agents = AgentPlan::draw(random, options.are_faults_wanted);
        if random.once_in(3) {
            // None but agents; so one of them comes back whatever happens.
            self.seats = 0;
            self.agents.machines[0].always_returns = true;
        }
        if options.are_faults_wanted {
            // Long enough for an agent to be silent, now and then.
            if random.once_in(2) {
                self.faults.until_ns = self.faults.until_ns.max(random.between(1, 40) * SECOND);
            }
            self.agents.draw_fault_interval(random, self.faults.until_ns);
        }
    }

    /// Decides what is asked, drawn by a generator of its own.
    pub(crate) fn draw_question(&mut self, random: &mut Random, options: &SimOptions) {
        let whole = self.range.interval();
        self.question = SimQuestion::draw(random, whole, options);
        let lines = self.range.len().min(4096) as u64;
        self.line_reader = LineReader::draw(random, lines, options.are_faults_wanted);
    }

    /// The plan for the workers of one machine.
    pub(crate) fn at_machine(&self, machine: &AgentMachine, retries: u8) -> Self {
        let FaultRates { until_ns, most, .. } = self.faults;
        let are_spared = self.agents.are_workers_spared;
        let faults = if are_spared {
            FaultRates { until_ns, most, ..FaultRates::default() }
        } else {
            FaultRates { drain_at_ns: None, crash_at_ns: Vec::new(), ..self.faults.clone() }
        };
        let (slowness, seats) = (machine.slowness.clone(), machine.slowness.len());
        let crash_reports = if are_spared {
            self.crash_reports.without_outside_faults()
        } else {
            self.crash_reports.clone()
        };
        let agents = AgentPlan { report_ns: self.agents.report_ns, ..AgentPlan::default() };
        Self {
            slowness,
            seats,
            retries,
            sync_ns: None,
            faults,
            crash_reports,
            agents,
            ..self.clone()
        }
    }

    /// Time that the slowest worker would take for the whole range.
    pub(crate) fn work_ns(&self) -> u64 {
        let machines = self.agents.machines.iter().flat_map(|machine| &machine.slowness);
        let slowest = self.slowness.iter().chain(machines).max().copied().unwrap_or(1000);
        let ns = self.range.interval().map_or(0, |whole| self.cost.of(whole));
        ns.saturating_mul(slowest) / 1000
    }

    /// Time of all waits for credit; each lasts until lines are durable.
    fn trips_ns(&self) -> u64 {
        let lines = self.range.len().min(4096) as u64;
        // Credit comes in quarters; what a report counts for is no more than two lines.
        let trips = lines.min(lines * 8 * LONGEST_LINE / u64::from(self.question.credit));
        let is_due = self.question.aggregate.is_streamed();
        let trip_ns = self.engine_settings.sync_ns(self.sync_ns) + 2 * self.turn_ns;
        if is_due { trips * trip_ns } else { 0 }
    }

    /// How long phase two may take. A deadly number is searched by halving, each time with a part
    /// of its chunk computed again, in pauses of at most a second; silence takes five.
    pub(crate) fn bound_ns(&self) -> u64 {
        let searches = self.deadly.len() as u64 * (70 + 4 * u64::from(self.retries));
        // Each agent may have to search for itself, and again when it comes back.
        let agents = self.agents.machines.len() as u64;
        let searches = searches * (1 + 2 * agents);
        let again = self.work_ns().saturating_mul(4 + 2 * agents + searches);
        // A slow primary in front of a short pipe may take a turn for each frame.
        let turns = 30_000 * self.turn_ns;
        let turns = turns + self.line_reader.bound_ns() + self.trips_ns() + self.once_ns();
        let turns = turns + self.engine_settings.bound_ns();
        let silences = if self.transport == SimTransport::Pipes { 0 } else { 40 * 25 * SECOND };
        again.saturating_add(turns + silences + (120 + 200 * agents + 2 * searches) * SECOND)
    }
}

fn draw_faults(random: &mut Random, plan: &RunPlan) -> FaultRates {
    let about_ns = plan.work_ns() / plan.seats as u64 + 20 * plan.step_ns;
    let about_ns = about_ns.min(20 * SECOND);
    let until_ns = about_ns * random.between(1, 30) / 10;
    let rate = |random: &mut Random, once_in: u64, rates: &[u32]| {
        if random.once_in(once_in) { random.pick(rates) } else { 0 }
    };
    let is_piped = plan.transport == SimTransport::Pipes;
    let mut faults = FaultRates {
        until_ns,
        most: random.magnitude(1, 1000),
        kill: rate(random, 2, &[300, 3_000, 20_000, 100_000, 600_000]),
        exit: rate(random, 4, &[300, 3_000, 20_000]),
        stop: rate(random, 3, &[300, 3_000, 20_000]),
        permanent: random.pick(&[0, 200_000, 1_000_000]),
        garbage: rate(random, 4, &[1_000, 20_000, 100_000]),
        refuse: rate(random, 4, &[50_000, 500_000]),
        lose: if is_piped { 0 } else { random.pick(&[0, 10_000, 100_000, 500_000]) },
        repeat: if is_piped { 0 } else { random.pick(&[0, 10_000, 200_000]) },
        late_ns: if is_piped { 0 } else { random.magnitude(100_000, 4 * SECOND) },
        cut: 0,
        vanish: 0,
        drain_at_ns: None,
        crash_at_ns: Vec::new(),
    };
    if !is_piped {
        faults.garbage = 0;
        faults.cut = rate(random, 3, &[1_000, 20_000]);
        faults.vanish = rate(random, 4, &[300, 3_000, 20_000]);
    }
    if random.once_in(6) {
        faults.drain_at_ns = Some(random.below(until_ns + 1));
    }
    if plan.sync_ns.is_some() && random.once_in(2) {
        let crashes = random.between(1, 4);
        faults.crash_at_ns = (0..crashes).map(|_| random.below(until_ns + 1)).collect();
        faults.crash_at_ns.sort_unstable();
    }
    faults
}
