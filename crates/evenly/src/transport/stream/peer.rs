//! Peer of a stream listener, and its stage.

use super::frames::StreamFrames;
use super::message::Message;
use crate::transport::admission::ReceivedHello;
use crate::transport::peer_table::ListenerPeer;
use rustix::event::epoll::EventFlags;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// A connected peer.
#[derive(Debug)]
pub(super) struct StreamPeer {
    pub(super) socket: OwnedFd,
    /// Its address, on a network.
    pub(super) place: Option<SocketAddr>,
    /// Its name, if this process started it.
    pub(super) name: Option<String>,
    pub(super) stage: StreamPeerStage,
    /// What epoll watches for.
    pub(super) watched: EventFlags,
    /// When the stage must be over.
    pub(super) due_ns: Option<u64>,
}

/// Stage of a peer.
#[derive(Debug)]
pub(super) enum StreamPeerStage {
    /// Its hello has not arrived.
    Arriving(Message),
    /// It is to be admitted or refused.
    Asking(ReceivedHello),
    /// Its hello was answered. Frames go both ways, or only the end if it was refused.
    Answered {
        frames: Box<StreamFrames>,
        /// Whether a frame has come from it.
        has_joined: bool,
        /// Whether the rest of the packed frames is being sent, then the end.
        is_ending: bool,
    },
}

impl ListenerPeer for StreamPeer {
    fn has_news(&self) -> bool {
        match &self.stage {
            StreamPeerStage::Arriving(_) => false,
            StreamPeerStage::Asking(hello) => !hello.is_reported,
            StreamPeerStage::Answered { frames, is_ending, .. } => !is_ending && frames.has_news(),
        }
    }

    fn is_unproven(&self) -> bool {
        matches!(self.stage, StreamPeerStage::Arriving(_))
    }

    fn is_ending(&self) -> bool {
        matches!(self.stage, StreamPeerStage::Answered { is_ending: true, .. })
    }

    fn due_ns(&self) -> Option<u64> {
        self.due_ns
    }
}
