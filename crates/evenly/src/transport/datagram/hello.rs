//! The hello of an agent: its datagram, its handshake, and when it is sent again.

use super::ANSWER_NS;
use super::frames::SegmentSeal;
use crate::secure::Key;
use crate::secure::noise::{Dialer, Forged, HANDSHAKE, Initiator, NoiseSession};
use crate::transport::admission::LONGEST_HELLO;
use crate::transport::stream::ConnectError;
use crate::transport::{Address, failed};
use evenly_core::datagram::{Content, Datagram};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// Pause before the first hello is sent again. The pause doubles up to [`LONGEST_PAUSE_NS`], so a hello is
/// sent about twenty times in [`ANSWER_NS`]. Where every second datagram is lost, one in four round trips
/// succeeds.
const FIRST_PAUSE_NS: u64 = 200_000_000;
const LONGEST_PAUSE_NS: u64 = 500_000_000;

/// A hello that the primary has not answered yet.
#[derive(Debug)]
pub(super) struct PendingHello {
    pub(super) session: u64,
    /// The handshake, where there is one.
    initiator: Option<Box<Initiator>>,
    pub(super) datagram: Vec<u8>,
    /// When it is sent next, and the pause after that.
    next_ns: u64,
    pause_ns: u64,
    pub(super) until_ns: u64,
    /// The last error that the network reported for it.
    pub(super) hint: Option<Errno>,
}

impl PendingHello {
    pub(super) fn new(
        address: &Address,
        key: Option<(&Key, Dialer)>,
        words: &[u8],
        now_ns: u64,
    ) -> Result<Self, ConnectError> {
        debug_assert!(words.len() <= LONGEST_HELLO);
        let (mut message, mut initiator, mut name) = (words.to_vec(), None, [0; 8]);
        if address.needs_key() {
            message.clear();
            let said = Initiator::hello(key.ok_or(ConnectError::NoKey)?, words, &mut message);
            initiator = Some(Box::new(said.map_err(failed("getrandom"))?));
            name.copy_from_slice(&message[..8]);
        } else {
            getrandom(&mut name, GetRandomFlags::empty()).map_err(failed("getrandom"))?;
        }
        let session = u64::from_le_bytes(name);
        let mut datagram = Vec::new();
        Datagram { session, content: Content::Hello(&message) }.write(&mut datagram);
        Ok(Self {
            session,
            initiator,
            datagram,
            next_ns: now_ns,
            pause_ns: FIRST_PAUSE_NS,
            until_ns: now_ns + ANSWER_NS,
            hint: None,
        })
    }

    pub(super) fn due_ns(&self) -> u64 {
        self.next_ns.min(self.until_ns)
    }

    /// Opens an answer into `words`. Returns whether it admits this agent, and the seal of what follows.
    pub(super) fn open(
        &mut self,
        message: &[u8],
        words: &mut Vec<u8>,
    ) -> Result<(bool, SegmentSeal), Forged> {
        words.clear();
        words.extend_from_slice(message);
        let mut seal = SegmentSeal::Open;
        if let Some(initiator) = &mut self.initiator {
            words.resize(message.len().saturating_sub(HANDSHAKE), 0);
            let length = initiator.hear(message, words)?;
            words.truncate(length);
            let initiator = self.initiator.take().ok_or(Forged)?;
            let sealer = initiator.finish().and_then(NoiseSession::into_sealer)?;
            seal = SegmentSeal::Noise(Box::new(sealer));
        }
        let is_admitted = match words.first() {
            Some(0) => false,
            Some(1) => true,
            _ => return Err(Forged),
        };
        words.remove(0);
        Ok((is_admitted, seal))
    }

    /// Whether it is time to send it; then the next time is set.
    pub(super) fn take_turn(&mut self, now_ns: u64) -> bool {
        if self.next_ns > now_ns {
            return false;
        }
        self.next_ns = now_ns + self.pause_ns;
        self.pause_ns = (2 * self.pause_ns).min(LONGEST_PAUSE_NS);
        true
    }
}
