//! Stream connector: an agent's end of a unix or tcp connection to its primary.

use super::LINGER_NS;
use super::frames::StreamFrames;
use super::message::Message;
use crate::secure::noise::Initiator;
use crate::transport::{Arrival, Gone, Registry, Transport, TransportError, failed};
use evenly_core::frame::Packer;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// The primary is peer 0, and its socket has this key.
const PRIMARY: usize = 0;
pub(super) const KEY: u32 = 0;

/// A connection to a primary, from the first call on.
#[derive(Debug)]
pub(crate) struct StreamConnector {
    pub(super) stage: StreamConnectorStage,
    /// `None` before the first address was tried and after the end.
    pub(super) socket: Option<OwnedFd>,
    /// Addresses of the primary that were not tried yet, the next one last.
    pub(super) places: Vec<SocketAddr>,
    pub(super) frames: StreamFrames,
    /// The handshake, where there is one.
    pub(super) initiator: Option<Box<Initiator>>,
    pub(super) answer: Vec<u8>,
    pub(super) registry: Registry,
    /// What epoll watches for.
    pub(super) watched: EventFlags,
    /// When the stage must be over.
    pub(super) due_ns: Option<u64>,
    /// The last time that was told.
    pub(super) now_ns: u64,
}

/// Stage of the connection.
#[derive(Debug)]
pub(super) enum StreamConnectorStage {
    /// An address of the primary has not answered yet (connect(2), EINPROGRESS).
    Connecting,
    /// The hello is on its way, and the answer has not arrived.
    Waiting(Message),
    /// The answer is there and was not told.
    Answered { is_admitted: bool },
    /// Frames go both ways.
    Admitted,
    /// The rest of the packed frames is being sent, then the end.
    Ending,
    /// It is over, which was not told.
    Gone(Gone),
    /// It is over.
    Over,
}

impl StreamConnector {
    /// Sends what is packed, and waits for what can be done next.
    pub(super) fn write(&mut self) -> Result<(), TransportError> {
        let Some(socket) = &self.socket else { return Ok(()) };
        self.frames.write(socket);
        let wanted = self.frames.wanted();
        if wanted != self.watched {
            self.watched = wanted;
            self.registry.modify(socket, KEY, wanted).map_err(failed("epoll_ctl"))?;
        }
        Ok(())
    }

    /// Closes the connection.
    pub(super) fn forget_socket(&mut self) {
        if let Some(socket) = self.socket.take() {
            self.registry.remove(&socket);
        }
        self.due_ns = None;
    }

    /// Has nothing more to do with the primary.
    pub(super) fn lose(&mut self, why: Gone) {
        self.forget_socket();
        self.stage = StreamConnectorStage::Gone(why);
    }
}

impl Transport for StreamConnector {
    #[inline]
    fn packer(&mut self, peer: usize) -> Option<&mut Packer> {
        debug_assert_eq!(peer, PRIMARY);
        matches!(self.stage, StreamConnectorStage::Admitted).then_some(&mut self.frames.packer)
    }

    fn flush(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let is_wanted = !self.frames.packer.is_empty() && !self.frames.is_blocked();
        if matches!(self.stage, StreamConnectorStage::Admitted) && is_wanted {
            self.write()
        } else {
            Ok(())
        }
    }

    fn attend(&mut self, _key: u32, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        let Some(socket) = &self.socket else { return Ok(()) };
        match &mut self.stage {
            StreamConnectorStage::Connecting => self.look_at_connection(),
            StreamConnectorStage::Waiting(_) => {
                if self.frames.is_blocked() {
                    self.write()?;
                }
                self.hear_answer();
                Ok(())
            }
            StreamConnectorStage::Admitted => {
                self.frames.read(socket);
                self.write()
            }
            StreamConnectorStage::Ending => {
                if self.frames.is_ended(socket) {
                    self.forget_socket();
                    self.stage = StreamConnectorStage::Over;
                }
                self.write()
            }
            StreamConnectorStage::Answered { .. }
            | StreamConnectorStage::Gone(_)
            | StreamConnectorStage::Over => Ok(()),
        }
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        let Self { stage, frames, .. } = self;
        let why = match *stage {
            StreamConnectorStage::Answered { is_admitted } => {
                *stage = if is_admitted {
                    StreamConnectorStage::Admitted
                } else {
                    StreamConnectorStage::Gone(Gone::EndOfFile)
                };
                return Some(Arrival::Answer { is_admitted, answer: &self.answer });
            }
            StreamConnectorStage::Admitted if !frames.has_news() => return None,
            StreamConnectorStage::Admitted => match frames.gone() {
                Some(why) => why,
                None => match frames.unpacker.next_frame() {
                    Ok(frame) => {
                        return frame.map(|frame| Arrival::Frame { peer: Some(PRIMARY), frame });
                    }
                    Err(malformed) => Gone::Malformed(malformed),
                },
            },
            StreamConnectorStage::Gone(why) => why,
            StreamConnectorStage::Connecting
            | StreamConnectorStage::Waiting(_)
            | StreamConnectorStage::Ending
            | StreamConnectorStage::Over => return None,
        };
        *stage = StreamConnectorStage::Over;
        // The socket is closed with the next call: what was read from it is still borrowed here.
        self.due_ns = Some(0);
        Some(Arrival::Gone { peer: PRIMARY, why })
    }

    fn keep_time(&mut self, now_ns: u64) -> Result<(), TransportError> {
        self.now_ns = now_ns;
        if self.due_ns.is_none_or(|due_ns| due_ns > now_ns) {
            return Ok(());
        }
        match self.stage {
            StreamConnectorStage::Connecting => self.connect_tcp(Errno::TIMEDOUT),
            StreamConnectorStage::Waiting(_) => {
                self.lose(Gone::Silent);
                Ok(())
            }
            _ => {
                self.forget_socket();
                Ok(())
            }
        }
    }

    /// What is there to be told is due at once.
    fn next_due_ns(&self) -> Option<u64> {
        match self.stage {
            StreamConnectorStage::Answered { .. } | StreamConnectorStage::Gone(_) => Some(0),
            _ => self.due_ns,
        }
    }

    fn close(&mut self, _peer: usize) {
        match (&self.stage, &self.socket) {
            (StreamConnectorStage::Admitted, Some(socket)) => {
                self.frames.begin_end(socket);
                self.stage = StreamConnectorStage::Ending;
                self.due_ns = Some(self.now_ns + LINGER_NS);
                // Should epoll refuse, then the time that was given is what ends it.
                let _ = self.write();
            }
            (StreamConnectorStage::Ending, _) => {}
            _ => {
                self.forget_socket();
                self.stage = StreamConnectorStage::Over;
            }
        }
    }

    fn is_lingering(&self) -> bool {
        matches!(self.stage, StreamConnectorStage::Ending) && self.socket.is_some()
    }
}

impl Drop for StreamConnector {
    /// A process that was just forked may hold a copy of the socket, and then epoll would go on
    /// telling of it.
    fn drop(&mut self) {
        self.forget_socket();
    }
}
