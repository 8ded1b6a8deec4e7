//! Four workers count the even numbers of 0..1000. The process may have 10 descriptors.
use std::io::{self, Read, Write};
use std::process::exit;
use std::ptr::null_mut;

// Calls that std does not have. They are unsafe: the compiler does not see what C does.
unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn setrlimit(resource: u32, limit: *const [u64; 2]) -> i32;
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

const RLIMIT_NOFILE: u32 = 7;
const WORKERS: i64 = 4;

fn main() {
    check_c(unsafe { setrlimit(RLIMIT_NOFILE, &[10, 10]) }, "setrlimit");
    let mut pipes: Vec<_> = (0..WORKERS).map(|_| check(io::pipe(), "pipe")).collect();
    for (i, (_, results_end)) in (0..WORKERS).zip(&mut pipes) {
        if check_c(unsafe { fork() }, "fork") == 0 {
            let count = (250 * i..250 * (i + 1)).filter(|n| n % 2 == 0).count() as i64;
            check(results_end.write_all(&count.to_ne_bytes()), "write");
            exit(0);
        }
    }
    let (mut total, mut bytes) = (0, [0; 8]);
    for (mut results, results_end) in pipes {
        drop(results_end);
        check(results.read_exact(&mut bytes), "read");
        total += i64::from_ne_bytes(bytes);
    }
    for _ in 0..WORKERS {
        check_c(unsafe { wait(null_mut()) }, "wait");
    }
    println!("{total}");
}
