//! A child sends a range in two writes. The parent reads it from a stream socket.
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::ptr::null_mut;
use std::thread::sleep;
use std::time::Duration;

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
    let (mut receiver, mut sender) = check(UnixStream::pair(), "socketpair");
    if check_c(unsafe { fork() }, "fork") == 0 {
        check(sender.write_all(&0_i64.to_ne_bytes()), "write");
        sleep(Duration::from_millis(300)); // a slow network
        check(sender.write_all(&1000_i64.to_ne_bytes()), "write");
        exit(0);
    }
    let mut range = [[0; 8]; 2];
    check(receiver.read(range.as_flattened_mut()), "read");
    check_c(unsafe { wait(null_mut()) }, "wait");
    let [first, end] = range.map(i64::from_ne_bytes);
    println!("{first} to {end}");
}
