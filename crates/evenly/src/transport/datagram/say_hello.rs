//! Opening of an agent's session: sockets, hello, answer.

use super::connector::{DatagramConnector, DatagramConnectorStage};
use super::frames::DatagramFrames;
use super::hello::PendingHello;
use super::outcome::Sent;
use super::sockets::{FIRST_KEY, Sockets};
use super::udp;
use super::unixgram::{self, AgentFile};
use crate::secure::Key;
use crate::secure::noise::Dialer;
use crate::transport::stream::ConnectError;
use crate::transport::{Address, Gone, Registry, TransportError, failed};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use std::net::SocketAddr;
use std::path::Path;

/// At most this many addresses of a primary are tried.
const MOST_PLACES: usize = 8;

impl DatagramConnector {
    /// Says hello to a primary, with the key if the address is one of a network. The name of a host is
    /// looked up, which may take its time; nothing after that blocks.
    pub(crate) fn connect(
        address: &Address,
        key: Option<(&Key, Dialer)>,
        hello: &[u8],
        registry: Registry,
        now_ns: u64,
    ) -> Result<Self, ConnectError> {
        let hello = PendingHello::new(address, key, hello, now_ns)?;
        let mut connector = Self::new(registry, now_ns);
        let found = match address.path() {
            Some(path) => connector.open_file(path, hello.session),
            None => connector.open_udp(&address.resolve()?),
        };
        match found? {
            Ok(()) => {
                connector.stage = DatagramConnectorStage::Asking(Box::new(hello));
                connector.say_hello()?;
            }
            Err(why) => connector.lose(why),
        }
        Ok(connector)
    }

    /// A socket to the primary, and one to hear it.
    fn open_file(&mut self, path: &Path, session: u64) -> Result<Result<(), Gone>, TransportError> {
        let sending = match unixgram::connected(path) {
            Ok(socket) => socket,
            Err(cause) => return Ok(Err(Gone::broken(cause))),
        };
        let hearing = match AgentFile::bind(unixgram::agent_path(path, session)) {
            Ok(file) => file,
            Err(cause) => return Ok(Err(Gone::broken(cause))),
        };
        self.registry.add(&hearing, FIRST_KEY, EventFlags::IN).map_err(failed("epoll_ctl"))?;
        self.registry
            .add(&sending, FIRST_KEY + 1, EventFlags::empty())
            .map_err(failed("epoll_ctl"))?;
        self.sockets = Sockets::File { hearing, sending };
        Ok(Ok(()))
    }

    /// A socket to each address of the primary.
    fn open_udp(&mut self, places: &[SocketAddr]) -> Result<Result<(), Gone>, TransportError> {
        let (mut sockets, mut cause) = (Vec::new(), Errno::HOSTUNREACH);
        for place in places.iter().take(MOST_PLACES) {
            match udp::connected(place) {
                Ok(socket) => {
                    let key = FIRST_KEY + sockets.len() as u32;
                    self.registry.add(&socket, key, EventFlags::IN).map_err(failed("epoll_ctl"))?;
                    sockets.push((key, socket));
                }
                Err(refused) => cause = refused,
            }
        }
        let is_reachable = !sockets.is_empty();
        self.sockets = Sockets::Udp(sockets);
        Ok(if is_reachable { Ok(()) } else { Err(Gone::broken(cause)) })
    }

    /// Says hello if it is time for it.
    pub(super) fn say_hello(&mut self) -> Result<(), TransportError> {
        let now_ns = self.now_ns;
        let DatagramConnectorStage::Asking(hello) = &mut self.stage else { return Ok(()) };
        if hello.until_ns <= now_ns {
            let why = hello.hint.map_or(Gone::Silent, Gone::broken);
            self.lose(why);
            return Ok(());
        }
        if !hello.take_turn(now_ns) {
            return Ok(());
        }
        // Without room in the socket buffer the datagram counts as lost.
        match self.sockets.send(&hello.datagram) {
            Sent::Away(Some(hint)) => hello.hint = Some(hint),
            Sent::Away(None) | Sent::Full => {}
            Sent::Gone(cause) => self.lose(Gone::broken(cause)),
        }
        Ok(())
    }

    /// Takes an answer that came through the socket with this key.
    pub(super) fn hear_answer(&mut self, session: u64, message: &[u8], key: u32) {
        let DatagramConnectorStage::Asking(hello) = &mut self.stage else { return };
        if hello.session != session {
            return;
        }
        // What is forged proves nothing: the true answer may still come.
        let Ok((is_admitted, seal)) = hello.open(message, &mut self.answer) else { return };
        self.sockets.keep(key, &self.registry);
        let frames = Box::new(DatagramFrames::new(session, seal, self.now_ns));
        self.stage = DatagramConnectorStage::Answered { is_admitted, frames };
    }
}
