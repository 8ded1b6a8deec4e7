//! Admission of peers to a listener: keys, hellos, recent sessions, count of strangers.

use super::{Address, TransportError, failed};
use crate::secure::Key;
use crate::secure::noise::{Dialer, HANDSHAKE, NoiseSession, Responder};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The longest hello, and the longest answer to one.
pub(super) const LONGEST_HELLO: usize = 1024;
/// Most peers that are connected without having proved that they may join. A newer one replaces the oldest.
pub(super) const MOST_UNPROVEN: usize = 256;
/// Number of sessions that are remembered, so that a recorded hello cannot be replayed.
const REMEMBERED: usize = 1024;

/// Rules of a listener about the peers that may ask to join. Stream and datagram listeners have one each.
#[derive(Debug)]
pub(super) struct Admission {
    /// Empty for sockets within the machine, where the kernel names the user.
    keys: Vec<Key>,
    /// The end that dials its peers: agents at a primary, primaries at an agent.
    dialer: Dialer,
    recent: VecDeque<u64>,
    strangers: u64,
    /// Address of the last peer whose hello none of the keys opens.
    wrong_key: Option<SocketAddr>,
}

/// A hello of a peer that may ask to join, until it is answered.
#[derive(Debug)]
pub(super) struct ReceivedHello {
    text: Vec<u8>,
    /// The handshake, if the peer is on a network.
    responder: Option<Box<Responder>>,
    /// Whether `next` has returned it.
    pub(super) is_reported: bool,
}

impl Admission {
    pub(super) fn new(keys: Vec<Key>, dialer: Dialer) -> Self {
        Self { keys, dialer, recent: VecDeque::new(), strangers: 0, wrong_key: None }
    }

    /// Counts a peer that did not prove that it may join.
    pub(super) fn count_stranger(&mut self) {
        self.strangers += 1;
    }

    /// Number of strangers since the last call.
    pub(super) fn take_strangers(&mut self) -> u64 {
        std::mem::take(&mut self.strangers)
    }

    /// The last peer since the last call whose hello none of the keys opens, at an address like that of its listener.
    pub(super) fn take_wrong_key(&mut self, listener: &Address) -> Option<String> {
        let place = self.wrong_key.take()?;
        Some(Address::of_peer(listener.kind(), place).to_string())
    }

    /// Whether a hello of this session was opened not long ago.
    pub(super) fn is_recent(&self, session: u64) -> bool {
        self.recent.contains(&session)
    }

    /// Opens a hello. `None` if none of the keys opens it, or if it is one that was recorded and replayed.
    pub(super) fn open(
        &mut self,
        message: &[u8],
        session: Option<u64>,
        place: Option<SocketAddr>,
    ) -> Option<ReceivedHello> {
        if session.is_some_and(|session| self.is_recent(session)) {
            return None;
        }
        let hello = self.unseal(message, session);
        match (&hello, session) {
            (Some(_), Some(session)) => {
                self.recent.truncate(REMEMBERED - 1);
                self.recent.push_front(session);
            }
            (Some(_), None) => {}
            (None, _) => self.wrong_key = place.or(self.wrong_key),
        }
        hello
    }

    fn unseal(&self, message: &[u8], session: Option<u64>) -> Option<ReceivedHello> {
        if self.keys.is_empty() {
            let is_short = message.len() <= LONGEST_HELLO;
            let text = is_short.then(|| message.to_vec())?;
            return Some(ReceivedHello { text, responder: None, is_reported: false });
        }
        let length = message.len().checked_sub(HANDSHAKE)?;
        // A session is named by its ephemeral key, so no hello can be sent in the name of another.
        if length > LONGEST_HELLO || session != session_of(message) {
            return None;
        }
        let mut text = vec![0; length];
        let (responder, _) = Responder::hear((&self.keys, self.dialer), message, &mut text).ok()?;
        Some(ReceivedHello { text, responder: Some(Box::new(responder)), is_reported: false })
    }
}

impl ReceivedHello {
    /// The text that `next` returns.
    pub(super) fn report(&mut self) -> &[u8] {
        self.is_reported = true;
        &self.text
    }

    /// The answer: 1 or 0, then the text; sealed if there is a handshake, which then gives the session.
    pub(super) fn answer(
        &mut self,
        is_admitted: bool,
        text: &[u8],
    ) -> Result<(Vec<u8>, Option<NoiseSession>), TransportError> {
        debug_assert!(text.len() <= LONGEST_HELLO);
        let plain = [&[u8::from(is_admitted)], text].concat();
        let Some(responder) = self.responder.take() else { return Ok((plain, None)) };
        let mut sealed = Vec::new();
        let session = responder.answer(&plain, &mut sealed).map_err(failed("getrandom"))?;
        Ok((sealed, Some(session)))
    }
}

/// Session of a sealed hello: the first eight bytes of its ephemeral key, which is random.
pub(super) fn session_of(message: &[u8]) -> Option<u64> {
    message.first_chunk().map(|name| u64::from_le_bytes(*name))
}
