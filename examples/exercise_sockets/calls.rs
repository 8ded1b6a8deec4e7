//! The system calls of the exercise with sockets. Each one that fails becomes an error with the name
//! of the call; each one that a signal interrupted (EINTR) is made again.

#![expect(unsafe_code, reason = "the exercise is about the system calls themselves")]

use libc::{c_int, sa_family_t, sockaddr, socklen_t, timeval};
use std::io::{self, ErrorKind};
use std::net::SocketAddrV4;
use std::os::unix::fs::FileTypeExt;
use std::{fmt, fs, str};

/// How long a datagram that is due may take: a round trip, and the counting.
const PATIENCE_S: libc::time_t = 10;

/// An address as the kernel has it: two bytes that name the domain; then for the internet the port
/// and the address (ip(7)), for unix a path and the zero that ends it (unix(7)).
#[derive(PartialEq)]
pub(super) struct Address(Vec<u8>);

impl Address {
    /// `None` if the path does not fit: there is room for 107 bytes.
    pub(super) fn unix(path: &str) -> Option<Self> {
        let domain = (libc::AF_UNIX as sa_family_t).to_ne_bytes();
        let fits = (1..=107).contains(&path.len());
        fits.then(|| Self([&domain, path.as_bytes(), &[0]].concat()))
    }

    pub(super) fn internet(text: &str) -> Option<Self> {
        let domain = (libc::AF_INET as sa_family_t).to_ne_bytes();
        let place: SocketAddrV4 = text.parse().ok()?;
        let (port, address) = (place.port().to_be_bytes(), place.ip().octets());
        Some(Self([&domain[..], &port, &address, &[0; 8]].concat()))
    }

    /// The path of a unix socket; none if the socket is not bound to a path.
    pub(super) fn path(&self) -> Option<&str> {
        let path = self.0.get(2..).filter(|_| self.domain() == libc::AF_UNIX)?;
        let path = path.split(|byte| *byte == 0).next()?;
        str::from_utf8(path).ok().filter(|path| !path.is_empty())
    }

    fn domain(&self) -> c_int {
        let [a, b, ..] = self.0[..] else { return libc::AF_UNSPEC };
        sa_family_t::from_ne_bytes([a, b]).into()
    }

    fn length(&self) -> socklen_t {
        self.0.len() as socklen_t
    }

    fn pointer(&self) -> *const sockaddr {
        self.0.as_ptr().cast()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.domain(), &self.0[..], self.path()) {
            (libc::AF_INET, &[_, _, high, low, a, b, c, d, ..], _) => {
                write!(f, "{a}.{b}.{c}.{d}:{}", u16::from_be_bytes([high, low]))
            }
            (_, _, Some(path)) => f.write_str(path),
            _ => f.write_str("a socket without a name"),
        }
    }
}

/// A socket is an entry in the descriptor table. One that is bound to a path is also a file, which
/// stays after the last close of the socket. Here its owner removes it.
pub(super) struct Socket {
    descriptor: c_int,
    file: Option<String>,
}

/// Closes the socket. One that is dropped after a failure is closed in the same way.
pub(super) fn close(socket: Socket) {
    drop(socket);
}

impl Drop for Socket {
    fn drop(&mut self) {
        // In this order: a server that starts takes the file of a closed socket for a stale one.
        unlink(self);
        // SAFETY: this is the owner of the descriptor, so no code can use it again.
        // Ignore the result: Linux has closed it in any case.
        unsafe { libc::close(self.descriptor) };
    }
}

/// Removes the file of a socket that is bound to a path. It makes no difference if it is gone.
pub(super) fn unlink(socket: &mut Socket) {
    if let Some(path) = socket.file.take() {
        let _ = fs::remove_file(path);
    }
}

pub(super) fn socket(address: &Address, kind: c_int) -> io::Result<Socket> {
    // SAFETY: no pointer is passed.
    let call = || unsafe { libc::socket(address.domain(), kind, 0) } as isize;
    Ok(Socket { descriptor: system_call("socket", call)? as c_int, file: None })
}

pub(super) fn bind(socket: &mut Socket, address: &Address) -> io::Result<()> {
    let path = address.path().map(str::to_owned);
    if let Some(path) = path.as_ref().filter(|path| is_left_behind(path, address)) {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("unlink: {error}"));
        fs::remove_file(path).map_err(named)?;
    }
    // SAFETY: the kernel reads `length` bytes at `pointer`, and that is how many there are.
    system_call(&format!("bind to {address}"), || unsafe {
        libc::bind(socket.descriptor, address.pointer(), address.length()) as isize
    })?;
    socket.file = path;
    Ok(())
}

/// Whether the socket at a path is closed, because its server was killed. We try with a
/// datagram socket, because a stream server that is alive would take us for a client. (In the
/// moment between the answer and our bind another server may start; a lock would prevent that.)
fn is_left_behind(path: &str, address: &Address) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let asked = || connect(&socket(address, libc::SOCK_DGRAM)?, address);
    is_socket && asked().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

pub(super) fn listen(socket: &Socket, clients: usize) -> io::Result<()> {
    let queue = clients.min(4096) as c_int;
    // SAFETY: no pointer is passed.
    system_call("listen", || unsafe { libc::listen(socket.descriptor, queue) } as isize)?;
    Ok(())
}

/// The new end of the next connection, and the address of its other end.
pub(super) fn accept(socket: &Socket) -> io::Result<(Socket, Address)> {
    // SAFETY: the kernel writes at most `length` bytes to `address`, and there is room for them.
    let (descriptor, from) = with_room_for_address("accept", |address, length| unsafe {
        libc::accept(socket.descriptor, address, length) as isize
    })?;
    Ok((Socket { descriptor: descriptor as c_int, file: None }, from))
}

pub(super) fn connect(socket: &Socket, address: &Address) -> io::Result<()> {
    // SAFETY: the kernel reads `length` bytes at `pointer`, and that is how many there are.
    system_call(&format!("connect to {address}"), || unsafe {
        libc::connect(socket.descriptor, address.pointer(), address.length()) as isize
    })?;
    Ok(())
}

/// The address that a socket was bound to: if the port was 0, with the one that the kernel chose.
pub(super) fn address_of(socket: &Socket) -> io::Result<Address> {
    // SAFETY: the kernel writes at most `length` bytes to `address`, and there is room for them.
    let (_, address) = with_room_for_address("getsockname", |address, length| unsafe {
        libc::getsockname(socket.descriptor, address, length) as isize
    })?;
    Ok(address)
}

/// Reads one message into `buffer`; gives its length and its sender. With MSG_TRUNC the length is
/// that of the message, though it may be more than the buffer took: without, we would not learn it.
pub(super) fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
    let (start, room) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: the kernel writes at most `room` bytes to `buffer` and `length` to `address`.
    let (length, from) = with_room_for_address("recvfrom", |address, length| unsafe {
        libc::recvfrom(socket.descriptor, start.cast(), room, libc::MSG_TRUNC, address, length)
    })?;
    Ok((length as usize, from))
}

/// Sends one message to an address.
pub(super) fn send(socket: &Socket, message: &[u8], to: &Address) -> io::Result<()> {
    let (start, size) = (message.as_ptr().cast(), message.len());
    // SAFETY: the kernel reads `size` bytes of the message and `length` of the address.
    system_call(&format!("sendto {to}"), || unsafe {
        libc::sendto(socket.descriptor, start, size, 0, to.pointer(), to.length())
    })?;
    Ok(())
}

/// Reads N numbers; `None` if it is end of file instead. A stream may give their bytes in pieces,
/// and goes on with the next read; a datagram gives them all at once.
pub(super) fn read_numbers<const N: usize>(socket: &Socket) -> io::Result<Option<[[u8; 8]; N]>> {
    let mut numbers = [[0; 8]; N];
    let mut filled = 0;
    while filled < 8 * N {
        let rest = &mut numbers.as_flattened_mut()[filled..];
        // SAFETY: the kernel writes at most `rest.len()` bytes, all of them inside `rest`.
        filled += match system_call("read", || unsafe {
            libc::read(socket.descriptor, rest.as_mut_ptr().cast(), rest.len())
        })? {
            0 if filled == 0 => return Ok(None),
            0 => {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "read: a message is cut off"));
            }
            length => length as usize,
        };
    }
    Ok(Some(numbers))
}

/// Writes all the bytes to a stream, or one message to the peer of a datagram socket. If the
/// other end is closed this is an error (EPIPE), and not the end of this process by SIGPIPE, because
/// a Rust program ignores that signal from its start.
pub(super) fn write(socket: &Socket, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: the kernel reads at most `rest.len()` bytes, all of them inside `rest`.
        let written = system_call("write", || unsafe {
            libc::write(socket.descriptor, rest.as_ptr().cast(), rest.len())
        })?;
        rest = &rest[written as usize..];
    }
    Ok(())
}

/// From now on a read of this socket that gets nothing fails after a while (EAGAIN).
pub(super) fn limit_waiting(socket: &Socket) -> io::Result<()> {
    set_option(socket, libc::SO_RCVTIMEO, &timeval { tv_sec: PATIENCE_S, tv_usec: 0 })
}

/// The kernel keeps a port for a minute after a connection to it, for segments that are still on
/// their way. This socket may be bound to it nevertheless, but never while another one listens.
pub(super) fn reuse_address(socket: &Socket) -> io::Result<()> {
    set_option::<c_int>(socket, libc::SO_REUSEADDR, &1)
}

fn set_option<T>(socket: &Socket, option: c_int, value: &T) -> io::Result<()> {
    let (value, size) = (&raw const *value, size_of::<T>() as socklen_t);
    // SAFETY: the kernel reads `size` bytes of the value, and that is how many it has.
    system_call("setsockopt", || unsafe {
        libc::setsockopt(socket.descriptor, libc::SOL_SOCKET, option, value.cast(), size) as isize
    })?;
    Ok(())
}

/// Makes a call that writes an address. The length is an argument in both directions: the size of the
/// buffer before the call, and that of the address after it.
fn with_room_for_address(
    name: &str,
    mut call: impl FnMut(*mut sockaddr, *mut socklen_t) -> isize,
) -> io::Result<(isize, Address)> {
    let mut bytes = [0; size_of::<libc::sockaddr_un>()];
    let mut length = 0;
    let result = system_call(name, || {
        length = bytes.len() as socklen_t;
        call(bytes.as_mut_ptr().cast(), &raw mut length)
    })?;
    let known = bytes.len().min(length as usize);
    Ok((result, Address(bytes[..known].to_vec())))
}

fn system_call(name: &str, mut call: impl FnMut() -> isize) -> io::Result<isize> {
    loop {
        let result = call();
        if result >= 0 {
            return Ok(result);
        }
        let error = io::Error::last_os_error();
        let late = match error.kind() {
            ErrorKind::Interrupted => continue,
            ErrorKind::WouldBlock => &format!("; nothing came for {PATIENCE_S} seconds"),
            _ => "",
        };
        return Err(io::Error::new(error.kind(), format!("{name}: {error}{late}")));
    }
}
