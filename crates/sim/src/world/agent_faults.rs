//! Fault injection into the machines of agents: kills, stops, cut links and garbage.

use crate::event_queue::{SessionId, SimEvent};
use crate::model::agent_link::{AGENT, PRIMARY};
use crate::model::datagram_link::SILENCE_LIMIT_NS;
use crate::model::primary_connection::SessionEndCause;
use crate::plan::agent_plan::{AgentFault, AgentFaultRates};
use crate::step_result::StepResult;
use crate::world::SimWorld;
use evenly_core::frame::{Heartbeat, Packer, crash_report};
use evenly_core::{Assignment, Interval, LeaseId, WorkerId};

impl SimWorld<'_> {
    /// Injects the next fault into a machine.
    pub(crate) fn inject_agent_fault(&mut self, machine: usize) -> StepResult {
        if !self.are_faults_active() || self.is_over {
            return Ok(());
        }
        let AgentFaultRates { every_ns, .. } = self.plan.agents.faults;
        let in_ns = self.random.between(1, 2 * every_ns);
        self.queue.add(self.now_ns + in_ns, SimEvent::AgentFault { machine });
        let Some(sid) = self.session_of_machine[machine] else { return Ok(()) };
        if self.sessions[sid].is_stopped() {
            return Ok(());
        }
        let trouble = self.plan.agents.faults.clone();
        let kind = trouble.pick(&mut self.random);
        self.trace.record("befalls", sid as u64, kind as u64);
        self.trace.comment(|| format!("{kind:?}"));
        match kind {
            AgentFault::Lose => self.lose_machine(sid),
            AgentFault::Stop => self.stop_agent(sid, trouble.permanent),
            AgentFault::Cut => self.cut_link(sid),
            // Over datagrams only silence ends a session.
            AgentFault::Break if !self.sessions[sid].link.is_stream() => self.cut_link(sid),
            AgentFault::Break => {
                self.stats.agent_links_broken += 1;
                let is_soon = [self.random.once_in(2), self.random.once_in(2)];
                self.break_stream(sid, is_soon);
                Ok(())
            }
            AgentFault::Leave => {
                if let Some(agent) = self.agent(sid) {
                    agent.leave_session(SessionEndCause::Left);
                }
                self.end_session_if_over(sid)
            }
            AgentFault::Garbage => self.send_agent_garbage(sid),
        }
    }

    /// Kills the agent, or the whole machine with the bytes in flight.
    fn lose_machine(&mut self, sid: SessionId) -> StepResult {
        self.stats.agents_killed += 1;
        let machine = self.sessions[sid].machine;
        // It may have reported the numbers that it had set apart.
        self.end_session_if_over(sid)?;
        self.end_agent(sid);
        let is_machine = self.random.once_in(2);
        self.drop_link_end(sid, AGENT, is_machine);
        let away_ns = self.random.magnitude(1_000_000, 20_000_000_000);
        self.schedule_return(machine, away_ns);
        Ok(())
    }

    fn stop_agent(&mut self, sid: SessionId, permanent: u32) -> StepResult {
        self.stats.agents_stopped += 1;
        let always_returns = self.plan.agents.machines[self.sessions[sid].machine].always_returns;
        self.pause_agent(sid);
        if always_returns || !self.random.happens(permanent) {
            // Some stop for longer than the limit of silence and shorter than the limit of loss.
            let ns = if self.random.once_in(2) {
                self.random.between(4_000_000_000, 14_000_000_000)
            } else {
                self.random.magnitude(1_000_000, 30_000_000_000)
            };
            self.queue.add(self.now_ns + ns, SimEvent::AgentContinues { sid });
        }
        Ok(())
    }

    /// Cuts the link for a while; a long cut breaks a stream.
    fn cut_link(&mut self, sid: SessionId) -> StepResult {
        self.stats.agent_links_cut += 1;
        let ns = self.random.magnitude(1_000_000, 40_000_000_000);
        self.trace.record("cut", sid as u64, ns);
        let link = &mut self.sessions[sid].link;
        link.cut_until_ns = self.now_ns + ns;
        if ns > SILENCE_LIMIT_NS && link.is_stream() {
            self.break_stream(sid, [false; 2]);
        }
        Ok(())
    }

    /// An agent sends garbage, or a frame that an agent may not send.
    fn send_agent_garbage(&mut self, sid: SessionId) -> StepResult {
        let limit = self.plan.frame_limit;
        if self.plan.crash_reports.are_sent && self.random.once_in(4) {
            // An agent reads the frames of its workers itself.
            let Some(seat) = &mut self.sessions[sid].agent_seat else { return Ok(()) };
            seat.is_faulty = true;
            self.stats.agent_garbage += 1;
            return self.receive_at_end(sid, PRIMARY, &crash_report(WorkerId(0), 7, None));
        }
        let mut lie = Packer::new(WorkerId(0), limit);
        let is_stream = self.sessions[sid].link.is_stream();
        let kind = self.random.below(if is_stream { 5 } else { 3 });
        match kind {
            0 => {
                let (lease, interval) = (LeaseId(self.random.next()), Interval::single(7));
                lie.assign([Assignment { lease, interval }]);
            }
            1 => lie.withdraw(LeaseId(self.random.next()), 2),
            2 => lie.partial(LeaseId(self.random.next()), &[1, 2, 3], 0),
            3 => lie.heartbeat(Heartbeat::OfAgent),
            _ => lie.farewell(1, 2),
        }
        lie.seal(0);
        let is_spoilt = kind >= 3 || is_stream && self.random.once_in(2);
        let bit = self.random.below(8 * lie.bytes().len() as u64) as usize;
        let Some(seat) = &mut self.sessions[sid].agent_seat else { return Ok(()) };
        seat.is_faulty = true;
        self.stats.agent_garbage += 1;
        if is_spoilt {
            // One bit of a frame is flipped.
            let mut bytes = lie.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            return self.receive_at_end(sid, PRIMARY, &bytes);
        }
        if let Some(agent) = self.agent(sid)
            && let Some(upstream) = &mut agent.upstream
        {
            upstream.packer.append(&lie);
        }
        self.send_packed(sid, AGENT)
    }
}
