//! Connection of a called agent to its primary, which meanwhile refuses every other primary that calls.

use crate::transport::{Arrival, Listener, Transport, TransportError};
use evenly_core::frame::Packer;
use evenly_core::hello::{Call, Refusal, RefusalReason};
use evenly_core::printable::{LIMIT, printable};

/// The primary, for the user of this transport. Other peers have their number and 1 more.
const PRIMARY: usize = 0;

/// The connection to one primary among those of a listener.
pub(super) struct CallerConnection<'a> {
    listener: &'a mut dyn Listener,
    /// The primary, until its connection is over: then another peer may get its number.
    peer: Option<usize>,
    /// The refusal for others.
    busy: Vec<u8>,
    /// Peers that have called, and that have gone further.
    calling: Vec<usize>,
    waiting: Vec<usize>,
    /// The time of the last call.
    now_ns: u64,
}

impl<'a> CallerConnection<'a> {
    /// The connection to `peer`. The `others` have called at the same time, and have the hello of this agent.
    pub(super) fn new(
        listener: &'a mut dyn Listener,
        peer: usize,
        call: &Call,
        others: Vec<usize>,
    ) -> Self {
        let host = printable(call.host.as_bytes(), LIMIT);
        let text = format!("it works for another primary (process {} on {host})", call.pid);
        let busy = Refusal { why: RefusalReason::Full, text }.encode();
        let (peer, calling) = (Some(peer), Vec::new());
        Self { listener, peer, busy, calling, waiting: others, now_ns: 0 }
    }

    /// Refuses those that have called, and ends the connections of those that have gone further.
    fn turn_others_away(&mut self) -> Result<(), TransportError> {
        for peer in self.waiting.drain(..) {
            self.listener.close(peer);
        }
        for peer in self.calling.drain(..) {
            self.listener.refuse(peer, &self.busy, self.now_ns)?;
        }
        Ok(())
    }
}

impl Transport for CallerConnection<'_> {
    fn packer(&mut self, _peer: usize) -> Option<&mut Packer> {
        self.listener.packer(self.peer?)
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.turn_others_away()?;
        self.listener.flush(now_ns)
    }

    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.listener.attend(key, now_ns)
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        let Self { listener, peer: primary, calling, waiting, .. } = self;
        let number = |peer: usize| if Some(peer) == *primary { PRIMARY } else { peer + 1 };
        Some(match listener.next()? {
            Arrival::Hello { peer, hello } => {
                calling.push(peer);
                Arrival::Hello { peer: number(peer), hello }
            }
            Arrival::Frame { peer: Some(peer), frame } => {
                if number(peer) != PRIMARY && !waiting.contains(&peer) {
                    waiting.push(peer);
                }
                Arrival::Frame { peer: Some(number(peer)), frame }
            }
            Arrival::Gone { peer, why } => {
                let number = number(peer);
                calling.retain(|other| *other != peer);
                waiting.retain(|other| *other != peer);
                if number == PRIMARY {
                    *primary = None;
                }
                Arrival::Gone { peer: number, why }
            }
            other => other,
        })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.listener.keep_time(now_ns)
    }

    fn next_due_ns(&self) -> Option<u64> {
        self.listener.next_due_ns()
    }

    fn close(&mut self, _peer: usize) {
        if let Some(peer) = self.peer.take() {
            self.listener.close(peer);
        }
    }

    fn is_lingering(&self) -> bool {
        self.listener.is_lingering()
    }

    fn take_strangers(&mut self) -> u64 {
        self.listener.take_strangers()
    }

    fn take_wrong_key(&mut self) -> Option<String> {
        self.listener.take_wrong_key()
    }
}

impl Drop for CallerConnection<'_> {
    fn drop(&mut self) {
        self.close(PRIMARY);
        // Failures concern the others only, which call again.
        let _ = self.turn_others_away();
    }
}
