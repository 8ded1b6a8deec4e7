//! How an agent gets to its primary: socket, hello, and the answer.

use super::connector::{Connector, Stage};
use super::line::{Line, Seal};
use super::socket::Sent;
use super::sockets::{FIRST_KEY, Sockets};
use super::unixgram::{self, AgentFile};
use super::{ANSWER_NS, LONGEST_HELLO, udp};
use crate::secure::Key;
use crate::secure::noise::{Forged, HANDSHAKE, Initiator, Session};
use crate::transport::stream::ConnectError;
use crate::transport::{Address, Failed, Gone, Registry, failed};
use evenly_core::datagram::{Content, Datagram};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use std::net::SocketAddr;
use std::path::Path;

/// A hello is said again after so long, and then after twice as long each time, up to the second. So
/// it is said some twenty times before it is given up: where every second datagram is lost, one in
/// four gets an answer through.
const FIRST_PAUSE_NS: u64 = 200_000_000;
const LONGEST_PAUSE_NS: u64 = 500_000_000;

/// So many addresses of a primary are tried.
const MOST_PLACES: usize = 8;

/// A hello that is not answered yet.
#[derive(Debug)]
pub(super) struct Hello {
    session: u64,
    /// The handshake, where there is one.
    initiator: Option<Box<Initiator>>,
    datagram: Vec<u8>,
    /// When it is said next, and how long it is waited for after that.
    next_ns: u64,
    pause_ns: u64,
    pub(super) until_ns: u64,
    /// What the network said last about it.
    pub(super) hint: Option<Errno>,
}

impl Hello {
    fn new(
        address: &Address,
        key: Option<&Key>,
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

    /// Opens an answer into `words`; whether it admits us, and how what follows is sealed.
    fn open(&mut self, message: &[u8], words: &mut Vec<u8>) -> Result<(bool, Seal), Forged> {
        words.clear();
        words.extend_from_slice(message);
        let mut seal = Seal::Open;
        if let Some(initiator) = &mut self.initiator {
            words.resize(message.len().saturating_sub(HANDSHAKE), 0);
            let length = initiator.hear(message, words)?;
            words.truncate(length);
            let initiator = self.initiator.take().ok_or(Forged)?;
            let sealer = initiator.finish().and_then(Session::into_sealer)?;
            seal = Seal::Noise(Box::new(sealer));
        }
        let is_admitted = match words.first() {
            Some(0) => false,
            Some(1) => true,
            _ => return Err(Forged),
        };
        words.remove(0);
        Ok((is_admitted, seal))
    }
}

impl Connector {
    /// Says hello to a primary, with the key if the address is one of a network. The name of a host is
    /// looked up, which may take its time; nothing after that blocks.
    pub(crate) fn connect(
        address: &Address,
        key: Option<&Key>,
        hello: &[u8],
        registry: Registry,
        now_ns: u64,
    ) -> Result<Self, ConnectError> {
        let hello = Hello::new(address, key, hello, now_ns)?;
        let mut connector = Self::new(registry, now_ns);
        let found = match address.path() {
            Some(path) => {
                AgentFile::check(path)?;
                connector.open_file(path, hello.session)
            }
            None => connector.open_udp(&address.resolve()?),
        };
        match found? {
            Ok(()) => {
                connector.stage = Stage::Asking(Box::new(hello));
                connector.say_hello()?;
            }
            Err(why) => connector.lose(why),
        }
        Ok(connector)
    }

    /// A socket to the primary, and one to hear it.
    fn open_file(&mut self, path: &Path, session: u64) -> Result<Result<(), Gone>, Failed> {
        let sending = match unixgram::connected(path) {
            Ok(socket) => socket,
            Err(cause) => return Ok(Err(Gone::Broken(cause))),
        };
        let hearing = match AgentFile::bind(unixgram::agent_path(path, session)) {
            Ok(file) => file,
            Err(cause) => return Ok(Err(Gone::Broken(cause))),
        };
        self.registry.add(&hearing, FIRST_KEY, EventFlags::IN).map_err(failed("epoll_ctl"))?;
        self.registry
            .add(&sending, FIRST_KEY + 1, EventFlags::empty())
            .map_err(failed("epoll_ctl"))?;
        self.sockets = Sockets::File { hearing, sending };
        Ok(Ok(()))
    }

    /// A socket to each address of the primary.
    fn open_udp(&mut self, places: &[SocketAddr]) -> Result<Result<(), Gone>, Failed> {
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
        Ok(if is_reachable { Ok(()) } else { Err(Gone::Broken(cause)) })
    }

    /// Says hello if it is time for it.
    pub(super) fn say_hello(&mut self) -> Result<(), Failed> {
        let now_ns = self.now_ns;
        let Stage::Asking(hello) = &mut self.stage else { return Ok(()) };
        if hello.until_ns <= now_ns {
            let why = hello.hint.map_or(Gone::Silent, Gone::Broken);
            self.lose(why);
            return Ok(());
        }
        if hello.next_ns > now_ns {
            return Ok(());
        }
        hello.next_ns = now_ns + hello.pause_ns;
        hello.pause_ns = (2 * hello.pause_ns).min(LONGEST_PAUSE_NS);
        // Where there is no room it is as if it got lost.
        match self.sockets.send(&hello.datagram) {
            Sent::Away(Some(hint)) => hello.hint = Some(hint),
            Sent::Away(None) | Sent::Full => {}
            Sent::Gone(cause) => self.lose(Gone::Broken(cause)),
        }
        Ok(())
    }

    /// Takes an answer that came through the socket with this key.
    pub(super) fn hear_answer(&mut self, session: u64, message: &[u8], key: u32) {
        let Stage::Asking(hello) = &mut self.stage else { return };
        if hello.session != session {
            return;
        }
        // What is forged proves nothing: the true answer may still come.
        let Ok((is_admitted, seal)) = hello.open(message, &mut self.answer) else { return };
        self.sockets.keep(key, &self.registry);
        let line = Box::new(Line::new(session, seal, self.now_ns));
        self.stage = Stage::Answered { is_admitted, line };
    }
}
