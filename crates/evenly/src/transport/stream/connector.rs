//! Stream connector: an agent's end of a connection to its primary, over a socket or its standard streams.

use super::LINGER_NS;
use super::frames::StreamFrames;
use super::message::Message;
use super::socket::Wire;
use super::stdio::StdioEnds;
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

/// What carries the bytes of a connection, as epoll watches it.
#[derive(Debug)]
pub(super) enum ConnectorEnds {
    Socket { socket: OwnedFd, watched: EventFlags },
    Stdio(StdioEnds),
}

impl ConnectorEnds {
    /// Watches for what can be done next.
    fn watch(&mut self, wanted: EventFlags, registry: &Registry) -> Result<(), Errno> {
        match self {
            Self::Socket { watched, .. } if *watched == wanted => Ok(()),
            Self::Socket { socket, watched } => {
                *watched = wanted;
                registry.modify(&*socket, KEY, wanted)
            }
            Self::Stdio(ends) => ends.watch(wanted, registry),
        }
    }

    fn leave(&self, registry: &Registry) {
        match self {
            Self::Socket { socket, .. } => registry.remove(socket),
            Self::Stdio(ends) => ends.leave(registry),
        }
    }
}

impl Wire for ConnectorEnds {
    fn input(&self) -> &OwnedFd {
        match self {
            Self::Socket { socket, .. } => socket,
            Self::Stdio(ends) => ends.input(),
        }
    }

    fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        match self {
            Self::Socket { socket, .. } => socket.send(bytes),
            Self::Stdio(ends) => ends.send(bytes),
        }
    }

    fn send_end(&self) {
        match self {
            Self::Socket { socket, .. } => socket.send_end(),
            Self::Stdio(ends) => ends.send_end(),
        }
    }
}

/// A connection to a primary, from the first call on.
#[derive(Debug)]
pub(crate) struct StreamConnector {
    pub(super) stage: StreamConnectorStage,
    /// `None` before the first address was tried and after the end.
    pub(super) ends: Option<ConnectorEnds>,
    /// Addresses of the primary that were not tried yet, the next one last.
    pub(super) places: Vec<SocketAddr>,
    pub(super) frames: StreamFrames,
    /// The handshake, where there is one.
    pub(super) initiator: Option<Box<Initiator>>,
    pub(super) answer: Vec<u8>,
    pub(super) registry: Registry,
    /// When the stage must be over.
    pub(super) due_ns: Option<u64>,
    /// The time of the last call.
    pub(super) now_ns: u64,
}

/// Stage of the connection.
#[derive(Debug)]
pub(super) enum StreamConnectorStage {
    /// An address of the primary has not answered yet (connect(2), EINPROGRESS).
    Connecting,
    /// The hello is on its way, and the answer has not arrived.
    Waiting(Message),
    /// The answer is there, and `next` has not returned it.
    Answered { is_admitted: bool },
    /// Frames go both ways.
    Admitted,
    /// The rest of the packed frames is being sent, then the end.
    Ending,
    /// It is over, and `next` has not returned that.
    Gone(Gone),
    /// It is over.
    Over,
}

impl StreamConnector {
    /// Sends what is packed, and waits for what can be done next.
    pub(super) fn write(&mut self) -> Result<(), TransportError> {
        let Some(ends) = &mut self.ends else { return Ok(()) };
        self.frames.write(ends);
        ends.watch(self.frames.wanted(), &self.registry).map_err(failed("epoll_ctl"))
    }

    /// Closes the connection.
    pub(super) fn forget_ends(&mut self) {
        if let Some(ends) = self.ends.take() {
            ends.leave(&self.registry);
        }
        self.due_ns = None;
    }

    /// Has nothing more to do with the primary.
    pub(super) fn lose(&mut self, why: Gone) {
        self.forget_ends();
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
        let Some(ends) = &self.ends else { return Ok(()) };
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
                self.frames.read(ends);
                self.write()
            }
            StreamConnectorStage::Ending => {
                if self.frames.is_ended(ends) {
                    self.forget_ends();
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
        // The ends are closed with the next call: what was read from them is still borrowed here.
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
                self.forget_ends();
                Ok(())
            }
        }
    }

    /// What `next` has to return is due at once.
    fn next_due_ns(&self) -> Option<u64> {
        match self.stage {
            StreamConnectorStage::Answered { .. } | StreamConnectorStage::Gone(_) => Some(0),
            _ => self.due_ns,
        }
    }

    fn close(&mut self, _peer: usize) {
        match (&self.stage, &self.ends) {
            (StreamConnectorStage::Admitted, Some(ends)) => {
                self.frames.begin_end(ends);
                self.stage = StreamConnectorStage::Ending;
                self.due_ns = Some(self.now_ns + LINGER_NS);
                // Should epoll refuse, then the time limit ends it.
                let _ = self.write();
            }
            (StreamConnectorStage::Ending, _) => {}
            _ => {
                self.forget_ends();
                self.stage = StreamConnectorStage::Over;
            }
        }
    }

    fn is_lingering(&self) -> bool {
        matches!(self.stage, StreamConnectorStage::Ending) && self.ends.is_some()
    }
}

impl Drop for StreamConnector {
    /// A process that was just forked may hold copies of the descriptors, and then epoll would go on reporting them.
    fn drop(&mut self) {
        self.forget_ends();
    }
}
