//! Table of a listener's stream peers: by number, by deadline.

use super::frames::StreamFrames;
use super::message::Message;
use crate::secure::noise::Responder;
use rustix::event::epoll::EventFlags;
use std::collections::{BTreeSet, VecDeque};
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
    due_ns: Option<u64>,
    /// Whether it is in the queue of peers that may have news.
    is_queued: bool,
    /// Whether something was packed for it.
    pub(super) is_dirty: bool,
}

/// Stage of a peer.
#[derive(Debug)]
pub(super) enum StreamPeerStage {
    /// Its hello has not arrived.
    Arriving(Message),
    /// Its hello is there, and is to be admitted or refused.
    Asking {
        hello: Vec<u8>,
        /// The handshake, where there is one.
        responder: Option<Box<Responder>>,
        /// Whether `next` has returned the hello.
        is_reported: bool,
    },
    /// It was admitted.
    Admitted {
        frames: Box<StreamFrames>,
        /// Whether a frame has come from it.
        has_joined: bool,
    },
    /// The rest of the packed frames is being sent, then the end.
    Ending(Box<StreamFrames>),
}

/// The peers by number. The number of a removed peer is used again.
#[derive(Debug, Default)]
pub(super) struct StreamPeers {
    slots: Vec<Option<StreamPeer>>,
    free: Vec<u32>,
    /// Deadlines, with the numbers of their peers.
    due: BTreeSet<(u64, u32)>,
    /// Peers that may have news, in order. Some may be gone already.
    queue: VecDeque<u32>,
    /// Those whose hello has not arrived, in the order in which they came.
    arriving: VecDeque<u32>,
    /// Number of peers in [`StreamPeerStage::Ending`].
    ending: usize,
}

impl StreamPeers {
    /// Adds a peer that must send its hello before `due_ns`.
    pub(super) fn add(
        &mut self,
        socket: OwnedFd,
        place: Option<SocketAddr>,
        message: Message,
        due_ns: u64,
    ) -> u32 {
        let number = self.free.pop().unwrap_or(self.slots.len() as u32);
        let peer = StreamPeer {
            socket,
            place,
            name: None,
            stage: StreamPeerStage::Arriving(message),
            watched: EventFlags::IN,
            due_ns: Some(due_ns),
            is_queued: false,
            is_dirty: false,
        };
        match self.slots.get_mut(number as usize) {
            Some(slot) => *slot = Some(peer),
            None => self.slots.push(Some(peer)),
        }
        self.due.insert((due_ns, number));
        self.arriving.push_back(number);
        number
    }

    pub(super) fn get(&self, number: u32) -> Option<&StreamPeer> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &StreamPeer> {
        self.slots.iter().flatten()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut StreamPeer> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    /// Moves a peer to `stage`, which must be over at `due_ns`.
    pub(super) fn advance(&mut self, number: u32, stage: StreamPeerStage, due_ns: Option<u64>) {
        let Some(peer) = self.slots.get_mut(number as usize).and_then(Option::as_mut) else {
            return;
        };
        let before = std::mem::replace(&mut peer.stage, stage);
        let is_ending = matches!(peer.stage, StreamPeerStage::Ending(_));
        self.leave_stage(number, &before);
        self.ending += usize::from(is_ending);
        self.set_due(number, due_ns);
    }

    /// Begins the end of an admitted peer, which must read it before `due_ns`.
    pub(super) fn end(&mut self, number: u32, due_ns: u64) {
        let Some(slot) = self.slots.get_mut(number as usize) else { return };
        *slot = slot.take().map(|mut peer| {
            if let StreamPeerStage::Admitted { frames, .. } = peer.stage {
                peer.stage = StreamPeerStage::Ending(frames);
                self.ending += 1;
            }
            peer
        });
        self.set_due(number, Some(due_ns));
    }

    /// Removes a peer and frees its number.
    pub(super) fn remove(&mut self, number: u32) -> Option<StreamPeer> {
        self.set_due(number, None);
        let peer = self.slots.get_mut(number as usize)?.take()?;
        self.leave_stage(number, &peer.stage);
        self.free.push(number);
        Some(peer)
    }

    fn leave_stage(&mut self, number: u32, stage: &StreamPeerStage) {
        match stage {
            StreamPeerStage::Arriving(_) => self.arriving.retain(|arriving| *arriving != number),
            StreamPeerStage::Ending(_) => self.ending -= 1,
            StreamPeerStage::Asking { .. } | StreamPeerStage::Admitted { .. } => {}
        }
    }

    pub(super) fn set_due(&mut self, number: u32, due_ns: Option<u64>) {
        let Some(Some(peer)) = self.slots.get_mut(number as usize) else { return };
        if let Some(before_ns) = std::mem::replace(&mut peer.due_ns, due_ns) {
            self.due.remove(&(before_ns, number));
        }
        if let Some(due_ns) = due_ns {
            self.due.insert((due_ns, number));
        }
    }

    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.due.first().map(|(due_ns, _)| *due_ns)
    }

    /// The peer whose deadline is the oldest at or before `now_ns`. The call returns it again until its
    /// deadline changes.
    pub(super) fn first_due(&self, now_ns: u64) -> Option<u32> {
        self.due.first().filter(|(due_ns, _)| *due_ns <= now_ns).map(|(_, number)| *number)
    }

    /// Queues a peer that may have news.
    pub(super) fn queue(&mut self, number: u32) {
        let Some(Some(peer)) = self.slots.get_mut(number as usize) else { return };
        if !peer.is_queued {
            peer.is_queued = true;
            self.queue.push_back(number);
        }
    }

    /// The first queued peer.
    pub(super) fn first_queued(&self) -> Option<u32> {
        self.queue.front().copied()
    }

    /// Removes the first queued peer from the queue.
    pub(super) fn pass_queued(&mut self) {
        let number = self.queue.pop_front();
        if let Some(peer) = number.and_then(|number| self.get_mut(number)) {
            peer.is_queued = false;
        }
    }

    /// The peer that has waited longest without a hello.
    pub(super) fn oldest_arriving(&self) -> Option<u32> {
        self.arriving.front().copied()
    }

    /// How many peers have not said hello.
    pub(super) fn arriving(&self) -> usize {
        self.arriving.len()
    }

    /// How many peers are connected.
    pub(super) fn count(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn has_ending(&self) -> bool {
        self.ending > 0
    }
}
