//! Link between the primary and a worker: the real channel over lossy datagrams, with heartbeats.
//!
//! The end at the worker belongs to its machine: it outlives a worker that dies, delivers what the worker sent, then says
//! the end. It sends a heartbeat every second. A lost machine takes its end with it. A link can be cut for a while; an end
//! that hears nothing for 15 s gives the other up.

use crate::model::datagram_link::DatagramLink;

/// The two ends of a worker link.
pub(crate) const PRIMARY: usize = 0;
pub(crate) const WORKER: usize = 1;

/// Interval of the heartbeats that the end at the worker sends.
pub(crate) const HEARTBEAT_INTERVAL_NS: u64 = 1_000_000_000;
/// Length in bytes of a frame without an entry, which a heartbeat is.
pub(crate) const HEARTBEAT_FRAME_LEN: usize = 32;

#[derive(Debug)]
pub(crate) struct WorkerLink {
    pub(crate) datagrams: DatagramLink,
    pub(crate) next_heartbeat_ns: u64,
    /// Until this time every datagram is lost.
    pub(crate) cut_until_ns: u64,
}

impl WorkerLink {
    pub(crate) fn new(limit: usize, now_ns: u64) -> Self {
        Self {
            datagrams: DatagramLink::new(limit, now_ns),
            next_heartbeat_ns: now_ns + HEARTBEAT_INTERVAL_NS,
            cut_until_ns: 0,
        }
    }

    /// When an end has something to do by itself; `None` if the end was dropped.
    pub(crate) fn due_ns(&self, side: usize) -> Option<u64> {
        let due_ns = self.datagrams.due_ns(side)?;
        Some(if side == WORKER { due_ns.min(self.next_heartbeat_ns) } else { due_ns })
    }
}
