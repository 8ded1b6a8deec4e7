//! Sockets: which the processes hold, in which state they are, and between which addresses.
//!
//! From the tables of proc_net(5), those of the network namespace that each process lives in
//! (network_namespaces(7)); what these do not tell about sockets of the domain unix, the other end and
//! the bytes that wait, comes from sock_diag(7). A socket that neither lists is shown as held, with
//! nothing known about it. No byte is read or written, and no socket is connected to anything.

use super::process::{self, Found};
use super::{End, ProcessView, Target, ViewError, socket_diag, socket_table};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

/// One socket: an endpoint, and not what is between two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketView {
    /// Its number.
    pub inode: u64,
    /// Every descriptor of it in the processes that were asked for.
    pub holders: Vec<End>,
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
    /// On a network. An IPv4 address on an IPv6 socket is told as what it is.
    Internet(SocketAddr),
    /// Within the machine, as it was bound: possibly relative to the directory of whoever did, and
    /// with an `@` at its beginning if it is no file.
    Path(String),
}

/// What is known of some sockets, by inode. The numbers are those of the whole system, whatever the
/// namespace.
pub(super) type Known = BTreeMap<u64, Entry>;

/// What a table says about one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
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

impl Entry {
    pub(super) fn new(kind: SocketKind, state: SocketState) -> Self {
        let (own, peer, peer_inode) = (None, None, None);
        Self { kind, state, own, peer, peer_inode, to_read: None, unsent: None, to_accept: None }
    }
}

/// Every socket that these processes hold, in the order in which they are met.
pub(super) fn held_by(processes: &[ProcessView]) -> Result<Vec<SocketView>, ViewError> {
    let mut sockets: Vec<SocketView> = Vec::new();
    let mut places = BTreeMap::new();
    let mut namespaces: Vec<Namespace> = Vec::new();
    for process in processes {
        let before = sockets.len();
        for entry in &process.descriptors {
            let Target::Socket(inode) = entry.target else { continue };
            let place = *places.entry(inode).or_insert_with(|| {
                sockets.push(SocketView::unknown(inode));
                sockets.len() - 1
            });
            sockets[place].holders.push(End { pid: process.pid, descriptor: entry.number });
        }
        if sockets.len() > before {
            Namespace::of(process.pid, &mut namespaces);
        }
    }
    for namespace in namespaces {
        namespace.describe(&mut sockets)?;
    }
    join(&mut sockets);
    Ok(sockets)
}

/// A network namespace, by one of the processes that live there.
struct Namespace {
    link: Option<std::path::PathBuf>,
    pid: u32,
}

impl Namespace {
    /// Notes that of a process, unless it is known.
    fn of(pid: u32, known: &mut Vec<Self>) {
        let link = std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
        if !known.iter().any(|namespace| namespace.link == link) {
            known.push(Self { link, pid });
        }
    }

    /// Adds what its tables say.
    fn describe(&self, sockets: &mut [SocketView]) -> Result<(), ViewError> {
        let mut known = Known::new();
        for (file, read) in socket_table::FILES {
            let path = format!("/proc/{}/net/{file}", self.pid);
            // A kernel without IPv6 has no table for it.
            if let Found::Here(table) = process::file(&path)? {
                let is_wanted = |inode| sockets.iter().any(|socket| socket.inode == inode);
                read(&table, &is_wanted, &mut known);
            }
        }
        let own = std::fs::read_link("/proc/self/ns/net").ok();
        if own.is_some() && own == self.link {
            socket_diag::complete(&mut known);
        }
        for socket in sockets {
            if let Some(entry) = known.remove(&socket.inode) {
                socket.learn(entry);
            }
        }
        Ok(())
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
    fn unknown(inode: u64) -> Self {
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

    fn learn(&mut self, entry: Entry) {
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

/// The other ends that are in the same picture: between internet sockets, each has the address that the
/// other is connected to; within the machine the kernel told the number, and the address is there.
fn join(sockets: &mut [SocketView]) {
    for one in 0..sockets.len() {
        let socket = &sockets[one];
        let Some(kind) = socket.kind else { continue };
        let others = sockets.iter().filter(|other| other.inode != socket.inode);
        if let Some(inode) = socket.peer_inode {
            let address = others.into_iter().find(|other| other.inode == inode);
            if let Some(address) = address.and_then(|other| other.own.clone()) {
                sockets[one].peer = Some(address);
            }
        } else if kind.is_internet() && socket.own.is_some() && socket.peer.is_some() {
            let mut others = others.filter(|other| {
                other.kind == Some(kind) && other.own == socket.peer && other.peer == socket.own
            });
            sockets[one].peer_inode = others.next().map(|other| other.inode);
        }
    }
}
