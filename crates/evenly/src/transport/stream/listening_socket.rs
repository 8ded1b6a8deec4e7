//! Listening socket: bind, listen, accept (socket(2), bind(2), listen(2), accept(2)).

use super::socket::{new_tcp, set_tcp_limits, set_tcp_options};
use crate::silence::Silence;
use crate::transport::bind_first::bind_first;
use crate::transport::unix_file::UnixFile;
use crate::transport::{Address, AddressKind, AfterCall, ListenError, SocketCall, TransportError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{set_ipv6_v6only, set_socket_reuseaddr};
use rustix::net::{SocketAddrAny, SocketFlags, SocketType};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Most connections that wait to be accepted. The system may allow fewer (listen(2)).
const BACKLOG: i32 = 1024;

/// A listening socket and a descriptor in reserve.
#[derive(Debug)]
pub(super) struct ListeningSocket {
    socket: Socket,
    /// A descriptor in reserve. Without it, when all others are in use, the next connection could neither
    /// be accepted nor closed, and epoll would report it again at once, for ever.
    reserve: Option<OwnedFd>,
}

#[derive(Debug)]
enum Socket {
    Unix(UnixFile),
    Tcp(OwnedFd),
}

/// Outcome of accept(2).
#[derive(Debug)]
pub(super) enum Accepted {
    /// A connection, with the address of its peer on a network.
    Connection(OwnedFd, Option<SocketAddr>),
    /// There is no descriptor for the next peer, and a silent one has one.
    Full,
    /// A peer that was sent away because there is no descriptor left.
    SentAway,
    /// No connection waits.
    Nothing,
    /// No connection can be accepted for now, or even closed.
    Crowded,
}

impl ListeningSocket {
    /// Listens; gives the address with the port that the system chose.
    pub(super) fn listen(
        address: &Address,
        after_call: AfterCall<'_>,
    ) -> Result<(Self, Address), ListenError> {
        let (socket, bound) = match address.kind() {
            AddressKind::Unix => {
                let file = UnixFile::bind_seen(address, SocketType::STREAM, after_call)?;
                (Socket::Unix(file), address.clone())
            }
            _ => {
                let (socket, bound) = bind_first(address, |place| bound_tcp(place, after_call))?;
                (Socket::Tcp(socket), bound)
            }
        };
        let mut listening = Self { socket, reserve: None };
        rustix::net::listen(&listening, BACKLOG).map_err(ListenError::system(address, "listen"))?;
        after_call(SocketCall::Listen);
        listening.refill().map_err(ListenError::system(address, "fcntl F_DUPFD"))?;
        Ok((listening, bound))
    }

    /// Sets the times after which the connections that it accepts break if the other host has vanished.
    pub(super) fn set_silence(&self, silence: Silence) -> Result<(), Errno> {
        match &self.socket {
            Socket::Unix(_) => Ok(()),
            Socket::Tcp(socket) => set_tcp_limits(socket, silence),
        }
    }

    fn refill(&mut self) -> Result<(), Errno> {
        if self.reserve.is_none() {
            self.reserve = Some(rustix::io::fcntl_dupfd_cloexec(&*self, 0)?);
        }
        Ok(())
    }

    /// Whether a peer waits to be accepted.
    pub(super) fn has_waiting(&self) -> bool {
        let mut listening = [PollFd::new(self, PollFlags::IN)];
        !matches!(poll(&mut listening, Some(&Timespec::default())), Ok(0))
    }

    /// Accepts the next peer. Where there is no descriptor for it, sends it away, unless there `is_silent`
    /// one that can be sent away instead.
    pub(super) fn accept(&mut self, is_silent: bool) -> Result<Accepted, TransportError> {
        let _ = self.refill();
        loop {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let cause = match rustix::net::acceptfrom_with(&self, flags) {
                Ok((_, _)) if self.reserve.is_none() => return Ok(Accepted::SentAway),
                Ok((socket, place)) => {
                    let place = place.and_then(|place| SocketAddr::try_from(place).ok());
                    return Ok(Accepted::Connection(socket, place));
                }
                Err(cause) => cause,
            };
            match cause {
                Errno::AGAIN => return Ok(Accepted::Nothing),
                // The kernel looks for a descriptor before it looks for a peer.
                Errno::MFILE | Errno::NFILE if !self.has_waiting() => return Ok(Accepted::Nothing),
                Errno::MFILE | Errno::NFILE if is_silent => return Ok(Accepted::Full),
                Errno::MFILE | Errno::NFILE if self.reserve.is_some() => self.reserve = None,
                Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => {
                    return Ok(Accepted::Crowded);
                }
                // What happened to the one that is next, and not to us: it is out of the queue now.
                Errno::INTR
                | Errno::CONNABORTED
                | Errno::PERM
                | Errno::PROTO
                | Errno::NOPROTOOPT
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NONET
                | Errno::OPNOTSUPP
                | Errno::TIMEDOUT => {}
                cause => return Err(TransportError { call: "accept4", cause }),
            }
        }
    }
}

impl AsFd for ListeningSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Unix(file) => file.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
        }
    }
}

fn bound_tcp(place: &SocketAddr, after_call: AfterCall<'_>) -> Result<OwnedFd, Errno> {
    let socket = new_tcp(place)?;
    after_call(SocketCall::Socket);
    // Connections of a process that has ended may linger for a minute; only another one that
    // listens is in the way (tcp(7), TIME_WAIT).
    set_socket_reuseaddr(&socket, true)?;
    if place.is_ipv6() {
        // `[::]` is every address of this machine, whatever the system's default is.
        set_ipv6_v6only(&socket, false)?;
    }
    set_tcp_options(&socket)?;
    rustix::net::bind(&socket, &SocketAddrAny::from(*place))?;
    after_call(SocketCall::Bind);
    Ok(socket)
}
