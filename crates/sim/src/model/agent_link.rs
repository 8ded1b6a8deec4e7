//! Link between the primary and an agent: a byte stream, or the real channel over lossy datagrams.
//!
//! A stream keeps the order of its bytes, cuts them anywhere, has a limited capacity in each direction, and can break
//! and lose the bytes in flight. The other end learns of a break soon, or after 15 s. Over datagrams it learns of it by
//! silence alone. A closed end goes on sending its packed frames for 1 s.

use crate::model::datagram_link::DatagramLink;
use crate::plan::agent_plan::AgentMachine;
use std::collections::VecDeque;

/// The two ends of a link.
pub(crate) const PRIMARY: usize = 0;
pub(crate) const AGENT: usize = 1;

/// Time for which a closed end goes on sending.
pub(crate) const LINGER_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct AgentLink {
    pub(crate) transport: LinkTransport,
    /// No process holds this end any more: it goes on sending until this time.
    pub(crate) lingers_ns: [Option<u64>; 2],
    /// Until this time nothing arrives.
    pub(crate) cut_until_ns: u64,
}

#[derive(Debug)]
pub(crate) enum LinkTransport {
    Stream([StreamDirection; 2]),
    Datagrams(Box<DatagramLink>),
}

/// Bytes in a stream to one end.
#[derive(Debug, Default)]
pub(crate) struct StreamDirection {
    pub(crate) bytes: VecDeque<u8>,
    pub(crate) is_moving: bool,
    /// No byte follows; and nothing arrives any more.
    pub(crate) is_ended: bool,
    pub(crate) is_broken: bool,
}

impl AgentLink {
    pub(crate) fn break_direction(&mut self, side: usize) {
        if let LinkTransport::Stream(directions) = &mut self.transport {
            directions[side].is_broken = true;
        }
    }

    pub(crate) fn new(machine: &AgentMachine, limit: usize, now_ns: u64) -> Self {
        let transport = if machine.is_by_datagrams {
            LinkTransport::Datagrams(Box::new(DatagramLink::new(limit, now_ns)))
        } else {
            LinkTransport::Stream([StreamDirection::default(), StreamDirection::default()])
        };
        Self { transport, lingers_ns: [None; 2], cut_until_ns: 0 }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.transport, LinkTransport::Stream(_))
    }

    /// When an end over datagrams has something to do by itself; `None` if the end was dropped.
    pub(crate) fn due_ns(&self, side: usize) -> Option<u64> {
        let LinkTransport::Datagrams(datagrams) = &self.transport else { return None };
        let due_ns = datagrams.due_ns(side)?;
        Some(self.lingers_ns[side].map_or(due_ns, |until_ns| until_ns.min(due_ns)))
    }
}
