//! Benchmark of chunk lengths: commands with a fixed cost, sized by time and by the best fixed length, and the predicted end.
//!
//! The target: at most 1.25 times the best fixed length and the time of six commands. The predicted end should be within
//! 20 % of the duration from a tenth of the run on.

use super::findings::Findings;
use super::options::Options;
use crate::paths::{Paths, installed};
use crate::table::{Table, significant};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command for each chunk.
struct Case {
    name: &'static str,
    /// How many n there are.
    numbers: u64,
    /// Script of sh: `$0` is the first n, `$1` the end, `$2` the directory of the database.
    script: &'static str,
    rate: Option<&'static str>,
    /// Time that the command takes whatever it does.
    fixed_ms: f64,
    /// Fixed lengths to find the best of.
    lengths: &'static [u64],
}

const CASES: [Case; 6] = [
    Case {
        name: "sleep 0.1",
        numbers: 1_000_000,
        script: "exec sleep 0.1",
        rate: None,
        fixed_ms: 100.0,
        lengths: &[250_000, 500_000],
    },
    Case {
        name: "SQLite backfill",
        numbers: 1_000_000,
        // A connection to a server and a durable commit take longer than those of a local file.
        script: "sleep 0.05; exec sqlite3 -cmd '.timeout 600000' $2/backfill.db \
                 \"UPDATE t SET b = id * 7919 % 1000003 WHERE id >= $0 AND id < $1\"",
        rate: None,
        fixed_ms: 50.0,
        lengths: &[60_000, 125_000, 500_000],
    },
    Case {
        name: "20 ms + 1 us/n, 4/s",
        numbers: 10_000_000,
        script: SLEEP_BY_LENGTH[0],
        rate: Some("4/s"),
        fixed_ms: 20.0,
        lengths: &[500_000, 1_000_000, 2_500_000],
    },
    Case {
        name: "a start and 10 us/n",
        numbers: 200_000,
        script: SLEEP_BY_LENGTH[1],
        rate: None,
        fixed_ms: 1.0,
        lengths: &[1_000, 10_000, 50_000],
    },
    Case {
        name: "1 s + 10 ms/n",
        numbers: 4_000,
        script: SLEEP_BY_LENGTH[2],
        rate: None,
        fixed_ms: 1_000.0,
        lengths: &[500, 1_000, 2_000],
    },
    Case {
        name: "heavy-tailed: 20 ms + 1 ms/n, each 1000th n 1 s",
        numbers: 10_000,
        script: SLEEP_BY_LENGTH[3],
        rate: None,
        fixed_ms: 20.0,
        lengths: &[100, 500, 1_000],
    },
];

const SLEEP_BY_LENGTH: [&str; 4] = [
    "us=$((20000 + $1 - $0)); exec sleep $((us / 1000000)).$(printf %06d $((us % 1000000)))",
    "us=$((10 * ($1 - $0))); exec sleep $((us / 1000000)).$(printf %06d $((us % 1000000)))",
    "us=$((1000000 + 10000 * ($1 - $0))); \
     exec sleep $((us / 1000000)).$(printf %06d $((us % 1000000)))",
    "us=$((20000 + 1000 * ($1 - $0) + 999000 * (($1 + 666) / 1000 - ($0 + 666) / 1000))); \
     exec sleep $((us / 1000000)).$(printf %06d $((us % 1000000)))",
];

/// One row for each case: the best fixed length, chunks sized by time, their ratio to the target, and the ETA.
pub(crate) fn measure(paths: &Paths, options: &Options) -> Result<Findings, String> {
    let title = format!("Chunks of commands with a fixed cost, {} workers", options.workers);
    let note = "Best of the fixed lengths and of the runs sized by time. `of the target` is the time divided by 1.25 \
                times the best fixed length and six times the fixed cost. `ETA` is from which part of the run on an end \
                is predicted, and its largest error from a tenth on, as part of the duration.";
    let header = [
        "command",
        "best fixed s",
        "length",
        "timed s",
        "ratio",
        "of the target",
        "ETA from",
        "error",
    ];
    let mut findings = Findings { table: Table::new(title, note, &header), failures: Vec::new() };
    for case in &CASES {
        eprintln!("  {}", case.name);
        let is_sqlite = case.script.contains("sqlite3");
        if is_sqlite && installed("sqlite3").is_none() {
            let cells = [case.name, "sqlite3 is not installed", "-", "-", "-", "-", "-", "-"];
            findings.table.rows.push(cells.map(str::to_owned).to_vec());
            continue;
        }
        if is_sqlite {
            make_database(&paths.bench, case.numbers)?;
        }
        match case.row(paths, options) {
            Ok(row) => findings.table.rows.push(row),
            Err(failure) => findings.failures.push(format!("{}: {failure}", case.name)),
        }
    }
    Ok(findings)
}

impl Case {
    fn row(&self, paths: &Paths, options: &Options) -> Result<Vec<String>, String> {
        let rounds = if options.quick { 1 } else { 3 };
        let mut fixed: Option<(Duration, u64)> = None;
        let mut timed: Option<Run> = None;
        for _ in 0..rounds {
            for len in self.lengths {
                let run = self.run(paths, options, Some(*len))?;
                if fixed.is_none_or(|(best, _)| run.duration < best) {
                    fixed = Some((run.duration, *len));
                }
            }
            let run = self.run(paths, options, None)?;
            if timed.as_ref().is_none_or(|best| run.duration < best.duration) {
                timed = Some(run);
            }
        }
        let ((best, len), timed) = fixed.zip(timed).ok_or("nothing was measured")?;
        let (best_s, timed_s) = (best.as_secs_f64(), timed.duration.as_secs_f64());
        let target_s = 1.25 * best_s + 6.0 * self.fixed_ms / 1e3;
        let (from, error) = timed.prediction();
        Ok(vec![
            self.name.to_owned(),
            significant(best_s),
            len.to_string(),
            significant(timed_s),
            significant(timed_s / best_s),
            significant(timed_s / target_s),
            from.map_or_else(|| "-".to_owned(), |from| format!("{:.0} %", from * 100.0)),
            error.map_or_else(|| "-".to_owned(), |error| format!("{:.0} %", error * 100.0)),
        ])
    }

    /// Runs it with chunks of this length, or sized by time.
    fn run(&self, paths: &Paths, options: &Options, len: Option<u64>) -> Result<Run, String> {
        let events = paths.bench.join("chunks.jsonl");
        let _ = std::fs::remove_file(&events);
        let mut command = Command::new(&paths.evenly);
        command.args(["run", &format!("0..{}", self.numbers), "-q"]);
        command.args(["-j", &options.workers.to_string()]).arg("--events").arg(&events);
        if let Some(len) = len {
            command.args(["--chunk", &len.to_string()]);
        }
        if let Some(rate) = self.rate {
            command.args(["--max-rate", rate]);
        }
        command.args(["--", "sh", "-c", self.script, "{start}", "{end}"]).arg(&paths.bench);
        let started = Instant::now();
        let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        let duration = started.elapsed();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} ({})", output.status, said.trim_end()));
        }
        let text = std::fs::read_to_string(&events).map_err(|error| error.to_string())?;
        Ok(Run { duration, predictions: text.lines().filter_map(prediction).collect() })
    }
}

/// What a run took, and what was predicted meanwhile.
struct Run {
    duration: Duration,
    /// Seconds since the start, and seconds left by then.
    predictions: Vec<(f64, f64)>,
}

impl Run {
    /// From which part of the run on an end is predicted, and the largest error from a tenth of the run on.
    fn prediction(&self) -> (Option<f64>, Option<f64>) {
        let whole = self.duration.as_secs_f64();
        let from = self.predictions.first().map(|(now, _)| now / whole);
        let late = self.predictions.iter().filter(|(now, _)| *now >= whole / 10.0);
        let errors = late.map(|(now, left)| ((now + left) / whole - 1.0).abs());
        (from, errors.reduce(f64::max))
    }
}

/// The time and the seconds left of a progress event.
fn prediction(line: &str) -> Option<(f64, f64)> {
    let number = |key: &str| {
        let value = line.split_once(&format!("\"{key}\":"))?.1;
        value.split([',', '}']).next()?.parse::<f64>().ok()
    };
    Some((number("time_s")?, number("seconds_left")?))
}

/// Makes a table with this many rows.
fn make_database(directory: &Path, rows: u64) -> Result<(), String> {
    let database = directory.join("backfill.db");
    let _ = std::fs::remove_file(&database);
    let script = format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER); CREATE INDEX by_b ON t (b); \
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} - 1) \
         INSERT INTO t SELECT i, i * 7 % 1000, 0 FROM n;"
    );
    let output = Command::new("sqlite3").arg(&database).arg(script).output();
    let output = output.map_err(|error| format!("sqlite3: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("sqlite3: {}", String::from_utf8_lossy(&output.stderr).trim_end())),
    }
}
