//! Datagrams within a machine: sockets of the domain unix (unix(7)).
//!
//! All agents send to the socket of the primary, and each has one of its own for what comes back, at
//! the same path with its session behind it. Both ends send through connected sockets, because only of
//! those does poll say rightly whether there is room: of an unconnected one it says so always, while
//! the queue of the receiver is full. A socket that receives is not connected, for then it would hear
//! one sender only.
//!
//! There is no SO_PEERCRED for datagrams: the kernel writes on each who sent it (SO_PASSCRED).

use super::outcome::{Origin, Sent};
use crate::transport::address_kind::SESSION_DIGITS;
use crate::transport::unix_file::{UnixFile, new_socket};
use crate::transport::{Address, AfterCall, ListenError};
use rustix::fs::{FileType, Mode};
use rustix::io::{Errno, IoSliceMut};
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, SocketAddrUnix, SocketType,
};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Binds the socket of a primary, and removes those of agents that are not there any more.
pub(super) fn bind(address: &Address, after_call: AfterCall<'_>) -> Result<UnixFile, ListenError> {
    let path = address.path().unwrap_or(Path::new(""));
    let file = UnixFile::bind_seen(address, SocketType::DGRAM, after_call)?;
    set_socket_passcred(&file, true).map_err(ListenError::system(address, "setsockopt"))?;
    remove_stale(path);
    Ok(file)
}

/// Where an agent of this session hears the primary that listens at `path`.
pub(super) fn agent_path(path: &Path, session: u64) -> PathBuf {
    let mut agent = path.as_os_str().to_owned();
    agent.push(format!(".{session:0SESSION_DIGITS$x}"));
    agent.into()
}

/// A socket that sends to a path.
pub(super) fn connected(path: &Path) -> Result<OwnedFd, Errno> {
    let socket = new_socket(SocketType::DGRAM)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// The socket at which an agent hears its primary, and its file, which is removed at the end.
#[derive(Debug)]
pub(super) struct AgentFile {
    socket: OwnedFd,
    path: PathBuf,
}

impl AgentFile {
    pub(super) fn bind(path: PathBuf) -> Result<Self, Errno> {
        let socket = new_socket(SocketType::DGRAM)?;
        set_socket_passcred(&socket, true)?;
        // The file gets the mode of the socket (bind on Linux), so that it is private from the start.
        rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(&path)?)?;
        Ok(Self { socket, path })
    }
}

impl AsFd for AgentFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for AgentFile {
    fn drop(&mut self) {
        // The name is random, so the file is ours.
        let _ = rustix::fs::unlink(&self.path);
    }
}

/// Removes the sockets of agents that were killed. There is no race: no other primary can have this
/// path.
fn remove_stale(path: &Path) {
    let (Some(name), Some(directory)) = (path.file_name(), path.parent()) else { return };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let other = entry.file_name();
        let digits = other.as_encoded_bytes().strip_prefix(name.as_encoded_bytes());
        if digits.and_then(|rest| rest.strip_prefix(b".")).is_some_and(is_session) {
            remove_if_stale(&entry.path());
        }
    }
}

fn is_session(digits: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    digits.len() == SESSION_DIGITS && digits.iter().all(is_digit)
}

/// Removes the file of a socket that no process listens on.
pub(super) fn remove_if_stale(path: &Path) {
    let is_socket = rustix::fs::lstat(path)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
    if is_socket && connected(path).is_err_and(|cause| cause == Errno::CONNREFUSED) {
        // A file that cannot be removed does no harm.
        let _ = rustix::fs::unlink(path);
    }
}

/// Receives a datagram, and who sent it. Of one that is too long only the beginning comes.
pub(super) fn receive(socket: impl AsFd, room: &mut [u8]) -> Result<(usize, Origin), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = loop {
        let mut slices = [IoSliceMut::new(room)];
        let flags = RecvFlags::CMSG_CLOEXEC;
        match rustix::net::recvmsg(&socket, &mut slices, &mut control, flags) {
            Err(Errno::INTR) => {}
            outcome => break outcome?,
        }
    };
    let ours = rustix::process::geteuid();
    let is_ours = control.drain().any(|message| match message {
        RecvAncillaryMessage::ScmCredentials(sender) => sender.uid == ours,
        _ => false,
    });
    let origin = if is_ours { Origin::SameUser } else { Origin::OtherUser };
    Ok((message.bytes, origin))
}

/// Sends a datagram to where the socket is connected to.
pub(super) fn send(socket: &OwnedFd, bytes: &[u8]) -> Sent {
    let sent = || rustix::net::send(socket, bytes, SendFlags::NOSIGNAL);
    match rustix::io::retry_on_intr(sent) {
        Ok(_) => Sent::Away(None),
        Err(Errno::AGAIN) => Sent::Full,
        Err(cause @ (Errno::NOBUFS | Errno::NOMEM)) => Sent::Away(Some(cause)),
        Err(cause) => Sent::Gone(cause),
    }
}
