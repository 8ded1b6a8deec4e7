//! The socket that all peers of a primary send to: UDP or unix datagram.

use super::outcome::{ReceivedDatagram, received};
use super::{udp, unixgram};
use crate::transport::unix_file::UnixFile;
use crate::transport::{Address, AddressKind, AfterCall, ListenError, TransportError};
use evenly_core::datagram::LONGEST;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Room for a datagram, and for one byte more: whatever fills it is too long.
pub(super) const ROOM: usize = LONGEST + 1;

/// The socket that all peers of a primary send to.
#[derive(Debug)]
pub(super) enum SharedSocket {
    Udp(OwnedFd),
    Unixgram(UnixFile),
}

impl SharedSocket {
    /// Binds it; gives the address with the port that the system chose.
    pub(super) fn bind(
        address: &Address,
        after_call: AfterCall<'_>,
    ) -> Result<(Self, Address), ListenError> {
        match address.kind() {
            AddressKind::Udp => {
                let (socket, bound) = udp::bind(address, after_call)?;
                Ok((Self::Udp(socket), bound))
            }
            _ => Ok((Self::Unixgram(unixgram::bind(address, after_call)?), address.clone())),
        }
    }

    /// Receives the next datagram.
    pub(super) fn receive(&self, room: &mut [u8]) -> Result<ReceivedDatagram, TransportError> {
        match self {
            Self::Udp(socket) => received(udp::receive(socket, room)),
            Self::Unixgram(file) => received(unixgram::receive(file, room)),
        }
    }
}

impl AsFd for SharedSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Udp(socket) => socket.as_fd(),
            Self::Unixgram(file) => file.as_fd(),
        }
    }
}
