//! Links: the connection between the primary and an agent, as a stream or as the real channel over a
//! network of datagrams.
//!
//! A stream keeps the order of its bytes, cuts them anywhere, holds so many of each direction, and may
//! break with what is on its way. Its end is told, soon or after fifteen seconds; an end that is not
//! there any more makes it break. Over datagrams nothing but silence tells. Whoever closes an end
//! leaves what is packed to it, which goes on trying for a second.

mod datagrams;
mod stream;

use crate::oracle::check;
use crate::party::{Machine, Party};
use crate::queue::Sid;
use crate::world::{Outcome, World};
use evenly_core::channel::Channel;
use stream::Way;

/// The two ends of a link.
pub(crate) const PRIMARY: usize = 0;
pub(crate) const AGENT: usize = 1;

/// Whoever is not heard for so long is given up.
pub(crate) const GONE_NS: u64 = 15_000_000_000;
/// How long an end that was closed goes on.
const LINGER_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Link {
    line: Line,
    /// When the other side was heard last; when something is looked at again.
    heard_ns: [u64; 2],
    look_ns: [u64; 2],
    /// Nobody holds this end any more; it goes on until then.
    lingers_ns: [Option<u64>; 2],
    /// Nothing comes through before.
    pub(crate) cut_until_ns: u64,
}

#[derive(Debug)]
enum Line {
    Stream([Way; 2]),
    /// `None` for an end that is not there any more.
    Datagrams(Box<[Option<Channel>; 2]>),
}

impl Link {
    pub(crate) fn new(machine: &Machine, limit: usize, now_ns: u64) -> Self {
        let line = if machine.is_by_datagrams {
            Line::Datagrams(Box::new([0, 1].map(|_| Some(Channel::new(limit)))))
        } else {
            Line::Stream([Way::default(), Way::default()])
        };
        Self {
            line,
            heard_ns: [now_ns; 2],
            look_ns: [u64::MAX; 2],
            lingers_ns: [None; 2],
            cut_until_ns: 0,
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.line, Line::Stream(_))
    }

    fn due_ns(&self, side: usize) -> Option<u64> {
        let Line::Datagrams(ends) = &self.line else { return None };
        let channel = ends[side].as_ref()?;
        let silent_ns = self.heard_ns[side] + GONE_NS;
        let last_ns = self.lingers_ns[side].map_or(silent_ns, |until_ns| until_ns.min(silent_ns));
        Some(channel.next_due_ns().unwrap_or(u64::MAX).min(last_ns))
    }
}

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

    /// Nobody holds an end any more; what is packed there is still sent.
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
