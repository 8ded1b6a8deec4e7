//! Link between the primary and an agent: a byte stream, or the real channel over lossy datagrams.
//!
//! A stream keeps the order of its bytes, cuts them anywhere, has a limited capacity in each direction, and can break
//! and lose the bytes in flight. The other end learns of a break soon, or after 15 s. Over datagrams it learns of it by
//! silence alone. A closed end goes on sending its packed frames for 1 s.

use crate::plan::agent_plan::AgentMachine;
use evenly_core::channel::Channel;
use std::collections::VecDeque;

/// The two ends of a link.
pub(crate) const PRIMARY: usize = 0;
pub(crate) const AGENT: usize = 1;

/// An end that is not heard for this time is given up.
pub(crate) const SILENCE_LIMIT_NS: u64 = 15_000_000_000;
/// How long an end that was closed goes on.
pub(crate) const LINGER_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct AgentLink {
    pub(crate) transport: LinkTransport,
    /// When the other side was heard last; when the link is checked again.
    pub(crate) heard_ns: [u64; 2],
    pub(crate) timer_ns: [u64; 2],
    /// No process holds this end any more; it goes on until then.
    pub(crate) lingers_ns: [Option<u64>; 2],
    /// Nothing comes through before.
    pub(crate) cut_until_ns: u64,
}

#[derive(Debug)]
pub(crate) enum LinkTransport {
    Stream([StreamDirection; 2]),
    /// `None` for an end that is not there any more.
    Datagrams(Box<[Option<Channel>; 2]>),
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
    pub(crate) fn break_way(&mut self, side: usize) {
        if let LinkTransport::Stream(directions) = &mut self.transport {
            directions[side].is_broken = true;
        }
    }

    pub(crate) fn new(machine: &AgentMachine, limit: usize, now_ns: u64) -> Self {
        let transport = if machine.is_by_datagrams {
            LinkTransport::Datagrams(Box::new([0, 1].map(|_| Some(Channel::new(limit)))))
        } else {
            LinkTransport::Stream([StreamDirection::default(), StreamDirection::default()])
        };
        Self {
            transport,
            heard_ns: [now_ns; 2],
            timer_ns: [u64::MAX; 2],
            lingers_ns: [None; 2],
            cut_until_ns: 0,
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.transport, LinkTransport::Stream(_))
    }

    pub(crate) fn due_ns(&self, side: usize) -> Option<u64> {
        let LinkTransport::Datagrams(ends) = &self.transport else { return None };
        let channel = ends[side].as_ref()?;
        let silent_ns = self.heard_ns[side] + SILENCE_LIMIT_NS;
        let last_ns = self.lingers_ns[side].map_or(silent_ns, |until_ns| until_ns.min(silent_ns));
        Some(channel.next_due_ns().unwrap_or(u64::MAX).min(last_ns))
    }
}
