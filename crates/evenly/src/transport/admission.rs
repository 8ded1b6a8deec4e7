//! Admission of peers to a listener: keys, recent sessions, count of strangers.

use super::{TransportError, failed};
use crate::secure::Key;
use crate::secure::noise::{Dialer, HANDSHAKE, NoiseSession, Responder};
use std::collections::VecDeque;
use std::net::SocketAddr;

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
    pub(super) dialer: Dialer,
    recent: VecDeque<u64>,
    strangers: u64,
    /// Address of the last peer whose hello none of the keys opens.
    wrong_key: Option<SocketAddr>,
}

/// The text of a hello, and its handshake if the peer is on a network.
pub(super) type Opened = (Vec<u8>, Option<Box<Responder>>);

impl Admission {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        Self { keys, dialer: Dialer::Agent, recent: VecDeque::new(), strangers: 0, wrong_key: None }
    }

    /// Counts a peer that did not prove that it may join.
    pub(super) fn count_stranger(&mut self) {
        self.strangers += 1;
    }

    /// Notes that no key opens the hello of the peer at this address.
    pub(super) fn note_wrong_key(&mut self, peer: SocketAddr) {
        self.wrong_key = Some(peer);
    }

    /// Address of the last peer since the last call whose hello none of the keys opens.
    pub(super) fn take_wrong_key(&mut self) -> Option<SocketAddr> {
        self.wrong_key.take()
    }

    /// Number of strangers since the last call.
    pub(super) fn take_strangers(&mut self) -> u64 {
        std::mem::take(&mut self.strangers)
    }

    /// Whether a hello of this session was opened not long ago.
    pub(super) fn is_recent(&self, session: u64) -> bool {
        self.recent.contains(&session)
    }

    pub(super) fn remember(&mut self, session: u64) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(session);
    }

    /// Opens a hello. `None` if none of the keys opens it.
    pub(super) fn open(&self, message: &[u8]) -> Option<Opened> {
        if self.keys.is_empty() {
            return Some((message.to_vec(), None));
        }
        let mut hello = vec![0; message.len().checked_sub(HANDSHAKE)?];
        let (responder, _) =
            Responder::hear((&self.keys, self.dialer), message, &mut hello).ok()?;
        Some((hello, Some(Box::new(responder))))
    }
}

/// Session of a sealed hello: the first eight bytes of its ephemeral key, which is random.
pub(super) fn session_of(message: &[u8]) -> Option<u64> {
    message.first_chunk().map(|name| u64::from_le_bytes(*name))
}

/// The answer to a hello: 1 or 0, then the text; sealed if there is a handshake, which then gives the session.
pub(super) fn answer(
    responder: Option<Box<Responder>>,
    is_admitted: bool,
    text: &[u8],
) -> Result<(Vec<u8>, Option<NoiseSession>), TransportError> {
    let plain = [&[u8::from(is_admitted)], text].concat();
    let Some(responder) = responder else { return Ok((plain, None)) };
    let mut sealed = Vec::new();
    let session = responder.answer(&plain, &mut sealed).map_err(failed("getrandom"))?;
    Ok((sealed, Some(session)))
}
