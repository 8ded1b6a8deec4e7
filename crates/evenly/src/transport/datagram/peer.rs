//! Peer of a datagram listener, and its stage.

use super::frames::DatagramFrames;
use super::outcome::Sent;
use super::socket::SharedSocket;
use super::{udp, unixgram};
use crate::transport::Gone;
use crate::transport::admission::ReceivedHello;
use crate::transport::peer_table::ListenerPeer;
use rustix::io::Errno;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A peer that has sent a hello.
#[derive(Debug)]
pub(super) struct DatagramPeer {
    pub(super) session: u64,
    pub(super) place: PeerAddress,
    pub(super) stage: DatagramPeerStage,
    /// Until something sealed has come.
    pub(super) opening: Option<Box<Opening>>,
    /// Whether there was no room for a datagram to it.
    pub(super) is_blocked: bool,
}

/// Where datagrams to a peer are sent.
#[derive(Debug)]
pub(super) enum PeerAddress {
    /// From where the newest valid datagram of the session came.
    Network(SocketAddr),
    /// A socket that is connected to the file of the agent.
    File(OwnedFd, PathBuf),
}

impl PeerAddress {
    /// Sends one datagram there.
    pub(super) fn send(&self, shared: &SharedSocket, bytes: &[u8]) -> Sent {
        match self {
            Self::Network(place) => udp::send(shared, Some(place), bytes),
            Self::File(socket, _) => unixgram::send(socket, bytes),
        }
    }
}

/// What must be known to answer a hello that comes again.
#[derive(Debug)]
pub(super) struct Opening {
    /// The hello as it was sent, and the datagram that answers it, if there is one yet.
    pub(super) message: Vec<u8>,
    pub(super) answer: Vec<u8>,
    /// When it is too late for something sealed.
    pub(super) until_ns: u64,
}

/// Stage of a peer.
#[derive(Debug)]
pub(super) enum DatagramPeerStage {
    /// It is to be admitted or refused.
    Asking(ReceivedHello),
    /// Frames go both ways.
    Admitted(Box<DatagramFrames>),
    /// Nothing can be sent to it. What it has sent is still to be read.
    Broken(Box<DatagramFrames>, Errno),
    /// It was refused, and may ask for the answer again.
    Refused,
    /// The rest of the packed frames is being sent, then the end.
    Ending { frames: Box<DatagramFrames>, until_ns: u64 },
    /// It is gone; `next` returns its last frames, then that.
    Lost(Option<Box<DatagramFrames>>, Gone),
    /// `next` has returned everything about it.
    Over,
}

impl DatagramPeer {
    pub(super) fn frames(&mut self) -> Option<&mut DatagramFrames> {
        match &mut self.stage {
            DatagramPeerStage::Admitted(frames) | DatagramPeerStage::Ending { frames, .. } => {
                Some(frames)
            }
            _ => None,
        }
    }
}

impl ListenerPeer for DatagramPeer {
    fn has_news(&self) -> bool {
        match &self.stage {
            DatagramPeerStage::Asking(hello) => !hello.is_reported,
            DatagramPeerStage::Admitted(frames) => frames.has_news(),
            DatagramPeerStage::Lost(..) => true,
            DatagramPeerStage::Broken(..)
            | DatagramPeerStage::Refused
            | DatagramPeerStage::Ending { .. }
            | DatagramPeerStage::Over => false,
        }
    }

    fn is_unproven(&self) -> bool {
        self.opening.is_some()
    }

    fn is_ending(&self) -> bool {
        matches!(self.stage, DatagramPeerStage::Ending { .. })
    }

    fn due_ns(&self) -> Option<u64> {
        let opening_ns = self.opening.as_ref().map(|opening| opening.until_ns);
        let dues = match &self.stage {
            DatagramPeerStage::Asking(_) | DatagramPeerStage::Refused => [opening_ns, None, None],
            DatagramPeerStage::Admitted(frames) => {
                [opening_ns, frames.due_ns(), Some(frames.silent_ns())]
            }
            DatagramPeerStage::Ending { frames, until_ns } => {
                [frames.due_ns(), Some(*until_ns), None]
            }
            DatagramPeerStage::Broken(..) | DatagramPeerStage::Over => [Some(0), None, None],
            DatagramPeerStage::Lost(..) => [None; 3],
        };
        dues.into_iter().flatten().min()
    }
}
