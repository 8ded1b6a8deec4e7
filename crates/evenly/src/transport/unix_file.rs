//! Socket file of a unix socket: bound under a lock, replaced if stale, removed at the end.
//!
//! A socket whose process was killed leaves its file behind: then `bind` says that the address is in
//! use, and `connect` that the connection is refused (unix(7)). Two processes must not replace such a
//! file at the same moment, so there is a lock beside it, `PATH.lock` (flock(2)). Both
//! are removed at the end, and only if they are still those that were made here.

use super::{Address, AfterCall, ListenError, SocketCall};
use crate::lock::{DeviceInode, Lock, identity, remove_if_same};
use rustix::fs::{FileType, Mode};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Read and written by its owner only: the socket and its lock.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A socket that is bound to a path, and the lock that keeps others from replacing it.
#[derive(Debug)]
pub(crate) struct UnixFile {
    /// Open as long as its file may be ours: until then no other file can be given its inode.
    socket: OwnedFd,
    path: PathBuf,
    made: DeviceInode,
    _lock: Lock,
}

impl UnixFile {
    /// Binds a new socket that does not block to the path of this address.
    #[cfg(test)]
    pub(crate) fn bind(address: &Address, kind: SocketType) -> Result<Self, ListenError> {
        Self::bind_seen(address, kind, &mut |_| {})
    }

    /// The same, for an observer that looks after each call.
    pub(crate) fn bind_seen(
        address: &Address,
        kind: SocketType,
        after_call: AfterCall<'_>,
    ) -> Result<Self, ListenError> {
        let system = |call| ListenError::system(address, call);
        let path = address.path().unwrap_or(Path::new(""));
        let lock = Lock::take(path)
            .map_err(system("flock"))?
            .ok_or_else(|| ListenError::InUse { address: address.clone() })?;
        let place = SocketAddrUnix::new(path).map_err(system("bind"))?;
        let socket = new_socket(kind).map_err(system("socket"))?;
        after_call(SocketCall::Socket);
        // The file gets the mode of the socket (bind on Linux), so that it is private from the start.
        rustix::fs::fchmod(&socket, PRIVATE).map_err(system("fchmod"))?;
        let mut bound = rustix::net::bind(&socket, &place);
        if bound == Err(Errno::ADDRINUSE) {
            make_way(address, path, &place, kind)?;
            bound = rustix::net::bind(&socket, &place);
        }
        bound.map_err(system("bind"))?;
        after_call(SocketCall::Bind);
        let made = identity(&rustix::fs::lstat(path).map_err(system("lstat"))?);
        Ok(Self { socket, path: path.to_owned(), made, _lock: lock })
    }
}

impl AsFd for UnixFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for UnixFile {
    fn drop(&mut self) {
        remove_if_same(&self.path, self.made);
    }
}

/// Makes a unix socket that does not block and that no executed program inherits (socket(2)).
pub(crate) fn new_socket(kind: SocketType) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)
}

/// Removes the file at the path if it is a socket that no process listens on.
fn make_way(
    address: &Address,
    path: &Path,
    place: &SocketAddrUnix,
    kind: SocketType,
) -> Result<(), ListenError> {
    let system = |call| ListenError::system(address, call);
    match rustix::fs::lstat(path) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Socket => {}
        Ok(_) => return Err(ListenError::NotASocket { address: address.clone() }),
        Err(Errno::NOENT) => return Ok(()),
        Err(cause) => return Err(system("lstat")(cause)),
    }
    let probe = new_socket(kind).map_err(system("socket"))?;
    match rustix::net::connect(&probe, place) {
        Err(Errno::CONNREFUSED) => match rustix::fs::unlink(path) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(cause) => Err(system("unlink")(cause)),
        },
        Err(Errno::NOENT) => Ok(()),
        // A full queue, or a socket of another type: a process is there.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => {
            Err(ListenError::InUse { address: address.clone() })
        }
        Err(cause) => Err(system("connect")(cause)),
    }
}
