//! Calls of the library `evenly` over closures, for comparison with the same loops in rayon, OpenMP and C.
//!
//! Each subcommand prints its answer, so that the benchmark can check it.

#![expect(clippy::print_stdout, reason = "the answer on stdout is what the benchmark checks")]

#[path = "loops.rs"]
mod loops;

use std::process::ExitCode;
use std::thread;

const USAGE: &str = "usage: closures skew|cheap|trivial|second-start N WORKERS";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, n, workers] = arguments.as_slice() else { return usage() };
    let (Ok(n), Ok(workers)) = (n.parse::<u64>(), workers.parse()) else { return usage() };
    let call = evenly::over(0..n).workers(workers);
    let answer = match what.as_str() {
        "skew" => call.count(loops::is_prime),
        "cheap" => call.count(loops::is_chosen),
        "trivial" => call.count(|n| n % 2 == 0),
        "second-start" => {
            // A thread that waits with a limit of time: this process cannot fork. The second start has none, like a test
            // that libtest runs alone.
            if std::env::var_os("EVENLY_SECOND_START").is_none() {
                thread::spawn(|| {
                    loop {
                        thread::sleep(std::time::Duration::from_secs(1));
                    }
                });
            }
            call.count(|n| n % 2 == 0)
        }
        _ => return usage(),
    };
    match answer {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
