//! Factory of socket transports: opens a stream or datagram listener or connector for an address.

use super::stream::StdioEnds;
use super::{
    Address, AddressError, AddressKind, AfterCall, ListenError, Listener, Registry, Transport,
};
use super::{datagram, stream};
use crate::secure::Key;
use crate::secure::noise::Dialer;
use crate::silence::Silence;

/// Begins to listen for agents, which may be silent for this long. `after_call` sees the socket as it is made.
pub(crate) fn listen(
    address: &Address,
    keys: &[Key],
    silence: Silence,
    registry: Registry,
    after_call: AfterCall<'_>,
) -> Result<Box<dyn Listener>, ListenError> {
    open_listener(address, (keys, Dialer::Agent), silence, registry, after_call)
}

/// Begins to listen for the calls of primaries, which may be silent for this long.
pub(crate) fn listen_for_primaries(
    address: &Address,
    keys: &[Key],
    silence: Silence,
    registry: Registry,
) -> Result<Box<dyn Listener>, ListenError> {
    open_listener(address, (keys, Dialer::Primary), silence, registry, &mut |_| {})
}

fn open_listener(
    address: &Address,
    (keys, dialer): (&[Key], Dialer),
    silence: Silence,
    registry: Registry,
    after_call: AfterCall<'_>,
) -> Result<Box<dyn Listener>, ListenError> {
    let keys = (if address.needs_key() { keys.to_vec() } else { Vec::new() }, dialer);
    match address.kind() {
        AddressKind::Unix | AddressKind::Tcp => {
            let listener = stream::StreamListener::listen(address, keys, registry, after_call)?;
            Ok(Box::new(listener.with_silence(silence)?))
        }
        AddressKind::Unixgram | AddressKind::Udp => {
            let listener = datagram::DatagramListener::listen(address, keys, registry, after_call)?;
            Ok(Box::new(listener.with_silence(silence)))
        }
        AddressKind::Stdio => Err(AddressError::StdioListens.into()),
    }
}

/// Begins to connect to a primary with this hello, or to an agent with this call. `stdio` are the standard streams, where the address names them.
pub(crate) fn connect(
    (address, stdio): (&Address, Option<StdioEnds>),
    key: Option<(&Key, Dialer)>,
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
            Ok(Box::new(stream::StreamConnector::over_stdio(ends, hello, registry, now_ns)?))
        }
    }
}
