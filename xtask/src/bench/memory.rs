//! Benchmark of memory: the sum over all processes of a run.
//!
//! PSS counts a page that several processes share once in all, divided among them, so the sum over
//! the processes is honest: a forked worker is charged for what it has changed, no more.

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::rivals::Rivals;
use crate::paths::Paths;
use crate::table::{Table, significant};

const WORKERS: usize = 64;
/// How long a contender may take to have its workers at work.
const START_MAX: Duration = Duration::from_secs(10);
/// After that the workers have touched what they touch.
const SETTLE: Duration = Duration::from_millis(500);
/// The processor time that any process of a run may use: far more than it needs before it is read.
const CPU_MAX_S: u32 = 5;
/// How long a contender may take to end in good order.
const END_MAX: Duration = Duration::from_secs(5);

/// Starts each contender on a range it can never finish, reads its memory, and kills it.
pub(crate) fn measure(paths: &Paths, rivals: &Rivals, options: &Options) -> Findings {
    const ENDLESS: u64 = 1 << 62;
    let contenders = [
        Contender::evenly(
            &paths.evenly,
            &format!("count even 0..2^62 -j {WORKERS}"),
            Answer::Nothing,
        ),
        Contender::peer(
            "exercise in C, -O2",
            rivals.exercise_o2.as_ref(),
            &format!("{WORKERS} 0 {ENDLESS}"),
            Answer::Nothing,
        ),
    ];
    let title = format!("Memory: PSS of all processes, {WORKERS} workers at work");
    let mut table = Table::new(title, "", &["contender", "MiB", "min–max", "processes"]);
    let mut failures = Vec::new();
    for contender in &contenders {
        let figures = (0..options.rounds()).map(|_| once(contender)).collect::<Result<Vec<_>, _>>();
        let cells = match figures {
            Ok(figures) => summary(figures.into_iter().flatten().collect()),
            Err(failure) => {
                failures.push(format!("{}: {failure}", contender.name));
                ["FAILED".into(), "-".into(), "-".into()]
            }
        };
        table.rows.push([contender.name.clone()].into_iter().chain(cells).collect());
    }
    Findings { table, failures }
}

/// The memory of all processes in KiB, and how many they are.
struct Footprint {
    pss_kib: u64,
    processes: usize,
}

fn summary(mut figures: Vec<Footprint>) -> [String; 3] {
    figures.sort_unstable_by_key(|footprint| footprint.pss_kib);
    let (Some(least), Some(most)) = (figures.first(), figures.last()) else {
        return ["not installed".into(), "-".into(), "-".into()];
    };
    let mib = |footprint: &Footprint| significant(footprint.pss_kib as f64 / 1024.0);
    let middle = &figures[figures.len() / 2];
    [mib(middle), format!("{}–{}", mib(least), mib(most)), middle.processes.to_string()]
}

fn once(contender: &Contender) -> Result<Option<Footprint>, String> {
    let Some(command) = contender.command()? else { return Ok(None) };
    // Should the benchmark itself be killed, then no worker goes on counting for ever: the limit
    // is inherited by every process of the run.
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -t {CPU_MAX_S}; exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut primary = limited.spawn().map_err(|error| error.to_string())?;
    let footprint = observe(&mut primary);
    end(contender, primary);
    footprint.map(Some)
}

fn observe(primary: &mut Child) -> Result<Footprint, String> {
    let started = Instant::now();
    while descendants(primary.id()).len() < WORKERS {
        if let Ok(Some(status)) = primary.try_wait() {
            return Err(format!("ended early ({status})"));
        }
        if started.elapsed() > START_MAX {
            return Err(format!("has no {WORKERS} workers after {} s", START_MAX.as_secs()));
        }
        sleep(Duration::from_millis(10));
    }
    sleep(SETTLE);
    let mut processes = descendants(primary.id());
    processes.push(primary.id());
    let sizes: Vec<u64> = processes.iter().filter_map(|pid| pss_kib(*pid)).collect();
    if sizes.len() <= WORKERS {
        return Err("cannot read the memory of all processes".into());
    }
    Ok(Footprint { pss_kib: sizes.iter().sum(), processes: sizes.len() })
}

/// Ends the run so that the primary still waits for its workers. Evenly does so at SIGTERM, the exercise when its
/// workers are gone. Kills the processes that are left, which would disturb the next measurement.
fn end(contender: &Contender, mut primary: Child) {
    let workers = descendants(primary.id());
    if contender.is_evenly {
        kill("-TERM", &[primary.id()]);
    } else {
        kill("-KILL", &workers);
    }
    let started = Instant::now();
    while matches!(primary.try_wait(), Ok(None)) && started.elapsed() < END_MAX {
        sleep(Duration::from_millis(10));
    }
    // Both do nothing to a primary that has ended.
    let _ = primary.kill();
    let _ = primary.wait();
    kill("-KILL", &workers);
}

/// The shell's own `kill`, which every system has. A process that has gone by itself is no error.
fn kill(signal: &str, pids: &[u32]) {
    let _ = Command::new("sh")
        .args(["-c", "kill \"$@\"", "sh", signal])
        .args(pids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status();
}

/// Every process below this one. The parent of each process stands in the file `stat`, after the
/// name, which stands in parentheses and may itself contain anything.
fn descendants(ancestor: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut unvisited = vec![ancestor];
    while let Some(pid) = unvisited.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        found.extend(&below);
        unvisited.extend(below);
    }
    found
}

pub(crate) fn pss_kib(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
