//! Benchmark of verbs: an expression against the same loop in other programs, and lines against `seq`.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::rivals::Rivals;
use super::timed::{Unit, timed};
use crate::paths::{Paths, installed, python_with};
use std::path::PathBuf;

/// How many n of 0..`numbers` are 3 modulo 7 and 1 modulo 11: those that are 45 modulo 77.
fn congruent(numbers: u64) -> Answer {
    Answer::Integer(u128::from((numbers + 31) / 77))
}

/// Machine code of ours, of rustc and of a C compiler, one thread or as many as there are workers.
pub(crate) fn compiled(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    const NUMBERS: u64 = 4_000_000_000;
    let workers = options.workers;
    let evenly = |workers: usize| {
        let name = format!("evenly count 'n % 7 == 3 && n % 11 == 1' 0..4e9 -j {workers}");
        Contender::evenly(&paths.evenly, "count", congruent(NUMBERS))
            .argument("n % 7 == 3 && n % 11 == 1")
            .argument("0..4e9")
            .argument(format!("-j{workers}"))
            .named(name)
    };
    let rust = |name: &str, form: &str, threads: usize| {
        let arguments = format!("{form} {NUMBERS}");
        let program = rivals.rayon_default.as_ref();
        Contender::peer(name, program, &arguments, congruent(NUMBERS))
            .environment("RAYON_NUM_THREADS", threads.to_string())
    };
    let contenders = [
        evenly(1),
        rust("the loop in Rust, -O3, one thread", "congruent-loop", 1),
        evenly(workers),
        rust("rayon, default target", "congruent", workers),
    ];
    let title = format!("Expression: count an expression over 0..4e9, 1 and {workers} workers");
    let unit = Unit::Rate { work: NUMBERS as f64, scale: 1e9, name: "G numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// The same question put to interpreters, over less: they take their time.
pub(crate) fn interpreted(paths: &Paths, options: &Options) -> Findings {
    const NUMBERS: u64 = 20_000_000;
    let peer = |name: &str, program: &str, arguments: &str, script: String| {
        let program = installed(program);
        Contender::peer(name, program.as_ref(), arguments, congruent(NUMBERS)).argument(script)
    };
    let python = |name: &str, module: &str, script: String| {
        let program = python_with(module);
        Contender::peer(name, program.as_ref(), "-c", congruent(NUMBERS)).argument(script)
    };
    let condition = "n % 7 == 3 && n % 11 == 1";
    let query =
        format!("select count(*) from range({NUMBERS}) t(n) where n % 7 = 3 and n % 11 = 1");
    let contenders = [
        Contender::evenly(&paths.evenly, "count", congruent(NUMBERS))
            .argument(condition)
            .argument("0..2e7")
            .named(format!("evenly count '{condition}' 0..2e7")),
        peer(
            "awk",
            "awk",
            "",
            format!("BEGIN {{ for (n = 0; n < {NUMBERS}; n++) if ({condition}) c++; print c }}"),
        ),
        peer(
            "python3",
            "python3",
            "-c",
            format!("print(sum(1 for n in range({NUMBERS}) if n % 7 == 3 and n % 11 == 1))"),
        ),
        python(
            "numpy",
            "numpy",
            format!(
                "import numpy; n = numpy.arange({NUMBERS}); \
                 print(((n % 7 == 3) & (n % 11 == 1)).sum())"
            ),
        ),
        peer(
            "PARI/GP",
            "sh",
            "-c",
            format!(
                "echo 'c = 0; for (n = 0, {NUMBERS} - 1, if ({condition}, c++)); print(c)' | gp -q -f"
            ),
        )
        .needing(installed("gp").is_some()),
        python("DuckDB, from Python", "duckdb", format!("import duckdb; print(duckdb.sql(\"{query}\").fetchall()[0][0])")),
    ];
    let title = "Expression: the same over 0..2e7, whole process".to_owned();
    let unit = Unit::Rate { work: NUMBERS as f64, scale: 1e6, name: "M numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// How many bytes it takes to write the numbers below a power of ten, each on a line.
fn bytes(digits: u32) -> u64 {
    let below = |digits: u32| if digits == 0 { 0 } else { 10_u64.pow(digits) };
    (1..=digits).map(|n| (below(n) - below(n - 1)) * u64::from(n)).sum::<u64>() + below(digits)
}

/// A shell that ends with what is to be checked.
fn shell(name: String, script: String, answer: u64) -> Contender {
    let sh = PathBuf::from("/bin/sh");
    Contender::peer(name, Some(&sh), "-c", Answer::Integer(answer.into())).argument(script)
}

/// Every n of 0..1e8 as a line: what `seq` is for.
pub(crate) fn lines(paths: &Paths, options: &Options) -> Findings {
    let workers = options.workers;
    let text = bytes(8);
    let program = paths.evenly.display();
    let evenly = format!("evenly find 'n >= 0' 0..1e8 -j {workers}");
    let find = format!("{program} find 'n >= 0' 0..1e8 -j {workers}");
    let seq = "seq 0 99999999";
    let contenders = [
        shell(format!("{evenly} > /dev/null"), format!("{find} > /dev/null; echo $?"), 0)
            .for_reference(),
        shell(format!("{seq} > /dev/null"), format!("{seq} > /dev/null; echo $?"), 0),
        shell(format!("{evenly} | wc -c"), format!("{find} | wc -c"), text),
        shell(format!("{seq} | wc -c"), format!("{seq} | wc -c"), text),
    ];
    let title = "Output: every n of 0..1e8 as a line".to_owned();
    let unit = Unit::Rate { work: text as f64, scale: 1e9, name: "GB/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// Lines with a value, which nothing else writes like this.
pub(crate) fn map(paths: &Paths, options: &Options) -> Findings {
    let workers = options.workers;
    // A tab and a digit more.
    let text = bytes(8) + 2 * 100_000_000;
    let program = paths.evenly.display();
    let map = format!("{program} map 'n % 2' 0..1e8 -j {workers}");
    let name = |end: &str| format!("evenly map 'n % 2' 0..1e8 -j {workers} {end}");
    let contenders = [
        shell(name("> /dev/null"), format!("{map} > /dev/null; echo $?"), 0).for_reference(),
        shell(name("| wc -c"), format!("{map} | wc -c"), text),
    ];
    let title = "Output: map over 0..1e8".to_owned();
    let unit = Unit::Rate { work: text as f64, scale: 1e9, name: "GB/s" };
    timed(title, unit, &contenders, options.rounds())
}
