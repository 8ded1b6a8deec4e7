//! A server and its client, which sends the number 500.
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::ptr::null_mut;

// Calls that std does not have. They are unsafe: the compiler does not see what C does.
unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
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

fn main() {
    let server = check(TcpListener::bind("127.0.0.1:0"), "bind"); // socket(), bind() and listen()
    let address = check(server.local_addr(), "getsockname");
    let (mut connection, _) = check(server.accept(), "accept");
    if check_c(unsafe { fork() }, "fork") == 0 {
        let mut connection = check(TcpStream::connect(address), "connect");
        check(connection.write_all(&500_i64.to_ne_bytes()), "write");
        exit(0);
    }
    let mut count = [0; 8];
    check(connection.read_exact(&mut count), "read");
    check_c(unsafe { wait(null_mut()) }, "wait");
    println!("{}", i64::from_ne_bytes(count));
}
