//! Datagrams between the primary and agents: sent, lost, repeated, delayed and delivered.

use crate::event_queue::{SessionId, SimEvent};
use crate::model::agent_link::{AGENT, LinkTransport};
use crate::model::datagram_link::Delivery;
use crate::plan::agent_plan::AgentPlan;
use crate::step_result::StepResult;
use crate::world::SimWorld;

impl SimWorld<'_> {
    /// Sends the datagrams of an end, and sets its timer.
    pub(crate) fn transmit_agent_link(&mut self, sid: SessionId, side: usize) {
        let now_ns = self.now_ns;
        let AgentPlan { lose, repeat, late_ns, .. } = self.plan.agents;
        let session = &mut self.sessions[sid];
        if side == AGENT && session.is_stopped() {
            return;
        }
        let is_cut = now_ns < session.link.cut_until_ns;
        let LinkTransport::Datagrams(datagrams) = &mut session.link.transport else { return };
        let segments = datagrams.take_segments(side, now_ns);
        let due_ns = session.link.due_ns(side);
        if let LinkTransport::Datagrams(datagrams) = &mut session.link.transport
            && let Some(due_ns) = due_ns
            && datagrams.arm_timer(side, due_ns)
        {
            // A later timer event stays in the queue.
            self.pending_link_events += 1;
            self.queue.add(due_ns.max(now_ns), SimEvent::AgentLinkTimer { sid, side });
        }
        self.schedule_datagrams(segments, is_cut, (lose, repeat, late_ns), |segment| {
            SimEvent::AgentDatagram { sid, side: 1 - side, segment }
        });
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
        let LinkTransport::Datagrams(datagrams) = &mut link.transport else { return Ok(()) };
        let delivery = if is_asleep { None } else { datagrams.deliver(side, segment, now_ns)? };
        let Some(Delivery { frames, is_at_end }) = delivery else {
            self.stats.datagrams_lost += 1;
            return Ok(());
        };
        let is_held = link.lingers_ns[side].is_none();
        for frame in frames.iter().filter(|_| is_held) {
            self.receive_at_end(sid, side, frame)?;
        }
        self.send_packed(sid, side)?;
        if is_at_end { self.link_is_lost(sid, side) } else { Ok(()) }
    }

    /// The timer of an end fires.
    pub(crate) fn check_agent_link(&mut self, sid: SessionId, side: usize) -> StepResult {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        let LinkTransport::Datagrams(datagrams) = &mut session.link.transport else {
            return Ok(());
        };
        if !datagrams.take_timer(side, now_ns) {
            return Ok(());
        }
        let is_silent = datagrams.is_silent(side, now_ns);
        if side == AGENT && session.is_stopped() {
            return Ok(());
        }
        if session.link.lingers_ns[side].is_some_and(|until_ns| now_ns >= until_ns) {
            self.drop_link_end(sid, side, false);
        } else if is_silent {
            self.trace.record("hears nothing", sid as u64, side as u64);
            self.drop_link_end(sid, side, false);
            return self.link_is_lost(sid, side);
        }
        self.transmit_agent_link(sid, side);
        Ok(())
    }
}
