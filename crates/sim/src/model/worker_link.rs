//! Link between the primary and a worker: the real channel over lossy datagrams, with heartbeats.
//!
//! The end at the worker belongs to its machine: it outlives a worker that dies, delivers what the worker sent, then says
//! the end. It sends a heartbeat every second. A lost machine takes its end with it. A link can be cut for a while; an end
//! that hears nothing for 15 s gives the other up.

use evenly_core::channel::Channel;

/// The two ends of a line.
pub(crate) const PRIMARY: usize = 0;
pub(crate) const WORKER: usize = 1;

/// An end that is not heard for this time is given up.
pub(crate) const SILENCE_LIMIT_NS: u64 = 15_000_000_000;
/// How often the end at the worker's side says that it lives.
pub(crate) const HEARTBEAT_INTERVAL_NS: u64 = 1_000_000_000;
/// The bytes of a frame that says nothing else.
pub(crate) const HEARTBEAT_FRAME_LEN: usize = 32;

/// What is between the primary and one worker.
#[derive(Debug)]
pub(crate) struct WorkerLink {
    /// `None` for an end that is not there any more.
    pub(crate) ends: [Option<Channel>; 2],
    /// When each end heard the other last, and when it looks again.
    pub(crate) heard_ns: [u64; 2],
    pub(crate) timer_ns: [u64; 2],
    pub(crate) next_heartbeat_ns: u64,
    /// Nothing comes through before.
    pub(crate) cut_until_ns: u64,
}

impl WorkerLink {
    pub(crate) fn new(limit: usize, now_ns: u64) -> Self {
        Self {
            ends: [0, 1].map(|_| Some(Channel::new(limit))),
            heard_ns: [now_ns; 2],
            timer_ns: [u64::MAX; 2],
            next_heartbeat_ns: now_ns + HEARTBEAT_INTERVAL_NS,
            cut_until_ns: 0,
        }
    }

    /// How many frames an end takes now.
    pub(crate) fn room(&self, side: usize) -> usize {
        self.ends[side].as_ref().map_or(0, Channel::room)
    }

    /// When an end has something to do by itself.
    pub(crate) fn due_ns(&self, side: usize) -> Option<u64> {
        let channel = self.ends[side].as_ref()?;
        let next_heartbeat_ns = (side == WORKER).then_some(self.next_heartbeat_ns);
        let silent_ns = Some(self.heard_ns[side] + SILENCE_LIMIT_NS);
        [channel.next_due_ns(), next_heartbeat_ns, silent_ns].into_iter().flatten().min()
    }
}
