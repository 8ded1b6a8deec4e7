//! Non-blocking calls on stream sockets.

use crate::process::sys::peer_user;
use crate::silence::Silence;
use rustix::io::Errno;
use rustix::net::sockopt::{
    set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl, set_tcp_nodelay,
    set_tcp_user_timeout,
};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

/// Unanswered probes after which an idle connection breaks (tcp(7), TCP_KEEPCNT).
const PROBES: u32 = 4;

/// Heartbeats from one probe to the next (TCP_KEEPINTVL).
const HEARTBEATS_PER_PROBE: u32 = 2;

/// Makes a tcp socket that does not block and that no executed program inherits (socket(2)).
pub(super) fn new_tcp(place: &SocketAddr) -> Result<OwnedFd, Errno> {
    let family = match place {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(family, SocketType::STREAM, flags, None)
}

/// Sends small frames at once, and notices when the other host has vanished. What is set for a
/// listening socket holds for those that it accepts.
pub(super) fn set_tcp_options(socket: &OwnedFd) -> Result<(), Errno> {
    set_tcp_nodelay(socket, true)?;
    set_socket_keepalive(socket, true)?;
    set_tcp_limits(socket, Silence::default())
}

/// Sets the times after which a connection breaks if the other host has vanished (tcp(7)): of unacknowledged
/// bytes, and of unanswered probes on an idle connection, which the kernel times in whole seconds.
pub(super) fn set_tcp_limits(socket: &OwnedFd, silence: Silence) -> Result<(), Errno> {
    set_tcp_user_timeout(socket, silence.of_connection().as_millis() as u32)?;
    set_tcp_keepidle(socket, silence.limit())?;
    set_tcp_keepintvl(socket, silence.heartbeat() * HEARTBEATS_PER_PROBE)?;
    set_tcp_keepcnt(socket, PROBES)
}

/// Whether the process at the other end of a unix socket has the effective user of this one
/// (unix(7), SO_PEERCRED). Root is no exception, at neither end.
pub(super) fn is_same_user(socket: &OwnedFd) -> bool {
    peer_user(socket).is_ok_and(|user| user == rustix::process::geteuid().as_raw())
}

/// One connection, for non-blocking calls: a socket, or two pipes.
pub(super) trait Wire {
    /// Where bytes arrive.
    fn input(&self) -> &OwnedFd;

    /// Sends what there is room for. A closed connection is an error, not SIGPIPE.
    fn send(&self, bytes: &[u8]) -> Result<usize, Errno>;

    /// Sends the end behind what was sent, and goes on receiving.
    fn send_end(&self);
}

impl Wire for OwnedFd {
    fn input(&self) -> &OwnedFd {
        self
    }

    fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        rustix::io::retry_on_intr(|| rustix::net::send(self, bytes, SendFlags::NOSIGNAL))
    }

    fn send_end(&self) {
        // It fails if there is no connection any more, which is an end as well.
        let _ = rustix::net::shutdown(self, Shutdown::Write);
    }
}

/// Receives what is there; 0 is the end.
pub(super) fn receive(socket: &OwnedFd, room: &mut [u8]) -> Result<usize, Errno> {
    rustix::io::retry_on_intr(|| rustix::io::read(socket, &mut *room))
}

/// Whether there is nothing to receive, not even the end or an error. What there is stays.
pub(super) fn is_quiet(socket: impl AsFd) -> bool {
    let mut byte = [0; 1];
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let found =
        rustix::io::retry_on_intr(|| rustix::net::recv(socket.as_fd(), &mut byte[..], flags));
    matches!(found, Err(Errno::AGAIN))
}
