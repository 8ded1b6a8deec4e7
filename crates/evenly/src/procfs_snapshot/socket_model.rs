//! Data model of a socket: kind, state, addresses, bytes that wait.

use super::PipeEnd;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

/// One socket: an endpoint, and not what is between two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketView {
    /// Its number.
    pub inode: u64,
    /// Every descriptor of it in the processes that were asked for.
    pub holders: Vec<PipeEnd>,
    /// Its domain and type, if the kernel told us.
    pub kind: Option<SocketKind>,
    /// What it is good for.
    pub state: SocketState,
    /// Its own address, if it has one: see [`own_address`](Self::own_address).
    pub own: Option<SocketAddress>,
    /// The address that it is connected to, if it is and that has one.
    pub peer: Option<SocketAddress>,
    /// The socket that it is connected to, if that is known: within the machine the kernel tells, and
    /// over the network it is found if it is in the same picture.
    pub peer_inode: Option<u64>,
    /// Bytes that have arrived and were not read; of datagrams within the machine, those of the first.
    pub bytes_to_read: Option<u32>,
    /// Bytes that were written and that the other end has not confirmed.
    pub bytes_unsent: Option<u32>,
    /// How many have connected to a listening socket and were not accepted.
    pub to_accept: Option<u32>,
}

/// Domain and type of a socket: the words of [`Address`](crate::Address), and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    /// Streams over the network (tcp(7)).
    Tcp,
    /// Datagrams over the network (udp(7)).
    Udp,
    /// Streams within the machine (unix(7)).
    Unix,
    /// Datagrams within the machine.
    Unixgram,
    /// Connected datagrams within the machine.
    Unixpacket,
}

/// What a socket is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// Others connect to it (listen(2)).
    Listening,
    /// It is on its way to the other end.
    Connecting,
    /// It has another end.
    Connected,
    /// One of the ends has closed, or both.
    Closing,
    /// It has an address, and no other end: datagrams come to it from anywhere.
    Bound,
    /// It has neither.
    Unbound,
    /// The kernel does not tell.
    Unknown,
}

/// An address of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketAddress {
    /// On a network. An IPv4-mapped IPv6 address is written as IPv4.
    Internet(SocketAddr),
    /// Within the machine, as it was bound: possibly relative to the directory of the process that bound it, and
    /// with an `@` at its beginning if it is no file.
    Path(String),
}

/// Table entries by inode. Inode numbers of sockets are unique in the whole system, across namespaces.
pub(super) type SocketEntries = BTreeMap<u64, SocketEntry>;

/// Entry of one socket in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SocketEntry {
    pub(super) kind: SocketKind,
    pub(super) state: SocketState,
    pub(super) own: Option<SocketAddress>,
    pub(super) peer: Option<SocketAddress>,
    /// The socket at the other end.
    pub(super) peer_inode: Option<u64>,
    pub(super) to_read: Option<u32>,
    pub(super) unsent: Option<u32>,
    pub(super) to_accept: Option<u32>,
}

impl SocketEntry {
    pub(super) fn new(kind: SocketKind, state: SocketState) -> Self {
        let (own, peer, peer_inode) = (None, None, None);
        Self { kind, state, own, peer, peer_inode, to_read: None, unsent: None, to_accept: None }
    }
}

impl SocketKind {
    /// Whether it leads to other machines.
    #[must_use]
    pub fn is_internet(self) -> bool {
        matches!(self, Self::Tcp | Self::Udp)
    }
}

impl fmt::Display for SocketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::Unixgram => "unixgram",
            Self::Unixpacket => "unixpacket",
        })
    }
}

impl SocketView {
    pub(super) fn unknown(inode: u64) -> Self {
        Self {
            inode,
            holders: Vec::new(),
            kind: None,
            state: SocketState::Unknown,
            own: None,
            peer: None,
            peer_inode: None,
            bytes_to_read: None,
            bytes_unsent: None,
            to_accept: None,
        }
    }

    /// Takes over what a table says about it.
    pub(super) fn learn(&mut self, entry: SocketEntry) {
        self.kind = Some(entry.kind);
        self.state = entry.state;
        (self.own, self.peer, self.peer_inode) = (entry.own, entry.peer, entry.peer_inode);
        (self.bytes_to_read, self.bytes_unsent) = (entry.to_read, entry.unsent);
        self.to_accept = entry.to_accept;
    }

    /// Its own address as one would type it: `tcp:127.0.0.1:7700`, `unix:board`.
    #[must_use]
    pub fn own_address(&self) -> Option<String> {
        self.typed(self.own.as_ref())
    }

    /// The address that it is connected to, in the same way.
    #[must_use]
    pub fn peer_address(&self) -> Option<String> {
        self.typed(self.peer.as_ref())
    }

    fn typed(&self, address: Option<&SocketAddress>) -> Option<String> {
        match (self.kind?, address?) {
            (kind, SocketAddress::Internet(address)) => Some(format!("{kind}:{address}")),
            (kind, SocketAddress::Path(path)) => Some(format!("{kind}:{path}")),
        }
    }
}
