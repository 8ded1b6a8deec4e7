//! Outcomes of sending and receiving a datagram.

use crate::transport::{TransportError, failed};
use rustix::io::Errno;
use std::net::SocketAddr;

/// Outcome of receiving.
#[derive(Debug)]
pub(super) enum ReceivedDatagram {
    /// A datagram of this many bytes.
    Datagram(usize, Origin),
    /// Nothing is waiting.
    Nothing,
    /// An error about a datagram that was sent before.
    Hint(Errno),
}

/// Sender of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// From this address, which may be forged.
    Network(SocketAddr),
    /// From a process of this machine, and of this user.
    SameUser,
    /// From one of another user.
    OtherUser,
}

/// Outcome of sending.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sent {
    /// It was sent and may be lost; with the error that the network reported.
    Away(Option<Errno>),
    /// There is no room: it was not sent.
    Full,
    /// Nothing can be sent there any more.
    Gone(Errno),
}

/// Sorts the result of recvmsg(2).
pub(super) fn received(
    outcome: Result<(usize, Origin), Errno>,
) -> Result<ReceivedDatagram, TransportError> {
    match outcome {
        Ok((length, origin)) => Ok(ReceivedDatagram::Datagram(length, origin)),
        Err(Errno::AGAIN) => Ok(ReceivedDatagram::Nothing),
        Err(cause @ (Errno::BADF | Errno::FAULT | Errno::INVAL | Errno::NOTSOCK)) => {
            Err(failed("recvmsg")(cause))
        }
        Err(hint) => Ok(ReceivedDatagram::Hint(hint)),
    }
}
