//! Socket addresses of a primary: parsing, display, name resolution.

use super::address_error::AddressError;
use super::address_kind::AddressKind;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a primary listens, or where it is to be joined: `unix:PATH`, `unixgram:PATH`,
/// `tcp:HOST:PORT` or `udp:HOST:PORT`. An agent that another program started also joins at `stdio:`, its standard input
/// and output.
///
/// HOST is a name, an IPv4 address, or an IPv6 address in brackets. Port 0 is for listening only:
/// the system chooses a port. It is read with [`str::parse`] and written as it is read:
///
/// ```
/// let address: evenly::Address = "tcp:[::1]:7700".parse()?;
/// assert_eq!(address.to_string(), "tcp:[::1]:7700");
/// assert!(address.needs_key());
/// # Ok::<(), evenly::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    kind: AddressKind,
    place: Endpoint,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Endpoint {
    Path(PathBuf),
    /// Without brackets.
    Host {
        host: String,
        port: u16,
    },
    /// The standard streams of this process.
    Stdio,
}

impl Address {
    /// `stdio:`.
    pub(crate) const STDIO: Self = Self { kind: AddressKind::Stdio, place: Endpoint::Stdio };

    /// Which kind of socket it is for.
    #[must_use]
    pub fn kind(&self) -> AddressKind {
        self.kind
    }

    /// Whether what travels there is sealed with a key: on every network, and not on
    /// sockets within the machine, whose users the kernel names.
    #[must_use]
    pub fn needs_key(&self) -> bool {
        match self.kind {
            AddressKind::Tcp | AddressKind::Udp => true,
            AddressKind::Unix | AddressKind::Unixgram | AddressKind::Stdio => false,
        }
    }

    /// Checks that a primary can listen at this address.
    ///
    /// # Errors
    /// If it is `stdio:`, which is for agents only.
    pub fn check_can_be_listened_at(&self) -> Result<(), AddressError> {
        match self.kind {
            AddressKind::Stdio => Err(AddressError::StdioListens),
            _ => Ok(()),
        }
    }

    /// The path, if it is at one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Endpoint::Path(path) => Some(path),
            Endpoint::Host { .. } | Endpoint::Stdio => None,
        }
    }

    /// The port, if it has one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.place {
            Endpoint::Path(_) | Endpoint::Stdio => None,
            Endpoint::Host { port, .. } => Some(*port),
        }
    }

    /// Checks that an agent can join at this address.
    ///
    /// # Errors
    /// If the port is 0, which is for listening only.
    pub(crate) fn check_can_be_joined(&self) -> Result<(), AddressError> {
        match self.port() {
            Some(0) => Err(AddressError::PortZero { typed: self.to_string() }),
            _ => Ok(()),
        }
    }

    /// The same place with another port: the one that the system chose.
    #[must_use]
    pub(crate) fn with_port(&self, chosen: u16) -> Self {
        let mut same = self.clone();
        if let Endpoint::Host { port, .. } = &mut same.place {
            *port = chosen;
        }
        same
    }

    /// The same kind of address for each of these.
    pub(crate) fn places(&self, found: &[SocketAddr]) -> Vec<Self> {
        found.iter().map(|place| Self::of_peer(self.kind, *place)).collect()
    }

    /// Address of a peer. An IPv4-mapped IPv6 address is written as IPv4.
    pub(crate) fn of_peer(kind: AddressKind, peer: SocketAddr) -> Self {
        let host = match peer {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
            _ => peer.ip().to_canonical().to_string(),
        };
        Self { kind, place: Endpoint::Host { host, port: peer.port() } }
    }

    /// Whether the place is named, so that the resolver has to find it.
    pub(crate) fn has_host_name(&self) -> bool {
        matches!(&self.place, Endpoint::Host { host, .. } if host.parse::<IpAddr>().is_err())
    }

    /// The addresses of the host, to be tried in this order; none for a path. A name is looked up,
    /// which may take seconds.
    pub(crate) fn resolve(&self) -> Result<Vec<SocketAddr>, AddressError> {
        let Endpoint::Host { host, port } = &self.place else { return Ok(vec![]) };
        match (host.as_str(), *port).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(cause) => Err(AddressError::Unknown { host: host.clone(), cause }),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(typed: &str) -> Result<Self, AddressError> {
        let split = typed.split_once(':');
        let Some((kind, place)) =
            split.and_then(|(kind, place)| Some((AddressKind::from_word(kind)?, place)))
        else {
            return Err(AddressError::Kind { typed: typed.to_owned() });
        };
        let place = match kind {
            AddressKind::Unix | AddressKind::Unixgram => path_of(typed, kind, place)?,
            AddressKind::Tcp | AddressKind::Udp => host_of(typed, kind, place)?,
            AddressKind::Stdio if place.is_empty() => Endpoint::Stdio,
            AddressKind::Stdio => return Err(AddressError::Stdio { typed: typed.to_owned() }),
        };
        Ok(Self { kind, place })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind;
        match &self.place {
            Endpoint::Path(path) => write!(f, "{kind}:{}", path.display()),
            Endpoint::Host { host, port } if host.contains(':') => {
                write!(f, "{kind}:[{host}]:{port}")
            }
            Endpoint::Host { host, port } => write!(f, "{kind}:{host}:{port}"),
            Endpoint::Stdio => write!(f, "{kind}:"),
        }
    }
}

fn path_of(typed: &str, kind: AddressKind, path: &str) -> Result<Endpoint, AddressError> {
    if path.is_empty() || path.contains('\0') {
        return Err(AddressError::NoPath { typed: typed.escape_debug().to_string(), kind });
    }
    let length = path.len();
    if length > kind.longest_path() {
        return Err(AddressError::PathTooLong { path: path.to_owned(), length, kind });
    }
    Ok(Endpoint::Path(path.into()))
}

fn host_of(typed: &str, kind: AddressKind, place: &str) -> Result<Endpoint, AddressError> {
    let typed = || typed.to_owned();
    let bad_host = |host: &str| AddressError::Host { typed: typed(), host: host.to_owned() };
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| bad_host(place))?;
        // The name of an interface may follow, as in fe80::1%eth0.
        let (address, zone) = host.split_once('%').unwrap_or((host, "0"));
        if address.parse::<Ipv6Addr>().is_err() || !is_name(zone) {
            return Err(bad_host(host));
        }
        (host, rest.strip_prefix(':'))
    } else {
        match place.rsplit_once(':') {
            Some((host, _)) if host.contains(':') || place.parse::<Ipv6Addr>().is_ok() => {
                return Err(AddressError::Brackets { typed: typed(), kind });
            }
            Some((host, _)) if !host.is_empty() && host != "*" && !is_name(host) => {
                return Err(bad_host(host));
            }
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let Some(port) = port.filter(|port| !port.is_empty()) else {
        return Err(AddressError::NoPort { typed: typed(), kind });
    };
    // `parse` would take a plus sign.
    let digits = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(port) = digits.and_then(|port| port.parse().ok()) else {
        return Err(AddressError::Port { typed: typed(), port: port.to_owned() });
    };
    if host.is_empty() || host == "*" {
        return Err(AddressError::NoHost { typed: typed(), kind, port });
    }
    Ok(Endpoint::Host { host: host.to_owned(), port })
}

/// Whether a resolver may be asked for it. What exactly a name is, it knows better.
fn is_name(word: &str) -> bool {
    let is_good = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    !word.is_empty() && word.chars().all(is_good)
}
