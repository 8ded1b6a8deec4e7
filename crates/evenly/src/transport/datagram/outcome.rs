//! Outcomes of sending and receiving a datagram.

use crate::transport::{Failed, failed};
use rustix::io::Errno;
use std::net::SocketAddr;

/// What was received.
#[derive(Debug)]
pub(super) enum Received {
    /// So many bytes.
    Datagram(usize, Origin),
    /// Nothing is waiting.
    Nothing,
    /// What the network says about something that was sent before.
    Hint(Errno),
}

/// From where a datagram came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// From there, it says.
    Network(SocketAddr),
    /// From a process of this machine, and of this user.
    SameUser,
    /// From one of another user.
    OtherUser,
}

/// What became of a datagram that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sent {
    /// It is on its way, or lost on it; the network may have said why.
    Away(Option<Errno>),
    /// There is no room: it was not sent.
    Full,
    /// Nothing can be sent there any more.
    Gone(Errno),
}

/// What a call to receive found.
pub(super) fn received(outcome: Result<(usize, Origin), Errno>) -> Result<Received, Failed> {
    match outcome {
        Ok((length, origin)) => Ok(Received::Datagram(length, origin)),
        Err(Errno::AGAIN) => Ok(Received::Nothing),
        Err(cause @ (Errno::BADF | Errno::FAULT | Errno::INVAL | Errno::NOTSOCK)) => {
            Err(failed("recvmsg")(cause))
        }
        Err(hint) => Ok(Received::Hint(hint)),
    }
}
