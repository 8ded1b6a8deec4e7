//! Admission of stream peers: accept, hello, answer.

use super::frames::StreamFrames;
use super::listener::StreamListener;
use super::listening_socket::Accepted;
use super::message::{self, Message, MessageProgress};
use super::peer::{StreamPeer, StreamPeerStage};
use super::socket::{is_quiet, is_same_user};
use super::{CROWDED_NS, LINGER_NS, STARTED_NS};
use crate::secure::noise::{HANDSHAKE, NoiseSession};
use crate::transport::admission::{LONGEST_HELLO, MOST_UNPROVEN, session_of};
use crate::transport::peer_table::PeerTable;
use crate::transport::{Gone, TransportError, failed};
use rustix::event::epoll::EventFlags;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// Most connections that are accepted in one call of `attend`.
const ACCEPTED_AT_ONCE: usize = 64;

impl StreamListener {
    /// Accepts the connections that wait.
    pub(super) fn accept(&mut self) -> Result<(), TransportError> {
        for _ in 0..ACCEPTED_AT_ONCE {
            let oldest = self.peers.oldest_unproven();
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
            let due_ns = self.now_ns + self.silence.limit_ns();
            let (number, is_watched) = self.add(socket, (place, None), due_ns);
            if is_watched.is_err() {
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
        self.add(socket, (None, Some(name.to_owned())), self.now_ns + STARTED_NS).1
    }

    /// Adds a peer that must send its hello before `due_ns`; returns its number, and whether epoll watches it.
    fn add(
        &mut self,
        socket: OwnedFd,
        (place, name): (Option<SocketAddr>, Option<String>),
        due_ns: u64,
    ) -> (u32, Result<(), TransportError>) {
        let over = if self.address.needs_key() { HANDSHAKE } else { 0 };
        let stage = StreamPeerStage::Arriving(Message::new(2, LONGEST_HELLO + over));
        let (watched, due_ns) = (EventFlags::IN, Some(due_ns));
        let number = self.peers.add(StreamPeer { socket, place, name, stage, watched, due_ns });
        let is_watched = self.peers.get(number).map_or(Ok(()), |peer| {
            self.registry.add(&peer.socket, number, watched).map_err(failed("epoll_ctl"))
        });
        (number, is_watched)
    }

    /// Makes room for one more peer in place of the one that has waited longest without a hello. False if
    /// there is none: every other peer has said hello.
    fn make_room(&mut self) -> bool {
        let most = self.most_connections;
        let is_full = |peers: &PeerTable<StreamPeer>| {
            peers.unproven() >= MOST_UNPROVEN || peers.count() >= most
        };
        if is_full(&self.peers)
            && let Some(oldest) = self.peers.oldest_unproven()
        {
            // Its hello may have arrived by now, where many come at the same time.
            self.hear_hello(oldest);
        }
        while is_full(&self.peers) {
            let Some(oldest) = self.peers.oldest_unproven() else { return false };
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
                let session = if self.address.needs_key() { session_of(hello) } else { None };
                match self.admission.open(hello, session, peer.place) {
                    Some(hello) => self.advance(number, StreamPeerStage::Asking(hello), None),
                    None => self.turn_away(number),
                }
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

    /// Moves a peer to `stage`, which must be over at `due_ns`.
    fn advance(&mut self, number: u32, stage: StreamPeerStage, due_ns: Option<u64>) {
        self.peers.change(number, |peer| (peer.stage, peer.due_ns) = (stage, due_ns));
    }

    /// A peer that waits for its answer sends nothing, so an event means that it is gone.
    pub(super) fn look_at_asking(&mut self, number: u32) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        let StreamPeerStage::Asking(hello) = &peer.stage else { return };
        if is_quiet(&peer.socket) {
            return;
        }
        if hello.is_reported {
            let mut frames = Box::new(StreamFrames::new(Vec::new()));
            frames.give_up(Gone::EndOfFile);
            self.advance(number, answered(frames, false), None);
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
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        // The peer may have left since its hello was returned; `next` reports that.
        let StreamPeerStage::Asking(hello) = &mut peer.stage else { return Ok(()) };
        let (answer, session) = hello.answer(is_admitted, words)?;
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
            self.advance(number, answered(frames, true), Some(now_ns + LINGER_NS));
            return self.watch(number);
        }
        match session.map(NoiseSession::into_records).transpose() {
            Ok(None) => {}
            Ok(Some(records)) => frames.seal_with(records),
            Err(_) => frames.give_up(Gone::Forged),
        }
        // A stranger that repeats a recorded hello never sends a first frame.
        let due_ns = now_ns + self.silence.limit_ns();
        self.advance(number, answered(frames, false), Some(due_ns));
        self.write_to(number)
    }
}

/// The stage of a peer from the answer to its hello on.
fn answered(frames: Box<StreamFrames>, is_ending: bool) -> StreamPeerStage {
    StreamPeerStage::Answered { frames, has_joined: false, is_ending }
}
