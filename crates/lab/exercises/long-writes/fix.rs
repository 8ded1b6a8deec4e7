//! Two children write 500 messages each into one pipe. The parent counts the messages with bytes of both.
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

const LENGTH: usize = 4096;
const MESSAGES: usize = 500;

fn main() {
    let (mut results, mut results_end) = check(io::pipe(), "pipe");
    for byte in [b'A', b'B'] {
        if check_c(unsafe { fork() }, "fork") == 0 {
            drop(results);
            for _ in 0..MESSAGES {
                check(results_end.write_all(&[byte; LENGTH]), "write"); // one call of write()
            }
            exit(0);
        }
    }
    drop(results_end);
    sleep(Duration::from_secs(3)); // a slow reader
    let (mut message, mut mixed) = (vec![0; LENGTH], 0);
    for _ in 0..2 * MESSAGES {
        check(results.read_exact(&mut message), "read"); // a loop around read()
        mixed += usize::from(message.contains(&b'A') && message.contains(&b'B'));
    }
    for _ in 0..2 {
        check_c(unsafe { wait(null_mut()) }, "wait");
    }
    println!("{}", if mixed > 0 { "messages are mixed" } else { "no message is mixed" });
}
