//! Datagram peers at work: packs and sends datagrams, reads them, resends and answers when timers are due.

use super::SHARED_KEY;
use super::listener::DatagramListener;
use super::outcome::{ReceivedDatagram, Sent};
use super::peer::{DatagramPeer, DatagramPeerStage, PeerAddress};
use super::unixgram;
use crate::transport::admission::ReceivedHello;
use crate::transport::{Gone, TransportError, failed};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;

/// Most datagrams that are still read from a peer to which sending has failed.
const LAST_WORDS: usize = 1024;

impl DatagramListener {
    /// Reads at most `most` datagrams.
    pub(super) fn receive(&mut self, most: usize) -> Result<(), TransportError> {
        for _ in 0..most {
            match self.shared.receive(&mut self.room)? {
                ReceivedDatagram::Datagram(length, origin) => {
                    let room = std::mem::take(&mut self.room);
                    self.hear(&room[..length], origin);
                    self.room = room;
                }
                ReceivedDatagram::Nothing => break,
                ReceivedDatagram::Hint(_) => {}
            }
        }
        Ok(())
    }

    /// Sends the waiting datagrams of a peer, as far as there is room.
    pub(super) fn write_to(&mut self, number: u32) -> Result<(), TransportError> {
        let now_ns = self.now_ns;
        let Self { peers, shared, .. } = self;
        let Some(peer) = peers.get_mut(number) else { return Ok(()) };
        let DatagramPeer { stage, place, .. } = peer;
        let (DatagramPeerStage::Admitted(frames) | DatagramPeerStage::Ending { frames, .. }) =
            stage
        else {
            return Ok(());
        };
        let sent = frames.send_due(now_ns, |datagram| place.send(shared, datagram));
        self.watch(number, matches!(sent, Sent::Full))?;
        if let Sent::Gone(cause) = sent {
            self.break_off(number, cause);
        }
        if let Some(DatagramPeer { stage: DatagramPeerStage::Ending { frames, .. }, .. }) =
            self.peers.get(number)
            && frames.is_over()
        {
            self.remove(number);
        }
        self.peers.refresh(number);
        Ok(())
    }

    /// Starts or stops waiting for room.
    fn watch(&mut self, number: u32, is_full: bool) -> Result<(), TransportError> {
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        if peer.is_blocked == is_full {
            return Ok(());
        }
        peer.is_blocked = is_full;
        let room = if is_full { EventFlags::OUT } else { EventFlags::empty() };
        let changed = match &peer.place {
            PeerAddress::File(socket, _) => self.registry.modify(socket, number, room),
            PeerAddress::Network(_) if is_full => {
                self.blocked.push(number);
                self.registry.modify(&self.shared, SHARED_KEY, EventFlags::IN | room)
            }
            PeerAddress::Network(_) => Ok(()),
        };
        changed.map_err(failed("epoll_ctl"))
    }

    /// Writes to the peers that waited for room in the shared socket.
    pub(super) fn write_blocked(&mut self) -> Result<(), TransportError> {
        if self.blocked.is_empty() {
            return Ok(());
        }
        self.registry
            .modify(&self.shared, SHARED_KEY, EventFlags::IN)
            .map_err(failed("epoll_ctl"))?;
        for number in std::mem::take(&mut self.blocked) {
            if let Some(peer) = self.peers.get_mut(number) {
                peer.is_blocked = false;
                self.write_to(number)?;
            }
        }
        Ok(())
    }

    pub(super) fn write_touched(&mut self) -> Result<(), TransportError> {
        while let Some(number) = self.touched.pop() {
            self.write_to(number)?;
        }
        Ok(())
    }

    /// Moves a peer to `stage`; returns the stage before.
    pub(super) fn advance(
        &mut self,
        number: u32,
        stage: DatagramPeerStage,
    ) -> Option<DatagramPeerStage> {
        self.peers.change(number, |peer| std::mem::replace(&mut peer.stage, stage))
    }

    /// Stops sending to a peer. Its earlier datagrams may still wait to be read.
    fn break_off(&mut self, number: u32, cause: Errno) {
        match self.advance(number, DatagramPeerStage::Over) {
            Some(DatagramPeerStage::Admitted(frames)) => {
                self.advance(number, DatagramPeerStage::Broken(frames, cause));
            }
            _ => self.remove(number),
        }
    }

    /// Marks a peer as gone. `next` returns its last frames first.
    pub(super) fn lose(&mut self, number: u32, why: Gone) {
        self.peers.change(number, |peer| peer.opening = None);
        match self.advance(number, DatagramPeerStage::Over) {
            Some(DatagramPeerStage::Asking(ReceivedHello { is_reported: true, .. })) => {
                self.advance(number, DatagramPeerStage::Lost(None, why));
            }
            Some(DatagramPeerStage::Admitted(frames) | DatagramPeerStage::Broken(frames, _)) => {
                self.advance(number, DatagramPeerStage::Lost(Some(frames), why));
            }
            _ => self.remove(number),
        }
    }

    /// Removes a peer, and the file of its socket if that is stale.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(peer) = self.peers.remove(number) else { return };
        self.sessions.remove(&peer.session);
        if let PeerAddress::File(socket, path) = peer.place {
            self.registry.remove(&socket);
            // An agent that was killed could not do it.
            unixgram::remove_if_stale(&path);
        }
    }

    /// Checks the timers of a peer.
    pub(super) fn look_at(&mut self, number: u32) -> Result<(), TransportError> {
        let now_ns = self.now_ns;
        let Some(peer) = self.peers.get(number) else { return Ok(()) };
        let is_opening = peer.opening.is_some();
        let is_too_late = peer.opening.as_ref().is_some_and(|opening| opening.until_ns <= now_ns);
        match &peer.stage {
            DatagramPeerStage::Refused | DatagramPeerStage::Over => self.remove(number),
            DatagramPeerStage::Asking(_) => self.turn_away(number),
            DatagramPeerStage::Admitted(_) if is_too_late => self.turn_away(number),
            DatagramPeerStage::Admitted(frames) if !is_opening && frames.silent_ns() <= now_ns => {
                self.lose(number, Gone::Silent);
            }
            DatagramPeerStage::Ending { until_ns, .. } if *until_ns <= now_ns => {
                self.remove(number);
            }
            DatagramPeerStage::Admitted(_) | DatagramPeerStage::Ending { .. } => {
                return self.write_to(number);
            }
            DatagramPeerStage::Broken(_, cause) => {
                let why = Gone::broken(*cause);
                self.receive(LAST_WORDS)?;
                self.lose(number, why);
            }
            DatagramPeerStage::Lost(..) => {}
        }
        self.peers.refresh(number);
        Ok(())
    }
}
