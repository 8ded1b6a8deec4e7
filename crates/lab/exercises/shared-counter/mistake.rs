//! Two children count the even numbers of one half of 0..1000 each.
use std::io;
use std::process::exit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

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

static COUNT: AtomicI64 = AtomicI64::new(0);

fn main() {
    for i in 0..2 {
        if check_c(unsafe { fork() }, "fork") == 0 {
            let even = (500 * i..500 * (i + 1)).filter(|n| n % 2 == 0).count() as i64;
            COUNT.fetch_add(even, Relaxed);
            exit(0);
        }
    }
    for _ in 0..2 {
        check_c(unsafe { wait(null_mut()) }, "wait");
    }
    println!("{}", COUNT.load(Relaxed));
}
