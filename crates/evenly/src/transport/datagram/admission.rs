//! Admission of datagram peers: hello, answer, first sealed datagram.

use super::frames::{DatagramFrames, SegmentSeal, Unused};
use super::listener::DatagramListener;
use super::outcome::Origin;
use super::peer::{DatagramPeer, DatagramPeerStage, Opening, PeerAddress};
use super::{ANSWER_NS, unixgram};
use crate::transport::admission::{MOST_UNPROVEN, ReceivedHello};
use crate::transport::{Gone, TransportError};
use evenly_core::datagram::{Content, Datagram};
use rustix::event::epoll::EventFlags;
use std::path::Path;

impl DatagramListener {
    /// Takes a datagram.
    pub(super) fn hear(&mut self, bytes: &[u8], origin: Origin) {
        if matches!(origin, Origin::OtherUser) {
            self.admission.count_stranger();
            return;
        }
        let Some(Datagram { session, content }) = Datagram::parse(bytes) else {
            self.admission.count_stranger();
            return;
        };
        match content {
            Content::Hello(message) => self.hear_hello(session, message, origin),
            Content::Answer(_) => self.admission.count_stranger(),
            Content::Sealed { counter, sealed } => {
                self.hear_sealed(session, counter, sealed, origin);
            }
        }
    }

    fn hear_hello(&mut self, session: u64, message: &[u8], origin: Origin) {
        if let Some(number) = self.sessions.get(&session).copied() {
            self.answer_again(number, message, origin);
            return;
        }
        // The hello of a session that is over: late, or recorded and replayed.
        if self.admission.is_recent(session) {
            return;
        }
        let (place, from) = match origin {
            Origin::Network(from) => (Some(PeerAddress::Network(from)), Some(from)),
            _ => (self.connect_back(session), None),
        };
        let Some((place, hello)) = place
            .and_then(|place| Some((place, self.admission.open(message, Some(session), from)?)))
        else {
            self.admission.count_stranger();
            return;
        };
        if self.peers.unproven() >= MOST_UNPROVEN
            && let Some(oldest) = self.peers.oldest_unproven()
        {
            self.turn_away(oldest);
        }
        let stage = DatagramPeerStage::Asking(hello);
        let until_ns = self.now_ns + ANSWER_NS;
        let opening = Opening { message: message.to_vec(), answer: Vec::new(), until_ns };
        let opening = Some(Box::new(opening));
        let peer = DatagramPeer { session, place, stage, opening, is_blocked: false };
        let number = self.peers.add(peer);
        self.sessions.insert(session, number);
        if let Some(DatagramPeer { place: PeerAddress::File(socket, _), .. }) =
            self.peers.get(number)
            && self.registry.add(socket, number, EventFlags::empty()).is_err()
        {
            // The system has no room to wait for it (epoll_ctl(2), ENOSPC).
            self.admission.count_stranger();
            self.remove(number);
        }
    }

    /// A socket connected to the file of the agent with this session.
    fn connect_back(&self, session: u64) -> Option<PeerAddress> {
        let path = unixgram::agent_path(self.address.path().unwrap_or(Path::new("")), session);
        Some(PeerAddress::File(unixgram::connected(&path).ok()?, path))
    }

    /// The same hello gets the same answer, if there is one; it goes to where that hello came from.
    fn answer_again(&mut self, number: u32, message: &[u8], origin: Origin) {
        let Some(peer) = self.peers.get(number) else { return };
        if let Some(opening) = &peer.opening
            && opening.message == message
            && !opening.answer.is_empty()
        {
            match origin {
                Origin::Network(place) => {
                    PeerAddress::Network(place).send(&self.shared, &opening.answer)
                }
                _ => peer.place.send(&self.shared, &opening.answer),
            };
        }
    }

    fn hear_sealed(&mut self, session: u64, counter: u64, sealed: &[u8], origin: Origin) {
        // A late datagram of a session that is over does not count as a stranger's.
        let Some(number) = self.sessions.get(&session).copied() else { return };
        let now_ns = self.now_ns;
        let Some(peer) = self.peers.get_mut(number) else { return };
        let (DatagramPeerStage::Admitted(frames)
        | DatagramPeerStage::Broken(frames, _)
        | DatagramPeerStage::Ending { frames, .. }) = &mut peer.stage
        else {
            return;
        };
        match frames.take(counter, sealed, now_ns) {
            Ok(is_newest) => {
                if let (true, Origin::Network(from)) = (is_newest, origin) {
                    peer.place = PeerAddress::Network(from);
                }
            }
            Err(Unused::Repeated) => return,
            Err(Unused::Forged) => {
                self.admission.count_stranger();
                return;
            }
            Err(Unused::Malformed(malformed)) => {
                self.lose(number, Gone::Malformed(malformed));
                return;
            }
        }
        if matches!(peer.stage, DatagramPeerStage::Ending { .. })
            && let Some(frames) = peer.frames()
        {
            frames.discard();
        }
        // The hello need not be answered again.
        self.peers.change(number, |peer| peer.opening = None);
        if self.touched.last() != Some(&number) {
            self.touched.push(number);
        }
    }

    /// Drops a peer that sent nothing sealed: its hello may be a replay.
    pub(super) fn turn_away(&mut self, number: u32) {
        let stage = self.peers.get(number).map(|peer| &peer.stage);
        if !matches!(stage, Some(DatagramPeerStage::Refused)) {
            self.admission.count_stranger();
        }
        match stage {
            Some(
                DatagramPeerStage::Asking(ReceivedHello { is_reported: true, .. })
                | DatagramPeerStage::Admitted(_),
            ) => {
                self.lose(number, Gone::Silent);
            }
            _ => self.remove(number),
        }
    }

    /// Answers the hello of a peer.
    pub(super) fn answer(
        &mut self,
        number: u32,
        is_admitted: bool,
        words: &[u8],
        now_ns: u64,
    ) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        let session = peer.session;
        // The peer may have been dropped since its hello was returned; `next` reports that.
        let DatagramPeerStage::Asking(hello) = &mut peer.stage else { return Ok(()) };
        let (message, sealed) = hello.answer(is_admitted, words)?;
        let seal = match sealed {
            None => Ok(SegmentSeal::Open),
            Some(session) => {
                session.into_sealer().map(|sealer| SegmentSeal::Noise(Box::new(sealer)))
            }
        };
        let mut datagram = Vec::new();
        Datagram { session, content: Content::Answer(&message) }.write(&mut datagram);
        if let Some(opening) = &mut peer.opening {
            opening.answer.clone_from(&datagram);
            opening.until_ns = now_ns + ANSWER_NS;
        }
        let stage = match seal {
            _ if !is_admitted => DatagramPeerStage::Refused,
            Ok(seal) => DatagramPeerStage::Admitted(Box::new(
                DatagramFrames::new(session, seal, now_ns).with_silence(self.silence),
            )),
            Err(_) => DatagramPeerStage::Lost(None, Gone::Forged),
        };
        self.advance(number, stage);
        // If there is no room, it is as if the answer got lost: the hello comes again.
        if let Some(peer) = self.peers.get(number) {
            peer.place.send(&self.shared, &datagram);
        }
        Ok(())
    }
}
