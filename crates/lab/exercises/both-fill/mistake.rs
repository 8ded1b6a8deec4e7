//! The parent sends 300000 bytes to a child, which sends each one back; then the parent counts them.
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
    let (mut there, mut there_end) = check(io::pipe(), "pipe");
    let (mut back, mut back_end) = check(io::pipe(), "pipe");
    let (mut count, mut piece) = (0, [0; 4096]);
    if check_c(unsafe { fork() }, "fork") == 0 {
        drop((there_end, back));
        loop {
            let got = check(there.read(&mut piece), "read");
            if got == 0 {
                exit(0);
            }
            check(back_end.write_all(&piece[..got]), "write");
        }
    }
    drop((there, back_end));
    check(there_end.write_all(&[0; 300_000]), "write");
    drop(there_end);
    loop {
        let got = check(back.read(&mut piece), "read");
        if got == 0 {
            break;
        }
        count += got;
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
    println!("{count}");
}
