//! Links between the primary and agents: bytes packed, closed and given up.

use crate::event_queue::Sid;
use crate::model::agent_link::{AGENT, LINGER_NS, Line};
use crate::plan::agent_plan::Party;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;

impl World<'_> {
    /// Moves what is packed at an end into the link, as far as there is room.
    pub(crate) fn send_packed(&mut self, sid: Sid, side: usize) -> Outcome {
        let Party { socket, .. } = self.plan.party;
        let session = &mut self.sessions[sid];
        let (link, packer) = session.link_and_packer(side);
        let Some(packer) = packer else { return Ok(()) };
        match &mut link.line {
            Line::Stream(ways) => {
                let way = &mut ways[1 - side];
                let room = socket.saturating_sub(way.bytes.len());
                let count = packer.bytes().len().min(room);
                if !way.is_broken {
                    way.bytes.extend(&packer.bytes()[..count]);
                }
                packer.consume(count);
                if link.lingers_ns[side].is_some() {
                    // The kernel has all of it.
                    way.bytes.extend(packer.bytes());
                    way.is_ended = true;
                    packer.clear();
                }
                self.set_moving(sid, 1 - side);
            }
            Line::Datagrams(ends) => {
                let Some(channel) = &mut ends[side] else {
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
                self.transmit_to_other(sid, side);
            }
        }
        Ok(())
    }

    /// No process holds this end any more; frames that are packed there are still sent.
    pub(crate) fn close_end(&mut self, sid: Sid, side: usize) -> Outcome {
        let until_ns = self.now_ns + LINGER_NS;
        self.sessions[sid].link.lingers_ns[side].get_or_insert(until_ns);
        self.send_packed(sid, side)
    }

    /// An end is gone. Of a process alone the kernel sends what it has; a machine takes it along.
    pub(crate) fn abandon_end(&mut self, sid: Sid, side: usize, is_machine: bool) {
        let link = &mut self.sessions[sid].link;
        link.lingers_ns[side] = Some(0);
        match &mut link.line {
            Line::Datagrams(ends) => ends[side] = None,
            Line::Stream(ways) if !is_machine => {
                ways[1 - side].is_ended = true;
                ways[side].is_broken = true;
                self.set_moving(sid, 1 - side);
            }
            Line::Stream(_) => self.break_stream(sid, [false; 2]),
        }
    }

    /// The agent was stopped and goes on: no time has passed for it.
    pub(crate) fn resume_link(&mut self, sid: Sid) {
        let now_ns = self.now_ns;
        self.sessions[sid].link.heard_ns[AGENT] = now_ns;
        self.set_moving(sid, AGENT);
        self.transmit_to_other(sid, AGENT);
    }
}
