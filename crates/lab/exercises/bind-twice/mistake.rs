//! Two servers wait for clients at the same port, each with a socket of its own.
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
    let first = check(TcpListener::bind("127.0.0.1:0"), "bind"); // the kernel chooses the port
    let address = check(first.local_addr(), "getsockname");
    let second = check(TcpListener::bind(address), "bind");
    for server in [&first, &second] {
        if check_c(unsafe { fork() }, "fork") == 0 {
            let (mut client, _) = check(server.accept(), "accept");
            check(client.write_all(b"hello\n"), "write");
            exit(0);
        }
    }
    for _ in 0..2 {
        let mut text = String::new();
        let mut connection = check(TcpStream::connect(address), "connect");
        check(connection.read_to_string(&mut text), "read");
        print!("{text}");
    }
    for _ in 0..2 {
        check_c(unsafe { wait(null_mut()) }, "wait");
    }
}
