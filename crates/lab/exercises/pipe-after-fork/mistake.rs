//! A child counts the even numbers of 0..1000 and sends the result to the parent.
use std::io::{self, Read, Write};
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
    let child = check_c(unsafe { fork() }, "fork");
    let (mut results, mut results_end) = check(io::pipe(), "pipe");
    if child == 0 {
        let count = (0..1000).filter(|n| n % 2 == 0).count() as i64;
        check(results_end.write_all(&count.to_ne_bytes()), "write");
        sleep(Duration::from_secs(3)); // time to look at it
        exit(0);
    }
    drop(results_end);
    let (mut total, mut bytes) = (0, [0; 8]);
    while check(results.read(&mut bytes), "read") > 0 {
        total += i64::from_ne_bytes(bytes);
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
    println!("{total}");
}
