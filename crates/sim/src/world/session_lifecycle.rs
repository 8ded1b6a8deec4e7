//! Lifecycle of agent sessions: connect, pause, continue and end.

use crate::event_queue::{SessionId, SimEvent};
use crate::model::agent_link::{AGENT, AgentLink, PRIMARY};
use crate::model::agent_seat::AgentSeat;
use crate::model::primary_connection::{PrimaryConnection, SessionEndCause};
use crate::model::session_state::{PAUSE_NS, SessionState};
use crate::plan::RunPlan;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::frame::Packer;
use evenly_core::hello::{Hello, Program, Welcome};
use evenly_testkit::random::Random;
use std::num::NonZeroU32;

impl SessionState<SimWorld<'_>> {
    pub(crate) fn is_stopped(&self) -> bool {
        self.paused_since_ns.is_some()
    }

    /// The link of a session, and the packer at one end.
    pub(crate) fn link_and_packer(&mut self, side: usize) -> (&mut AgentLink, Option<&mut Packer>) {
        let held = if side == PRIMARY {
            self.agent_seat.as_mut().map(|seat| &mut seat.packer)
        } else {
            let upstream = self.agent.as_mut().and_then(|agent| agent.upstream.as_mut());
            upstream.map(|upstream| &mut upstream.packer)
        };
        (&mut self.link, held.or(self.unsent[side].as_mut()))
    }

    /// Time of the next event of the agent, on the clock of the primary.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        let agent = self.agent.as_ref().filter(|_| !self.is_stopped())?;
        Some(agent.next_event_ns().saturating_add(self.paused_total_ns))
    }
}

impl<'a> SimWorld<'a> {
    /// Starts the agents.
    pub(crate) fn schedule_agents(&mut self) {
        for (number, machine) in self.plan.agents.machines.iter().enumerate() {
            self.queue.add(machine.connects_at_ns, SimEvent::AgentConnects { machine: number });
            if self.plan.agents.faults.every_ns > 0 {
                let at_ns =
                    machine.connects_at_ns + self.random.below(self.plan.agents.faults.every_ns);
                self.queue.add(at_ns, SimEvent::AgentFault { machine: number });
            }
        }
        self.session_of_machine = vec![None; self.plan.agents.machines.len()];
    }

    /// The session whose agent has the next event, and the time of it.
    pub(crate) fn next_agent_event(&self) -> Option<(u64, SessionId)> {
        let sessions = self.session_of_machine.iter().flatten();
        sessions.filter_map(|sid| Some((self.sessions[*sid].due_ns()?, *sid))).min()
    }

    /// An agent processes its next event, and sends its frames.
    pub(crate) fn run_agent_event(&mut self, sid: SessionId) -> StepResult {
        let session = &mut self.sessions[sid];
        if let Some(agent) = &mut session.agent {
            let machine = session.machine + 1;
            agent.run_next_event().map_err(|reason| format!("agent {machine}: {reason}"))?;
        }
        self.end_session_if_over(sid)?;
        self.send_packed(sid, AGENT)
    }

    /// The agent of a session, with its clock set.
    pub(crate) fn agent(&mut self, sid: SessionId) -> Option<&mut SimWorld<'a>> {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        let agent = session.agent.as_deref_mut()?;
        agent.now_ns = session.paused_since_ns.unwrap_or(now_ns) - session.paused_total_ns;
        Some(agent)
    }

    /// The agent of a machine says hello; a primary, if there is one, accepts it.
    pub(crate) fn connect_agent(&mut self, machine: usize) -> StepResult {
        if self.session_of_machine[machine].is_some() {
            return Ok(());
        }
        if !self.is_running() {
            // No primary listens, or the primary only says that the run is over.
            self.schedule_connect(machine, PAUSE_NS);
            return Ok(());
        }
        let place = self.plan.agents.machines[machine].clone();
        let hello = Hello {
            workers: NonZeroU32::new(place.slowness.len() as u32).unwrap_or(NonZeroU32::MIN),
            pid: self.random.next() as u32,
            boot: [machine as u8; 16],
            program: Program::None,
            host: format!("machine {machine}"),
            program_name: String::new(),
        };
        let welcome = Welcome {
            job: u64::from(self.incarnation),
            aggregate: self.plan.question.aggregate,
            retries: self.plan.retries,
            range: self.plan.range.interval(),
            timeout_ns: 0,
            grace_ns: 0,
            memory: 0,
            chunk_min: 1,
            program: Program::None,
            function: "modulo".into(),
            supplement: 0,
        };
        let hello = Hello::decode(&hello.encode()).map_err(|error| error.to_string())?;
        let welcome = Welcome::decode(&welcome.encode()).map_err(|error| error.to_string())?;
        let sid = self.sessions.len();
        let limit = self.plan.frame_limit;
        let plan = self.plan.at_machine(&place, welcome.retries);
        let agent = self.make_agent(plan, machine)?;
        self.sessions.push(SessionState {
            machine,
            agent: Some(Box::new(agent)),
            agent_seat: Some(AgentSeat::new(hello.workers, limit, self.incarnation)),
            link: AgentLink::new(&place, limit, self.now_ns),
            unsent: [None, None],
            paused_total_ns: 0,
            paused_since_ns: None,
            is_cut_off: false,
        });
        self.session_of_machine[machine] = Some(sid);
        self.trace.record("agent comes", sid as u64, machine as u64 + 1);
        self.send_packed(sid, AGENT)
    }

    fn make_agent(&mut self, plan: RunPlan, machine: usize) -> StepResult<SimWorld<'a>> {
        let random = Random::new(self.random.next());
        let trace = self.trace.for_agent(machine + 1);
        let upstream = PrimaryConnection::new(&plan, self.now_ns);
        let deadly = self.deadly.clone();
        let mut agent = SimWorld::at_agent(plan, random, trace, (upstream, deadly), self.now_ns)?;
        agent.fill_all_seats()?;
        Ok(agent)
    }

    fn schedule_connect(&mut self, machine: usize, after_ns: u64) {
        let in_ns = after_ns + self.random.magnitude(1_000, PAUSE_NS);
        self.queue.add(self.now_ns + in_ns, SimEvent::AgentConnects { machine });
    }

    /// The agent ends its session and waits for its workers.
    pub(crate) fn end_agent(&mut self, sid: SessionId) {
        let session = &mut self.sessions[sid];
        let Some(mut agent) = session.agent.take() else { return };
        let machine = session.machine;
        if let Some(upstream) = agent.upstream.take() {
            session.unsent[AGENT] = Some(upstream.packer);
        }
        session.paused_since_ns = None;
        self.session_of_machine[machine] = None;
        self.add_agent_counts(&agent);
    }

    /// Adds the events of an agent to those of the run.
    pub(crate) fn add_agent_counts(&mut self, agent: &SimWorld<'_>) {
        let mut stats = agent.stats;
        stats.failed_at_agents = std::mem::take(&mut stats.quarantined);
        stats.failed_alone = 0;
        stats.stale_answers += agent.primary.engine.scheduler().stale_answers();
        self.stats.add(&stats);
    }

    /// Ends the agent of a session if it is done.
    pub(crate) fn end_session_if_over(&mut self, sid: SessionId) -> StepResult {
        let Some(agent) = self.agent(sid) else { return Ok(()) };
        let failures = std::mem::take(&mut agent.oracle.reportable);
        let begun = agent.oracle.begins.take_begun();
        let end = agent.upstream.as_ref().and_then(PrimaryConnection::end);
        self.oracle.failed_at_agents.extend(failures);
        self.add_begun_at_agent(begun)?;
        let Some(end) = end else { return Ok(()) };
        let machine = self.sessions[sid].machine;
        self.trace.record("agent ends", sid as u64, machine as u64 + 1);
        self.trace.comment(|| format!("{end:?}"));
        self.end_agent(sid);
        self.close_link_end(sid, AGENT)?;
        match end {
            // Its launcher starts it again for the next primary.
            SessionEndCause::Over => self.stats.agents_finished += 1,
            SessionEndCause::Left => self.stats.agents_left += 1,
            SessionEndCause::GivenUp => self.stats.agents_given_up += 1,
            SessionEndCause::Silent => self.stats.primaries_silent += 1,
            SessionEndCause::Protocol => {
                check(false, || "an honest primary is not understood".into())?;
            }
        }
        self.schedule_return(machine, PAUSE_NS);
        Ok(())
    }

    /// The agent of a machine is gone: decides whether and when it comes back.
    pub(crate) fn schedule_return(&mut self, machine: usize, after_ns: u64) {
        let always_returns = self.plan.agents.machines[machine].always_returns;
        let is_lost = !always_returns && self.random.happens(self.plan.agents.faults.permanent);
        if is_lost {
            self.trace.record("stays away", machine as u64 + 1, 0);
        } else {
            self.schedule_connect(machine, after_ns);
        }
    }

    /// Stops the agent of a session, with its workers.
    pub(crate) fn pause_agent(&mut self, sid: SessionId) {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        session.paused_since_ns.get_or_insert(now_ns);
    }

    /// The stopped agent of a session goes on.
    pub(crate) fn continue_agent(&mut self, sid: SessionId) -> StepResult {
        let (now_ns, until_ns) = (self.now_ns, self.plan.faults.until_ns);
        let session = &mut self.sessions[sid];
        let Some(since_ns) = session.paused_since_ns.take() else { return Ok(()) };
        session.paused_total_ns += now_ns - since_ns;
        let paused_total_ns = session.paused_total_ns;
        if let Some(agent) = self.agent(sid) {
            agent.plan.faults.until_ns = until_ns.saturating_sub(paused_total_ns);
            agent.wake_in(1);
        }
        self.trace.record("agent goes on", sid as u64, 0);
        self.stats.agents_continued += 1;
        self.resume_agent_link(sid);
        if std::mem::take(&mut self.sessions[sid].is_cut_off) {
            return self.end_lost_session(sid);
        }
        self.send_packed(sid, AGENT)
    }

    /// The agent of a session learns that its primary or its connection is gone.
    pub(crate) fn end_lost_session(&mut self, sid: SessionId) -> StepResult {
        if self.sessions[sid].is_stopped() {
            self.sessions[sid].is_cut_off = true;
            return Ok(());
        }
        if let Some(agent) = self.agent(sid) {
            // The agent first reads the bytes that arrived before.
            agent.run_primary_turn()?;
        }
        self.end_session_if_over(sid)?;
        if self.sessions[sid].agent.is_some() {
            self.end_agent(sid);
            self.schedule_return(self.sessions[sid].machine, 0);
        }
        self.close_link_end(sid, AGENT)
    }
}
