//! Captions of the stages, and the details that the tables do not show.

use super::roles::Roles;
use evenly::internal::{Processes, Stage, WorkerProcess};
use evenly::observe::AgentSeen;

/// Width of a page, in columns.
const COLUMNS: usize = 100;

/// Most entries of a list.
const SHOWN: usize = 8;

/// The name of a stage, and what its tables show.
pub(super) fn captions(stage: Stage, processes: &Processes) -> (&'static str, &'static str) {
    // Agents have workers, and this machine has none.
    let is_without = processes.assignment_pipes.is_empty();
    match stage {
        Stage::PipesMade if is_without => {
            ("pipes made", "one for results, although no worker will write it")
        }
        Stage::PipesMade => ("pipes made", "the primary holds both ends of all"),
        Stage::Forked => ("forked", "each worker inherited every end (stopped, to be seen)"),
        Stage::Closed if is_without => {
            ("closed", "no worker runs on this machine: agents must join")
        }
        Stage::Closed => ("closed", "each keeps the two ends that are its own"),
        Stage::RangesSent => ("ranges sent", "they wait in the pipes until the workers go on"),
        Stage::Results => ("results", "the answers wait in the one shared pipe"),
        Stage::AgentJoined => ("an agent joined", "a process with workers and pipes of its own"),
        Stage::WriteEndClosed => {
            ("write ends fall to 0", "the primary closes the assignment pipes, one by one")
        }
        Stage::EndOfFile => ("end of file", "no write end is open, so the primary's read gave 0"),
        Stage::Waited if is_without => {
            ("waited", "the agents were sent home; nothing is left here")
        }
        Stage::Waited => ("waited", "every worker was waited for; nothing is left"),
    }
}

/// The lines below the caption.
pub(super) fn details(stage: Stage, roles: &Roles<'_>) -> String {
    match stage {
        Stage::RangesSent => ranges(roles.processes),
        Stage::AgentJoined => roles.processes.agents.last().map(line).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The list of the agents on other machines, which have no tables here.
pub(super) fn elsewhere(roles: &Roles<'_>) -> String {
    let agents: Vec<_> = roles.elsewhere().collect();
    if agents.is_empty() {
        return String::new();
    }
    let mut text = "\non other machines, where only they can look:\n".to_owned();
    text.extend(agents.iter().take(SHOWN).map(|agent| line(agent)));
    if agents.len() > SHOWN {
        text += &format!("   … and {} more\n", agents.len() - SHOWN);
    }
    text
}

/// An agent on one line, cut at the width of the page.
fn line(agent: &AgentSeen) -> String {
    let plural = if agent.workers == 1 { "" } else { "s" };
    let text = format!("   {agent}, {} worker{plural}", agent.workers);
    let text: String = text.chars().map(|one| if one.is_control() { '?' } else { one }).collect();
    if text.chars().count() <= COLUMNS {
        return text + "\n";
    }
    text.chars().take(COLUMNS - 1).chain("…\n".chars()).collect()
}

fn ranges(processes: &Processes) -> String {
    let sent = |worker: &WorkerProcess| match worker.range {
        Some(range) => format!("{}..={}", range.first(), range.last()),
        None => "nothing".to_owned(),
    };
    let workers = (1..).zip(&processes.workers).take(SHOWN);
    let mut text: String =
        workers.map(|(number, worker)| format!("   worker {number}: {}\n", sent(worker))).collect();
    if processes.workers.len() > SHOWN {
        text += &format!("   … and {} more\n", processes.workers.len() - SHOWN);
    }
    text
}
