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
//! sender look the same: no message arrives. So a read fails after 10 seconds (SO_RCVTIMEO), also if
//! the client still counts. There is no key: the server believes every client that reaches it.
//!
//! The steps are in this file, the wrappers of the system calls in `exercise_sockets/calls.rs`.

#[path = "exercise_sockets/calls.rs"]
mod calls;

use calls::{
    Address, accept, address_of, bind, close, connect, limit_waiting, listen, read_numbers,
    receive, reuse_address, send, socket, unlink, write,
};
use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// The order to a client: count the even n with `first <= n < end`.
struct Range {
    first: i64,
    end: i64,
}

enum Role {
    Server { clients: usize, range: Range },
    Client,
}

/// The first message of a client on datagrams. From it the server learns its address.
const HELLO: &[u8] = b"hello, which range is mine?";

const USAGE: &str = "usage: exercise_sockets server|client unix|internet stream|datagram WHERE, \
                     and for a server [CLIENTS [FIRST END]], CLIENTS >= 1, FIRST <= END; WHERE is \
                     a path of at most 107 bytes, or an address and a port like 127.0.0.1:7000";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let Some((role, kind, address)) = read_arguments(&arguments) else {
        say(USAGE);
        return ExitCode::from(2);
    };
    // The server's count is the answer, a client's is that of its part.
    let count = match role {
        Role::Client => client(&address, kind),
        Role::Server { clients, range } => match kind {
            libc::SOCK_STREAM => stream_server(&address, clients, &range),
            _ => datagram_server(&address, clients, &range),
        },
    };
    match count.and_then(|count| writeln!(io::stdout(), "{count}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("no answer: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn stream_server(address: &Address, clients: usize, range: &Range) -> io::Result<u128> {
    // 1. Make a socket, and bind it to the address at which the clients will look for us.
    //    (On the internet: also if a server was there a moment ago.)
    let mut listener = socket(address, libc::SOCK_STREAM)?;
    reuse_address(&listener)?;
    bind(&mut listener, address)?;

    // 2. Listen: this socket will never carry data. The kernel queues new connections there.
    listen(&listener, clients)?;
    say(&format!("waits at {}, clients to come: {clients}", address_of(&listener)?));

    let mut connections = Vec::new();
    for number in 0..clients {
        // 3. Accept the next connection. This blocks until there is one, and gives a new socket,
        //    our end of this connection alone.
        let (connection, from) = accept(&listener)?;
        say(&format!("client {} connected from {from}", number + 1));

        // 4. Write the client its range. It counts while we wait for the others.
        let part = part_of(range, number, clients);
        write(&connection, &part.to_message()).map_err(of_client(number))?;
        connections.push(connection);
    }

    // 5. Stop listening: all clients are here, and the kernel refuses new connections at once.
    close(listener);

    // 6. Read the counts, one client after the other. End of file instead of a count means that
    //    this client is gone, which we learn when its turn comes (or ECONNRESET, if it had not even
    //    read its range). Without its part there is no answer.
    let mut count = 0;
    for (number, connection) in connections.into_iter().enumerate() {
        let gone = || io::Error::new(ErrorKind::UnexpectedEof, "read: end of file, and no count");
        let result = read_numbers(&connection).and_then(|read| read.ok_or_else(gone));
        let [result] = result.map_err(of_client(number))?;
        count += u128::from(u64::from_be_bytes(result));
        close(connection);
    }
    Ok(count)
}

fn datagram_server(address: &Address, clients: usize, range: &Range) -> io::Result<u128> {
    // 1. Make a socket and bind it. There is nothing to listen for and nothing to accept: this one
    //    socket gets the messages of all clients, each with the address of its sender.
    let mut socket = socket(address, libc::SOCK_DGRAM)?;
    bind(&mut socket, address)?;
    say(&format!("waits at {}, clients to come: {clients}", address_of(&socket)?));

    let mut senders = Vec::new();
    let mut counts = Vec::new();
    while senders.len() < clients || counts.contains(&None) {
        // 2. Receive the next message of any sender. This blocks until there is one. A count
        //    fits into the buffer, a hello does not.
        let mut buffer = [0; 8];
        let missing = counts.iter().position(Option::is_none);
        let (length, from) = receive(&socket, &mut buffer).map_err(|error| match missing {
            Some(number) => of_client(number)(error),
            None => error,
        })?;
        match senders.iter().position(|sender| *sender == from) {
            // 3. A message is read whole. Bytes beyond the buffer are lost: the next read
            //    gives the next message from its first byte. (On a stream the next read would go on
            //    where this one stopped.) Here that does no harm: we need only the sender of the hello.
            None if senders.len() < clients && length == HELLO.len() => {
                let number = senders.len();
                let (taken, lost) = (buffer.escape_ascii(), length - buffer.len());
                say(&format!("client {} sent {length} bytes from {from}", number + 1));
                say(&format!("a buffer of 8 took \"{taken}\", the other {lost} bytes are lost"));

                // 4. Send the range to where the hello came from.
                let part = part_of(range, number, clients);
                send(&socket, &part.to_message(), &from).map_err(of_client(number))?;
                senders.push(from);
                counts.push(None);

                // From now on only counts are due.
                if senders.len() == clients {
                    limit_waiting(&socket)?;
                }
            }
            // 5. A count. A network may deliver a message twice; it counts once.
            Some(number) if length == 8 => counts[number] = Some(u64::from_be_bytes(buffer)),
            _ => say(&format!("{length} bytes from {from} are not what is waited for")),
        }
    }
    close(socket);
    Ok(counts.into_iter().flatten().map(u128::from).sum())
}

/// A client, of either type: one range in, one count out.
fn client(server: &Address, kind: libc::c_int) -> io::Result<u128> {
    // 1. Make a socket. A datagram is answered at the address it came from. To connect gives us a
    //    port, but no path, so on unix we bind our socket to a path of our own, beside the server's.
    let mut socket = socket(server, kind)?;
    if kind == libc::SOCK_DGRAM {
        limit_waiting(&socket)?;
        if let Some(path) = server.path() {
            // Absolute, because the server looks for it from the directory where it runs.
            let path = std::path::absolute(path)?;
            let own = format!("{}.{}", path.display(), std::process::id());
            let address = Address::unix(&own);
            let too_long = || io::Error::other(format!("{own} has more than 107 bytes"));
            bind(&mut socket, &address.ok_or_else(too_long)?)?;
        }
    }

    // 2. Connect to the server. On a stream this makes the connection, and the server's accept
    //    returns. On datagrams our kernel only notes the address to send to and receive from: the server
    //    knows nothing of us, so we say hello.
    connect(&socket, server)?;
    if kind == libc::SOCK_DGRAM {
        write(&socket, HELLO)?;
    }

    // 3. Read our range. This blocks until the server writes.
    let gone = || io::Error::new(ErrorKind::UnexpectedEof, "read: end of file, and no range");
    let [first, end] = read_numbers(&socket)?.ok_or_else(gone)?;

    // Remove our path now: it is not needed again, and a killed client could not remove it.
    unlink(&mut socket);

    // 4. Count the even numbers by testing each.
    let mut count: u64 = 0;
    for n in i64::from_be_bytes(first)..i64::from_be_bytes(end) {
        if n % 2 == 0 {
            count += 1;
        }
    }

    // 5. Write the count, and close. On datagrams we never learn whether it arrived.
    write(&socket, &count.to_be_bytes())?;
    close(socket);
    Ok(count.into())
}

/// The part of `range` for one client; the parts join without a gap and differ by at most 1.
/// In 128 bits, because the length of a range of 64-bit numbers may need 65.
fn part_of(range: &Range, number: usize, clients: usize) -> Range {
    let (first, end) = (i128::from(range.first), i128::from(range.end));
    let cut = |i: usize| (first + (end - first) * i as i128 / clients as i128) as i64;
    Range { first: cut(number), end: cut(number + 1) }
}

impl Range {
    /// Both numbers, highest byte first: other machines may keep theirs the other way round.
    fn to_message(&self) -> Vec<u8> {
        [self.first, self.end].map(i64::to_be_bytes).concat()
    }
}

/// Says which client an error is about.
fn of_client(number: usize) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("client {}: {error}", number + 1))
}

/// To standard error: standard output is for the count alone.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "exercise_sockets: {text}");
}

fn read_arguments(arguments: &[OsString]) -> Option<(Role, libc::c_int, Address)> {
    let arguments: Option<Vec<_>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let [role, domain, kind, place, numbers @ ..] = &arguments?[..] else { return None };
    let (clients, first, end) = match numbers {
        [] => (1, 0, 1_000_000),
        [clients] => (clients.parse().ok()?, 0, 1_000_000),
        [clients, first, end] => (clients.parse().ok()?, first.parse().ok()?, end.parse().ok()?),
        _ => return None,
    };
    let role = match *role {
        "server" if clients >= 1 && first <= end => {
            Role::Server { clients, range: Range { first, end } }
        }
        "client" if numbers.is_empty() => Role::Client,
        _ => return None,
    };
    let kind = match *kind {
        "stream" => libc::SOCK_STREAM,
        "datagram" => libc::SOCK_DGRAM,
        _ => return None,
    };
    let address = match *domain {
        "unix" => Address::unix(place)?,
        "internet" => Address::internet(place)?,
        _ => return None,
    };
    Some((role, kind, address))
}
