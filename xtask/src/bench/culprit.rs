//! Benchmark of a number that kills its worker: time from the first loss to the report, and number of lost workers.

use super::findings::Findings;
use super::options::Options;
use crate::paths::Paths;
use crate::table::{Table, significant};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A signal that the worker reports before it ends, and one that it cannot.
const FAULTS: [(&str, &str); 2] = [("crash", "with its crash report"), ("kill", "by halving")];

/// The library of the functions `crash` and `kill`.
const SOURCE: &str = "#include <signal.h>
#include <stdint.h>
int64_t crash(int64_t n) { if (n == 777) raise(SIGSEGV); return n % 2 == 0; }
int64_t kill_(int64_t n) { if (n == 777) raise(SIGKILL); return n % 2 == 0; }
";

/// The lengths of the only chunk.
const CHUNKS: [&str; 3] = ["1e3", "1e6", "1e9"];

pub(crate) fn measure(paths: &Paths, options: &Options) -> Findings {
    let title = "A number that ends its worker, in one chunk: until it is reported".to_owned();
    let note = "Medians. From the first worker lost to the report, by the times in `--events`; a worker is \
                ended for each death, and another one forked.";
    let header = ["contender", "found", "ms", "min–max", "deaths"];
    let mut table = Table::new(title, note, &header);
    let mut failures = Vec::new();
    let library = match build(paths) {
        Ok(library) => library,
        Err(failure) => return Findings { table, failures: vec![failure] },
    };
    for chunk in CHUNKS {
        for (fault, how) in FAULTS {
            let symbol = if fault == "kill" { "kill_" } else { fault };
            let words = format!("0..{chunk} --chunk {chunk} -j 2 --halt now,fail=1");
            let runs = (0..3 * options.rounds()).map(|_| once(paths, &library, symbol, &words));
            let cells = match runs.collect::<Result<Vec<_>, _>>() {
                Ok(runs) => summary(runs),
                Err(failure) => {
                    failures.push(format!("{fault} {words}: {failure}"));
                    ["FAILED".into(), "-".into(), "-".into()]
                }
            };
            let names = [format!("evenly count --lib {fault}@777 {words}"), how.to_owned()];
            table.rows.push(names.into_iter().chain(cells).collect());
        }
    }
    Findings { table, failures }
}

fn build(paths: &Paths) -> Result<PathBuf, String> {
    let (source, library) = (paths.bench.join("culprit.c"), paths.bench.join("culprit.so"));
    std::fs::write(&source, SOURCE).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    match compiler.status() {
        Ok(status) if status.success() => Ok(library),
        Ok(status) => Err(format!("cc {}: {status}", source.display())),
        Err(error) => Err(format!("cannot run cc: {error}")),
    }
}

/// One run: from the first loss to the report in seconds, and how many were lost.
struct Search {
    took_s: f64,
    deaths: usize,
}

fn summary(mut runs: Vec<Search>) -> [String; 3] {
    runs.sort_unstable_by(|one, other| one.took_s.total_cmp(&other.took_s));
    let mut deaths: Vec<usize> = runs.iter().map(|run| run.deaths).collect();
    deaths.sort_unstable();
    let middle = runs.len() / 2;
    let ms =
        |run: Option<&Search>| run.map_or_else(String::new, |run| significant(run.took_s * 1e3));
    let spread = format!("{}–{}", ms(runs.first()), ms(runs.last()));
    [ms(runs.get(middle)), spread, deaths[middle].to_string()]
}

fn once(paths: &Paths, library: &Path, symbol: &str, words: &str) -> Result<Search, String> {
    let file = paths.bench.join("events");
    let mut command = Command::new(&paths.evenly);
    command.arg("count").arg("--lib").arg(format!("{}:{symbol}", library.display()));
    command.args(words.split(' ')).args(["-q", "--events"]).arg(&file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().map_err(|error| error.to_string())?;
    if status.code() != Some(4) {
        return Err(format!("the job did not halt at the number ({status})"));
    }
    let events = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let times = |event: &str| {
        let mark = format!("\"event\":\"{event}\"");
        let lines = events.lines().filter(|line| line.contains(&mark));
        lines.filter_map(time_s).collect::<Vec<f64>>()
    };
    let (lost, failed) = (times("worker_lost"), times("failed"));
    match (lost.first(), &failed[..]) {
        (Some(first), [reported]) => Ok(Search { took_s: reported - first, deaths: lost.len() }),
        _ => Err("the events do not tell it".to_owned()),
    }
}

/// When something happened, by a line of the events.
fn time_s(line: &str) -> Option<f64> {
    let (_, rest) = line.split_once("\"time_s\":")?;
    rest.split_once(',')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let line = r#"{"version":1,"time_s":0.012822,"event":"worker_lost","worker":2}"#;
        assert_eq!(time_s(line), Some(0.012_822));
        assert_eq!(time_s(r#"{"version":1,"time_s":4e-6,"event":"started"}"#), Some(4e-6));
    }

    #[test]
    fn the_median_is_told() {
        let run = |took_s, deaths| Search { took_s, deaths };
        let cells = summary(vec![run(0.3, 4), run(0.001, 2), run(0.002, 3)]);
        assert_eq!(cells, ["2.00", "1.00–300", "3"]);
    }
}
