//! The exercise of the operating systems class with sockets: the processes that share the work may
//! run on different machines, which no pipe connects. They need an address and a port.
//!
//! ```text
//! stream    server: socket  bind  listen  accept   write range         read count   close
//!           client: socket                connect  read range   count  write count  close
//!
//! datagram  server: socket  bind  recvfrom hello   sendto range        recvfrom count  close
//!           client: socket  connect  write hello   read range   count  write count     close
//! ```
//!
//! Usage: `exercise_sockets server DOMAIN TYPE WHERE [CLIENTS [FIRST END]]`, then, once for each of
//! the CLIENTS, `exercise_sockets client DOMAIN TYPE WHERE`. DOMAIN and WHERE are `unix` and a path,
//! or `internet` and an address and port: `127.0.0.1:7000` (with port 0 the server takes a free one
//! and prints it). TYPE is `stream` or `datagram`. END is the first number that no longer counts.
//!
//! On a stream the server detects a client that dies: the kernel closes its end, and the server reads
//! end of file (except if the machine loses its power). On datagrams a lost message and a dead
//! sender look the same: no message arrives. So a read fails after 10 seconds, also if the client
//! still counts. There is no key: the server believes every client that reaches it.
//!
//! `examples/c/exercise_sockets.c` has the same steps in C. Here each function of `rustix::net` is
//! the system call of its name, `drop` is close(2), and `File` reads and writes any descriptor.

use rustix::io::retry_on_intr;
use rustix::net::sockopt::{Timeout, set_socket_reuseaddr, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrAny, SocketAddrUnix, SocketType};
use rustix::net::{acceptfrom, bind, connect, getsockname, listen, recvfrom, sendto, socket};
use std::fs::{self, File};
use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::process::ExitCode;
use std::time::Duration;

/// What the server has to divide: count the even n with `first <= n < end`.
struct Job {
    clients: usize,
    first: i64,
    end: i64,
}

/// The first message of a client on datagrams. From it the server learns its address.
const HELLO: &[u8] = b"hello, which range is mine?";

const USAGE: &str = "usage: exercise_sockets server|client unix|internet stream|datagram WHERE, \
                     and for a server [CLIENTS [FIRST END]], CLIENTS >= 1, FIRST <= END; WHERE is \
                     a path of at most 107 bytes, or an address and a port like 127.0.0.1:7000";

fn main() -> ExitCode {
    let Some((job, kind, address)) = read_arguments() else {
        say(USAGE);
        return ExitCode::from(2);
    };
    // The server's count is the answer, a client's is that of its part.
    let count = match job {
        None => client(&address, kind),
        Some(job) if kind == SocketType::STREAM => stream_server(&address, &job),
        Some(job) => datagram_server(&address, &job),
    };
    match count.and_then(|count| check("write", writeln!(io::stdout(), "{count}"))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("no answer: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn stream_server(address: &SocketAddrAny, job: &Job) -> io::Result<u64> {
    // 1. Make a socket, and bind it to the address at which the clients look for us.
    //    (SO_REUSEADDR: also if a server was there a moment ago.)
    let listener = check("socket", socket(address.address_family(), SocketType::STREAM, None))?;
    check("setsockopt", set_socket_reuseaddr(&listener, true))?;
    let file = bind_to(&listener, address)?;

    // 2. Listen: this socket will never carry data. The kernel queues new connections there.
    check("listen", listen(&listener, job.clients.min(4096) as i32))?;
    say_that_it_waits(&listener, job)?;

    let mut connections = Vec::new();
    for number in 1..=job.clients {
        // 3. Accept the next connection. This blocks until there is one, and gives a new socket,
        //    our end of this connection alone.
        let (connection, from) = check("accept", acceptfrom(&listener))?;
        say(&format!("client {number} connected from {}", name_of(from)));

        // 4. Write the client its range. It counts while we wait for the others.
        let mut connection = File::from(connection);
        check(&format!("client {number}: write"), connection.write_all(&job.part(number)))?;
        connections.push(connection);
    }

    // 5. Stop listening: from now on the kernel refuses connections.
    drop(file);
    drop(listener);

    // 6. Read the counts, one client after the other. End of file instead of a count means that
    //    this client is gone: then there is no answer.
    let mut total: u64 = 0;
    for (number, connection) in (1..).zip(&mut connections) {
        let mut count = [0; 8];
        read_whole(connection, &mut count, "no count")
            .map_err(|error| Error::new(error.kind(), format!("client {number}: {error}")))?;
        total = total.wrapping_add(u64::from_be_bytes(count));
    }
    Ok(total)
}

fn datagram_server(address: &SocketAddrAny, job: &Job) -> io::Result<u64> {
    // 1. Make a socket and bind it. There is nothing to listen for and nothing to accept: this one
    //    socket gets the messages of all clients, each with the address of its sender.
    let socket = check("socket", socket(address.address_family(), SocketType::DGRAM, None))?;
    let _file = bind_to(&socket, address)?;
    say_that_it_waits(&socket, job)?;

    let mut senders = Vec::new();
    let mut counts = Vec::new();
    while senders.len() < job.clients || counts.contains(&None) {
        // 2. Receive the next message of any sender. This blocks until there is one. A count fits
        //    into the buffer, a hello does not; with MSG_TRUNC we learn its length nevertheless.
        let mut buffer = [0; 8];
        let call = match counts.iter().position(Option::is_none) {
            Some(missing) => format!("client {}: recvfrom", missing + 1),
            None => "recvfrom".to_owned(),
        };
        let received = retry_on_intr(|| recvfrom(&socket, &mut buffer, RecvFlags::TRUNC));
        let (_, length, from) = check(&call, received)?;
        let is_hello = length == HELLO.len() && HELLO.starts_with(&buffer);
        match senders.iter().position(|sender| *sender == from) {
            // 3. A message is read whole. Bytes beyond the buffer are lost: the next read gives the
            //    next message from its first byte. (On a stream it would go on where this one
            //    stopped.) Here we need only the sender of the hello.
            None if is_hello && senders.len() < job.clients => {
                let number = senders.len() + 1;
                let (taken, lost) = (String::from_utf8_lossy(&buffer), length - buffer.len());
                say(&format!("client {number} sent {length} bytes from {}", name_of(from.clone())));
                say(&format!("a buffer of 8 took \"{taken}\", the other {lost} bytes are lost"));

                // 4. Send the range to where the hello came from.
                if let Some(to) = &from {
                    let sent = sendto(&socket, &job.part(number), SendFlags::empty(), to);
                    check(&format!("client {number}: sendto"), sent)?;
                }
                senders.push(from);
                counts.push(None);

                // From now on only counts are due.
                if senders.len() == job.clients {
                    limit_waiting(&socket)?;
                }
            }
            // 5. A count. A network may deliver a message twice; it counts once.
            Some(number) if length == 8 => counts[number] = Some(u64::from_be_bytes(buffer)),
            _ => {
                say(&format!("{length} bytes from {} are not what is waited for", name_of(from)));
            }
        }
    }
    Ok(counts.into_iter().flatten().fold(0, u64::wrapping_add))
}

/// A client, of either type: one range in, one count out.
fn client(server: &SocketAddrAny, kind: SocketType) -> io::Result<u64> {
    // 1. Make a socket. A datagram is answered at the address it came from. connect gives us a
    //    port, but no path, so on unix we bind our socket to a path of our own, beside the server's.
    let socket = check("socket", socket(server.address_family(), kind, None))?;
    let mut file = None;
    if kind == SocketType::DGRAM {
        limit_waiting(&socket)?;
        if let Some(path) = path_of(server) {
            // Absolute, because the server looks for it from the directory where it runs.
            let own = format!("{}.{}", std::path::absolute(path)?.display(), std::process::id());
            let too_long = || Error::other(format!("{own} has more than 107 bytes"));
            file = bind_to(&socket, &unix_address(&own).ok_or_else(too_long)?)?;
        }
    }

    // 2. Connect to the server. On a stream this makes the connection, and the server's accept
    //    returns. On datagrams our kernel only notes the address to send to and receive from: the
    //    server knows nothing of us, so we say hello.
    let call = format!("connect to {}", name_of(Some(server.clone())));
    check(&call, connect(&socket, server))?;
    let mut socket = File::from(socket);
    if kind == SocketType::DGRAM {
        check("write", socket.write_all(HELLO))?;
    }

    // 3. Read our range. This blocks until the server writes. Then our path is not needed again.
    let mut range = [[0; 8]; 2];
    read_whole(&mut socket, range.as_flattened_mut(), "no range")?;
    let [first, end] = range.map(i64::from_be_bytes);
    drop(file);

    // 4. Count the even numbers by testing each.
    let count = (first..end).filter(|n| n % 2 == 0).count() as u64;

    // 5. Write the count, and close. On datagrams we never learn whether it arrived.
    check("write", socket.write_all(&count.to_be_bytes()))?;
    drop(socket);
    Ok(count)
}

impl Job {
    /// The range of one client, highest byte first: other machines may keep numbers the other way
    /// round. In 128 bits, because the product may not fit into 64.
    fn part(&self, number: usize) -> Vec<u8> {
        let (first, length) =
            (i128::from(self.first), i128::from(self.end) - i128::from(self.first));
        let cut = |i: usize| (first + length * i as i128 / self.clients as i128) as i64;
        [cut(number - 1).to_be_bytes(), cut(number).to_be_bytes()].concat()
    }
}

/// The file of a unix socket, which stays after the last close. When this is dropped, it is removed.
struct SocketFile(String);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Binds a socket to an address. A killed server leaves its file: if nothing answers there, it is
/// removed. A datagram socket asks, because a stream server that is alive would take us for a client.
fn bind_to(fd: &OwnedFd, address: &SocketAddrAny) -> io::Result<Option<SocketFile>> {
    let path = path_of(address);
    if let Some(path) = &path
        && fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
    {
        let asking = check("socket", socket(AddressFamily::UNIX, SocketType::DGRAM, None))?;
        if connect(&asking, address) == Err(rustix::io::Errno::CONNREFUSED) {
            check("unlink", fs::remove_file(path))?;
        }
    }
    check(&format!("bind to {}", name_of(Some(address.clone()))), bind(fd, address))?;
    Ok(path.map(SocketFile))
}

/// From now on a read that gets nothing fails after a while, with EAGAIN.
fn limit_waiting(socket: &OwnedFd) -> io::Result<()> {
    check("setsockopt", set_socket_timeout(socket, Timeout::Recv, Some(Duration::from_secs(10))))
}

fn say_that_it_waits(socket: &OwnedFd, job: &Job) -> io::Result<()> {
    let address = check("getsockname", getsockname(socket))?;
    say(&format!("waits at {}, clients to come: {}", name_of(Some(address)), job.clients));
    Ok(())
}

/// Reads until the buffer is full: a stream may divide a message, a datagram comes whole.
fn read_whole(socket: &mut File, buffer: &mut [u8], if_none: &str) -> io::Result<()> {
    match socket.read_exact(buffer) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Error::other(format!("read: end of file, and {if_none}")))
        }
        result => check("read", result),
    }
}

/// Puts the name of a call before the error that it failed with.
fn check<T, E: Into<Error>>(call: &str, result: Result<T, E>) -> io::Result<T> {
    result.map_err(|error| {
        let error = error.into();
        let is_late = error.kind() == ErrorKind::WouldBlock;
        let late = if is_late { "; nothing came for 10 seconds" } else { "" };
        Error::new(error.kind(), format!("{call}: {error}{late}"))
    })
}

fn name_of(address: Option<SocketAddrAny>) -> String {
    let path = address.as_ref().and_then(path_of);
    let internet = address.and_then(|address| SocketAddrV4::try_from(address).ok());
    let name = path.or_else(|| Some(internet?.to_string()));
    name.unwrap_or_else(|| "a socket without a name".to_owned())
}

/// The path of a unix socket; none if the address is of the internet or has no path.
fn path_of(address: &SocketAddrAny) -> Option<String> {
    let address = SocketAddrUnix::try_from(address.clone()).ok()?;
    address.path()?.into_owned().into_string().ok()
}

/// There is room for a path of 107 bytes.
fn unix_address(path: &str) -> Option<SocketAddrAny> {
    let fits = (1..=107).contains(&path.len());
    Some(SocketAddrUnix::new(path).ok().filter(|_| fits)?.into())
}

/// To standard error: standard output is for the count alone.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "exercise_sockets: {text}");
}

/// For a client there is no job.
fn read_arguments() -> Option<(Option<Job>, SocketType, SocketAddrAny)> {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words.map(|word| word.into_string().ok()).collect::<Option<_>>()?;
    let [role, domain, kind, place, numbers @ ..] = &words[..] else { return None };
    let numbers: Vec<i64> = numbers.iter().map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let (clients, first, end) = match numbers[..] {
        [] => (1, 0, 1_000_000),
        [clients] => (clients, 0, 1_000_000),
        [clients, first, end] => (clients, first, end),
        _ => return None,
    };
    let job = Job { clients: usize::try_from(clients).ok()?, first, end };
    let job = match &role[..] {
        "server" if clients >= 1 && first <= end => Some(job),
        "client" if numbers.is_empty() => None,
        _ => return None,
    };
    let kind = match &kind[..] {
        "stream" => SocketType::STREAM,
        "datagram" => SocketType::DGRAM,
        _ => return None,
    };
    let address = match &domain[..] {
        "unix" => unix_address(place)?,
        "internet" => place.parse::<SocketAddrV4>().ok()?.into(),
        _ => return None,
    };
    Some((job, kind, address))
}
