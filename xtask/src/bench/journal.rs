//! Benchmark of the journal: the same runs with and without one, in turn.

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::timed::{RATIO, Unit, timed};
use crate::paths::Paths;
use crate::table::Table;

/// A minute of counting, lines of which each goes into the file, and commands.
pub(crate) fn measure(paths: &Paths, options: &Options) -> Findings {
    let title = "Journal: the same run without and with one";
    let mut all = Findings { table: Table::new(title, RATIO, &[]), failures: Vec::new() };
    let workers = options.workers;
    let mut pair = |question: &str, command: &str, answer: &dyn Fn() -> Answer| {
        eprintln!("  {question} {command}");
        let words = format!("{question} -j {workers} -q");
        let file = paths.bench.join("bench.journal");
        let contenders = [
            Contender::evenly(&paths.evenly, &format!("{words} {command}"), answer())
                .environment("EVENLY_JOURNAL_AFTER", "never"),
            Contender::evenly(&paths.evenly, &words, answer())
                .argument("--journal")
                .file_that_it_makes(file)
                .arguments(command)
                .named(format!("evenly {words} --journal FILE {command}"))
                .for_comparison(),
        ];
        let found = timed(title.into(), Unit::Milliseconds, &contenders, 3);
        all.table.header = found.table.header;
        all.table.rows.extend(found.table.rows);
        all.failures.extend(found.failures);
    };
    let (range, numbers) =
        if options.quick { ("0..4e11", 400_000_000_000) } else { ("0..5e12", 5_000_000_000_000) };
    pair(&format!("count even {range}"), "", &|| Answer::Integer(numbers / 2));
    // Multiples of 1000, whose sum is known.
    let (range, lines) = if options.quick { ("0..1e9", 1_000_000) } else { ("0..5e9", 5_000_000) };
    pair(&format!("find n%1000==0 {range}"), "", &|| {
        Answer::SumOfLines(1000 * (lines * (lines - 1) / 2))
    });
    let count: u128 = if options.quick { 1000 } else { 30_000 };
    pair(&format!("count 0..{count}"), "-- true {}", &|| Answer::Integer(count));
    all
}
