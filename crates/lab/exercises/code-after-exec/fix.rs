//! The process starts another program, and prints a line afterwards.
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit, id};
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
    println!("this program is process {}", id());
    let mut other = Command::new("sh");
    other.args(["-c", "echo the other one is process $$"]);
    if check_c(unsafe { fork() }, "fork") == 0 {
        check::<()>(Err(other.exec()), "exec"); // exec() returns only an error
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
    println!("back in this program");
}
