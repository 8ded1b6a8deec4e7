//! Datagrams between the primary and agents: sent, lost, repeated, delayed and delivered.

use crate::event_queue::{SessionId, SimEvent};
use crate::model::agent_link::{AGENT, LinkTransport, SILENCE_LIMIT_NS};
use crate::plan::agent_plan::AgentPlan;
use crate::step_result::StepResult;
use crate::world::SimWorld;

impl SimWorld<'_> {
    /// Sends the datagrams that an end has to send, and arranges for it to look again.
    pub(crate) fn transmit_agent_link(&mut self, sid: SessionId, side: usize) {
        let now_ns = self.now_ns;
        let AgentPlan { lose, repeat, late_ns, .. } = self.plan.agents;
        let session = &mut self.sessions[sid];
        if side == AGENT && session.is_stopped() {
            return;
        }
        let is_cut = now_ns < session.link.cut_until_ns;
        let LinkTransport::Datagrams(ends) = &mut session.link.transport else { return };
        let mut segments = Vec::new();
        let mut segment = Vec::new();
        while ends[side].as_mut().is_some_and(|end| end.poll_transmit(now_ns, &mut segment)) {
            segments.push(std::mem::take(&mut segment));
        }
        if let Some(due_ns) = session.link.due_ns(side)
            && due_ns < session.link.timer_ns[side]
        {
            session.link.timer_ns[side] = due_ns;
            // An earlier look does not take a later one out of the queue.
            self.pending_link_events += 1;
            self.queue.add(due_ns.max(now_ns), SimEvent::AgentLinkTimer { sid, side });
        }
        for segment in segments {
            for at_ns in self.draw_arrivals(is_cut, (lose, repeat, late_ns)) {
                let segment = segment.clone();
                self.queue.add(at_ns, SimEvent::AgentDatagram { sid, side: 1 - side, segment });
                self.pending_link_events += 1;
            }
        }
    }

    /// A datagram reaches an end.
    pub(crate) fn agent_datagram_arrives(
        &mut self,
        sid: SessionId,
        side: usize,
        segment: &[u8],
    ) -> StepResult {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        let is_asleep = side == AGENT && session.is_stopped();
        let link = &mut session.link;
        let LinkTransport::Datagrams(ends) = &mut link.transport else { return Ok(()) };
        let Some(channel) = ends[side].as_mut().filter(|_| !is_asleep) else {
            self.stats.datagrams_lost += 1;
            return Ok(());
        };
        channel.arrived(segment, now_ns).map_err(|malformed| malformed.to_string())?;
        link.heard_ns[side] = now_ns;
        let mut frames = Vec::new();
        while let Some(frame) = channel.next_frame() {
            frames.push(frame.to_vec());
        }
        let (is_at_end, is_held) = (channel.is_at_end(), link.lingers_ns[side].is_none());
        for frame in frames.iter().filter(|_| is_held) {
            self.receive_at_end(sid, side, frame)?;
        }
        self.send_packed(sid, side)?;
        if is_at_end { self.link_is_lost(sid, side) } else { Ok(()) }
    }

    /// Something is due at an end over datagrams.
    pub(crate) fn check_agent_link(&mut self, sid: SessionId, side: usize) -> StepResult {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        if session.link.timer_ns[side] > now_ns {
            return Ok(());
        }
        session.link.timer_ns[side] = u64::MAX;
        if side == AGENT && session.is_stopped() {
            return Ok(());
        }
        if session.link.lingers_ns[side].is_some_and(|until_ns| now_ns >= until_ns) {
            self.drop_link_end(sid, side, false);
        } else if session.link.due_ns(side).is_some()
            && now_ns >= session.link.heard_ns[side] + SILENCE_LIMIT_NS
        {
            self.trace.record("hears nothing", sid as u64, side as u64);
            self.drop_link_end(sid, side, false);
            return self.link_is_lost(sid, side);
        }
        self.transmit_agent_link(sid, side);
        Ok(())
    }
}
