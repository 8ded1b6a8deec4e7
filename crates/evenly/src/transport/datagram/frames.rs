//! Frames of one datagram session: packed frames to sealed datagrams, and back.

use super::DATAGRAM_FRAME;
use super::outcome::Sent;
use crate::secure::noise::Sealer;
use crate::secure::replay::Replay;
use crate::silence::Silence;
use evenly_core::WorkerId;
use evenly_core::channel::Channel;
use evenly_core::datagram::{Content, Datagram, LONGEST};
use evenly_core::frame::{Frame, Malformed, Packer};

/// Seal of the segments of a session.
#[derive(Debug)]
pub(super) enum SegmentSeal {
    /// None: within the machine the kernel names the sender.
    Open,
    /// With the keys of this session.
    Noise(Box<Sealer>),
}

/// Why a datagram was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unused {
    /// It was not sealed with the key of this session.
    Forged,
    /// It has come before, or is too old to tell.
    Repeated,
    /// It was sealed, and says what cannot be.
    Malformed(Malformed),
}

/// One session.
#[derive(Debug)]
pub(super) struct DatagramFrames {
    session: u64,
    seal: SegmentSeal,
    channel: Channel,
    pub(super) packer: Packer,
    /// The counter of the next datagram, and those that have come.
    counter: u64,
    came: Replay,
    heard_ns: u64,
    silence: Silence,
    /// A datagram that is to be sent, or nothing.
    datagram: Vec<u8>,
    /// The segment in it, or in the one that came, before or after the seal.
    segment: Vec<u8>,
    is_ending: bool,
}

impl DatagramFrames {
    pub(super) fn new(session: u64, seal: SegmentSeal, now_ns: u64) -> Self {
        Self {
            session,
            seal,
            channel: Channel::new(DATAGRAM_FRAME),
            packer: Packer::new(WorkerId(0), DATAGRAM_FRAME),
            counter: 0,
            came: Replay::new(),
            heard_ns: now_ns,
            silence: Silence::default(),
            datagram: Vec::new(),
            segment: Vec::new(),
            is_ending: false,
        }
    }

    /// Sets the limit of silence from which follows when the other side is gone.
    pub(super) fn with_silence(mut self, silence: Silence) -> Self {
        self.silence = silence;
        self
    }

    /// Sends what is due by `send`; why not all of it, if so.
    pub(super) fn send_due(&mut self, now_ns: u64, mut send: impl FnMut(&[u8]) -> Sent) -> Sent {
        while let Some(datagram) = self.datagram(now_ns) {
            match send(datagram) {
                Sent::Away(_) => self.sent(),
                refused @ (Sent::Full | Sent::Gone(_)) => return refused,
            }
        }
        Sent::Away(None)
    }

    /// The next datagram to send now. It stays until it is [sent](Self::sent).
    fn datagram(&mut self, now_ns: u64) -> Option<&[u8]> {
        if self.datagram.is_empty() {
            self.pass_on();
            self.segment.clear();
            if !self.channel.poll_transmit(now_ns, &mut self.segment) {
                return None;
            }
            self.write_datagram();
        }
        (!self.datagram.is_empty()).then_some(&self.datagram)
    }

    /// The datagram is away.
    fn sent(&mut self) {
        self.datagram.clear();
    }

    /// Moves what is packed into the channel, as far as that has room. What waits stays open, so that
    /// more goes into the same frame.
    fn pass_on(&mut self) {
        let mut taken = 0;
        if self.channel.room() > 0 {
            self.packer.seal(0);
            for frame in self.packer.frames() {
                if !self.channel.send(frame) {
                    break;
                }
                taken += frame.len();
            }
        }
        if taken > 0 {
            self.packer.consume(taken);
        }
        if self.is_ending && self.packer.is_empty() {
            self.channel.end();
        }
    }

    fn write_datagram(&mut self) {
        let counter = self.counter;
        self.counter += 1;
        let sealed = match &self.seal {
            SegmentSeal::Open => &self.segment[..],
            SegmentSeal::Noise(_) => &[],
        };
        let content = Content::Sealed { counter, sealed };
        Datagram { session: self.session, content }.write(&mut self.datagram);
        if let SegmentSeal::Noise(sealer) = &self.seal {
            // A segment fits, and a counter of 64 bits does not end: without a seal nothing is sent.
            if sealer.seal(counter, &self.segment, &mut self.datagram).is_err() {
                self.datagram.clear();
            }
        }
        debug_assert!((1..=LONGEST).contains(&self.datagram.len()));
    }

    /// Takes what came under a counter; whether that is the newest.
    pub(super) fn take(
        &mut self,
        counter: u64,
        sealed: &[u8],
        now_ns: u64,
    ) -> Result<bool, Unused> {
        self.segment.clear();
        let segment = match &self.seal {
            SegmentSeal::Open => sealed,
            SegmentSeal::Noise(sealer) => {
                let opened = sealer.open(counter, sealed, &mut self.segment);
                opened.map_err(|_| Unused::Forged)?;
                &self.segment
            }
        };
        let is_newest = self.came.is_newest(counter);
        if !self.came.take(counter) {
            return Err(Unused::Repeated);
        }
        self.heard_ns = now_ns;
        self.channel.arrived(segment, now_ns).map_err(Unused::Malformed)?;
        Ok(is_newest)
    }

    /// Whether this is its session.
    pub(super) fn is_of(&self, session: u64) -> bool {
        self.session == session
    }

    /// Whether there is a frame, or the end.
    pub(super) fn has_news(&self) -> bool {
        self.channel.has_frame() || self.channel.is_at_end()
    }

    /// Whether the other side has said the end, and every frame before it was given out.
    pub(super) fn is_at_end(&self) -> bool {
        self.channel.is_at_end()
    }

    /// Whether a frame has come.
    pub(super) fn has_frame(&self) -> bool {
        self.channel.has_frame()
    }

    /// The next frame that has come.
    pub(super) fn next_frame(&mut self) -> Option<Result<Frame<'_>, Malformed>> {
        let bytes = self.channel.next_frame()?;
        Some(Frame::whole(bytes, DATAGRAM_FRAME))
    }

    /// Says the end behind everything that is packed, and hears nothing any more.
    pub(super) fn end(&mut self) {
        self.is_ending = true;
        self.discard();
    }

    /// Forgets what has come, so that more can: the other side waits for it to be acknowledged.
    pub(super) fn discard(&mut self) {
        while self.channel.next_frame().is_some() {}
    }

    /// Whether the other side has everything, the end included; or has said the end itself, and will
    /// not hear ours.
    pub(super) fn is_over(&self) -> bool {
        self.datagram.is_empty() && (self.channel.is_settled() || self.channel.is_at_end())
    }

    /// When the other side is gone, if it is not heard before.
    pub(super) fn silent_ns(&self) -> u64 {
        self.heard_ns.saturating_add(self.silence.of_connection().as_nanos() as u64)
    }

    /// When there is something to send, if nothing comes before. While there is no room for a datagram,
    /// that is waited for.
    pub(super) fn due_ns(&self) -> Option<u64> {
        self.channel.next_due_ns().filter(|_| self.datagram.is_empty())
    }
}
