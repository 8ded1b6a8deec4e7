//! Kinds of addresses: sockets at which a primary can listen, and the standard streams of an agent.

use std::fmt;

/// The longest path that fits into the address of a socket, in bytes (unix(7)).
const SUN_PATH: usize = 107;

/// Over unixgram, the socket of an agent is at the path of its primary with a dot and this many digits behind it.
pub(super) const SESSION_DIGITS: usize = 16;

/// The four kinds of sockets, of the domain unix or internet, with streams or with datagrams; and `stdio:`.
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
    /// Standard input and output of the agent, which the process that started it holds.
    Stdio,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unix => "unix",
            Self::Unixgram => "unixgram",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Stdio => "stdio",
        })
    }
}

impl AddressKind {
    /// The longest path of an address of this kind, in bytes.
    pub(super) const fn longest_path(self) -> usize {
        match self {
            Self::Unixgram => SUN_PATH - 1 - SESSION_DIGITS,
            _ => SUN_PATH,
        }
    }

    /// The kind that an address beginning with `word` and a colon has.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "unix" => Some(AddressKind::Unix),
            "unixgram" => Some(AddressKind::Unixgram),
            "tcp" => Some(AddressKind::Tcp),
            "udp" => Some(AddressKind::Udp),
            "stdio" => Some(AddressKind::Stdio),
            _ => None,
        }
    }
}
