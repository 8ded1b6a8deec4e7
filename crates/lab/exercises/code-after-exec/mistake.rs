//! The process starts another program, and prints a line afterwards.
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit, id};

fn check<T>(result: io::Result<T>, call: &str) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{call}: {error}");
        exit(1)
    })
}

fn main() {
    println!("this program is process {}", id());
    let mut other = Command::new("sh");
    other.args(["-c", "echo the other one is process $$"]);
    check::<()>(Err(other.exec()), "exec"); // exec() returns only an error
    println!("back in this program");
}
