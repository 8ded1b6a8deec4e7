//! Noise sessions (Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s) for traffic over a network, by the crate snow.
//!
//! ```text
//! agent                                        primary
//!   hello: ephemeral key | payload  ─────────►  opens only with the key of both
//!   opens only with that key        ◄─────────  answer: ephemeral key | payload
//!   messages, sealed with keys that only these two ephemeral ones give, both ways
//! ```
//!
//! The first message shows already that who sends it holds the key (psk0), so that a stranger never
//! gets a byte back; what was recorded stays closed even to who finds the key later (the ephemeral
//! keys). Who repeats a hello that it recorded can open none of what follows. The other end proves
//! itself with its first message, not before.
//!
//! The crate keeps the secrets of a handshake in its own memory, and does not overwrite all of them.

use super::Key;
use rustix::io::Errno;
use snow::{Builder, HandshakeState, StatelessTransportState, TransportState};

pub(super) const PROTOCOL: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";

/// The end that dials. Each has a prologue of its own, so that a hello to a primary opens nothing at an agent, and a call
/// to an agent opens nothing at a primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialer {
    /// An agent joins a primary.
    Agent,
    /// A primary calls an agent.
    Primary,
}

impl Dialer {
    /// What both ends must mean, lest the key be used for something else or for another version.
    const fn prologue(self) -> &'static [u8] {
        match self {
            Self::Agent => b"evenly 1 agent-primary",
            Self::Primary => b"evenly 1 primary-agent",
        }
    }
}

/// By how much a sealed message is longer than what is in it.
pub(crate) const TAG: usize = 16;
/// By how much a hello or an answer is longer than its payload: an ephemeral key and a tag.
pub(crate) const HANDSHAKE: usize = 32 + TAG;
/// The longest sealed message.
pub(crate) const LONGEST: usize = 65535;

/// Bytes that were not sealed with the key, or not for this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forged;

/// The end that says hello: the one that dials.
#[derive(Debug)]
pub(crate) struct Initiator(HandshakeState);

/// The end that was said hello to.
#[derive(Debug)]
pub(crate) struct Responder(HandshakeState);

/// A completed Noise handshake, which becomes the keys of a stream or of datagrams.
#[derive(Debug)]
pub(crate) struct NoiseSession(HandshakeState);

/// Seals the messages of a stream, and opens those of the other end, in their order.
#[derive(Debug)]
pub(crate) struct Records(TransportState);

/// Seals and opens messages that come in any order or not at all. Each has a counter, which must
/// never be used again; that one came twice is for the caller to find out.
#[derive(Debug)]
pub(crate) struct Sealer(StatelessTransportState);

impl Initiator {
    /// Says hello, at the end of `out`.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub(crate) fn hello(
        (key, dialer): (&Key, Dialer),
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Self, Errno> {
        let mut state = builder(key, dialer)
            .and_then(Builder::build_initiator)
            .map_err(|error| no_chance(&error))?;
        append(out, payload.len() + HANDSHAKE, |room| state.write_message(payload, room))?;
        Ok(Self(state))
    }

    /// Opens the answer into `payload`; how long it is. After one that was forged the true one can
    /// still come.
    pub(crate) fn hear(&mut self, answer: &[u8], payload: &mut [u8]) -> Result<usize, Forged> {
        self.0.read_message(answer, payload).map_err(|_| Forged)
    }

    /// After the answer.
    pub(crate) fn finish(self) -> Result<NoiseSession, Forged> {
        if self.0.is_handshake_finished() { Ok(NoiseSession(self.0)) } else { Err(Forged) }
    }
}

impl Responder {
    /// Opens a hello with the first of these keys that fits, into `payload`; how long it is.
    pub(crate) fn hear(
        (keys, dialer): (&[Key], Dialer),
        hello: &[u8],
        payload: &mut [u8],
    ) -> Result<(Self, usize), Forged> {
        for key in keys {
            let state = builder(key, dialer).and_then(Builder::build_responder);
            let mut state = state.map_err(|_| Forged)?;
            if let Ok(length) = state.read_message(hello, payload) {
                return Ok((Self(state), length));
            }
        }
        Err(Forged)
    }

    /// Answers, at the end of `out`.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub(crate) fn answer(
        mut self,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<NoiseSession, Errno> {
        append(out, payload.len() + HANDSHAKE, |room| self.0.write_message(payload, room))?;
        Ok(NoiseSession(self.0))
    }
}

impl NoiseSession {
    /// For a stream.
    pub(crate) fn into_records(self) -> Result<Records, Forged> {
        self.0.into_transport_mode().map(Records).map_err(|_| Forged)
    }

    /// For datagrams.
    pub(crate) fn into_sealer(self) -> Result<Sealer, Forged> {
        self.0.into_stateless_transport_mode().map(Sealer).map_err(|_| Forged)
    }
}

impl Records {
    /// Seals the next message, at the end of `out`.
    ///
    /// # Errors
    /// If it is too long, or there were 2^64 of them.
    pub(crate) fn seal(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Errno> {
        append(out, plain.len() + TAG, |room| self.0.write_message(plain, room))
    }

    /// Opens the next message into `plain`; how long it is.
    pub(crate) fn open(&mut self, sealed: &[u8], plain: &mut [u8]) -> Result<usize, Forged> {
        self.0.read_message(sealed, plain).map_err(|_| Forged)
    }
}

impl Sealer {
    /// Seals the message with this counter, at the end of `out`.
    ///
    /// # Errors
    /// If it is too long, or the counter is 2^64 - 1.
    pub(crate) fn seal(&self, counter: u64, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Errno> {
        append(out, plain.len() + TAG, |room| self.0.write_message(counter, plain, room))
    }

    /// Opens the message with this counter, at the end of `plain`.
    pub(crate) fn open(
        &self,
        counter: u64,
        sealed: &[u8],
        plain: &mut Vec<u8>,
    ) -> Result<(), Forged> {
        let length = sealed.len().checked_sub(TAG).ok_or(Forged)?;
        let open = |room: &mut [u8]| self.0.read_message(counter, sealed, room);
        append(plain, length, open).map_err(|_| Forged)
    }
}

fn builder(key: &Key, dialer: Dialer) -> Result<Builder<'_>, snow::Error> {
    Builder::new(PROTOCOL.parse()?).prologue(dialer.prologue())?.psk(0, key.bytes())
}

/// Appends `length` bytes that `write` makes, or none if it fails.
fn append(
    out: &mut Vec<u8>,
    length: usize,
    write: impl FnOnce(&mut [u8]) -> Result<usize, snow::Error>,
) -> Result<(), Errno> {
    let start = out.len();
    out.resize(start + length, 0);
    let written = write(&mut out[start..]);
    out.truncate(start + *written.as_ref().unwrap_or(&0));
    written.map(|_| ()).map_err(|error| no_chance(&error))
}

/// What can fail where something is sealed.
fn no_chance(error: &snow::Error) -> Errno {
    match error {
        snow::Error::Rng => Errno::IO,
        _ => Errno::OVERFLOW,
    }
}
