//! What sock_diag(7) knows about sockets of the domain unix and /proc does not: which socket is at the
//! other end, and how much waits. Whatever it refuses stays unknown.

use super::socket_model::{SocketEntries, SocketEntry};
use super::{SocketAddress, SocketKind, SocketState};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};
use std::os::fd::OwnedFd;

/// `SOCK_DIAG_BY_FAMILY`, and the flag that says that it is a request.
const BY_FAMILY: u16 = 20;
const REQUEST: u16 = 1;
/// `AF_UNIX`
const UNIX: u8 = 1;

/// What to show (`UDIAG_SHOW_…`, linux/unix_diag.h).
const SHOW_NAME: u32 = 1;
const SHOW_PEER: u32 = 4;
const SHOW_QUEUES: u32 = 16;

/// What is shown (`UNIX_DIAG_…`).
const NAME: u16 = 0;
const PEER: u16 = 2;
const QUEUES: u16 = 4;

/// The lengths of `struct nlmsghdr`, `unix_diag_req`, `unix_diag_msg` and `nlattr`.
const HEAD: usize = 16;
const QUESTION: usize = 24;
const ANSWER: usize = 16;
const ATTRIBUTE: usize = 4;

/// Adds what the kernel says about each socket of the domain unix among these.
pub(super) fn complete(known: &mut SocketEntries) {
    let is_unix = |entry: &SocketEntry| !entry.kind.is_internet();
    if !known.values().any(is_unix) {
        return;
    }
    let Ok(kernel) = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    ) else {
        return;
    };
    for (inode, entry) in known.iter_mut().filter(|(_, entry)| is_unix(entry)) {
        let Some(details) = u32::try_from(*inode).ok().and_then(|inode| ask(&kernel, inode)) else {
            continue;
        };
        entry.peer_inode = details.peer.map(u64::from);
        match (entry.state, details.queues) {
            (SocketState::Listening, Some((waiting, _))) => entry.to_accept = Some(waiting),
            // The other number counts memory, not bytes that were written.
            (_, Some((waiting, _))) => entry.to_read = Some(waiting),
            (_, None) => {}
        }
        // The kernel marks a socket as connected if another socket is connected to it.
        if entry.kind == SocketKind::Unixgram && details.peer.is_none() {
            let is_bound = entry.own.is_some();
            entry.state = if is_bound { SocketState::Bound } else { SocketState::Unbound };
        }
        let name = |inode| ask(&kernel, inode)?.name;
        entry.peer = details.peer.and_then(name).map(SocketAddress::Path);
    }
}

/// What the kernel says about one socket.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SocketDetails {
    pub(super) name: Option<String>,
    pub(super) peer: Option<u32>,
    /// To read or to accept, and the other direction.
    pub(super) queues: Option<(u32, u32)>,
}

fn ask(kernel: &OwnedFd, inode: u32) -> Option<SocketDetails> {
    let to_kernel = SocketAddrNetlink::new(0, 0);
    sendto(kernel, &question(inode), SendFlags::empty(), &to_kernel).ok()?;
    let mut answer = [0; 1024];
    // The answer is there when the question was sent.
    let (read, _) = recv(kernel, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    parse(answer.get(..read)?, inode)
}

fn question(inode: u32) -> [u8; HEAD + QUESTION] {
    let mut bytes = [0; HEAD + QUESTION];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &((HEAD + QUESTION) as u32).to_ne_bytes());
    put(4, &BY_FAMILY.to_ne_bytes());
    put(6, &REQUEST.to_ne_bytes());
    // `struct unix_diag_req`: any state, this socket, what to show, whatever its cookie.
    put(HEAD, &[UNIX]);
    put(HEAD + 4, &u32::MAX.to_ne_bytes());
    put(HEAD + 8, &inode.to_ne_bytes());
    put(HEAD + 12, &(SHOW_NAME | SHOW_PEER | SHOW_QUEUES).to_ne_bytes());
    put(HEAD + 16, &u64::MAX.to_ne_bytes());
    bytes
}

/// Reads an answer; `None` for an error or what is about another socket.
pub(super) fn parse(answer: &[u8], inode: u32) -> Option<SocketDetails> {
    let word = |at: usize| Some(u32::from_ne_bytes(*answer.get(at..)?.first_chunk()?));
    let half = |at: usize| Some(u16::from_ne_bytes(*answer.get(at..)?.first_chunk()?));
    if half(4)? != BY_FAMILY || word(HEAD + 4)? != inode {
        return None;
    }
    let length = answer.len().min(word(0)? as usize);
    let mut details = SocketDetails::default();
    let mut at = HEAD + ANSWER;
    while at + ATTRIBUTE <= length {
        let (size, kind) = (usize::from(half(at)?), half(at + 2)?);
        let value = at + ATTRIBUTE;
        if size < ATTRIBUTE || at + size > length {
            return None;
        }
        match kind {
            NAME => details.name = Some(path(&answer[value..at + size])),
            PEER => details.peer = Some(word(value)?),
            QUEUES => details.queues = Some((word(value)?, word(value + 4)?)),
            _ => {}
        }
        at += size.next_multiple_of(4);
    }
    Some(details)
}

/// A path may end in a zero, and an abstract name begins with one: it is written as in /proc.
fn path(name: &[u8]) -> String {
    let name = name.strip_suffix(&[0]).filter(|path| !path.is_empty()).unwrap_or(name);
    String::from_utf8_lossy(name).replace('\0', "@")
}
