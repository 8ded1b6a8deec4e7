//! The text of the tables of proc_net(5): one line for each socket.
//!
//! A line that does not look as expected is passed over: the path of a socket may hold anything, even
//! ends of lines.

use super::socket_model::{SocketEntries, SocketEntry};
use super::{SocketAddress, SocketKind, SocketState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Parser of one table: adds the entries of the wanted sockets.
pub(super) type TableParser = fn(&[u8], &dyn Fn(u64) -> bool, &mut SocketEntries);

/// The tables below /proc/PID/net, and how each is read.
pub(super) const FILES: [(&str, TableParser); 5] = [
    ("tcp", |table, wanted, known| internet(SocketKind::Tcp, table, wanted, known)),
    ("tcp6", |table, wanted, known| internet(SocketKind::Tcp, table, wanted, known)),
    ("udp", |table, wanted, known| internet(SocketKind::Udp, table, wanted, known)),
    ("udp6", |table, wanted, known| internet(SocketKind::Udp, table, wanted, known)),
    ("unix", unix),
];

/// The states of the kernel (include/net/tcp_states.h); those of udp are 1 and 7 of them.
const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const SYN_RECV: u8 = 3;
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;
const NEW_SYN_RECV: u8 = 12;

/// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …`
pub(super) fn internet(
    kind: SocketKind,
    table: &[u8],
    is_wanted: &dyn Fn(u64) -> bool,
    known: &mut SocketEntries,
) {
    for line in String::from_utf8_lossy(table).lines().skip(1) {
        if let Some((inode, entry)) = internet_line(kind, line)
            && is_wanted(inode)
        {
            known.insert(inode, entry);
        }
    }
}

fn internet_line(kind: SocketKind, line: &str) -> Option<(u64, SocketEntry)> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let own = address(words.next()?)?;
    let peer = address(words.next()?)?;
    let state = u8::from_str_radix(words.next()?, 16).ok()?;
    let (unsent, to_read) = words.next()?.split_once(':')?;
    let number = |word| u32::from_str_radix(word, 16).ok();
    let (unsent, to_read) = (number(unsent)?, number(to_read)?);
    let inode = words.nth(4)?.parse().ok()?;
    let state = match (kind, state) {
        (SocketKind::Tcp, LISTEN) => SocketState::Listening,
        (_, ESTABLISHED) => SocketState::Connected,
        (SocketKind::Tcp, SYN_SENT | SYN_RECV | NEW_SYN_RECV) => SocketState::Connecting,
        (SocketKind::Tcp, _) => SocketState::Closing,
        (_, CLOSE) => SocketState::Bound,
        _ => SocketState::Unknown,
    };
    let mut entry = SocketEntry::new(kind, state);
    entry.own = Some(SocketAddress::Internet(own));
    // The other address is all zeros where there is none.
    entry.peer = (peer.port() != 0).then_some(SocketAddress::Internet(peer));
    match state {
        SocketState::Listening => entry.to_accept = Some(to_read),
        _ => (entry.to_read, entry.unsent) = (Some(to_read), Some(unsent)),
    }
    Some((inode, entry))
}

/// An address of four or of sixteen bytes, in words as they lie in memory, and a port. An IPv4-mapped
/// IPv6 address is returned as IPv4.
pub(super) fn address(word: &str) -> Option<SocketAddr> {
    let (host, port) = word.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = [0; 16];
    if !host.is_ascii() || !matches!(host.len(), 8 | 32) {
        return None;
    }
    for (index, bytes) in bytes.chunks_exact_mut(4).take(host.len() / 8).enumerate() {
        let word = u32::from_str_radix(&host[8 * index..8 * (index + 1)], 16).ok()?;
        bytes.copy_from_slice(&word.to_ne_bytes());
    }
    let host = match bytes {
        [a, b, c, d, ..] if host.len() == 8 => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        _ => Ipv6Addr::from(bytes).to_canonical(),
    };
    Some(SocketAddr::new(host, port))
}

/// `Num: RefCount Protocol Flags Type St Inode Path`
pub(super) fn unix(table: &[u8], is_wanted: &dyn Fn(u64) -> bool, known: &mut SocketEntries) {
    for line in table.split(|&byte| byte == b'\n').skip(1) {
        if let Some((inode, entry)) = unix_line(&String::from_utf8_lossy(line))
            && is_wanted(inode)
        {
            known.insert(inode, entry);
        }
    }
}

fn unix_line(line: &str) -> Option<(u64, SocketEntry)> {
    const LISTENS: u32 = 0x1_0000; // __SO_ACCEPTCON
    const CONNECTING: u32 = 2; // SS_CONNECTING and so on: include/uapi/linux/net.h
    const CONNECTED: u32 = 3;
    const DISCONNECTING: u32 = 4;
    let mut words = line.split_ascii_whitespace();
    let mut number = |skipped| u32::from_str_radix(words.nth(skipped)?, 16).ok();
    let (flags, kind, state) = (number(3)?, number(0)?, number(0)?);
    let inode = words.next()?;
    // The path may hold blanks: it is what stands one blank behind the number.
    let path = line.split_once(&format!(" {inode} ")).map(|(_, path)| path);
    let kind = match kind {
        1 => SocketKind::Unix,
        2 => SocketKind::Unixgram,
        5 => SocketKind::Unixpacket,
        _ => return None,
    };
    let state = match state {
        _ if flags & LISTENS != 0 => SocketState::Listening,
        CONNECTING => SocketState::Connecting,
        CONNECTED => SocketState::Connected,
        DISCONNECTING => SocketState::Closing,
        _ if path.is_some() => SocketState::Bound,
        _ => SocketState::Unbound,
    };
    let mut entry = SocketEntry::new(kind, state);
    entry.own = path.map(|path| SocketAddress::Path(path.to_owned()));
    Some((inode.parse().ok()?, entry))
}
