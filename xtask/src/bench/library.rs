//! Benchmark of shared libraries: workers against one loop in one process, over the same function.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::rivals::Rivals;
use super::timed::{Unit, timed};
use crate::paths::Paths;
use std::path::PathBuf;

/// A function that does next to nothing, so that the call is most of it.
pub(crate) fn cheap(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    const NUMBERS: u64 = 2_000_000_000;
    // Of 7 numbers, 3 and 4.
    let count = NUMBERS / 7 * 2 + u64::from(NUMBERS % 7 > 3) + u64::from(NUMBERS % 7 > 4);
    let function = (rivals.residue.as_ref(), "residue");
    beside_a_loop((paths, rivals, options), function, (NUMBERS, count))
}

/// A function that takes some hundred steps.
pub(crate) fn dear(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    const NUMBERS: u64 = 20_000_000;
    // 0 and 1 take no step.
    let function = (rivals.collatz.as_ref(), "steps");
    beside_a_loop((paths, rivals, options), function, (NUMBERS, NUMBERS - 2))
}

fn beside_a_loop(
    (paths, rivals, options): (&Paths, &Rivals, &Options),
    (library, symbol): (Option<&PathBuf>, &str),
    (numbers, count): (u64, u64),
) -> Findings {
    let answer = || Answer::Integer(count.into());
    let path = library.map_or_else(|| "?".into(), |path| path.display().to_string());
    let evenly = |workers: usize| {
        let words = format!("count --lib {path}:{symbol} 0..{numbers} -j {workers}");
        let name = format!("evenly count --lib ./f.so:{symbol} 0..{numbers} -j {workers}");
        Contender::evenly(&paths.evenly, &words, answer()).named(name)
    };
    let rival = rivals.library.as_ref().filter(|_| library.is_some());
    let words = format!("{path} {symbol} {numbers}");
    let contenders = [
        evenly(1),
        Contender::peer("one loop in one process, in C", rival, &words, answer()),
        evenly(options.workers),
    ];
    let title = format!("Library: {symbol} in C, over 0..{numbers}, whole process");
    let unit = Unit::Rate { work: numbers as f64, scale: 1e6, name: "M numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}
