//! A child sends two ranges, each of two numbers in one datagram. The parent reads number by number.
use std::io;
use std::os::unix::net::UnixDatagram;
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
    let (receiver, sender) = check(UnixDatagram::pair(), "socketpair");
    if check_c(unsafe { fork() }, "fork") == 0 {
        for range in [[0_i64, 500], [500, 1000]] {
            check(sender.send(&range.map(i64::to_ne_bytes).concat()), "send");
        }
        exit(0);
    }
    for _ in 0..2 {
        let mut number = [0; 8];
        check(receiver.recv(&mut number), "recv");
        println!("{}", i64::from_ne_bytes(number));
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
}
