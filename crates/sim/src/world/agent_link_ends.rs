//! Ends of the links to agents: sending, closing, dropping, resuming.

use crate::event_queue::SessionId;
use crate::model::agent_link::{AGENT, LINGER_NS, LinkTransport};
use crate::plan::agent_plan::AgentPlan;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;

impl SimWorld<'_> {
    /// Moves the packed frames of an end into the link, as far as there is room.
    pub(crate) fn send_packed(&mut self, sid: SessionId, side: usize) -> StepResult {
        let AgentPlan { socket, .. } = self.plan.agents;
        let session = &mut self.sessions[sid];
        let (link, packer) = session.link_and_packer(side);
        let Some(packer) = packer else { return Ok(()) };
        // As the transports do. What is packed after the flush of its turn goes out when there is room again.
        packer.seal(0);
        match &mut link.transport {
            LinkTransport::Stream(directions) => {
                let direction = &mut directions[1 - side];
                let room = socket.saturating_sub(direction.bytes.len());
                let count = packer.bytes().len().min(room);
                if !direction.is_broken {
                    direction.bytes.extend(&packer.bytes()[..count]);
                }
                packer.consume(count);
                if link.lingers_ns[side].is_some() {
                    // The kernel has every byte.
                    direction.bytes.extend(packer.bytes());
                    direction.is_ended = true;
                    packer.clear();
                }
                self.schedule_stream_bytes(sid, 1 - side);
            }
            LinkTransport::Datagrams(datagrams) => {
                let Some(channel) = datagrams.end(side) else {
                    packer.clear();
                    return Ok(());
                };
                while channel.room() > 0 && !packer.is_empty() {
                    let frame = packer.first_frame();
                    check(channel.send(frame), || "a frame without room for it".into())?;
                    let count = frame.len();
                    packer.consume(count);
                }
                if packer.is_empty() && link.lingers_ns[side].is_some() {
                    channel.end();
                }
                self.transmit_agent_link(sid, side);
            }
        }
        Ok(())
    }

    /// The process of this end is gone; the kernel still sends the packed frames.
    pub(crate) fn close_link_end(&mut self, sid: SessionId, side: usize) -> StepResult {
        let until_ns = self.now_ns + LINGER_NS;
        self.sessions[sid].link.lingers_ns[side].get_or_insert(until_ns);
        self.send_packed(sid, side)
    }

    /// Drops an end. If only the process is gone, the kernel sends its bytes; a lost machine loses them.
    pub(crate) fn drop_link_end(&mut self, sid: SessionId, side: usize, is_machine: bool) {
        let link = &mut self.sessions[sid].link;
        link.lingers_ns[side] = Some(0);
        match &mut link.transport {
            LinkTransport::Datagrams(datagrams) => {
                datagrams.drop_end(side);
            }
            LinkTransport::Stream(directions) if !is_machine => {
                directions[1 - side].is_ended = true;
                directions[side].is_broken = true;
                self.schedule_stream_bytes(sid, 1 - side);
            }
            LinkTransport::Stream(_) => self.break_stream(sid, [false; 2]),
        }
    }

    /// A stopped agent goes on: the time in between does not count as silence.
    pub(crate) fn resume_agent_link(&mut self, sid: SessionId) {
        let now_ns = self.now_ns;
        if let LinkTransport::Datagrams(datagrams) = &mut self.sessions[sid].link.transport {
            datagrams.restart_silence_limit(AGENT, now_ns);
        }
        self.schedule_stream_bytes(sid, AGENT);
        self.transmit_agent_link(sid, AGENT);
    }
}
