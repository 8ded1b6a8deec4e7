//! Datagrams: `unixgram:PATH` within a machine, `udp:HOST:PORT` between machines.
//!
//! A datagram is read whole or not at all, and on a network it gets lost, comes twice, late, or in
//! another order. So frames go over a [`channel`](evenly_core::channel) here, and its segments as
//! [`datagram`](evenly_core::datagram)s. There is no connection in the kernel: each
//! datagram names its session, and the session is authenticated as follows.
//!
//! ```text
//!            hello                answer                        afterwards
//! udp        message of the       message of the handshake:     each segment is sealed with its
//!            handshake: words     1 or 0, words                 counter
//! unixgram   words                1 admitted, 0 refused; words  the kernel names the user who
//!                                                               sent a datagram (unix(7))
//! ```
//!
//! Over the network ([`noise`](crate::secure::noise)) a peer without the key gets no answer at
//! all. A session is named by the first eight bytes of the ephemeral key in its hello, so no peer can
//! send a hello in the name of another. Within the machine the name is a random number, and datagrams
//! of other users are dropped.
//!
//! A hello is sent again until it is answered, and a repeated hello gets the same bytes as answer: it
//! opens one session, once. A peer that has sent a hello and nothing sealed costs a few kilobytes for
//! ten seconds, and at most 256 such peers are kept. Ten seconds allow the answer and the first frame
//! to take seconds each.
//!
//! An address that is not reachable, and a closed port are only hints on a network: any
//! host on the path can forge them (RFC 5927). There a peer is gone when it says so, or when nothing
//! valid came from it for three times the limit of silence. Within the machine a missing socket is proof.

mod admission;
mod connector;
mod frames;
mod hello;
mod listener;
mod outcome;
mod peer;
mod say_hello;
mod socket;
mod sockets;
mod udp;
mod unixgram;
mod upkeep;

pub(crate) use connector::DatagramConnector;
pub(crate) use listener::DatagramListener;

use evenly_core::channel::SEGMENT_HEAD;
use evenly_core::datagram::{LONGEST, SEALED_HEAD};

/// The longest frame: what is left of a datagram.
pub(crate) const DATAGRAM_FRAME: usize =
    LONGEST - SEALED_HEAD - SEGMENT_HEAD - crate::secure::noise::TAG;

/// The key of the socket that all peers send to; those that have a socket of their own have their
/// number.
const SHARED_KEY: u32 = u32::MAX;

/// Most datagrams that are read in one call of `attend`.
const READ_AT_ONCE: usize = 64;

/// Time limit for an answer, and for the first sealed datagram after it.
const ANSWER_NS: u64 = 10_000_000_000;
/// Time limit for a peer to acknowledge the end of its session.
const LINGER_NS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests;
