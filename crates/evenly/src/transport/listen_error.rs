//! Errors of listening at an address, in one line each.

use super::{Address, AddressError, AddressKind};
use crate::os_error::OsError;
use rustix::io::Errno;

/// Why a primary cannot listen at an address.
///
/// The text is one line: the thing, the cause, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address leads nowhere.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Another process listens there already.
    #[error("cannot listen at {address}: another process listens there; end it, or choose another {}", where_else(.address))]
    InUse {
        /// The address.
        address: Address,
    },
    /// There is a file at the path that is no socket, and not ours to remove.
    #[error(
        "cannot listen at {address}: a file is there that is not a socket; choose another path"
    )]
    NotASocket {
        /// The address.
        address: Address,
    },
    /// A system call failed.
    #[error("cannot listen at {address}: {call}: {cause}; {}", advice(.address, .cause.errno()))]
    System {
        /// The address.
        address: Address,
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
}

impl ListenError {
    /// Says at which address a call failed.
    pub(crate) fn system(address: &Address, call: &'static str) -> impl Fn(Errno) -> Self {
        move |cause| Self::System { address: address.clone(), call, cause: OsError::of(cause) }
    }
}

fn where_else(address: &Address) -> &'static str {
    match address.kind() {
        AddressKind::Unix | AddressKind::Unixgram => "path",
        AddressKind::Tcp | AddressKind::Udp | AddressKind::Stdio => "port",
    }
}

fn advice(address: &Address, cause: Errno) -> &'static str {
    match (cause, address.needs_key()) {
        (Errno::ADDRNOTAVAIL, _) => "name an address of this machine, or 0.0.0.0 for all of them",
        (Errno::ACCESS | Errno::PERM, true) => "choose a port from 1024 on",
        (Errno::MFILE | Errno::NFILE, _) => "raise the limit on open files (ulimit -n)",
        (Errno::NOMEM | Errno::NOBUFS, _) => {
            "the system has no memory for a socket; wait, or end other programs"
        }
        (Errno::AFNOSUPPORT, true) => {
            "this system lacks this kind of address; name an IPv4 address, as in 0.0.0.0"
        }
        (Errno::NOENT | Errno::NOTDIR, false) => "choose a path whose directory exists",
        (_, false) => "choose a path in a directory of your own",
        (_, true) => "choose another address or port, or listen at unix:PATH",
    }
}
