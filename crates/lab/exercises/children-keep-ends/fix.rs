//! Three workers count the even numbers of the ranges that they read, until end of file.
use std::io::{self, PipeReader, PipeWriter, Read, Write};
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

const WORKERS: usize = 3;

fn work(ranges: &mut PipeReader, results_end: &mut PipeWriter) -> ! {
    let (mut range, mut count) = ([[0; 8]; 2], 0);
    while check(ranges.read(range.as_flattened_mut()), "read") > 0 {
        let [first, end] = range.map(i64::from_ne_bytes);
        count += (first..end).filter(|n| n % 2 == 0).count() as i64;
    }
    check(results_end.write_all(&count.to_ne_bytes()), "write");
    exit(0)
}

fn main() {
    let mut pipes: Vec<_> = (0..WORKERS).map(|_| check(io::pipe(), "pipe")).collect();
    let (mut results, mut results_end) = check(io::pipe(), "pipe");
    for i in 0..WORKERS {
        if check_c(unsafe { fork() }, "fork") == 0 {
            let (mut ranges, ranges_end) = pipes.swap_remove(i);
            drop((ranges_end, pipes, results));
            work(&mut ranges, &mut results_end);
        }
    }
    drop(results_end);
    for (i, (ranges, mut ranges_end)) in (0_i64..).zip(pipes) {
        drop(ranges);
        let range = [1000 * i, 1000 * (i + 1)].map(i64::to_ne_bytes).concat();
        check(ranges_end.write_all(&range), "write"); // and the end is dropped
    }
    let (mut total, mut bytes) = (0, [0; 8]);
    while check(results.read(&mut bytes), "read") > 0 {
        total += i64::from_ne_bytes(bytes);
    }
    for _ in 0..WORKERS {
        check_c(unsafe { wait(null_mut()) }, "wait");
    }
    println!("{total}");
}
