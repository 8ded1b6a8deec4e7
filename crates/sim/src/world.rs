//! Simulated world: the virtual clock, the event loop, and the state of everything in a run.
//!
//! Nothing here depends on anything but the plan and the generator: no clock, no thread, no hash map. A test checks that two
//! runs from one seed are the same to the last byte.

mod agent_client;
mod agent_datagrams;
mod agent_faults;
mod agent_link_ends;
mod agent_server;
mod agent_streams;
mod begin_tracking;
mod early_end;
mod engine_outputs;
mod line_output;
mod primary_lifecycle;
mod primary_loop;
mod session_lifecycle;
mod shutdown;
mod worker_crashes;
mod worker_datagrams;
mod worker_faults;
mod worker_input;
mod worker_steps;

use crate::event_queue::{EventQueue, Pid, SessionId, SimEvent};
use crate::event_trace::EventTrace;
use crate::model::lossy_journal::LossyJournal;
use crate::model::pipe::BoundedPipe;
use crate::model::primary_connection::PrimaryConnection;
use crate::model::primary_process::SimPrimary;
use crate::model::session_state::SessionState;
use crate::model::worker_process::SimWorker;
use crate::options::SimTransport;
use crate::oracle::Oracle;
use crate::oracle::begin_ledger::BeginLedger;
use crate::plan::RunPlan;
use crate::plan::cost_model::DeadlyNumber;
use crate::plan::line_reader::OutputPipe;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::summary::Summary;
use evenly_testkit::random::Random;

/// More steps than any run needs; times [`STEPS_OF_DATAGRAMS`] where each frame is a datagram that is acknowledged,
/// lost and sent again.
const MOST_STEPS: u64 = 3_000_000;
const STEPS_OF_DATAGRAMS: u64 = 10;

/// An early end is complete after so long, a stopped worker and the dearest slice included.
pub(crate) const DRAIN_NS: u64 = 120_000_000_000;

pub(crate) struct SimWorld<'a> {
    pub(crate) plan: RunPlan,
    pub(crate) random: Random,
    pub(crate) now_ns: u64,
    pub(crate) queue: EventQueue,
    pub(crate) trace: EventTrace<'a>,
    pub(crate) stats: Summary,
    pub(crate) oracle: Oracle,
    pub(crate) processes: Vec<SimWorker>,
    /// Who waits for room in the result pipe.
    pub(crate) waiting: Vec<Pid>,
    pub(crate) results: BoundedPipe,
    /// Datagrams on their way, and looks at the links of agents.
    pub(crate) pending_link_events: usize,
    pub(crate) journal: LossyJournal,
    /// Where lines leave.
    pub(crate) output_pipe: OutputPipe,
    /// Begins that were sent since the journal was durable last.
    pub(crate) begun_now: u64,
    /// The most numbers that one assignment had.
    pub(crate) most_at_once: u64,
    pub(crate) primary: SimPrimary,
    /// How many primaries there were before this one.
    pub(crate) incarnation: u32,
    /// The deadly numbers with the times they still kill.
    pub(crate) deadly: Vec<DeadlyNumber>,
    /// When the run must be over, and when a drain must be.
    deadline_ns: u64,
    pub(crate) drain_deadline_ns: Option<u64>,
    pub(crate) is_over: bool,
    /// If this is an agent: what it knows of its primary.
    pub(crate) upstream: Option<PrimaryConnection>,
    /// If it is the primary: all sessions of agents, and by machine which one it is in.
    pub(crate) sessions: Vec<SessionState<SimWorld<'a>>>,
    pub(crate) session_of_machine: Vec<Option<SessionId>>,
}

impl<'a> SimWorld<'a> {
    pub(crate) fn new(plan: RunPlan, random: Random, trace: EventTrace<'a>) -> StepResult<Self> {
        let (whole, total) = (plan.range.interval(), plan.range.len());
        let deadly = plan.deadly.clone();
        let question = plan.question.clone();
        let journal = LossyJournal::new(question.aggregate);
        let mut oracle = Oracle::new(question, whole, total, deadly.clone(), plan.retries);
        oracle.begins = BeginLedger::new(plan.once.map(|once| once.counts));
        let output_pipe = OutputPipe::new(plan.line_reader.pipe);
        let primary = SimPrimary::begin(&plan, journal.durable())?;
        let deadline_ns = plan.faults.until_ns.saturating_add(plan.bound_ns());
        let results = BoundedPipe::new(plan.result_pipe);
        let stats = Summary {
            runs: 1,
            numbers: u64::try_from(total).ok().filter(|len| *len < 1 << 32).unwrap_or(0),
            ..Summary::default()
        };
        Ok(Self {
            plan,
            random,
            now_ns: 0,
            queue: EventQueue::default(),
            trace,
            stats,
            oracle,
            processes: Vec::new(),
            waiting: Vec::new(),
            results,
            pending_link_events: 0,
            journal,
            output_pipe,
            begun_now: 0,
            most_at_once: 0,
            primary,
            incarnation: 0,
            deadly,
            deadline_ns,
            drain_deadline_ns: None,
            is_over: false,
            upstream: None,
            sessions: Vec::new(),
            session_of_machine: Vec::new(),
        })
    }

    /// The world of an agent.
    pub(crate) fn at_agent(
        plan: RunPlan,
        random: Random,
        trace: EventTrace<'a>,
        (upstream, deadly): (PrimaryConnection, Vec<DeadlyNumber>),
        now_ns: u64,
    ) -> StepResult<Self> {
        let question = plan.question.clone();
        let mut oracle = Oracle::at_agent(question, plan.deadly.clone(), plan.retries);
        oracle.begins = BeginLedger::new(plan.once.map(|once| once.counts));
        let primary = SimPrimary::at_agent(&plan);
        let world = Self::new(plan, random, trace)?;
        let (upstream, stats) = (Some(upstream), Summary::default());
        // The trace of the primary has the steps of its agents, too.
        let deadline_ns = u64::MAX;
        Ok(Self { oracle, primary, upstream, deadly, stats, now_ns, deadline_ns, ..world })
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> StepResult {
        if let Some(at_ns) = self.plan.faults.drain_at_ns {
            self.queue.add(at_ns, SimEvent::Drain);
            if let Some(after_ns) = self.plan.early_end.second_signal_ns {
                self.queue.add(at_ns + after_ns, SimEvent::Drain);
            }
        }
        self.stats.rated += u64::from(self.plan.engine_settings.rate.is_some());
        for at_ns in self.plan.faults.crash_at_ns.clone() {
            self.queue.add(at_ns, SimEvent::PrimaryCrash);
        }
        self.schedule_agents();
        self.fill_all_seats()?;
        while !self.is_over {
            match self.next_agent_event().filter(|(at_ns, _)| *at_ns < self.next_event_ns()) {
                Some((at_ns, sid)) => {
                    self.advance_clock(at_ns)?;
                    self.run_agent_event(sid)?;
                }
                None => self.run_next_event()?,
            }
        }
        for sid in 0..self.sessions.len() {
            self.end_agent(sid);
        }
        self.stats.virtual_ms = self.now_ns / 1_000_000;
        self.stats.trace_hash = self.trace.hash();
        Ok(())
    }

    /// When something happens next.
    pub(crate) fn next_event_ns(&self) -> u64 {
        let next_ns = self.queue.next_event_ns().unwrap_or(u64::MAX);
        self.primary.wake_at_ns.map_or(next_ns, |wake_ns| wake_ns.min(next_ns))
    }

    /// Lets happen what is next.
    pub(crate) fn run_next_event(&mut self) -> StepResult {
        let next_ns = self.queue.next_event_ns().unwrap_or(u64::MAX);
        if let Some(wake_ns) = self.primary.wake_at_ns.filter(|wake_ns| *wake_ns <= next_ns) {
            self.advance_clock(wake_ns)?;
            return self.run_primary_turn();
        }
        let Some((at_ns, event)) = self.queue.pop() else {
            return Err("nothing will happen any more".into());
        };
        self.advance_clock(at_ns)?;
        self.handle_event(event)
    }

    fn handle_event(&mut self, event: SimEvent) -> StepResult {
        match event {
            SimEvent::StreamBytes { sid, side } => self.deliver_stream_bytes(sid, side),
            SimEvent::AgentDatagram { sid, side, segment } => {
                self.pending_link_events -= 1;
                self.agent_datagram_arrives(sid, side, &segment)
            }
            SimEvent::AgentLinkTimer { sid, side } => {
                self.pending_link_events -= 1;
                self.check_agent_link(sid, side)
            }
            SimEvent::LinkLost { sid, side } => self.link_is_lost(sid, side),
            SimEvent::AgentConnects { machine } => self.connect_agent(machine),
            SimEvent::AgentFault { machine } => self.inject_agent_fault(machine),
            SimEvent::AgentContinues { sid } => self.continue_agent(sid),
            SimEvent::WorkerStep { pid } => self.step_worker(pid),
            SimEvent::WorkerStatus { pid } => self.observe_worker(pid),
            SimEvent::WorkerContinues { pid } => self.continue_worker(pid),
            // An event for an earlier primary has no receiver any more.
            SimEvent::JournalSynced { incarnation }
            | SimEvent::ReaderReads { incarnation }
            | SimEvent::RawFrameToPrimary { incarnation, .. }
            | SimEvent::WorkerLinkTimer { incarnation, .. }
                if incarnation != self.incarnation =>
            {
                Ok(())
            }
            SimEvent::JournalSynced { .. } => self.finish_sync(),
            SimEvent::ReaderReads { .. } => self.run_reader(),
            SimEvent::Drain => self.begin_drain(),
            SimEvent::PrimaryCrash => self.crash_primary(),
            SimEvent::WorkerDatagram { incarnation, pid, side, segment } => {
                self.pending_link_events -= 1;
                if incarnation == self.incarnation {
                    self.worker_datagram_arrives(pid, side, &segment)
                } else {
                    Ok(())
                }
            }
            SimEvent::WorkerLinkTimer { pid, side, .. } => self.check_worker_link(pid, side),
            SimEvent::RawFrameToPrimary { pid, frame, .. } => self.receive_at_primary(pid, &frame),
            SimEvent::RawFrameToWorker { pid, frame } => self.receive_at_worker(pid, frame),
        }
    }

    /// The clock does not go back: a timer of a link that ran out while its process was stopped is due now.
    fn advance_clock(&mut self, event_ns: u64) -> StepResult {
        self.now_ns = self.now_ns.max(event_ns);
        if self.upstream.is_none() {
            self.trace.set_time(self.now_ns);
        }
        self.stats.steps += 1;
        let times = if self.plan.transport == SimTransport::Datagrams
            || !self.session_of_machine.is_empty()
        {
            STEPS_OF_DATAGRAMS
        } else {
            1
        };
        let is_endless = self.stats.steps >= MOST_STEPS * times;
        check(!is_endless, || format!("no end after {MOST_STEPS} steps"))?;
        check(self.now_ns <= self.deadline_ns, || "no end after so long".into())?;
        let is_late = self.drain_deadline_ns.is_some_and(|deadline| self.now_ns > deadline);
        check(!is_late, || "no end after a drain".into())?;
        // Each process has a step, a notice, a continuation and a few looks due at most; without
        // channels, frames are on their way, as many as all windows hold.
        let room = self.plan.assignment_pipe / 24 + 8;
        let most = 64 + 16 * (self.plan.seats + 1) * (room + 64) + 8 * self.processes.len();
        let most = most
            + self.pending_link_events
            + 8 * self.sessions.len()
            + 4 * self.session_of_machine.len();
        check(self.queue.len() <= most, || format!("{} events are due", self.queue.len()))
    }

    /// Whether things are still being broken.
    pub(crate) fn are_faults_active(&self) -> bool {
        let Summary {
            kills,
            exits,
            stops,
            garbage,
            workers_interrupted,
            crash_reports_corrupted,
            ..
        } = self.stats;
        let broken =
            kills + exits + stops + garbage + workers_interrupted + crash_reports_corrupted;
        self.now_ns < self.plan.faults.until_ns && broken < self.plan.faults.most
    }

    /// A short while, never the same.
    pub(crate) fn random_step_ns(&mut self) -> u64 {
        self.random.between(1, self.plan.step_ns)
    }
}
