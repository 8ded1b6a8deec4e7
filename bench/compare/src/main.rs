//! Rival program with rayon: threads of one process that share memory and steal work.
//!
//! Each subcommand does one of the things `evenly` is measured by and prints its answer, so that
//! the benchmark can check it. The number of threads comes from `RAYON_NUM_THREADS`.

#![expect(clippy::print_stdout, reason = "the answer on stdout is what the benchmark checks")]

mod loops;

use loops::{is_chosen, is_prime};
use std::hint::black_box;
use std::process::ExitCode;

use rayon::prelude::*;

const USAGE: &str = "usage: rayon even-folded|even-every|congruent|congruent-loop|tasks|spawn|skew|skew-loop|cheap|cheap-loop N";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, n] = arguments.as_slice() else { return usage() };
    let Ok(n) = n.parse::<usize>() else { return usage() };
    let answer = match what.as_str() {
        "even-folded" => even_folded(n as u64),
        "even-every" => even_every(n as u64),
        "congruent" => congruent(n as u64),
        "congruent-loop" => congruent_loop(n as u64),
        "tasks" => tasks(n),
        "spawn" => spawn(n),
        "skew" => (0..n as u64).into_par_iter().filter(|n| is_prime(*n)).count(),
        "skew-loop" => (0..black_box(n as u64)).filter(|n| is_prime(*n)).count(),
        "cheap" => (0..n as u64).into_par_iter().filter(|n| is_chosen(*n)).count(),
        "cheap-loop" => (0..black_box(n as u64)).filter(|n| is_chosen(*n)).count(),
        _ => return usage(),
    };
    println!("{answer}");
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

/// Counts the even numbers below `n` as anyone would write it. The compiler sees that n and n + 2
/// have the same parity and, when it unrolls the loop, tests one number for several.
fn even_folded(n: u64) -> usize {
    (0..n).into_par_iter().filter(|n| n % 2 == 0).count()
}

/// Counts the even numbers below `n` with a test of every number. The bit to test is 1, but the
/// compiler is not told so. For all it knows the bit may differ between n and n + 2, and no test
/// can stand for another. The loop is otherwise the same: one AND and one comparison for each
/// number, vectors where the target has them.
fn even_every(n: u64) -> usize {
    let bit = black_box(1);
    (0..n).into_par_iter().filter(|n| n & bit == 0).count()
}

/// Counts the n below `end` that are 3 modulo 7 and 1 modulo 11.
fn congruent(end: u64) -> usize {
    (0..end.cast_signed()).into_par_iter().filter(|n| n % 7 == 3 && n % 11 == 1).count()
}

/// The same in a plain loop.
fn congruent_loop(end: u64) -> usize {
    (0..black_box(end.cast_signed())).filter(|n| n % 7 == 3 && n % 11 == 1).count()
}

/// Counts the even numbers below `n` with one task for each: rayon may not split less finely than that.
fn tasks(n: usize) -> usize {
    (0..n).into_par_iter().with_max_len(1).filter(|n| n % 2 == 0).count()
}

/// The same count with one spawned closure for each number, which leaves its result in a slot of
/// its own: no two threads count in one place. A block at a time, so that memory stays bounded.
fn spawn(n: usize) -> usize {
    const BLOCK: usize = 1 << 16;
    let mut slots = vec![false; BLOCK];
    let mut count = 0;
    for first in (0..n).step_by(BLOCK) {
        let block = &mut slots[..BLOCK.min(n - first)];
        rayon::scope(|scope| {
            for (n, slot) in (first..).zip(block.iter_mut()) {
                scope.spawn(move |_| *slot = n % 2 == 0);
            }
        });
        count += block.iter().filter(|even| **even).count();
    }
    count
}
