//! Transports: frames over pipes, streams and datagrams.
//!
//! A [`Transport`] is one end with any number of peers: a primary with its workers or agents, or an
//! agent with the one primary that it works for. Pipes, sockets of four kinds and a memory for tests
//! have the same face, and pass the same tests (`conformance`). What all of them keep:
//!
//! 1. frames of one peer arrive whole, once, and in the order in which they were packed, or the peer
//!    is [`Gone`],
//! 2. nothing blocks: what cannot be sent now waits in the packer of its peer,
//! 3. what is ready is learnt from one epoll (epoll(7)), under the tokens of a [`Registry`].

mod address;
mod address_error;
mod address_kind;
#[cfg(test)]
mod address_tests;
#[cfg(feature = "sockets")]
mod admission;
#[cfg(feature = "sockets")]
mod agent_sources;
#[cfg(not(feature = "sockets"))]
#[path = "absent.rs"]
mod agent_sources;
#[cfg(feature = "sockets")]
mod bind_first;
#[cfg(feature = "sockets")]
pub(crate) mod call_answer;
#[cfg(feature = "sockets")]
mod caller;
#[cfg(test)]
pub(crate) mod conformance;
#[cfg(feature = "sockets")]
pub(crate) mod datagram;
#[cfg(feature = "sockets")]
mod host_lookup;
mod listen_error;
#[cfg(test)]
pub(crate) mod memory;
#[cfg(feature = "sockets")]
mod open;
#[cfg(feature = "sockets")]
mod peer_table;
pub(crate) mod pipe;
mod registry;
mod socket_call;
#[cfg(feature = "sockets")]
pub(crate) mod stream;
#[cfg(feature = "sockets")]
pub(crate) mod unix_file;
#[cfg(test)]
mod unix_file_tests;

pub use address::Address;
pub use address_error::AddressError;
pub use address_kind::AddressKind;
pub(crate) use agent_sources::AgentSources;
pub use listen_error::ListenError;
#[cfg(feature = "sockets")]
pub(crate) use open::{connect, listen, listen_for_primaries};
pub(crate) use registry::{EpollToken, Registry};
pub(crate) use socket_call::{AfterCall, SocketCall};

use crate::os_error::OsError;
use evenly_core::frame::{Frame, Malformed, Packer};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// One end of a transport.
pub(crate) trait Transport {
    /// Where frames to a peer are packed; [`flush`](Self::flush) sends them. `None` if it is gone, or
    /// was not admitted.
    fn packer(&mut self, peer: usize) -> Option<&mut Packer>;

    /// Sends what is packed, as far as there is room. Never blocks.
    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError>;

    /// Reads and writes what it can, where epoll says that this descriptor is ready. Never blocks.
    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), TransportError>;

    /// What has arrived, one at a time until `None`; only what an earlier
    /// [`attend`](Self::attend) or [`keep_time`](Self::keep_time) brought.
    fn next(&mut self) -> Option<Arrival<'_>>;

    /// Does what is due: sends again, gives up peers that are silent for too long.
    fn keep_time(&mut self, _now_ns: u64) -> Result<(), TransportError> {
        Ok(())
    }

    /// When [`keep_time`](Self::keep_time) has something to do, if ever.
    fn next_due_ns(&self) -> Option<u64> {
        None
    }

    /// Ends the connection with a peer: sends it what is packed, as far as there is room, and
    /// then the end. No [`Arrival::Gone`] follows.
    fn close(&mut self, peer: usize);

    /// Whether a closed peer has not yet taken what was packed before. That goes on for a
    /// second at most, while [`attend`](Self::attend) and [`keep_time`](Self::keep_time) are called.
    fn is_lingering(&self) -> bool {
        false
    }

    /// Number of peers since the last call that did not prove that they hold the key, were of another
    /// user, or sent nothing in time.
    fn take_strangers(&mut self) -> u64 {
        0
    }

    /// Address of the last peer since the last call whose hello none of the keys opens.
    fn take_wrong_key(&mut self) -> Option<String> {
        None
    }
}

/// A transport whose peers must be admitted before they exchange frames. They come to its address, or it calls them.
pub(crate) trait Listener: Transport {
    /// Admits the peer that sent a hello, with this text. It has joined with its first frame.
    fn admit(&mut self, peer: usize, welcome: &[u8], now_ns: u64) -> Result<(), TransportError>;

    /// Refuses the peer that sent a hello, with this text.
    fn refuse(&mut self, peer: usize, refusal: &[u8], now_ns: u64) -> Result<(), TransportError>;

    /// Holds at most this many connections from now on. Peers that have not said hello yet make room for
    /// new ones, the oldest first.
    fn limit_connections(&mut self, _most: usize) {}

    /// The address at which agents join, with the port that the system chose; `None` if it listens nowhere.
    fn listens_at(&self) -> Option<String>;

    /// Takes the connection of an agent that this process has started under a name. Its hello follows.
    fn adopt(&mut self, _socket: OwnedFd, _name: &str, _now_ns: u64) -> Result<(), TransportError> {
        Err(TransportError { call: "adopt", cause: Errno::OPNOTSUPP })
    }

    /// The address of a peer: `tcp:192.0.2.7:40112`.
    fn address(&self, peer: usize) -> String;

    /// Connects to no further peer by itself.
    fn stop_calling(&mut self) {}

    /// Whether a connection waits to be accepted.
    fn has_waiting(&self) -> bool {
        false
    }

    /// Whether agents can still come this way.
    fn awaits_agents(&self) -> bool {
        self.listens_at().is_some()
    }

    /// The next call of an agent that failed, if one has.
    fn next_failed_call(&mut self) -> Option<FailedCall> {
        None
    }
}

/// A call of an agent that led to no work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailedCall {
    /// The address that was called.
    pub(crate) address: String,
    pub(crate) why: String,
    /// After this time it is called again.
    pub(crate) again: Option<Duration>,
}

/// What has arrived.
#[derive(Debug)]
pub(crate) enum Arrival<'a> {
    /// A whole frame.
    Frame {
        /// From whom. `None` on a pipe that many write: there only the frame itself says that.
        peer: Option<usize>,
        /// What it says.
        frame: Frame<'a>,
    },
    /// Bytes that are no frame, on a pipe that many write.
    Garbage(Malformed),
    /// A peer that holds the key asks to join: to be admitted or refused.
    Hello {
        /// Under which number, until it is gone.
        peer: usize,
        /// What it says.
        hello: &'a [u8],
    },
    /// The primary that we said hello to admits or refuses us, in these words.
    Answer {
        /// Whether it does.
        is_admitted: bool,
        /// What it says.
        answer: &'a [u8],
    },
    /// Nothing comes from this peer any more, and its number may be given to another.
    Gone {
        /// Who.
        peer: usize,
        /// Why.
        why: Gone,
    },
}

/// Why a peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Gone {
    /// It closed its end, or its process ended.
    #[error("the connection ended")]
    EndOfFile,
    /// The connection broke.
    #[error("{0}{rest}", rest = of_network(*.0))]
    Broken(OsError),
    /// It said nothing for too long.
    #[error("it was silent for too long")]
    Silent,
    /// It said what is no frame.
    #[error("it sent {0}")]
    Malformed(Malformed),
    /// What came was not sealed with the key of this session.
    #[error("it sent bytes that the key does not open")]
    Forged,
}

impl Gone {
    pub(crate) const fn broken(cause: Errno) -> Self {
        Self::Broken(OsError::of(cause))
    }

    /// What to do instead, to be appended to the text; empty if that depends on more than the cause.
    pub(crate) fn next_step(self) -> &'static str {
        if self == Self::broken(Errno::MSGSIZE) { "; use tcp" } else { "" }
    }
}

/// What an error says about the network, to be appended to its text. Only a datagram can be too long for one.
fn of_network(cause: OsError) -> &'static str {
    match cause.errno() {
        Errno::MSGSIZE => ": the network does not carry datagrams of 1200 bytes",
        _ => "",
    }
}

/// A system call that every transport of its kind needs failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransportError {
    pub(crate) call: &'static str,
    pub(crate) cause: Errno,
}

/// Says which call failed.
pub(crate) fn failed(call: &'static str) -> impl Fn(Errno) -> TransportError {
    move |cause| TransportError { call, cause }
}
