//! One face for the sockets of both kinds: what comes in, from whom, and what became of what was sent.

use super::{udp, unixgram};
use crate::transport::unix_file::UnixFile;
use crate::transport::{Address, AddressKind, Failed, ListenError, failed};
use evenly_core::datagram::LONGEST;
use rustix::io::Errno;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Room for a datagram, and for one byte more: whatever fills it is too long.
pub(super) const ROOM: usize = LONGEST + 1;

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

/// The socket that all peers of a primary send to.
#[derive(Debug)]
pub(super) enum Shared {
    Udp(OwnedFd),
    Unixgram(UnixFile),
}

impl Shared {
    /// Binds it; gives the address with the port that the system chose.
    pub(super) fn bind(address: &Address) -> Result<(Self, Address), ListenError> {
        match address.kind() {
            AddressKind::Udp => {
                let (socket, bound) = udp::bind(address)?;
                Ok((Self::Udp(socket), bound))
            }
            _ => Ok((Self::Unixgram(unixgram::bind(address)?), address.clone())),
        }
    }

    /// Receives the next datagram.
    pub(super) fn receive(&self, room: &mut [u8]) -> Result<Received, Failed> {
        match self {
            Self::Udp(socket) => received(udp::receive(socket, room)),
            Self::Unixgram(file) => received(unixgram::receive(file, room)),
        }
    }
}

impl AsFd for Shared {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Udp(socket) => socket.as_fd(),
            Self::Unixgram(file) => file.as_fd(),
        }
    }
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
