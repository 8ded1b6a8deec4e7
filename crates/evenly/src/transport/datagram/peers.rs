//! Table of a listener's datagram peers: by number, by session, by alarm.

use super::frames::DatagramFrames;
use super::outcome::Sent;
use super::socket::SharedSocket;
use super::{udp, unixgram};
use crate::secure::noise::Responder;
use crate::transport::Gone;
use rustix::io::Errno;
use std::collections::{BTreeSet, HashMap, VecDeque};
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
    /// When its timers must be checked.
    alarm_ns: Option<u64>,
    /// Whether it is in the queue of peers that may have news.
    is_queued: bool,
    /// Whether something was packed for it since the last flush.
    pub(super) is_dirty: bool,
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
    Asking {
        hello: Vec<u8>,
        /// The handshake, where there is one.
        responder: Option<Box<Responder>>,
        /// Whether `next` has returned the hello.
        is_reported: bool,
    },
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

    /// When its timers must be checked next.
    pub(super) fn due_ns(&self) -> Option<u64> {
        let opening_ns = self.opening.as_ref().map(|opening| opening.until_ns);
        let dues = match &self.stage {
            DatagramPeerStage::Asking { .. } | DatagramPeerStage::Refused => {
                [opening_ns, None, None]
            }
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

    /// Whether `next` has something to return about it.
    pub(super) fn has_news(&self) -> bool {
        match &self.stage {
            DatagramPeerStage::Asking { is_reported, .. } => !is_reported,
            DatagramPeerStage::Admitted(frames) => frames.has_news(),
            DatagramPeerStage::Lost(..) => true,
            DatagramPeerStage::Broken(..)
            | DatagramPeerStage::Refused
            | DatagramPeerStage::Ending { .. }
            | DatagramPeerStage::Over => false,
        }
    }
}

/// The peers by number. The number of a removed peer is used again.
#[derive(Debug, Default)]
pub(super) struct DatagramPeers {
    slots: Vec<Option<DatagramPeer>>,
    free: Vec<u32>,
    sessions: HashMap<u64, u32>,
    alarms: BTreeSet<(u64, u32)>,
    /// Peers that may have news, in order. Some may be gone already.
    queue: VecDeque<u32>,
    /// Peers from which nothing sealed has come, the oldest first.
    opening: VecDeque<u32>,
    /// Number of peers in [`DatagramPeerStage::Ending`].
    ending: usize,
}

impl DatagramPeers {
    /// Adds a peer that asks to be admitted.
    pub(super) fn add(
        &mut self,
        session: u64,
        place: PeerAddress,
        stage: DatagramPeerStage,
        opening: Opening,
    ) -> u32 {
        let number = self.free.pop().unwrap_or(self.slots.len() as u32);
        let peer = DatagramPeer {
            session,
            place,
            stage,
            opening: Some(Box::new(opening)),
            alarm_ns: None,
            is_queued: false,
            is_dirty: false,
            is_blocked: false,
        };
        match self.slots.get_mut(number as usize) {
            Some(slot) => *slot = Some(peer),
            None => self.slots.push(Some(peer)),
        }
        self.sessions.insert(session, number);
        self.opening.push_back(number);
        self.arrange(number);
        self.queue(number);
        number
    }

    pub(super) fn get(&self, number: u32) -> Option<&DatagramPeer> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut DatagramPeer> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &DatagramPeer> {
        self.slots.iter().flatten()
    }

    /// The peer with this session.
    pub(super) fn of_session(&self, session: u64) -> Option<u32> {
        self.sessions.get(&session).copied()
    }

    /// Moves a peer to `stage`; returns the stage before.
    pub(super) fn advance(
        &mut self,
        number: u32,
        stage: DatagramPeerStage,
    ) -> Option<DatagramPeerStage> {
        let peer = self.slots.get_mut(number as usize)?.as_mut()?;
        self.ending += usize::from(matches!(stage, DatagramPeerStage::Ending { .. }));
        let before = std::mem::replace(&mut peer.stage, stage);
        self.ending -= usize::from(matches!(before, DatagramPeerStage::Ending { .. }));
        self.arrange(number);
        self.queue(number);
        Some(before)
    }

    /// Something sealed has come, or nothing is waited for: the hello need not be answered again.
    pub(super) fn finish_opening(&mut self, number: u32) {
        if let Some(peer) = self.get_mut(number)
            && peer.opening.take().is_some()
        {
            self.opening.retain(|opening| *opening != number);
        }
    }

    /// Removes a peer and frees its number.
    pub(super) fn remove(&mut self, number: u32) -> Option<DatagramPeer> {
        self.finish_opening(number);
        let peer = self.slots.get_mut(number as usize)?.take()?;
        if let Some(alarm_ns) = peer.alarm_ns {
            self.alarms.remove(&(alarm_ns, number));
        }
        self.ending -= usize::from(matches!(peer.stage, DatagramPeerStage::Ending { .. }));
        self.sessions.remove(&peer.session);
        self.free.push(number);
        Some(peer)
    }

    /// Sets the alarm of a peer. An alarm that is too early is left: it is put right
    /// when it is given, and most are not for long.
    pub(super) fn arrange(&mut self, number: u32) {
        let Some(Some(peer)) = self.slots.get_mut(number as usize) else { return };
        let Some(due_ns) = peer.due_ns() else { return };
        if peer.alarm_ns.is_some_and(|alarm_ns| alarm_ns <= due_ns) {
            return;
        }
        if let Some(alarm_ns) = peer.alarm_ns.replace(due_ns) {
            self.alarms.remove(&(alarm_ns, number));
        }
        self.alarms.insert((due_ns, number));
    }

    /// The next alarm that is due. It must be arranged again.
    pub(super) fn next_alarm(&mut self, now_ns: u64) -> Option<u32> {
        let (alarm_ns, number) = *self.alarms.first()?;
        if alarm_ns > now_ns {
            return None;
        }
        self.alarms.pop_first();
        if let Some(peer) = self.get_mut(number) {
            peer.alarm_ns = None;
        }
        Some(number)
    }

    pub(super) fn next_alarm_ns(&self) -> Option<u64> {
        self.alarms.first().map(|(alarm_ns, _)| *alarm_ns)
    }

    /// Queues a peer if it has news.
    pub(super) fn queue(&mut self, number: u32) {
        let Some(Some(peer)) = self.slots.get_mut(number as usize) else { return };
        if !peer.is_queued && peer.has_news() {
            peer.is_queued = true;
            self.queue.push_back(number);
        }
    }

    /// The first queued peer that has news.
    pub(super) fn first_with_news(&mut self) -> Option<u32> {
        while let Some(number) = self.queue.front().copied() {
            match self.get_mut(number) {
                Some(peer) if peer.is_queued && peer.has_news() => return Some(number),
                Some(peer) => peer.is_queued = false,
                None => {}
            }
            self.queue.pop_front();
        }
        None
    }

    /// The oldest peer that has sent nothing sealed, if there are at least `most` of them.
    pub(super) fn oldest_of(&self, most: usize) -> Option<u32> {
        self.opening.front().filter(|_| self.opening.len() >= most).copied()
    }

    pub(super) fn has_ending(&self) -> bool {
        self.ending > 0
    }
}
