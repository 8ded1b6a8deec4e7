//! Links: the connection between the primary and an agent, as a stream or as the real channel over a
//! network of datagrams.
//!
//! A stream keeps the order of its bytes, cuts them anywhere, holds a limited number in each direction, and may break
//! and lose the bytes on their way. The other end learns of that soon, or after fifteen seconds. Over datagrams it
//! learns it by silence alone. An end that is closed goes on sending what is packed for a second.

use crate::plan::agent_plan::Machine;
use evenly_core::channel::Channel;
use std::collections::VecDeque;

/// The two ends of a link.
pub(crate) const PRIMARY: usize = 0;
pub(crate) const AGENT: usize = 1;

/// An end that is not heard for this time is given up.
pub(crate) const GONE_NS: u64 = 15_000_000_000;
/// How long an end that was closed goes on.
pub(crate) const LINGER_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) line: Line,
    /// When the other side was heard last; when the link is checked again.
    pub(crate) heard_ns: [u64; 2],
    pub(crate) look_ns: [u64; 2],
    /// No process holds this end any more; it goes on until then.
    pub(crate) lingers_ns: [Option<u64>; 2],
    /// Nothing comes through before.
    pub(crate) cut_until_ns: u64,
}

#[derive(Debug)]
pub(crate) enum Line {
    Stream([Way; 2]),
    /// `None` for an end that is not there any more.
    Datagrams(Box<[Option<Channel>; 2]>),
}

/// Bytes in a stream to one end.
#[derive(Debug, Default)]
pub(crate) struct Way {
    pub(crate) bytes: VecDeque<u8>,
    pub(crate) is_moving: bool,
    /// No byte follows; and nothing arrives any more.
    pub(crate) is_ended: bool,
    pub(crate) is_broken: bool,
}

impl Link {
    pub(crate) fn break_way(&mut self, side: usize) {
        if let Line::Stream(ways) = &mut self.line {
            ways[side].is_broken = true;
        }
    }

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

    pub(crate) fn due_ns(&self, side: usize) -> Option<u64> {
        let Line::Datagrams(ends) = &self.line else { return None };
        let channel = ends[side].as_ref()?;
        let silent_ns = self.heard_ns[side] + GONE_NS;
        let last_ns = self.lingers_ns[side].map_or(silent_ns, |until_ns| until_ns.min(silent_ns));
        Some(channel.next_due_ns().unwrap_or(u64::MAX).min(last_ns))
    }
}
