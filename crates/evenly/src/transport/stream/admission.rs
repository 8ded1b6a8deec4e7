//! How somebody is let in: accepted, heard, asked about, and admitted or refused.

use super::gate::Accepted;
use super::line::Line;
use super::listener::Listener;
use super::message::{self, Message, Progress};
use super::peers::{Peers, Stage};
use super::socket::{is_quiet, is_same_user};
use super::{CROWDED_NS, LINGER_NS, LONGEST_HELLO};
use crate::secure::Key;
use crate::secure::noise::{HANDSHAKE, Responder, Session};
use crate::transport::{Failed, Gone, failed};
use std::collections::VecDeque;

/// How many may be connected without having said hello. The next one takes the place of the first.
const MOST_ARRIVING: usize = 256;
/// How many are accepted before the others are looked at again.
const ACCEPTED_AT_ONCE: usize = 64;
/// How many hellos are remembered, so that one that was recorded cannot be said again.
const REMEMBERED: usize = 1024;
/// What a hello begins with: an ephemeral key, chosen at random for this one.
pub(super) type Ephemeral = [u8; 32];

impl Listener {
    /// Accepts those who wait for it.
    pub(super) fn accept(&mut self) -> Result<(), Failed> {
        for _ in 0..ACCEPTED_AT_ONCE {
            let oldest = self.peers.oldest_arriving();
            let (socket, place) = match self.gate.accept(oldest.is_some())? {
                Accepted::Somebody(socket, place) => (socket, place),
                Accepted::Full => {
                    oldest.into_iter().for_each(|oldest| self.turn_away(oldest));
                    continue;
                }
                Accepted::SentAway => continue,
                Accepted::Nobody => break,
                Accepted::Crowded => {
                    self.pause();
                    break;
                }
            };
            if !self.address.needs_key() && !is_same_user(&socket) {
                self.strangers += 1;
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

    /// Makes room for one more peer in place of the one that has waited longest without a hello. False if
    /// there is none: every other peer has said hello.
    fn make_room(&mut self) -> bool {
        let is_full =
            |peers: &Peers, most| peers.arriving() >= MOST_ARRIVING || peers.count() >= most;
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

    /// Accepts nobody for a while: it would fail again at once, and for ever.
    fn pause(&mut self) {
        self.registry.remove(&self.gate);
        self.crowded_until_ns = Some(self.now_ns + CROWDED_NS);
    }

    /// Reads what is there of a hello.
    pub(super) fn hear_hello(&mut self, number: u32) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        let Stage::Arriving(message) = &mut peer.stage else { return };
        match message.read(&peer.socket) {
            Progress::More => {}
            Progress::Whole => {
                let hello = message.parts().1;
                let asking = if self.address.needs_key() {
                    sealed_hello(&self.keys, &mut self.remembered, hello)
                } else {
                    Some((hello.to_vec(), None))
                };
                let Some((hello, responder)) = asking else { return self.turn_away(number) };
                let stage = Stage::Asking { hello, responder, is_told: false };
                self.peers.advance(number, stage, None);
                self.peers.queue(number);
            }
            Progress::TooLong | Progress::EndOfFile | Progress::Broken(_) => {
                self.turn_away(number);
            }
        }
    }

    /// Closes the connection of a stranger, without a word.
    pub(super) fn turn_away(&mut self, number: u32) {
        self.strangers += 1;
        self.remove(number);
    }

    /// Nothing comes from whoever waits to be admitted, unless it is gone.
    pub(super) fn look_at_asking(&mut self, number: u32) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        let Stage::Asking { is_told, .. } = peer.stage else { return };
        if is_quiet(&peer.socket) {
            return;
        }
        if is_told {
            let mut line = Box::new(Line::new(Vec::new()));
            line.give_up(Gone::EndOfFile);
            self.peers.advance(number, Stage::Admitted { line, has_joined: false }, None);
            self.peers.queue(number);
        } else {
            self.remove(number);
        }
    }

    /// Answers whoever asks. What else is sent goes behind the answer.
    pub(super) fn answer(
        &mut self,
        peer: usize,
        is_admitted: bool,
        words: &[u8],
        now_ns: u64,
    ) -> Result<(), Failed> {
        self.now_ns = now_ns;
        let number = peer as u32;
        debug_assert!(words.len() <= LONGEST_HELLO);
        let Some(peer) = self.peers.get_mut(number) else { return Ok(()) };
        // It may have left while it was thought about; that is told soon.
        let Stage::Asking { responder, .. } = &mut peer.stage else { return Ok(()) };
        let (mut beginning, mut session) = (vec![], None);
        match responder.take() {
            None => {
                beginning.push(u8::from(is_admitted));
                message::append(&mut beginning, words);
            }
            Some(responder) => {
                let words = [&[u8::from(is_admitted)], words].concat();
                let mut sealed = vec![];
                let answered = responder.answer(&words, &mut sealed);
                session = Some(answered.map_err(failed("getrandom"))?);
                message::append(&mut beginning, &sealed);
            }
        }
        let mut line = Box::new(Line::new(beginning));
        if !is_admitted {
            line.begin_end(&peer.socket);
            self.peers.advance(number, Stage::Ending(line), Some(now_ns + LINGER_NS));
            return self.watch(number);
        }
        match session.map(Session::into_records).transpose() {
            Ok(None) => {}
            Ok(Some(records)) => line.seal_with(records),
            Err(_) => line.give_up(Gone::Forged),
        }
        let stage = Stage::Admitted { line, has_joined: false };
        // A stranger that repeats a recorded hello never sends a first frame.
        let due_ns = now_ns + self.silence.limit_ns();
        self.peers.advance(number, stage, Some(due_ns));
        self.write_to(number)
    }
}

/// Opens a hello: `None` if a stranger said it, or it was said before.
fn sealed_hello(
    keys: &[Key],
    remembered: &mut VecDeque<Ephemeral>,
    message: &[u8],
) -> Option<(Vec<u8>, Option<Box<Responder>>)> {
    let ephemeral: Ephemeral = *message.first_chunk()?;
    if remembered.contains(&ephemeral) {
        return None;
    }
    let mut hello = vec![0; message.len().checked_sub(HANDSHAKE)?];
    let (responder, _) = Responder::hear(keys, message, &mut hello).ok()?;
    if remembered.len() == REMEMBERED {
        remembered.pop_front();
    }
    remembered.push_back(ephemeral);
    Some((hello, Some(Box::new(responder))))
}
