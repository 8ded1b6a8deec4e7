//! Errors of parsing an address.

use super::address_kind::AddressKind;
use crate::os_error::OsError;
use rustix::io::Errno;

/// Why a text is not an address, or no socket can be reached there.
///
/// The text is one line: the thing, the cause, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It does not begin with a kind of socket.
    #[error(
        "'{typed}' is not an address; write unix:PATH, unixgram:PATH, tcp:HOST:PORT or udp:HOST:PORT"
    )]
    Kind {
        /// What was typed.
        typed: String,
    },
    /// There is no path where one is needed, or one that no file can have.
    #[error(
        "'{typed}' names no path; write a path of 1 to {} bytes, as in {kind}:/tmp/evenly", .kind.longest_path()
    )]
    NoPath {
        /// What was typed.
        typed: String,
        /// The kind of socket.
        kind: AddressKind,
    },
    /// The path does not fit into the address of a socket.
    #[error(
        "the path '{path}' has {length} bytes, and an address of {kind}: at most {}; choose a shorter one",
        .kind.longest_path()
    )]
    PathTooLong {
        /// The path.
        path: String,
        /// How many bytes it has.
        length: usize,
        /// The kind of socket.
        kind: AddressKind,
    },
    /// There is no host where one is needed.
    #[error(
        "'{typed}' names no host; {kind}:[::]:{port} listens on every address of this machine, and {kind}:0.0.0.0:{port} on every IPv4 address"
    )]
    NoHost {
        /// What was typed.
        typed: String,
        /// The kind of socket.
        kind: AddressKind,
        /// The port.
        port: u16,
    },
    /// What stands where a host should is none.
    #[error(
        "'{host}' in '{typed}' is not the name of a host; write a name, an IPv4 or an [IPv6] address"
    )]
    Host {
        /// What was typed.
        typed: String,
        /// The part of it.
        host: String,
    },
    /// An IPv6 address without brackets: its end is ambiguous.
    #[error("an IPv6 address stands in brackets, as in {kind}:[::1]:7700; '{typed}' has none")]
    Brackets {
        /// What was typed.
        typed: String,
        /// The kind of socket.
        kind: AddressKind,
    },
    /// There is no port.
    #[error("'{typed}' names no port; write {kind}:HOST:PORT, as in {kind}:localhost:7700")]
    NoPort {
        /// What was typed.
        typed: String,
        /// The kind of socket.
        kind: AddressKind,
    },
    /// What stands where a port should is none.
    #[error("'{port}' in '{typed}' is not a port; a port is a number from 0 to 65535")]
    Port {
        /// What was typed.
        typed: String,
        /// The part of it.
        port: String,
    },
    /// Port 0 leads nowhere.
    #[error(
        "'{typed}' has port 0, which is for the primary only; name the port that the primary printed"
    )]
    PortZero {
        /// What was typed.
        typed: String,
    },
    /// Something stands behind `stdio:`.
    #[error("'{typed}' is not an address; stdio: has nothing behind it")]
    Stdio {
        /// What was typed.
        typed: String,
    },
    /// A primary cannot listen at its own standard streams.
    #[error("stdio: is for evenly join only; --on ssh:HOST starts agents that are connected by it")]
    StdioListens,
    /// The standard streams cannot carry a connection.
    #[error(
        "stdio: needs a pipe or a socket as standard input and output; another program starts an agent this way, as \
         --on ssh:HOST does"
    )]
    StdioIsNoConnection,
    /// A system call about the standard streams failed.
    #[error("cannot use standard input and output: {call}: {cause}; join at another address")]
    StdioUnusable {
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
    /// The resolver has no address for a host.
    #[error("cannot find the address of '{host}': {cause}; check the name, or write the address")]
    Unknown {
        /// The name of the host.
        host: String,
        /// What the resolver says.
        cause: std::io::Error,
    },
}

impl AddressError {
    pub(crate) fn stdio_unusable(call: &'static str, cause: Errno) -> Self {
        Self::StdioUnusable { call, cause: OsError::of(cause) }
    }
}
