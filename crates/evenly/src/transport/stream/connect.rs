//! Connection of an agent to its primary: socket, connect, hello, and the answer.

use super::connector::{ConnectorEnds, KEY, StreamConnector, StreamConnectorStage};
use super::frames::StreamFrames;
use super::message::{self, Message, MessageProgress};
use super::socket::{Wire, is_same_user, new_tcp, set_tcp_options};
use super::stdio::StdioEnds;
use super::{ANSWER_NS, CONNECT_NS};
use crate::secure::Key;
use crate::secure::noise::{Dialer, Forged, HANDSHAKE, Initiator, NoiseSession};
use crate::transport::admission::LONGEST_HELLO;
use crate::transport::unix_file::new_socket;
use crate::transport::{Address, AddressError, Gone, Registry, TransportError, failed};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use rustix::net::{SocketAddrAny, SocketAddrUnix, SocketType};
use std::os::fd::OwnedFd;
use std::path::Path;

/// Errors of connecting that are local to this machine. An absent primary is a [`Gone`] instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The address leads nowhere.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nothing goes over a network unsealed.
    #[error("a network address needs a key")]
    NoKey,
    /// A call failed that has to do with this machine only.
    #[error("{}: {}", .0.call, .0.cause)]
    Failed(TransportError),
}

impl From<TransportError> for ConnectError {
    fn from(failed: TransportError) -> Self {
        Self::Failed(failed)
    }
}

impl StreamConnector {
    /// Connects to a primary and says hello, or to an agent and calls it, with the key if the address is one of a network. The
    /// name of a host is looked up, which may take seconds; nothing after that blocks.
    pub(crate) fn connect(
        address: &Address,
        key: Option<(&Key, Dialer)>,
        hello: &[u8],
        registry: Registry,
        now_ns: u64,
    ) -> Result<Self, ConnectError> {
        debug_assert!(hello.len() <= LONGEST_HELLO);
        let (mut said, mut initiator) = (hello, None);
        let mut sealed = vec![];
        if address.needs_key() {
            let key = key.ok_or(ConnectError::NoKey)?;
            let begun = Initiator::hello(key, hello, &mut sealed);
            initiator = Some(Box::new(begun.map_err(failed("getrandom"))?));
            said = &sealed;
        }
        let mut connector = Self::new(said, initiator, registry, now_ns);
        connector.places = address.resolve()?;
        connector.places.reverse();
        match address.path() {
            Some(path) => connector.connect_unix(path)?,
            None => connector.connect_tcp(Errno::HOSTUNREACH)?,
        }
        Ok(connector)
    }

    /// Says hello to the primary that started this process, over its standard streams.
    pub(crate) fn over_stdio(
        ends: StdioEnds,
        hello: &[u8],
        registry: Registry,
        now_ns: u64,
    ) -> Result<Self, TransportError> {
        debug_assert!(hello.len() <= LONGEST_HELLO);
        let mut connector = Self::new(hello, None, registry, now_ns);
        connector.ends = Some(ConnectorEnds::Stdio(ends));
        connector.say_hello()?;
        Ok(connector)
    }

    /// A connector without an end yet, which says `hello` first.
    fn new(
        hello: &[u8],
        initiator: Option<Box<Initiator>>,
        registry: Registry,
        now_ns: u64,
    ) -> Self {
        let mut beginning = vec![];
        message::append(&mut beginning, hello);
        Self {
            stage: StreamConnectorStage::Connecting,
            ends: None,
            places: Vec::new(),
            frames: StreamFrames::new(beginning),
            initiator,
            answer: Vec::new(),
            registry,
            due_ns: None,
            now_ns,
        }
    }

    fn connect_unix(&mut self, path: &Path) -> Result<(), TransportError> {
        let place = SocketAddrUnix::new(path).map_err(failed("connect"))?;
        let socket = new_socket(SocketType::STREAM).map_err(failed("socket"))?;
        match rustix::net::connect(&socket, &place) {
            Ok(()) if is_same_user(&socket) => {
                self.use_socket(socket)?;
                self.say_hello()
            }
            // The listener belongs to another user, so nothing that it sends is trusted.
            Ok(()) => {
                self.lose(Gone::broken(Errno::ACCESS));
                Ok(())
            }
            Err(cause) => {
                self.lose(Gone::broken(cause));
                Ok(())
            }
        }
    }

    /// Tries the next address, after the one before failed for this cause.
    pub(super) fn connect_tcp(&mut self, mut cause: Errno) -> Result<(), TransportError> {
        self.forget_ends();
        while let Some(place) = self.places.pop() {
            let socket = match new_tcp(&place) {
                Ok(socket) => socket,
                // As where the system has no IPv6.
                Err(Errno::AFNOSUPPORT) => {
                    cause = Errno::AFNOSUPPORT;
                    continue;
                }
                Err(cause) => return Err(TransportError { call: "socket", cause }),
            };
            set_tcp_options(&socket).map_err(failed("setsockopt"))?;
            match rustix::net::connect(&socket, &SocketAddrAny::from(place)) {
                Ok(()) => {
                    self.use_socket(socket)?;
                    return self.say_hello();
                }
                Err(Errno::INPROGRESS | Errno::INTR) => {
                    self.due_ns = Some(self.now_ns + CONNECT_NS);
                    return self.use_socket(socket);
                }
                Err(refused) => cause = refused,
            }
        }
        self.lose(Gone::broken(cause));
        Ok(())
    }

    fn use_socket(&mut self, socket: OwnedFd) -> Result<(), TransportError> {
        let watched = EventFlags::OUT;
        self.registry.add(&socket, KEY, watched).map_err(failed("epoll_ctl"))?;
        self.ends = Some(ConnectorEnds::Socket { socket, watched });
        Ok(())
    }

    /// Whether the address that is tried has answered (connect(2)).
    pub(super) fn look_at_connection(&mut self) -> Result<(), TransportError> {
        let Some(ConnectorEnds::Socket { socket, .. }) = &self.ends else { return Ok(()) };
        if let Err(cause) = socket_error(socket).unwrap_or_else(Err) {
            return self.connect_tcp(cause);
        }
        let ours = rustix::net::getsockname(socket).ok();
        match rustix::net::getpeername(socket) {
            Err(Errno::NOTCONN) => Ok(()),
            // Without a listener the system may assign this socket the very port that it connects to.
            Ok(theirs) if theirs == ours => self.connect_tcp(Errno::CONNREFUSED),
            Ok(_) => self.say_hello(),
            Err(cause) => self.connect_tcp(cause),
        }
    }

    fn say_hello(&mut self) -> Result<(), TransportError> {
        let message = match self.initiator {
            Some(_) => Message::new(2, HANDSHAKE + 1 + LONGEST_HELLO),
            None => Message::new(3, LONGEST_HELLO),
        };
        self.stage = StreamConnectorStage::Waiting(message);
        self.due_ns = Some(self.now_ns + ANSWER_NS);
        self.write()
    }

    /// Reads what is there of the answer.
    pub(super) fn hear_answer(&mut self) {
        let (Some(ends), StreamConnectorStage::Waiting(message)) = (&self.ends, &mut self.stage)
        else {
            return;
        };
        let heard = match message.read(ends.input()) {
            MessageProgress::More => return,
            MessageProgress::Whole => {
                let message = std::mem::replace(message, Message::new(2, 0));
                self.open_answer(&message)
            }
            MessageProgress::TooLong => Err(Gone::Forged),
            MessageProgress::EndOfFile => Err(Gone::EndOfFile),
            MessageProgress::Broken(cause) => Err(Gone::broken(cause)),
        };
        match heard {
            Ok(is_admitted) => {
                self.stage = StreamConnectorStage::Answered { is_admitted };
                self.due_ns = None;
            }
            Err(why) => self.lose(why),
        }
    }

    /// Whether the primary admits us.
    fn open_answer(&mut self, message: &Message) -> Result<bool, Gone> {
        let (head, body) = message.parts();
        let word = match self.initiator.take() {
            None => {
                self.answer.extend_from_slice(body);
                head[0]
            }
            Some(mut initiator) => {
                self.answer.resize(body.len().saturating_sub(HANDSHAKE), 0);
                initiator.hear(body, &mut self.answer).map_err(|Forged| Gone::Forged)?;
                let session = initiator.finish().and_then(NoiseSession::into_records);
                self.frames.seal_with(session.map_err(|Forged| Gone::Forged)?);
                if self.answer.is_empty() {
                    return Err(Gone::Forged);
                }
                self.answer.remove(0)
            }
        };
        match word {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Gone::Forged),
        }
    }
}
