//! Benchmark of calls in one line: closures beside the same loops in rayon, OpenMP and C.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::rivals::Rivals;
use super::timed::{Unit, timed};

/// Primes below 2e6 (OEIS A000720).
const PRIMES: (u64, u128) = (2_000_000, 148_933);

/// Primes below 7e7, for a job of about 10 s with two workers.
const MANY_PRIMES: (u64, u128) = (70_000_000, 4_118_064);

/// Numbers below 4e8 that the cheap closure chooses.
const CHOSEN: (u64, u128) = (400_000_000, 57_135_694);

/// Each table.
pub(crate) fn measure(rivals: &Rivals, options: &Options) -> Vec<Findings> {
    let skew = skew(rivals, options);
    vec![skew, long(rivals, options), cheap(rivals, options), trivial(rivals, options)]
}

/// Numbers whose cost grows: a static split would leave one worker with most of the work.
fn skew(rivals: &Rivals, options: &Options) -> Findings {
    let (numbers, primes) = PRIMES;
    let answer = || Answer::Integer(primes);
    let workers = options.workers;
    let in_c = |name: &str, how: &str| {
        let arguments = format!("{how} {numbers} {workers}");
        Contender::peer(name, rivals.skew.as_ref(), &arguments, answer())
    };
    let contenders = [
        evenly(rivals, "skew", numbers, workers, answer()),
        rayon(rivals, "skew", numbers, workers, answer()),
        in_c("OpenMP in C, schedule(dynamic, 1000)", "openmp"),
        in_c("processes in C, one chunk at a time", "chunks"),
        rayon(rivals, "skew-loop", numbers, 1, answer()).named("the loop in one thread".into()),
    ];
    let title = format!("Closures: primes below {numbers} by trial division, {workers} workers");
    // A ratio of 1.03 is 2 ms here.
    timed(title, Unit::Milliseconds, &contenders, 5 * options.rounds())
}

/// A job long enough that the start and the end of its processes vanish. The efficiency is the ratio of the loop, divided
/// by the workers.
fn long(rivals: &Rivals, options: &Options) -> Findings {
    let (numbers, primes) = MANY_PRIMES;
    let answer = || Answer::Integer(primes);
    let workers = options.workers;
    let contenders = [
        evenly(rivals, "skew", numbers, workers, answer()),
        rayon(rivals, "skew", numbers, workers, answer()),
        rayon(rivals, "skew-loop", numbers, 1, answer()).named("the loop in one thread".into()),
    ];
    let title = format!("Closures: efficiency on primes below {numbers}, {workers} workers");
    // Each round takes 40 s with two workers.
    timed(title, Unit::Milliseconds, &contenders, if options.quick { 1 } else { 3 })
}

/// A closure that takes about 2 ns.
fn cheap(rivals: &Rivals, options: &Options) -> Findings {
    let (numbers, chosen) = CHOSEN;
    let answer = || Answer::Integer(chosen);
    let workers = options.workers;
    let contenders = [
        evenly(rivals, "cheap", numbers, 1, answer()),
        rayon(rivals, "cheap-loop", numbers, 1, answer()).named("the loop in one thread".into()),
        evenly(rivals, "cheap", numbers, workers, answer()).for_comparison(),
        rayon(rivals, "cheap", numbers, workers, answer()),
    ];
    let title = format!("Closures: a closure of about 2 ns over 0..{numbers}");
    timed(title, Unit::Milliseconds, &contenders, options.rounds())
}

/// A call over two numbers, so that making and ending the processes is all there is.
fn trivial(rivals: &Rivals, options: &Options) -> Findings {
    let answer = || Answer::Integer(1);
    let workers = options.workers;
    let contenders = [
        evenly(rivals, "trivial", 2, workers, answer()),
        rayon(rivals, "even-every", 2, workers, answer()),
        evenly(rivals, "second-start", 2, workers, answer()).for_comparison(),
    ];
    let title = "Closures: a call over two numbers, whole process".into();
    // Such short runs scatter, and more of them cost little.
    timed(title, Unit::Milliseconds, &contenders, 10 * options.rounds())
}

fn evenly(rivals: &Rivals, what: &str, numbers: u64, workers: usize, answer: Answer) -> Contender {
    let arguments = format!("{what} {numbers} {workers}");
    let name = format!("evenly::over(0..{numbers}).workers({workers}), {what}");
    Contender::peer(name, rivals.closures.as_ref(), &arguments, answer).for_reference()
}

fn rayon(rivals: &Rivals, what: &str, numbers: u64, workers: usize, answer: Answer) -> Contender {
    let arguments = format!("{what} {numbers}");
    let name = format!("rayon, {what}, {workers} threads");
    Contender::peer(name, rivals.rayon_default.as_ref(), &arguments, answer)
        .environment("RAYON_NUM_THREADS", workers.to_string())
}
