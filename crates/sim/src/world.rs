//! The world: the clock, what will happen, and everything that lives in a run.
//!
//! Nothing here depends on anything but the plan and the generator: no clock, no thread, no order of
//! a hash map. Two runs from one seed are the same to the last byte, and a test says so.

mod agent_client;
mod agent_datagrams;
mod agent_faults;
mod agent_link_ends;
mod agent_server;
mod agent_streams;
mod begin_tracking;
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

use crate::event_queue::{Event, Pid, Queue, Sid};
use crate::event_trace::Tape;
use crate::model::lossy_journal::Journal;
use crate::model::pipe::Pipe;
use crate::model::primary_connection::Upstream;
use crate::model::primary_process::Primary;
use crate::model::session_state::Session;
use crate::model::worker_process::Process;
use crate::options::Transport;
use crate::oracle::Oracle;
use crate::oracle::begin_ledger::Fates;
use crate::plan::Plan;
use crate::plan::cost_model::Deadly;
use crate::plan::line_reader::Outlet;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::summary::Summary;
use evenly_testkit::random::Random;

/// More steps than any run needs; times [`STEPS_OF_DATAGRAMS`] where each frame is a datagram that is acknowledged,
/// lost and sent again.
const MOST_STEPS: u64 = 3_000_000;
const STEPS_OF_DATAGRAMS: u64 = 10;

/// An early end is complete after so long, a stopped worker and the dearest slice included.
pub(crate) const DRAIN_NS: u64 = 120_000_000_000;

pub(crate) struct World<'a> {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) now_ns: u64,
    pub(crate) queue: Queue,
    pub(crate) tape: Tape<'a>,
    pub(crate) stats: Summary,
    pub(crate) oracle: Oracle,
    pub(crate) processes: Vec<Process>,
    /// Who waits for room in the result pipe.
    pub(crate) waiting: Vec<Pid>,
    pub(crate) results: Pipe,
    /// Datagrams on their way, and looks at the links of agents.
    pub(crate) flying: usize,
    pub(crate) journal: Journal,
    /// Where lines leave.
    pub(crate) outlet: Outlet,
    /// Begins that were sent since the journal was durable last.
    pub(crate) begun_now: u64,
    /// The most numbers that one assignment had.
    pub(crate) most_at_once: u64,
    pub(crate) primary: Primary,
    /// How many primaries there were before this one.
    pub(crate) life: u32,
    /// The deadly numbers with the times they still kill.
    pub(crate) deadly: Vec<Deadly>,
    /// When the run must be over, and when a drain must be.
    deadline_ns: u64,
    pub(crate) drain_deadline_ns: Option<u64>,
    pub(crate) is_over: bool,
    /// If this is an agent: what it knows of its primary.
    pub(crate) upstream: Option<Upstream>,
    /// If it is the primary: all sessions of agents, and by machine which one it is in.
    pub(crate) sessions: Vec<Session<World<'a>>>,
    pub(crate) at_home: Vec<Option<Sid>>,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: Plan, random: Random, tape: Tape<'a>) -> Outcome<Self> {
        let (whole, total) = (plan.range.interval(), plan.range.len());
        let deadly = plan.deadly.clone();
        let question = plan.question.clone();
        let journal = Journal::new(question.aggregate);
        let mut oracle = Oracle::new(question, whole, total, deadly.clone(), plan.retries);
        oracle.fates = Fates::new(plan.once.map(|once| once.counts));
        let outlet = Outlet::new(plan.reader.pipe);
        let primary = Primary::begin(&plan, journal.durable())?;
        let deadline_ns = plan.faults.until_ns.saturating_add(plan.bound_ns());
        let results = Pipe::new(plan.result_pipe);
        let stats = Summary {
            runs: 1,
            numbers: u64::try_from(total).ok().filter(|len| *len < 1 << 32).unwrap_or(0),
            ..Summary::default()
        };
        Ok(Self {
            plan,
            random,
            now_ns: 0,
            queue: Queue::default(),
            tape,
            stats,
            oracle,
            processes: Vec::new(),
            waiting: Vec::new(),
            results,
            flying: 0,
            journal,
            outlet,
            begun_now: 0,
            most_at_once: 0,
            primary,
            life: 0,
            deadly,
            deadline_ns,
            drain_deadline_ns: None,
            is_over: false,
            upstream: None,
            sessions: Vec::new(),
            at_home: Vec::new(),
        })
    }

    /// The world of an agent.
    pub(crate) fn at_agent(
        plan: Plan,
        random: Random,
        tape: Tape<'a>,
        (upstream, deadly): (Upstream, Vec<Deadly>),
        now_ns: u64,
    ) -> Outcome<Self> {
        let question = plan.question.clone();
        let mut oracle = Oracle::at_agent(question, plan.deadly.clone(), plan.retries);
        oracle.fates = Fates::new(plan.once.map(|once| once.counts));
        let primary = Primary::at_agent(&plan);
        let world = Self::new(plan, random, tape)?;
        let (upstream, stats) = (Some(upstream), Summary::default());
        // The trace of the primary has the steps of its agents, too.
        let deadline_ns = u64::MAX;
        Ok(Self { oracle, primary, upstream, deadly, stats, now_ns, deadline_ns, ..world })
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> Outcome {
        if let Some(at_ns) = self.plan.faults.drain_at_ns {
            self.queue.add(at_ns, Event::Drain);
        }
        for at_ns in self.plan.faults.crash_at_ns.clone() {
            self.queue.add(at_ns, Event::Crash);
        }
        self.invite();
        self.fill_all_seats()?;
        while !self.is_over {
            match self.next_agent().filter(|(at_ns, _)| *at_ns < self.next_ns()) {
                Some((at_ns, sid)) => {
                    self.advance(at_ns)?;
                    self.proceed_at(sid)?;
                }
                None => self.proceed()?,
            }
        }
        for sid in 0..self.sessions.len() {
            self.end_at_agent(sid);
        }
        self.stats.virtual_ms = self.now_ns / 1_000_000;
        self.stats.trace_hash = self.tape.hash();
        Ok(())
    }

    /// When something happens next.
    pub(crate) fn next_ns(&self) -> u64 {
        let next_ns = self.queue.next_ns().unwrap_or(u64::MAX);
        self.primary.wake_at_ns.map_or(next_ns, |wake_ns| wake_ns.min(next_ns))
    }

    /// Lets happen what is next.
    pub(crate) fn proceed(&mut self) -> Outcome {
        let next_ns = self.queue.next_ns().unwrap_or(u64::MAX);
        if let Some(wake_ns) = self.primary.wake_at_ns.filter(|wake_ns| *wake_ns <= next_ns) {
            self.advance(wake_ns)?;
            return self.wake();
        }
        let Some((at_ns, event)) = self.queue.pop() else {
            return Err("nothing will happen any more".into());
        };
        self.advance(at_ns)?;
        self.happen(event)
    }

    fn happen(&mut self, event: Event) -> Outcome {
        match event {
            Event::Bytes { sid, side } => self.move_bytes(sid, side),
            Event::Segment { sid, side, segment } => {
                self.flying -= 1;
                self.segment_arrives(sid, side, &segment)
            }
            Event::LookAt { sid, side } => {
                self.flying -= 1;
                self.look_at(sid, side)
            }
            Event::Gone { sid, side } => self.gone(sid, side),
            Event::Come { machine } => self.come(machine),
            Event::Trouble { machine } => self.befall(machine),
            Event::Wake { sid } => self.wake_agent(sid),
            Event::Step { pid } => self.step(pid),
            Event::Notice { pid } => self.notice(pid),
            Event::Continue { pid } => self.go_on(pid),
            // An event for an earlier primary has no receiver any more.
            Event::Synced { life }
            | Event::Read { life }
            | Event::Heard { life, .. }
            | Event::Look { life, .. }
                if life != self.life =>
            {
                Ok(())
            }
            Event::Synced { .. } => self.synced(),
            Event::Read { .. } => self.read_lines(),
            Event::Drain => self.drain(),
            Event::Crash => self.crash(),
            Event::Datagram { life, pid, side, segment } => {
                self.flying -= 1;
                if life == self.life { self.arrive(pid, side, &segment) } else { Ok(()) }
            }
            Event::Look { pid, side, .. } => self.look(pid, side),
            Event::Heard { pid, frame, .. } => self.heard(pid, &frame),
            Event::Told { pid, frame } => self.told(pid, frame),
        }
    }

    fn advance(&mut self, now_ns: u64) -> Outcome {
        self.now_ns = now_ns;
        if self.upstream.is_none() {
            self.tape.tell_time(now_ns);
        }
        self.stats.steps += 1;
        let times = if self.plan.transport == Transport::Datagrams || !self.at_home.is_empty() {
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
        let most = most + self.flying + 8 * self.sessions.len() + 4 * self.at_home.len();
        check(self.queue.len() <= most, || format!("{} events are due", self.queue.len()))
    }

    /// Whether things are still being broken.
    pub(crate) fn is_phase_one(&self) -> bool {
        let Summary { kills, exits, stops, garbage, gasps_asked, gasps_spoilt, .. } = self.stats;
        let broken = kills + exits + stops + garbage + gasps_asked + gasps_spoilt;
        self.now_ns < self.plan.faults.until_ns && broken < self.plan.faults.most
    }

    /// A short while, never the same.
    pub(crate) fn moment_ns(&mut self) -> u64 {
        self.random.between(1, self.plan.step_ns)
    }
}
