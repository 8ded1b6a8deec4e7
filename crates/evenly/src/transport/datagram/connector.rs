//! Datagram transport of an agent: one session with its primary.

use super::frames::{DatagramFrames, Unused};
use super::hello::PendingHello;
use super::outcome::{Origin, ReceivedDatagram, Sent};
use super::socket::ROOM;
use super::sockets::{FIRST_KEY, Sockets};
use super::{LINGER_NS, READ_AT_ONCE};
use crate::transport::{Arrival, Gone, Registry, Transport, TransportError, failed};
use evenly_core::datagram::{Content, Datagram};
use evenly_core::frame::Packer;

/// The only peer.
const PRIMARY: usize = 0;

/// A session with a primary, from the first hello on.
#[derive(Debug)]
pub(crate) struct DatagramConnector {
    pub(super) stage: DatagramConnectorStage,
    pub(super) sockets: Sockets,
    pub(super) answer: Vec<u8>,
    pub(super) registry: Registry,
    /// Whether there was no room for a datagram.
    is_blocked: bool,
    /// Whether `next` has returned the end of the primary. The next call then closes the sockets; until
    /// then what was read is still borrowed.
    is_leaving: bool,
    room: Vec<u8>,
    /// The time of the last call.
    pub(super) now_ns: u64,
}

/// Stage of the session.
#[derive(Debug)]
pub(super) enum DatagramConnectorStage {
    /// Nothing has been done.
    Beginning,
    /// The hello is sent again until it is answered.
    Asking(Box<PendingHello>),
    /// The answer has arrived and was not returned by `next` yet.
    Answered { is_admitted: bool, frames: Box<DatagramFrames> },
    /// Frames go both ways.
    Admitted(Box<DatagramFrames>),
    /// The rest of the packed frames is being sent, then the end.
    Ending { frames: Box<DatagramFrames>, until_ns: u64 },
    /// The session is over; `next` returns the last frames, then that.
    Lost(Option<Box<DatagramFrames>>, Gone),
    /// It is over.
    Over,
}

impl DatagramConnector {
    pub(super) fn new(registry: Registry, now_ns: u64) -> Self {
        Self {
            stage: DatagramConnectorStage::Beginning,
            sockets: Sockets::None,
            answer: Vec::new(),
            registry,
            is_blocked: false,
            is_leaving: false,
            room: vec![0; ROOM],
            now_ns,
        }
    }

    /// Reads what has come.
    fn receive(&mut self, key: u32) -> Result<(), TransportError> {
        let mut room = std::mem::take(&mut self.room);
        for _ in 0..READ_AT_ONCE {
            match self.sockets.receive(key, &mut room)? {
                ReceivedDatagram::Datagram(length, origin) => {
                    self.hear(&room[..length], origin, key);
                }
                ReceivedDatagram::Nothing => break,
                ReceivedDatagram::Hint(cause) => {
                    if let DatagramConnectorStage::Asking(hello) = &mut self.stage {
                        hello.hint = Some(cause);
                    }
                }
            }
        }
        self.room = room;
        Ok(())
    }

    fn hear(&mut self, bytes: &[u8], origin: Origin, key: u32) {
        if matches!(origin, Origin::OtherUser) {
            return;
        }
        let Some(Datagram { session, content }) = Datagram::parse(bytes) else { return };
        let now_ns = self.now_ns;
        match content {
            Content::Hello(_) => {}
            Content::Answer(message) => self.hear_answer(session, message, key),
            Content::Sealed { counter, sealed } => {
                let (DatagramConnectorStage::Answered { frames, .. }
                | DatagramConnectorStage::Admitted(frames)
                | DatagramConnectorStage::Ending { frames, .. }) = &mut self.stage
                else {
                    return;
                };
                if !frames.is_of(session) {
                    return;
                }
                let taken = frames.take(counter, sealed, now_ns);
                if let DatagramConnectorStage::Ending { frames, .. } = &mut self.stage {
                    frames.discard();
                }
                if let Err(Unused::Malformed(malformed)) = taken {
                    self.lose(Gone::Malformed(malformed));
                }
            }
        }
    }

    /// Sends what there is to send, as far as there is room.
    fn write(&mut self) -> Result<(), TransportError> {
        let now_ns = self.now_ns;
        let (DatagramConnectorStage::Admitted(frames)
        | DatagramConnectorStage::Ending { frames, .. }) = &mut self.stage
        else {
            return Ok(());
        };
        let sent = frames.send_due(now_ns, |datagram| self.sockets.send(datagram));
        let is_full = matches!(sent, Sent::Full);
        let is_over = frames.is_over();
        if is_full != self.is_blocked {
            self.is_blocked = is_full;
            self.sockets.watch(&self.registry, is_full).map_err(failed("epoll_ctl"))?;
        }
        if let Sent::Gone(cause) = sent {
            // What it sent before may wait to be read.
            self.receive(FIRST_KEY)?;
            self.lose(Gone::broken(cause));
        }
        if is_over && matches!(self.stage, DatagramConnectorStage::Ending { .. }) {
            self.finish();
        }
        Ok(())
    }

    fn finish(&mut self) {
        self.sockets.forget(&self.registry);
        self.stage = DatagramConnectorStage::Over;
    }

    /// Ends the session. `next` returns the frames that arrived before.
    pub(super) fn lose(&mut self, why: Gone) {
        self.sockets.forget(&self.registry);
        self.stage = match std::mem::replace(&mut self.stage, DatagramConnectorStage::Over) {
            DatagramConnectorStage::Beginning | DatagramConnectorStage::Asking(_) => {
                DatagramConnectorStage::Lost(None, why)
            }
            DatagramConnectorStage::Answered { frames, .. }
            | DatagramConnectorStage::Admitted(frames) => {
                DatagramConnectorStage::Lost(Some(frames), why)
            }
            stage @ DatagramConnectorStage::Lost(..) => stage,
            DatagramConnectorStage::Ending { .. } | DatagramConnectorStage::Over => {
                DatagramConnectorStage::Over
            }
        };
    }
}

impl DatagramConnector {
    fn tell_answer(&mut self) -> Option<Arrival<'_>> {
        let stage = std::mem::replace(&mut self.stage, DatagramConnectorStage::Over);
        let DatagramConnectorStage::Answered { is_admitted, frames } = stage else { return None };
        if is_admitted {
            self.stage = DatagramConnectorStage::Admitted(frames);
        } else {
            self.sockets.forget(&self.registry);
            self.stage = DatagramConnectorStage::Lost(None, Gone::EndOfFile);
        }
        Some(Arrival::Answer { is_admitted, answer: &self.answer })
    }

    fn tell_frame(&mut self) -> Option<Arrival<'_>> {
        let Self { stage, is_leaving, .. } = self;
        let (DatagramConnectorStage::Admitted(frames)
        | DatagramConnectorStage::Lost(Some(frames), _)) = stage
        else {
            return None;
        };
        match frames.next_frame()? {
            Ok(frame) => Some(Arrival::Frame { peer: Some(PRIMARY), frame }),
            Err(malformed) => {
                *is_leaving = true;
                Some(Arrival::Gone { peer: PRIMARY, why: Gone::Malformed(malformed) })
            }
        }
    }
}

impl Drop for DatagramConnector {
    fn drop(&mut self) {
        // Closing a descriptor takes it out of epoll only if no child holds a copy (epoll(7)).
        self.sockets.forget(&self.registry);
    }
}

impl Transport for DatagramConnector {
    #[inline]
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        debug_assert_eq!(peer, PRIMARY);
        match &mut self.stage {
            DatagramConnectorStage::Admitted(frames) => Some(&mut frames.packer),
            _ => None,
        }
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        if self.is_blocked { Ok(()) } else { self.write() }
    }

    fn attend(&mut self, key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        self.receive(key)?;
        self.write()
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        if std::mem::take(&mut self.is_leaving) {
            self.finish();
        }
        let why = match &self.stage {
            DatagramConnectorStage::Answered { .. } => return self.tell_answer(),
            DatagramConnectorStage::Admitted(frames)
            | DatagramConnectorStage::Lost(Some(frames), _)
                if frames.has_frame() =>
            {
                return self.tell_frame();
            }
            DatagramConnectorStage::Admitted(frames) if frames.is_at_end() => Gone::EndOfFile,
            DatagramConnectorStage::Lost(_, why) => *why,
            _ => return None,
        };
        self.finish();
        Some(Arrival::Gone { peer: PRIMARY, why })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        match &self.stage {
            DatagramConnectorStage::Asking(_) => self.say_hello(),
            DatagramConnectorStage::Admitted(frames) if frames.silent_ns() <= now_ns => {
                self.lose(Gone::Silent);
                Ok(())
            }
            DatagramConnectorStage::Ending { until_ns, .. } if *until_ns <= now_ns => {
                self.finish();
                Ok(())
            }
            _ => self.write(),
        }
    }

    fn next_due_ns(&self) -> Option<u64> {
        let dues = match &self.stage {
            DatagramConnectorStage::Asking(hello) => [Some(hello.due_ns()), None],
            DatagramConnectorStage::Admitted(frames) => [frames.due_ns(), Some(frames.silent_ns())],
            DatagramConnectorStage::Ending { frames, until_ns } => {
                [frames.due_ns(), Some(*until_ns)]
            }
            _ => [None; 2],
        };
        dues.into_iter().flatten().min()
    }

    fn close(&mut self, peer: usize) {
        debug_assert_eq!(peer, PRIMARY);
        let until_ns = self.now_ns + LINGER_NS;
        self.stage = match std::mem::replace(&mut self.stage, DatagramConnectorStage::Over) {
            DatagramConnectorStage::Admitted(mut frames)
            | DatagramConnectorStage::Answered { mut frames, is_admitted: true } => {
                frames.end();
                DatagramConnectorStage::Ending { frames, until_ns }
            }
            stage @ DatagramConnectorStage::Ending { .. } => stage,
            _ => {
                self.sockets.forget(&self.registry);
                DatagramConnectorStage::Over
            }
        };
    }

    fn is_lingering(&self) -> bool {
        matches!(self.stage, DatagramConnectorStage::Ending { .. })
    }
}
