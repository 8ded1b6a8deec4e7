//! Datagrams over a network: sockets of the domain internet (udp(7)).
//!
//! A datagram is never cut into fragments (IP_PMTUDISC_PROBE, ip(7)): if one is lost all of it is, and a
//! network that does not carry 1200 bytes is named instead. ICMP errors about that are
//! ignored, since any host can forge them. There is no SO_REUSEADDR: on Linux it would let any process of
//! this machine take the port over (socket(7)).

use super::outcome::{Origin, Sent};
use crate::transport::bind_first::bind_first;
use crate::transport::{Address, AfterCall, ListenError, SocketCall};
use rustix::io::Errno;
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
    set_ipv6_v6only, set_socket_recv_buffer_size, set_socket_recv_buffer_size_force,
};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, SocketType};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

/// What may wait to be read: some hundred peers may send a window each at the same moment. The system
/// gives less if `net.core.rmem_max` says so.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Binds to the first address of the host that is one of this machine; gives the address with the port
/// that the system chose.
pub(super) fn bind(
    address: &Address,
    after_call: AfterCall<'_>,
) -> Result<(OwnedFd, Address), ListenError> {
    bind_first(address, |place| bound(place, after_call))
}

fn bound(place: &SocketAddr, after_call: AfterCall<'_>) -> Result<OwnedFd, Errno> {
    let socket = new_socket(place)?;
    after_call(SocketCall::Socket);
    if place.is_ipv6() {
        // `[::]` is every address of this machine, whatever the system's default is.
        set_ipv6_v6only(&socket, false)?;
    }
    rustix::net::bind(&socket, &SocketAddrAny::from(*place))?;
    after_call(SocketCall::Bind);
    Ok(socket)
}

/// A socket that sends to one place and hears only what comes from there (udp(7), connect).
pub(super) fn connected(place: &SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = new_socket(place)?;
    rustix::net::connect(&socket, &SocketAddrAny::from(*place))?;
    Ok(socket)
}

fn new_socket(place: &SocketAddr) -> Result<OwnedFd, Errno> {
    let family = match place {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
    if set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER).is_err() {
        set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)?;
    }
    if place.is_ipv6() {
        set_ipv6_mtu_discover(&socket, Ipv6PathMtuDiscovery::PROBE)?;
    }
    // On a socket for IPv6 this is for the IPv4 addresses that are mapped into it.
    set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE)?;
    Ok(socket)
}

/// Receives a datagram. Of one that is too long only the beginning comes.
pub(super) fn receive(socket: &OwnedFd, room: &mut [u8]) -> Result<(usize, Origin), Errno> {
    let flags = RecvFlags::empty();
    let receive = || rustix::net::recvfrom(socket, &mut *room, flags);
    let (length, _, from) = rustix::io::retry_on_intr(receive)?;
    let place = from.and_then(|from| SocketAddr::try_from(from).ok());
    Ok((length, Origin::Network(place.ok_or(Errno::AFNOSUPPORT)?)))
}

/// Sends a datagram to a place, or where the socket is connected to.
pub(super) fn send(socket: impl AsFd, place: Option<&SocketAddr>, bytes: &[u8]) -> Sent {
    let (socket, flags) = (socket.as_fd(), SendFlags::NOSIGNAL);
    let sent = rustix::io::retry_on_intr(|| match place {
        Some(place) => rustix::net::sendto(socket, bytes, flags, &SocketAddrAny::from(*place)),
        None => rustix::net::send(socket, bytes, flags),
    });
    match sent {
        Ok(_) => Sent::Away(None),
        Err(Errno::AGAIN) => Sent::Full,
        // The path carries no 1200 bytes, and shorter datagrams would be of no use.
        Err(Errno::MSGSIZE) => Sent::Gone(Errno::MSGSIZE),
        Err(hint) => Sent::Away(Some(hint)),
    }
}
