//! A client counts the even numbers of 0..1000 and sends the result to a server.
//! TcpListener::bind() calls bind() and listen() in one step; here they are two.
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::process::exit;

// Calls that std does not have. They are unsafe: the compiler does not see what C does.
unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn socket(domain: i32, kind: i32, protocol: i32) -> i32;
    fn bind(socket: i32, address: *const Address, length: u32) -> i32;
    fn listen(socket: i32, backlog: i32) -> i32;
}

fn check<T>(result: io::Result<T>, call: &str) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{call}: {error}");
        exit(1)
    })
}

/// The result of a call of C, which is -1 if the call has failed.
fn check_c(result: i32, call: &str) -> i32 {
    if result < 0 { check(Err(io::Error::last_os_error()), call) } else { result }
}

const AF_INET: u16 = 2;
const SOCK_STREAM: i32 = 1;

/// A sockaddr_in; the port and the host begin with the highest byte.
#[repr(C)]
struct Address(u16, [u8; 2], [u8; 4], [u8; 8]);

fn main() {
    let server = check_c(unsafe { socket(i32::from(AF_INET), SOCK_STREAM, 0) }, "socket");
    let server = unsafe { TcpListener::from_raw_fd(server) }; // now it has an owner
    let address = Address(AF_INET, [0; 2], [127, 0, 0, 1], [0; 8]); // port 0: the kernel chooses
    check_c(unsafe { bind(server.as_raw_fd(), &address, 16) }, "bind");
    let place = check(server.local_addr(), "getsockname");
    if check_c(unsafe { fork() }, "fork") == 0 {
        let count = (0..1000).filter(|n| n % 2 == 0).count() as i64;
        let mut connection = check(TcpStream::connect(place), "connect");
        check(connection.write_all(&count.to_ne_bytes()), "write");
        exit(0);
    }
    let mut status = 0;
    check_c(unsafe { wait(&mut status) }, "wait");
    if status != 0 {
        exit(1); // the client has said why
    }
    check_c(unsafe { listen(server.as_raw_fd(), 5) }, "listen");
    let (mut connection, _) = check(server.accept(), "accept");
    let mut count = [0; 8];
    check(connection.read_exact(&mut count), "read");
    println!("{}", i64::from_ne_bytes(count));
}
