//! A child lists 30000 even numbers, in 240000 bytes. The parent counts them.
use std::io::{self, Read, Write};
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
    let (mut results, mut results_end) = check(io::pipe(), "pipe");
    if check_c(unsafe { fork() }, "fork") == 0 {
        drop(results);
        for even in (0_i64..60000).step_by(2) {
            check(results_end.write_all(&even.to_ne_bytes()), "write");
        }
        exit(0);
    }
    drop(results_end);
    let (mut count, mut bytes) = (0, [0; 8]);
    while check(results.read(&mut bytes), "read") > 0 {
        count += 1;
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
    println!("{count}");
}
