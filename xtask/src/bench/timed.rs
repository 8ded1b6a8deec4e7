//! Sections that measure time: their contenders and amounts of work.

use std::fmt::Write as _;

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::measure::{Outcome, Sample, alternate};
use super::options::Options;
use super::rivals::Rivals;
use crate::paths::{Paths, installed};
use crate::table::{Table, significant};

/// In what a contender's time is expressed.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Billions or millions of numbers a second: the amount of work, divided by a power of ten.
    Rate {
        work: f64,
        scale: f64,
        name: &'static str,
    },
    Milliseconds,
}

/// `count even` over a range so long that everything but counting vanishes.
pub(crate) fn compute(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    const NUMBERS: u64 = 10_000_000_000;
    let workers = options.workers;
    let even = || Answer::Integer(u128::from(NUMBERS / 2));
    let exercise = |name: &str, program| {
        let name = format!("exercise in C, {name}");
        Contender::peer(name, program, &format!("{workers} 0 {NUMBERS}"), even())
    };
    let rayon = |name: &str, program, form: &str| {
        Contender::peer(format!("rayon, {name}"), program, &format!("{form} {NUMBERS}"), even())
            .environment("RAYON_NUM_THREADS", workers.to_string())
    };
    let (default, native) = (rivals.rayon_default.as_ref(), rivals.rayon_native.as_ref());
    let contenders = [
        Contender::evenly(&paths.evenly, &format!("count even 0..1e10 -j {workers}"), even()),
        exercise("-O2", rivals.exercise_o2.as_ref()),
        exercise("-O3 -march=native", rivals.exercise_o3.as_ref()),
        rayon("every number tested", default, "even-every"),
        rayon("every number tested, target-cpu=native", native, "even-every"),
        rayon("folded by the compiler", default, "even-folded"),
        rayon("folded by the compiler, target-cpu=native", native, "even-folded"),
        parallel_exercise(rivals, workers, NUMBERS),
    ];
    let title = format!("Compute: count the even n of 0..1e10, {workers} workers, whole process");
    let unit = Unit::Rate { work: NUMBERS as f64, scale: 1e9, name: "G numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// GNU parallel over one sequential run of the C exercise for each part of the range.
fn parallel_exercise(rivals: &Rivals, workers: usize, numbers: u64) -> Contender {
    let parts = workers as u64;
    let cut = |part: u64| (u128::from(numbers) * u128::from(part) / u128::from(parts)).to_string();
    let total = Answer::SumOfLines(u128::from(numbers / 2));
    let program = rivals.parallel.as_ref().filter(|_| rivals.exercise_o3.is_some());
    let name = "GNU parallel + exercise in C, -O3 -march=native";
    let mut contender = Contender::peer(name, program, &format!("-j {workers} --link"), total)
        .argument(rivals.exercise_o3.clone().unwrap_or_default());
    for argument in ["1", "{1}", "{2}", ":::"] {
        contender = contender.argument(argument);
    }
    contender = (0..parts).fold(contender, |c, part| c.argument(cut(part))).argument(":::");
    (1..=parts).fold(contender, |c, part| c.argument(cut(part)))
}

/// A chunk for every single number: what it costs to hand out work and get a result back.
pub(crate) fn dispatch(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    let (numbers, range) = match options.quick {
        true => (20_000_000_u64, "0..2e7"),
        false => (40_000_000, "0..4e7"),
    };
    let workers = options.workers;
    let even = || Answer::Integer(u128::from(numbers / 2));
    let rayon = |name: &str, form: &str| {
        let arguments = format!("{form} {numbers}");
        Contender::peer(name, rivals.rayon_default.as_ref(), &arguments, even())
            .environment("RAYON_NUM_THREADS", workers.to_string())
    };
    let evenly = format!("count even {range} --split fixed:1 -j {workers}");
    let raw = |name: &str, per_write: u32| {
        let arguments = format!("{numbers} {per_write}");
        let answer = Answer::Integer(u128::from(numbers));
        Contender::peer(name, rivals.pipe_records.as_ref(), &arguments, answer)
    };
    let contenders = [
        Contender::evenly(&paths.evenly, &evenly, even()),
        rayon("rayon inside one process, one task each", "tasks"),
        rayon("rayon inside one process, scope.spawn each", "spawn"),
        raw("raw pipe, 32-byte records one way, 128 to a write", 128),
    ];
    let title = format!("Dispatch: one task is one number, {workers} workers, whole process");
    let unit = Unit::Rate { work: numbers as f64, scale: 1e6, name: "M tasks/s" };
    timed(title, unit, &contenders, options.rounds())
}

/// A trivial range, so that making and ending the processes is all there is.
pub(crate) fn startup(
    paths: &Paths,
    rivals: &Rivals,
    options: &Options,
) -> Result<Findings, String> {
    let title = "Start-up: a trivial range, whole process";
    let mut all = Findings { table: Table::new(title, RATIO, &[]), failures: Vec::new() };
    for workers in [1, 2, 8, 64, 256] {
        eprintln!("  {workers} workers");
        let contenders = startup_contenders(paths, rivals, workers)?;
        // Such short runs scatter, and more of them cost little.
        let found = timed(title.into(), Unit::Milliseconds, &contenders, 3 * options.rounds());
        all.table.header = found.table.header;
        all.table.rows.extend(found.table.rows);
        all.failures.extend(found.failures);
    }
    Ok(all)
}

fn startup_contenders(
    paths: &Paths,
    rivals: &Rivals,
    workers: usize,
) -> Result<[Contender; 4], String> {
    let lines = paths.bench.join(format!("lines-{workers}"));
    let mut text = String::new();
    for n in 1..=workers {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{n}");
    }
    std::fs::write(&lines, text).map_err(|error| format!("{}: {error}", lines.display()))?;

    let evenly = format!("count even 0..1000 -j {workers}");
    let each_true = |name: &str, program, arguments: &str| {
        Contender::peer(name, program, arguments, Answer::Nothing).stdin(lines.clone())
    };
    let xargs = format!("-P {workers} -n1 true");
    let parallel = format!("-j {workers} true");
    Ok([
        Contender::evenly(&paths.evenly, &evenly, Answer::Integer(500)),
        Contender::peer(
            format!("exercise in C, -O2: exercise {workers} 0 1000"),
            rivals.exercise_o2.as_ref(),
            &format!("{workers} 0 1000"),
            Answer::Integer(500),
        ),
        each_true(&format!("xargs {xargs}"), rivals.xargs.as_ref(), &xargs),
        each_true(&format!("GNU parallel {parallel}"), rivals.parallel.as_ref(), &parallel),
    ])
}

/// A function with real work in it, beside the program made for it.
pub(crate) fn prime(paths: &Paths, options: &Options) -> Findings {
    const PRIMES_BELOW_1E10: u128 = 455_052_511;
    let workers = options.workers;
    let answer = || Answer::Integer(PRIMES_BELOW_1E10);
    let evenly = format!("count prime 0..1e10 -j {workers}");
    let primesieve = format!("1e10 -t{workers} -q");
    let contenders = [
        Contender::evenly(&paths.evenly, &evenly, answer()),
        Contender::peer(
            format!("primesieve {primesieve}"),
            installed("primesieve").as_ref(),
            &primesieve,
            answer(),
        ),
    ];
    let title = format!("Primes: count the primes of 0..1e10, {workers} workers, whole process");
    let unit = Unit::Rate { work: 1e10, scale: 1e9, name: "G numbers/s" };
    timed(title, unit, &contenders, options.rounds())
}

pub(crate) const RATIO: &str =
    "Medians of alternating runs; `evenly/it` says how many times as fast evenly is.";

/// Measures the contenders and makes the table: one row for each, also for one that is missing.
pub(crate) fn timed(
    title: String,
    unit: Unit,
    contenders: &[Contender],
    rounds: usize,
) -> Findings {
    let outcomes = alternate(contenders, rounds);
    let unit_name = match unit {
        Unit::Rate { name, .. } => name,
        Unit::Milliseconds => "ms",
    };
    let mut table = Table::new(title, RATIO, &["contender", unit_name, "min–max", "evenly/it"]);
    let mut failures = Vec::new();
    let reference = contenders.iter().zip(&outcomes).find_map(|pair| match pair {
        (contender, Outcome::Measured(sample)) if contender.is_evenly => Some(sample.median),
        _ => None,
    });
    for (contender, outcome) in contenders.iter().zip(&outcomes) {
        let cells = match outcome {
            Outcome::Measured(sample) => {
                let ratio = reference.map_or_else(
                    || "-".into(),
                    |evenly| significant(sample.median.as_secs_f64() / evenly.as_secs_f64()),
                );
                let [median, spread] = unit.figures(sample);
                [median, spread, ratio]
            }
            Outcome::NotInstalled => ["not installed".into(), "-".into(), "-".into()],
            Outcome::Failed(failure) => {
                failures.push(failure.clone());
                ["FAILED".into(), "-".into(), "-".into()]
            }
        };
        table.rows.push([contender.name.clone()].into_iter().chain(cells).collect());
    }
    Findings { table, failures }
}

impl Unit {
    /// The median, and the lowest and the highest figure.
    fn figures(self, sample: &Sample) -> [String; 2] {
        let figure = |time: std::time::Duration| match self {
            Self::Rate { work, scale, .. } => significant(work / time.as_secs_f64() / scale),
            Self::Milliseconds => significant(time.as_secs_f64() * 1e3),
        };
        let (one, other) = match self {
            Self::Rate { .. } => (sample.longest, sample.shortest),
            Self::Milliseconds => (sample.shortest, sample.longest),
        };
        [figure(sample.median), format!("{}–{}", figure(one), figure(other))]
    }
}
