//! The answer of a running job: a JSON object, and its text.

use crate::machine_table::{self, MachineFields};
use crate::short;
use crate::unit::Unit;
use evenly::observe::Status;
use evenly::printable;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Version of the answer.
pub(crate) const VERSION: u32 = 1;

/// Machines in an answer, so that it fits the buffer of a socket (208 KiB by default).
const MOST_MACHINES: usize = 200;

/// Characters of the call and of paths in an answer.
const MOST_CHARACTERS: usize = 1000;

/// What a job says of itself. Integers of the range and counts of them are strings, as in other JSON of this program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StatusDocument {
    version: u32,
    pid: u32,
    /// The words of the call, as a shell reads them.
    call: String,
    directory: Option<String>,
    journal: Option<String>,
    /// What one item is called.
    unit: String,
    covered: String,
    /// `null`: the items have no end.
    total: Option<String>,
    failed: String,
    per_second: Option<f64>,
    seconds_left: Option<f64>,
    elapsed_s: f64,
    workers: u32,
    agents: u32,
    machines: Vec<MachineFields>,
    /// Machines that are not listed.
    more_machines: usize,
}

/// What is known of a job that does not answer.
#[derive(Serialize)]
pub(crate) struct Unanswered {
    pub(crate) version: u32,
    pub(crate) pid: u32,
    pub(crate) answers: bool,
}

/// The parts of the answer that stay the same.
#[derive(Clone, Debug)]
pub(crate) struct JobDescription {
    pub(crate) call: String,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) has_end: bool,
    pub(crate) unit: Unit,
}

fn shown(text: &str) -> String {
    printable(text.as_bytes(), MOST_CHARACTERS)
}

impl StatusDocument {
    pub(crate) fn new(job: &JobDescription, journal: Option<PathBuf>, status: &Status) -> Self {
        let path = |path: PathBuf| shown(&path.to_string_lossy());
        let progress = status.progress;
        let machines = status.machines.iter().take(MOST_MACHINES);
        let machines = machines.map(|machine| MachineFields::new(machine, &status.machines));
        Self {
            version: VERSION,
            pid: std::process::id(),
            call: shown(&job.call),
            directory: job.directory.clone().map(path),
            journal: journal.map(path),
            unit: job.unit.name(2).to_owned(),
            covered: progress.covered.to_string(),
            total: job.has_end.then(|| progress.total.to_string()),
            failed: status.failed.to_string(),
            per_second: progress.per_second,
            seconds_left: progress.seconds_left,
            elapsed_s: status.elapsed.as_millis() as f64 / 1e3,
            workers: progress.workers,
            agents: progress.agents,
            machines: machines.collect(),
            more_machines: status.machines.len().saturating_sub(MOST_MACHINES),
        }
    }

    /// The journal that it writes, as it names it.
    pub(crate) fn journal(&self) -> Option<&str> {
        self.journal.as_deref()
    }

    /// How much is done: `1234 of 5000 (24%)`.
    fn done(&self) -> String {
        let Some(total) = &self.total else { return self.covered.clone() };
        let percent = match (self.covered.parse::<u128>(), total.parse::<u128>()) {
            (Ok(covered), Ok(total)) => covered * 100 / total.max(1),
            _ => 0,
        };
        format!("{} of {total} ({percent}%)", self.covered)
    }

    fn rate(&self) -> String {
        self.per_second.map_or("-".to_owned(), |rate| format!("{}/s", short::rate(rate)))
    }

    fn left(&self) -> String {
        self.seconds_left.map_or("-".to_owned(), short::time_left)
    }

    /// The columns of this job in the table of all jobs.
    pub(crate) fn columns(&self) -> [String; 6] {
        [
            self.done(),
            self.failed.clone(),
            self.rate(),
            self.left(),
            self.workers.to_string(),
            shown(&self.call),
        ]
    }

    /// A key, a tab and a value on each line, and the table of machines.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut put = |key: &str, value: &str| text += &format!("{key}\t{}\n", shown(value));
        put("call", &self.call);
        put("pid", &self.pid.to_string());
        if let Some(directory) = &self.directory {
            put("directory", directory);
        }
        if let Some(journal) = &self.journal {
            put("journal", journal);
        }
        put("done", &self.done());
        put("failed", &self.failed);
        put("rate", &self.rate());
        put("left", &self.left());
        put("elapsed", &short::time(self.elapsed_s));
        put("workers", &self.workers.to_string());
        put("agents", &self.agents.to_string());
        text += &machine_table::of_fields(&self.machines, &self.unit, "");
        if self.more_machines > 0 {
            text += &format!("… and {} more machines\n", self.more_machines);
        }
        text
    }
}
