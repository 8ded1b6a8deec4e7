//! Byte streams between the primary and agents: delivery, resets and breaks.

use crate::event_queue::{SessionId, SimEvent};
use crate::model::agent_link::{AGENT, LinkTransport, PRIMARY};
use crate::model::datagram_link::SILENCE_LIMIT_NS;
use crate::step_result::StepResult;
use crate::world::SimWorld;

impl SimWorld<'_> {
    /// A stream ends, and the bytes on their way are lost. Each end learns of it, soon or after [`SILENCE_LIMIT_NS`].
    pub(crate) fn break_stream(&mut self, sid: SessionId, is_soon: [bool; 2]) {
        let LinkTransport::Stream(directions) = &mut self.sessions[sid].link.transport else {
            return;
        };
        for direction in directions {
            direction.bytes.clear();
            direction.is_broken = true;
        }
        for side in [PRIMARY, AGENT] {
            let soon_ns = self.random.magnitude(1_000, 1_000_000_000);
            let in_ns = if is_soon[side] { soon_ns } else { SILENCE_LIMIT_NS + soon_ns };
            self.queue.add(self.now_ns + in_ns, SimEvent::LinkLost { sid, side });
        }
    }

    pub(super) fn schedule_stream_bytes(&mut self, sid: SessionId, side: usize) {
        let latency_ns = self.plan.agents.latency_ns;
        let session = &mut self.sessions[sid];
        let is_asleep = side == AGENT && session.is_stopped();
        let LinkTransport::Stream(directions) = &mut session.link.transport else { return };
        let direction = &mut directions[side];
        let is_due = !direction.bytes.is_empty() || direction.is_ended;
        if !direction.is_moving && !direction.is_broken && !is_asleep && is_due {
            direction.is_moving = true;
            let at_ns = self.now_ns.max(session.link.cut_until_ns);
            let at_ns = at_ns + self.random.magnitude(1_000, latency_ns);
            self.queue.add(at_ns, SimEvent::StreamBytes { sid, side });
        }
    }

    /// Bytes of a stream reach an end.
    pub(crate) fn deliver_stream_bytes(&mut self, sid: SessionId, side: usize) -> StepResult {
        let cut = self.random.next();
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        let is_asleep = side == AGENT && session.is_stopped();
        let is_held = session.link.lingers_ns[side].is_none();
        let is_cut = now_ns < session.link.cut_until_ns;
        let LinkTransport::Stream(directions) = &mut session.link.transport else { return Ok(()) };
        let direction = &mut directions[side];
        direction.is_moving = false;
        if direction.is_broken || is_asleep {
            return Ok(());
        }
        if session.link.lingers_ns[side].is_some_and(|until_ns| now_ns < until_ns) {
            // The end reads them and drops them.
            direction.bytes.clear();
            return Ok(());
        }
        if !is_held {
            // No process reads them: a reset.
            direction.is_broken = true;
            direction.bytes.clear();
            let in_ns = self.random.magnitude(1_000, 1_000_000_000);
            self.queue.add(now_ns + in_ns, SimEvent::LinkLost { sid, side: 1 - side });
            return Ok(());
        }
        if !is_cut {
            let count = direction.bytes.len();
            let some = (cut as usize).checked_rem(count).unwrap_or(0);
            let count = if cut.is_multiple_of(3) { count } else { some + 1 }.min(count);
            let bytes: Vec<u8> = direction.bytes.drain(..count).collect();
            let is_end = direction.bytes.is_empty() && direction.is_ended;
            self.receive_at_end(sid, side, &bytes)?;
            if is_end {
                self.sessions[sid].link.break_direction(side);
                return self.link_is_lost(sid, side);
            }
            self.send_packed(sid, 1 - side)?;
        }
        self.schedule_stream_bytes(sid, side);
        Ok(())
    }
}
