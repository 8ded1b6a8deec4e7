//! Binding of a network socket to the first address of a host that is one of this machine.

use super::{Address, ListenError};
use rustix::io::Errno;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// Tries each address of the host with `bound`, which makes a socket; gives the address with the port that the system chose.
pub(super) fn bind_first(
    address: &Address,
    mut bound: impl FnMut(&SocketAddr) -> Result<OwnedFd, Errno>,
) -> Result<(OwnedFd, Address), ListenError> {
    let mut refused = Errno::ADDRNOTAVAIL;
    for place in address.resolve()? {
        let socket = match bound(&place) {
            Ok(socket) => socket,
            Err(cause) => {
                refused = cause;
                continue;
            }
        };
        let name = rustix::net::getsockname(&socket);
        let name = name.map_err(ListenError::system(address, "getsockname"))?;
        let port = SocketAddr::try_from(name).map_or(place.port(), |bound| bound.port());
        return Ok((socket, address.with_port(port)));
    }
    match refused {
        Errno::ADDRINUSE => Err(ListenError::InUse { address: address.clone() }),
        cause => Err(ListenError::system(address, "bind")(cause)),
    }
}
