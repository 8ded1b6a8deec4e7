//! A child sends two numbers in 16 bytes through a pipe: the count of even numbers in 0..200, and the last.
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
        let even: Vec<i64> = (0..200).filter(|n| n % 2 == 0).collect();
        let answer = [even.len() as i64, even[even.len() - 1]];
        check(results_end.write_all(&answer.map(i64::to_ne_bytes).concat()), "write");
        exit(0);
    }
    drop(results_end);
    let mut answer = [[0; 8]; 2];
    let got = check(results.read(answer.as_flattened_mut()), "read");
    check_c(unsafe { wait(null_mut()) }, "wait");
    let [count, last] = answer.map(i64::from_ne_bytes);
    println!("{count} ({got} bytes, the last is {last})");
}
