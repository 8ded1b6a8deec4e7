//! Factory of socket transports: opens a stream or datagram listener or connector for an address.

use super::stream::StdioEnds;
use super::{Address, AddressError, AddressKind, ListenError, Reception, Registry, Transport};
use super::{datagram, stream};
use crate::secure::Key;
use crate::silence::Silence;

/// Begins to listen for agents, which may be silent for this long.
pub(crate) fn listen(
    address: &Address,
    keys: &[Key],
    silence: Silence,
    registry: Registry,
) -> Result<Box<dyn Reception>, ListenError> {
    let keys = if address.needs_key() { keys.to_vec() } else { Vec::new() };
    match address.kind() {
        AddressKind::Unix | AddressKind::Tcp => Ok(Box::new(
            stream::StreamListener::listen(address, keys, registry)?.with_silence(silence)?,
        )),
        AddressKind::Unixgram | AddressKind::Udp => Ok(Box::new(
            datagram::DatagramListener::listen(address, keys, registry)?.with_silence(silence),
        )),
        AddressKind::Stdio => Err(AddressError::StdioListens.into()),
    }
}

/// Begins to connect to a primary, with this hello. `stdio` are the standard streams, where the address names them.
pub(crate) fn connect(
    (address, stdio): (&Address, Option<StdioEnds>),
    key: Option<&Key>,
    hello: &[u8],
    registry: Registry,
    now_ns: u64,
) -> Result<Box<dyn Transport>, stream::ConnectError> {
    match address.kind() {
        AddressKind::Unix | AddressKind::Tcp => {
            Ok(Box::new(stream::StreamConnector::connect(address, key, hello, registry, now_ns)?))
        }
        AddressKind::Unixgram | AddressKind::Udp => {
            let connector =
                datagram::DatagramConnector::connect(address, key, hello, registry, now_ns)?;
            Ok(Box::new(connector))
        }
        AddressKind::Stdio => {
            let ends = stdio.ok_or(AddressError::StdioListens)?;
            Ok(Box::new(stream::StdioConnector::connect(ends, hello, registry, now_ns)?))
        }
    }
}
