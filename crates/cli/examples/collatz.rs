//! A program with functions of its own and the whole command line of `evenly`.
//!
//! ```console
//! $ cargo run --release -p evenly-cli --example collatz -- max stopping_time 1..1e6
//! 524     837799
//! $ collatz count twin 0..1e9 --journal twin.journal --listen tcp:0.0.0.0:7000
//! $ collatz join tcp:192.0.2.7:7000
//! ```

use evenly_cli::Program;
use std::process::ExitCode;

fn main() -> ExitCode {
    Program::new("collatz")
        .function("twin", "n and n + 2 are prime", |n| is_prime(n) && is_prime(n + 2))
        .function(
            "stopping_time",
            "steps from n to 1: n / 2 if n is even, else 3 n + 1",
            stopping_time,
        )
        .function("inverse", "1 / n", |n| 1.0 / n as f64)
        .main()
}

/// An error fails the number with its text, and so does a panic.
fn stopping_time(n: i64) -> Result<u32, &'static str> {
    let mut n = u64::try_from(n).ok().filter(|n| *n > 0).ok_or("n is below 1")?;
    let mut steps = 0;
    while n != 1 {
        n = match n % 2 {
            0 => n / 2,
            _ => n.checked_mul(3).expect("3 n is above 2^64") + 1,
        };
        steps += 1;
    }
    Ok(steps)
}

fn is_prime(n: i64) -> bool {
    n == 2 || n > 2 && n % 2 != 0 && (3..=n.isqrt()).step_by(2).all(|divisor| n % divisor != 0)
}
