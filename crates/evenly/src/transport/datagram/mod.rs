//! Datagrams: `unixgram:PATH` within a machine, `udp:HOST:PORT` between machines.
//!
//! A datagram is read whole or not at all, and on a network it gets lost, comes twice, late, or in
//! another order. So frames go over a [`channel`](evenly_core::channel) here, and its segments as
//! [`datagram`](evenly_core::datagram)s. There is no connection in the kernel: who is at the other
//! end is said by the session that stands in each datagram, and proven as follows.
//!
//! ```text
//!            hello                answer                        afterwards
//! udp        message of the       message of the handshake:     each segment is sealed with its
//!            handshake: words     1 or 0, words                 counter
//! unixgram   words                1 admitted, 0 refused; words  the kernel names the user who
//!                                                               sent a datagram (unix(7))
//! ```
//!
//! Over the network ([`noise`](crate::secure::noise)) whoever does not hold the key gets no answer at
//! all, and a session is named by the first eight bytes of the ephemeral key in its hello, so that
//! none can be said in the name of another. Within the machine it is a number chosen at random, and
//! only the same user is heard.
//!
//! A hello is said again until it is answered, and what comes again is answered with the same bytes:
//! it has one session, once. Who said hello and has sent nothing sealed since costs a few kilobytes
//! for ten seconds, and there are no more than 256 of them. That is long enough for an answer and the
//! first word after it to take seconds each.
//!
//! An address that is not reachable, and a port at which nobody listens, are a hint on a network and
//! no more: anybody on the way can forge it (RFC 5927). There a peer is gone when it says so, or when
//! nothing valid came from it for three times the limit of silence. Within the machine a socket that is not there is.

mod admission;
mod connector;
mod hello;
mod line;
mod listener;
mod outcome;
mod peers;
mod say_hello;
mod socket;
mod sockets;
mod udp;
mod unixgram;
mod upkeep;

pub(crate) use connector::Connector;
pub(crate) use listener::Listener;

use evenly_core::channel::SEGMENT_HEAD;
use evenly_core::datagram::{LONGEST, SEALED_HEAD};

/// The longest hello, and the longest answer to one.
pub(crate) const LONGEST_HELLO: usize = 1024;

/// The longest frame: what is left of a datagram.
pub(crate) const DATAGRAM_FRAME: usize =
    LONGEST - SEALED_HEAD - SEGMENT_HEAD - crate::secure::noise::TAG;

/// The key of the socket that all peers send to; those that have a socket of their own have their
/// number.
const SHARED_KEY: u32 = u32::MAX;

/// How many datagrams are read before everything else is looked at again.
const READ_AT_ONCE: usize = 64;

/// How long an answer and the first word after it may take.
const ANSWER_NS: u64 = 10_000_000_000;
/// How long whoever is told the end may take to say that it has come.
const LINGER_NS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests;
