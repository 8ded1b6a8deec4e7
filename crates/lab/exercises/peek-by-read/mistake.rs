//! The parent puts three numbers into a pipe, looks what is in it, and lets a child read all of them.
use std::io::{self, PipeReader, Read, Write};
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

fn show(who: &str, queue: &mut PipeReader) {
    let mut numbers = [[0; 4]; 3];
    let got = check(queue.read(numbers.as_flattened_mut()), "read");
    let mut line = format!("{who}:");
    for number in &numbers[..got / 4] {
        line += &format!(" {}", i32::from_ne_bytes(*number));
    }
    println!("{line}");
}

fn main() {
    let (mut queue, mut queue_end) = check(io::pipe(), "pipe");
    let numbers = [10, 20, 30].map(i32::to_ne_bytes).concat();
    check(queue_end.write_all(&numbers), "write");
    show("parent", &mut queue);
    drop(queue_end);
    if check_c(unsafe { fork() }, "fork") == 0 {
        show("child", &mut queue);
        exit(0);
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
}
