//! Factory of socket transports: opens a stream or datagram listener or connector for an address.

use super::{Address, AddressKind, ListenError, Reception, Registry, Transport};
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
    }
}

/// Begins to connect to a primary, with this hello.
pub(crate) fn connect(
    address: &Address,
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
    }
}
