//! Benchmark of commands: a process for each n against other launchers, and coprocesses.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::rivals::Rivals;
use super::timed::{Unit, timed};
use crate::paths::{Paths, installed};
use std::path::Path;

/// A program that does nothing, once for each n.
pub(crate) fn per_number(
    paths: &Paths,
    rivals: &Rivals,
    options: &Options,
) -> Result<Findings, String> {
    let count: u64 = if options.quick { 1000 } else { 4000 };
    let workers = options.workers;
    let Some(trivial) = &rivals.trivial else {
        return Err("a C compiler is needed for the programs that are started".to_owned());
    };
    let numbers = paths.bench.join("numbers");
    let text: String = (0..count).map(|n| format!("{n}\n")).collect();
    std::fs::write(&numbers, text).map_err(|error| format!("{}: {error}", numbers.display()))?;
    let script = format!(
        "import subprocess, multiprocessing\n\
         def run(n): return subprocess.call([{:?}, str(n)]) == 0\n\
         if __name__ == '__main__':\n with multiprocessing.Pool({workers}) as pool: \
         print(sum(pool.imap_unordered(run, range({count}), chunksize=16)))",
        trivial.display().to_string()
    );
    let good = || Answer::Integer(count.into());
    let contenders = [
        Contender::evenly(&paths.evenly, &format!("count 0..{count} -j{workers} --"), good())
            .argument(trivial)
            .argument("{}")
            .named(format!("evenly count 0..{count} -j {workers} -- true {{}}")),
        Contender::peer(
            "posix_spawn loop in C",
            rivals.spawn.as_ref(),
            &format!("{workers} 0 {count}"),
            good(),
        )
        .argument(trivial),
        Contender::peer(
            format!("xargs -P {workers} -n 1 true"),
            rivals.xargs.as_ref(),
            &format!("-P {workers} -n 1"),
            Answer::Nothing,
        )
        .argument(trivial)
        .stdin(numbers.clone()),
        Contender::peer(
            format!("GNU parallel -j {workers} true"),
            rivals.parallel.as_ref(),
            &format!("-j {workers}"),
            Answer::Nothing,
        )
        .argument(trivial)
        .stdin(numbers),
        Contender::peer(
            "python3, multiprocessing.Pool",
            installed("python3").as_ref(),
            "-c",
            good(),
        )
        .argument(script),
    ];
    let title = format!(
        "Commands: a program that does nothing for each n of 0..{count}, {workers} at a time"
    );
    let unit = Unit::Rate { work: count as f64, scale: 1.0, name: "commands/s" };
    Ok(timed(title, unit, &contenders, options.rounds()))
}

/// A line there and a line back for each n.
pub(crate) fn coprocess(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    let count: u64 = if options.quick { 1_000_000 } else { 10_000_000 };
    let workers = options.workers;
    let evens = || Answer::Integer(u128::from(count / 2));
    let evenly = |name: &str, program: &Path, count: u64, answer: Answer| {
        let arguments = format!("count 0..{count} --split fixed:1 -j{workers} --coprocess --");
        Contender::evenly(&paths.evenly, &arguments, answer).argument(program).named(format!(
            "evenly count 0..{count} --split fixed:1 -j {workers} --coprocess -- {name}"
        ))
    };
    let contenders: Vec<Contender> = rivals
        .coprocess
        .iter()
        .map(|program| evenly("coprocess in C", program, count, evens()))
        .collect();
    let title = "Commands: a line to a coprocess and a line back for each n".to_owned();
    let unit = Unit::Rate { work: count as f64, scale: 1e6, name: "M lines/s" };
    timed(title, unit, &contenders, options.rounds())
}
