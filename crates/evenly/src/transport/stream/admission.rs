//! Admission of stream peers: accept, hello, answer.

use super::frames::StreamFrames;
use super::listener::StreamListener;
use super::listening_socket::Accepted;
use super::message::{self, Message, MessageProgress};
use super::peers::{StreamPeerStage, StreamPeers};
use super::socket::{is_quiet, is_same_user};
use super::{CROWDED_NS, LINGER_NS, LONGEST_HELLO, STARTED_NS};
use crate::secure::noise::{HANDSHAKE, NoiseSession};
use crate::transport::admission::{self, MOST_UNPROVEN};
use crate::transport::{Gone, TransportError, failed};
use std::os::fd::OwnedFd;

/// Most connections that are accepted in one call of `attend`.
const ACCEPTED_AT_ONCE: usize = 64;

impl StreamListener {
    /// Accepts the connections that wait.
    pub(super) fn accept(&mut self) -> Result<(), TransportError> {
        for _ in 0..ACCEPTED_AT_ONCE {
            let oldest = self.peers.oldest_arriving();
            let Some(listening) = &mut self.listening else { break };
            let (socket, place) = match listening.accept(oldest.is_some())? {
                Accepted::Connection(socket, place) => (socket, place),
                Accepted::Full => {
                    oldest.into_iter().for_each(|oldest| self.turn_away(oldest));
                    continue;
                }
                Accepted::SentAway => continue,
                Accepted::Nothing => break,
                Accepted::Crowded => {
                    self.pause();
                    break;
                }
            };
            if !self.address.needs_key() && !is_same_user(&socket) {
                self.admission.count_stranger();
                continue;
            }
            if !self.make_room() {
                continue;
            }
            let over = if self.address.needs_key() { HANDSHAKE } else { 0 };
            let message = Message::new(2, LONGEST_HELLO + over);
            let due_ns = self.now_ns + self.silence.limit_ns();
            let number = self.peers.add(socket, place, message, due_ns);
            let Some(peer) = self.peers.get(number) else { continue };
            if self.registry.add(&peer.socket, number, peer.watched).is_err() {
                // The system has no room to wait for it (epoll_ctl(2), ENOSPC).
                self.remove(number);
                self.pause();
                break;
            }
        }
        Ok(())
    }

    /// Adds the connection of an agent that this process has started under a name.
    pub(super) fn add_adopted(
        &mut self,
        socket: OwnedFd,
        name: &str,
    ) -> Result<(), TransportError> {
        let message = Message::new(2, LONGEST_HELLO);
        let number = self.peers.add(socket, None, message, self.now_ns + STARTED_NS);
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        peer.name = Some(name.to_owned());
        self.registry.add(&peer.socket, number, peer.watched).map_err(failed("epoll_ctl"))
    }

    /// Makes room for one more peer in place of the one that has waited longest without a hello. False if
    /// there is none: every other peer has said hello.
    fn make_room(&mut self) -> bool {
        let is_full =
            |peers: &StreamPeers, most| peers.arriving() >= MOST_UNPROVEN || peers.count() >= most;
        if is_full(&self.peers, self.most_connections)
            && let Some(oldest) = self.peers.oldest_arriving()
        {
            // Its hello may have arrived by now, where many come at the same time.
            self.hear_hello(oldest);
        }
        while is_full(&self.peers, self.most_connections) {
            let Some(oldest) = self.peers.oldest_arriving() else { return false };
            self.turn_away(oldest);
        }
        true
    }

    /// Stops accepting for `CROWDED_NS`: it would fail again at once, in a busy loop.
    fn pause(&mut self) {
        self.listening.iter().for_each(|listening| self.registry.remove(listening));
        self.crowded_until_ns = Some(self.now_ns + CROWDED_NS);
    }

    /// Reads what is there of a hello.
    pub(super) fn hear_hello(&mut self, number: u32) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        let StreamPeerStage::Arriving(message) = &mut peer.stage else { return };
        match message.read(&peer.socket) {
            MessageProgress::More => {}
            MessageProgress::Whole => {
                let hello = message.parts().1;
                let session = match self.address.needs_key() {
                    true => admission::session_of(hello),
                    false => None,
                };
                // A hello that was recorded and replayed is as strange as one without the key.
                let is_replayed = session.is_some_and(|session| self.admission.is_recent(session));
                let opened = if is_replayed { None } else { self.admission.open(hello) };
                let Some((hello, responder)) = opened else {
                    if let Some(place) = peer.place.filter(|_| !is_replayed) {
                        self.admission.note_wrong_key(place);
                    }
                    return self.turn_away(number);
                };
                session.into_iter().for_each(|session| self.admission.remember(session));
                let stage = StreamPeerStage::Asking { hello, responder, is_reported: false };
                self.peers.advance(number, stage, None);
                self.peers.queue(number);
            }
            MessageProgress::TooLong | MessageProgress::EndOfFile | MessageProgress::Broken(_) => {
                self.turn_away(number);
            }
        }
    }

    /// Closes the connection of a stranger and sends nothing.
    pub(super) fn turn_away(&mut self, number: u32) {
        self.admission.count_stranger();
        self.remove(number);
    }

    /// A peer that waits for its answer sends nothing, so an event means that it is gone.
    pub(super) fn look_at_asking(&mut self, number: u32) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        let StreamPeerStage::Asking { is_reported, .. } = peer.stage else { return };
        if is_quiet(&peer.socket) {
            return;
        }
        if is_reported {
            let mut frames = Box::new(StreamFrames::new(Vec::new()));
            frames.give_up(Gone::EndOfFile);
            self.peers.advance(
                number,
                StreamPeerStage::Admitted { frames, has_joined: false },
                None,
            );
            self.peers.queue(number);
        } else {
            self.remove(number);
        }
    }

    /// Answers the hello of a peer. Frames follow the answer.
    pub(super) fn answer(
        &mut self,
        peer: usize,
        is_admitted: bool,
        words: &[u8],
        now_ns: u64,
    ) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let number = peer as u32;
        debug_assert!(words.len() <= LONGEST_HELLO);
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        // The peer may have left since its hello was returned; `next` reports that.
        let StreamPeerStage::Asking { responder, .. } = &mut peer.stage else { return Ok(()) };
        let (answer, session) = admission::answer(responder.take(), is_admitted, words)?;
        let mut beginning = Vec::with_capacity(2 + answer.len());
        if session.is_some() {
            message::append(&mut beginning, &answer);
        } else {
            beginning.push(answer[0]);
            message::append(&mut beginning, &answer[1..]);
        }
        let mut frames = Box::new(StreamFrames::new(beginning));
        if !is_admitted {
            frames.begin_end(&peer.socket);
            self.peers.advance(number, StreamPeerStage::Ending(frames), Some(now_ns + LINGER_NS));
            return self.watch(number);
        }
        match session.map(NoiseSession::into_records).transpose() {
            Ok(None) => {}
            Ok(Some(records)) => frames.seal_with(records),
            Err(_) => frames.give_up(Gone::Forged),
        }
        let stage = StreamPeerStage::Admitted { frames, has_joined: false };
        // A stranger that repeats a recorded hello never sends a first frame.
        let due_ns = now_ns + self.silence.limit_ns();
        self.peers.advance(number, stage, Some(due_ns));
        self.write_to(number)
    }
}
