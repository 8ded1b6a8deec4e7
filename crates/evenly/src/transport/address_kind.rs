//! Kinds of sockets at which a primary can listen.

use std::fmt;

/// The four kinds of sockets: of the domain unix or internet, with streams or with datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Streams within this machine, at a path.
    Unix,
    /// Datagrams within this machine, at a path.
    Unixgram,
    /// Streams over the network.
    Tcp,
    /// Datagrams over the network.
    Udp,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unix => "unix",
            Self::Unixgram => "unixgram",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl AddressKind {
    /// The kind that an address beginning with `word` and a colon has.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "unix" => Some(AddressKind::Unix),
            "unixgram" => Some(AddressKind::Unixgram),
            "tcp" => Some(AddressKind::Tcp),
            "udp" => Some(AddressKind::Udp),
            _ => None,
        }
    }
}
