//! Every socket of this network namespace, from sock_diag(7): state, addresses, peer, what waits.

use crate::facts::{Channel, Socket};
use evenly_core::printable::printable;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

/// `SOCK_DIAG_BY_FAMILY`, `NLM_F_REQUEST | NLM_F_DUMP`, and the types that end an answer.
const BY_FAMILY: u16 = 20;
const DUMP: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// Length of `struct nlmsghdr`, of `unix_diag_msg`, and of `inet_diag_msg`.
const HEAD: usize = 16;
const UNIX_MESSAGE: usize = 16;
const INET_MESSAGE: usize = 72;
/// Attributes of unix sockets (linux/unix_diag.h).
const NAME: u16 = 0;
const PEER: u16 = 2;
const QUEUES: u16 = 4;
/// `TCP_LISTEN`
const LISTEN: u8 = 10;

/// What the kernel says about one socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    kind: &'static str,
    listens: bool,
    name: Option<Vec<u8>>,
    ends: Option<(SocketAddr, SocketAddr)>,
    peer: Option<u64>,
    queues: Option<(u32, u32)>,
}

/// All sockets by inode.
#[derive(Debug, Default)]
pub(super) struct Sockets(BTreeMap<u64, Entry>);

impl Sockets {
    /// Asks the kernel. What it refuses stays unknown.
    pub(super) fn now() -> Self {
        let mut all = BTreeMap::new();
        let kernel = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        );
        let Ok(kernel) = kernel else { return Self::default() };
        // struct unix_diag_req: family, protocol, padding, states, inode, what to show (name, peer, queues), cookie.
        let mut question = vec![libc::AF_UNIX as u8, 0, 0, 0];
        for word in [u32::MAX, 0, 1 | 4 | 16, 0, 0] {
            question.extend(word.to_ne_bytes());
        }
        dump(&kernel, &question, |message| all.extend(unix(message)));
        for family in [libc::AF_INET as u8, libc::AF_INET6 as u8] {
            for (protocol, kind) in
                [(libc::IPPROTO_TCP as u8, "tcp"), (libc::IPPROTO_UDP as u8, "udp")]
            {
                // struct inet_diag_req_v2: family, protocol, extensions, padding, states, 48 bytes of id.
                let mut question = vec![family, protocol, 0, 0];
                question.extend(u32::MAX.to_ne_bytes());
                question.resize(56, 0);
                dump(&kernel, &question, |message| all.extend(internet(kind, message)));
            }
        }
        let by_ends: BTreeMap<_, _> = all
            .iter()
            .filter_map(|(&inode, entry): (&u64, &Entry)| Some(((entry.kind, entry.ends?), inode)))
            .collect();
        for entry in all.values_mut() {
            if let Some((own, other)) = entry.ends {
                entry.peer = by_ends.get(&(entry.kind, (other, own))).copied();
            }
        }
        Self(all)
    }

    /// The socket that listens under this name.
    pub(super) fn unix_listener(&self, name: &[u8]) -> Option<u64> {
        let found = self.0.iter().find(|(_, entry)| {
            let known = entry.name.as_deref().map(|name| name.strip_suffix(&[0]).unwrap_or(name));
            entry.listens && known == Some(name.strip_suffix(&[0]).unwrap_or(name))
        });
        found.map(|(&inode, _)| inode)
    }

    /// The socket that listens at the address to which this one connects.
    pub(super) fn tcp_listener(&self, inode: u64) -> Option<u64> {
        let (_, other) = self.0.get(&inode)?.ends?;
        let fits = |own: SocketAddr| {
            own.port() == other.port() && (own.ip() == other.ip() || own.ip().is_unspecified())
        };
        let is_local = other.ip().is_loopback();
        let found = self.0.iter().find(|(_, entry)| {
            is_local && entry.listens && entry.ends.is_some_and(|(own, _)| fits(own))
        });
        found.map(|(&inode, _)| inode)
    }

    /// What is known about a socket, if anything.
    pub(super) fn channel(&self, inode: u64) -> Option<Channel> {
        let entry = self.0.get(&inode)?;
        let address = match (&entry.name, entry.ends) {
            (Some(name), _) => {
                let name = name.strip_suffix(&[0]).filter(|path| !path.is_empty()).unwrap_or(name);
                printable(String::from_utf8_lossy(name).replace('\0', "@").as_bytes(), 120)
            }
            (None, Some((own, _))) if entry.listens => own.to_string(),
            (None, Some((own, other))) => format!("{own} - {other}"),
            (None, None) => String::new(),
        };
        Some(Channel {
            waiting: entry.queues.map(|(waiting, _)| u64::from(waiting)),
            capacity: entry.queues.filter(|_| entry.listens).map(|(_, most)| u64::from(most)),
            socket: Some(Socket {
                kind: entry.kind,
                listens: entry.listens,
                address,
                peer: entry.peer,
            }),
            ..Channel::default()
        })
    }
}

/// Sends a question for a list, and hands out each message of the answer.
fn dump(kernel: &OwnedFd, question: &[u8], mut each: impl FnMut(&[u8])) {
    let mut bytes = Vec::with_capacity(HEAD + question.len());
    bytes.extend(((HEAD + question.len()) as u32).to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(DUMP.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend(question);
    if sendto(kernel, &bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).is_err() {
        return;
    }
    let mut buffer = vec![0; 1 << 17];
    loop {
        let Ok((read, _)) = recv(kernel, &mut buffer[..], RecvFlags::empty()) else { return };
        let mut rest = buffer.get(..read).unwrap_or_default();
        if rest.is_empty() {
            return;
        }
        while let Some(length) = word(rest, 0).map(|length| length as usize) {
            let Some(message) = rest.get(..length).filter(|message| message.len() >= HEAD) else {
                break;
            };
            match half(message, 4) {
                Some(DONE | ERROR) => return,
                Some(BY_FAMILY) => each(&message[HEAD..]),
                _ => {}
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn unix(message: &[u8]) -> Option<(u64, Entry)> {
    let inode = word(message, 4).filter(|&inode| inode != 0)?;
    let kind = match message.get(1)? {
        2 => "unix datagram",
        5 => "unix seqpacket",
        _ => "unix",
    };
    let mut entry = Entry { kind, listens: *message.get(2)? == LISTEN, ..Entry::default() };
    let mut rest = message.get(UNIX_MESSAGE..)?;
    while let (Some(size), Some(attribute)) = (half(rest, 0), half(rest, 2)) {
        let Some(value) = rest.get(4..usize::from(size)) else { break };
        match attribute {
            NAME => entry.name = Some(value.to_vec()),
            PEER => entry.peer = word(value, 0).filter(|&peer| peer != 0).map(u64::from),
            QUEUES => entry.queues = word(value, 0).zip(word(value, 4)),
            _ => {}
        }
        rest = rest.get(usize::from(size).next_multiple_of(4)..).unwrap_or_default();
    }
    Some((u64::from(inode), entry))
}

fn internet(kind: &'static str, message: &[u8]) -> Option<(u64, Entry)> {
    let inode = word(message, INET_MESSAGE - 4).filter(|&inode| inode != 0)?;
    let is_six = i32::from(*message.first()?) == libc::AF_INET6;
    let port = |at: usize| Some(u16::from_be_bytes(*message.get(at..)?.first_chunk()?));
    let host = |at: usize| -> Option<IpAddr> {
        if is_six {
            let bytes: [u8; 16] = *message.get(at..)?.first_chunk()?;
            return Some(Ipv6Addr::from(bytes).to_canonical());
        }
        let bytes: [u8; 4] = *message.get(at..)?.first_chunk()?;
        Some(Ipv4Addr::from(bytes).into())
    };
    let own = SocketAddr::new(host(8)?, port(4)?);
    let other = SocketAddr::new(host(24)?, port(6)?);
    let queues = word(message, 56).zip(word(message, 60));
    let listens = *message.get(1)? == LISTEN;
    let ends = Some((own, other));
    Some((u64::from(inode), Entry { kind, listens, ends, queues, ..Entry::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    fn inode(socket: &impl AsRawFd) -> u64 {
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        crate::gather::stat::bracketed(link.to_str().unwrap(), "socket").unwrap()
    }

    #[test]
    fn the_peers_of_unix_and_tcp_sockets_are_found() {
        let (one, other) = UnixStream::pair().unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (accepted, _) = server.accept().unwrap();
        let sockets = Sockets::now();
        let peer = |inode| sockets.channel(inode).unwrap().socket.unwrap().peer;
        assert_eq!(peer(inode(&one)), Some(inode(&other)));
        assert_eq!(peer(inode(&accepted)), Some(inode(&client)));
        assert_eq!(sockets.tcp_listener(inode(&client)), Some(inode(&server)));
        let listening = sockets.channel(inode(&server)).unwrap();
        assert!(listening.socket.unwrap().listens && listening.capacity.unwrap() > 0);
    }
}
