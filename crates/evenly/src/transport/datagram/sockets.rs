//! The sockets of an agent: how its primary is reached.

use super::outcome::{ReceivedDatagram, Sent, received};
use super::unixgram::AgentFile;
use super::{udp, unixgram};
use crate::transport::{Registry, TransportError};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// The sockets have the keys from this one on.
pub(super) const FIRST_KEY: u32 = 0;

/// How the primary is reached.
#[derive(Debug)]
pub(super) enum Sockets {
    None,
    /// One for each address that may lead to it, until it has answered through one; with their keys.
    Udp(Vec<(u32, OwnedFd)>),
    File {
        hearing: AgentFile,
        sending: OwnedFd,
    },
}

impl Sockets {
    /// Sends a datagram, to every address that may lead to the primary.
    pub(super) fn send(&self, bytes: &[u8]) -> Sent {
        match self {
            Self::None => Sent::Away(None),
            Self::File { sending, .. } => unixgram::send(sending, bytes),
            Self::Udp(sockets) => {
                let all = sockets.iter().map(|(_, socket)| udp::send(socket, None, bytes));
                // What holds for one of several addresses need not hold for the primary.
                let better = |one, other| match (one, other) {
                    (Sent::Away(None), _) | (_, Sent::Away(None)) => Sent::Away(None),
                    (one, Sent::Gone(_)) => one,
                    (_, other) => other,
                };
                all.reduce(better).unwrap_or(Sent::Away(None))
            }
        }
    }

    /// Closes all but the one through which the answer came.
    pub(super) fn keep(&mut self, kept: u32, registry: &Registry) {
        if let Self::Udp(sockets) = self {
            for (key, socket) in sockets.iter() {
                if *key != kept {
                    registry.remove(socket);
                }
            }
            sockets.retain(|(key, _)| *key == kept);
        }
    }

    pub(super) fn receive(
        &self,
        key: u32,
        room: &mut [u8],
    ) -> Result<ReceivedDatagram, TransportError> {
        match self {
            Self::File { hearing, .. } if key == FIRST_KEY => {
                received(unixgram::receive(hearing, room))
            }
            Self::Udp(sockets) => match sockets.iter().find(|(known, _)| *known == key) {
                Some((_, socket)) => received(udp::receive(socket, room)),
                None => Ok(ReceivedDatagram::Nothing),
            },
            _ => Ok(ReceivedDatagram::Nothing),
        }
    }

    /// Waits for room to send, or no more.
    pub(super) fn watch(&self, registry: &Registry, is_full: bool) -> Result<(), Errno> {
        let room = if is_full { EventFlags::OUT } else { EventFlags::empty() };
        match self {
            Self::None => Ok(()),
            Self::File { sending, .. } => registry.modify(sending, FIRST_KEY + 1, room),
            Self::Udp(sockets) => sockets
                .iter()
                .try_for_each(|(key, socket)| registry.modify(socket, *key, EventFlags::IN | room)),
        }
    }

    pub(super) fn forget(&mut self, registry: &Registry) {
        match self {
            Self::None => {}
            Self::File { hearing, sending } => {
                registry.remove(&*hearing);
                registry.remove(&*sending);
            }
            Self::Udp(sockets) => {
                sockets.iter().for_each(|(_, socket)| registry.remove(socket));
            }
        }
        *self = Self::None;
    }
}
