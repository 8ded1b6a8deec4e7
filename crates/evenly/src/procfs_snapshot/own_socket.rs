//! Sockets of this process that the tables of proc_net(5) do not list: internet sockets without an address, or that
//! have one and do not listen yet.

use super::{SocketAddress, SocketKind, SocketState, SocketView};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, getsockname, sockopt};
use rustix::process::{self, PidfdFlags, PidfdGetfdFlags};
use std::net::SocketAddr;

/// Adds what the socket itself says about its domain, its type and its address.
pub(super) fn describe(socket: &mut SocketView) {
    let own = std::process::id();
    let mut holders = socket.holders.iter().filter(|end| end.pid == own);
    if let Some(end) = holders.next()
        && let Ok((kind, place)) = ask(end.descriptor)
    {
        let has_address = place.is_some_and(|place| place.port() != 0);
        socket.kind = Some(kind);
        socket.state = if has_address { SocketState::Bound } else { SocketState::Unbound };
        socket.own = place.filter(|_| has_address).map(SocketAddress::Internet);
    }
}

/// Asks a copy of the descriptor. A descriptor of this process that it does not own cannot be borrowed.
fn ask(descriptor: i32) -> Result<(SocketKind, Option<SocketAddr>), Errno> {
    let this = process::pidfd_open(process::getpid(), PidfdFlags::empty())?;
    let socket = process::pidfd_getfd(&this, descriptor, PidfdGetfdFlags::empty())?;
    let is_internet =
        [AddressFamily::INET, AddressFamily::INET6].contains(&sockopt::socket_domain(&socket)?);
    let kind = match sockopt::socket_type(&socket)? {
        SocketType::STREAM if is_internet => SocketKind::Tcp,
        SocketType::DGRAM if is_internet => SocketKind::Udp,
        _ => return Err(Errno::NOTSUP),
    };
    Ok((kind, SocketAddr::try_from(getsockname(&socket)?).ok()))
}
