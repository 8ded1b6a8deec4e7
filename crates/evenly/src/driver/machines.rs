//! Machines of a run: which agent connections are the same machine, and what the accounts of the engine say of each.

use crate::observe::Machine;
use evenly_core::engine::Primary;
use evenly_core::{WorkerId, printable};
use std::collections::BTreeMap;
use std::time::Duration;

/// Name of the row for the workers of this process.
const HERE: &str = "this machine";

/// Characters of a host name, as many as Linux allows (gethostname(2)).
const HOST: usize = 64;

/// An agent process. One that lost its connection and joins again is the same machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AgentProcess {
    /// Host name, as the agent sent it.
    pub(super) host: String,
    /// Its process number there.
    pub(super) pid: u32,
    /// The boot and the pid namespace that the process number belongs to.
    pub(super) boot: [u8; 16],
}

/// The agents that have ever joined.
#[derive(Debug, Default)]
pub(super) struct Machines {
    /// In the order in which they joined, with their names.
    agents: Vec<(AgentProcess, String)>,
    /// By the name of a connection in the engine: its agent.
    connections: BTreeMap<WorkerId, usize>,
}

impl Machines {
    /// An agent joins under this name of the engine: how the run calls its machine.
    pub(super) fn join(&mut self, worker: WorkerId, process: &AgentProcess) -> String {
        let known = self.agents.iter().position(|(known, _)| known == process);
        let index = known.unwrap_or_else(|| {
            let name = self.new_name(&process.host);
            self.agents.push((process.clone(), name));
            self.agents.len() - 1
        });
        self.connections.insert(worker, index);
        self.agents[index].1.clone()
    }

    /// The host name, in one word; with a number behind it if another agent has that name.
    fn new_name(&self, host: &str) -> String {
        let words: Vec<&str> = host.split_whitespace().collect();
        let host = match words.join("_") {
            word if word.is_empty() => "unnamed".to_owned(),
            word => printable(word.as_bytes(), HOST),
        };
        let is_taken = |name: &str| self.agents.iter().any(|(_, taken)| taken == name);
        let mut names = (2..).map(|number| format!("{host}#{number}"));
        if is_taken(&host) { names.find(|name| !is_taken(name)).unwrap_or(host) } else { host }
    }

    /// Whether an agent has ever joined.
    pub(super) fn has_agents(&self) -> bool {
        !self.agents.is_empty()
    }

    /// The work of each machine so far: this one first, if it has or had workers.
    pub(super) fn table(&self, engine: &Primary, now_ns: u64) -> Vec<Machine> {
        let empty = |name: &str, pid| Machine {
            name: name.to_owned(),
            pid,
            workers: 0,
            is_in: false,
            is_silent: false,
            numbers: 0,
            busy: Duration::ZERO,
            present: Duration::ZERO,
            losses: 0,
        };
        let mut here = empty(HERE, None);
        let mut agents: Vec<Machine> =
            self.agents.iter().map(|(process, name)| empty(name, Some(process.pid))).collect();
        let mut has_workers = false;
        for (worker, _, account) in engine.accounts() {
            let row = match self.connections.get(&worker) {
                Some(index) => &mut agents[*index],
                None => {
                    has_workers = true;
                    &mut here
                }
            };
            let times = u64::from(account.workers);
            row.numbers += account.numbers;
            row.busy += Duration::from_nanos(account.busy_ns.saturating_mul(times));
            row.present += Duration::from_nanos(account.present_ns(now_ns).saturating_mul(times));
            row.losses += account.losses;
            let is_in = account.left_ns.is_none();
            if account.is_agent {
                row.workers = account.workers;
            } else {
                row.workers += u32::from(is_in);
            }
            row.is_in |= is_in;
            row.is_silent |= account.is_agent && account.is_silent;
        }
        has_workers.then_some(here).into_iter().chain(agents).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(host: &str, pid: u32) -> AgentProcess {
        AgentProcess { host: host.to_owned(), pid, boot: [7; 16] }
    }

    #[test]
    fn two_agents_of_one_host_are_told_apart_and_one_that_comes_back_keeps_its_name() {
        let mut machines = Machines::default();
        let mut join = |worker, host, pid| machines.join(WorkerId(worker), &process(host, pid));
        assert_eq!(join(3, "node7", 100), "node7");
        assert_eq!(join(4, "node7", 101), "node7#2");
        assert_eq!(join(5, "node8", 100), "node8");
        assert_eq!(join(6, "node7", 100), "node7");
        assert_eq!(join(7, "node7", 102), "node7#3");
    }

    #[test]
    fn a_host_name_is_one_printable_word_and_cannot_pose_as_another_agent() {
        let mut machines = Machines::default();
        let mut join = |worker, host, pid| machines.join(WorkerId(worker), &process(host, pid));
        assert_eq!(join(0, "a b\t\x1b[31m", 1), r"a_b_\x1b[31m");
        assert_eq!(join(1, "", 2), "unnamed");
        assert_eq!(join(2, "x#2", 3), "x#2");
        assert_eq!(join(3, "x", 4), "x");
        assert_eq!(join(4, "x", 5), "x#3");
    }
}
