//! Roles of the processes, pipes and sockets of a job.

use super::command_view::CommandView;
use evenly::Interval;
use evenly::internal::Processes;
use evenly::internal::procfs_snapshot::{Family, Snapshot, SocketState, SocketView, ViewError};
use evenly::observe::AgentSeen;
use evenly_inspect::{Language, say};
use std::time::{Duration, Instant};

/// Longest wait for the workers of an agent to close the descriptors that they do not use after the fork.
const SETTLING: Duration = Duration::from_millis(500);

/// The processes of a job, with those of its agents on this machine.
pub(super) struct Roles<'a> {
    pub(super) processes: &'a Processes,
    /// Each agent, with its workers if it runs on this machine.
    pub(super) agents: Vec<(&'a AgentSeen, Option<Family>)>,
    /// Processes of commands.
    pub(super) commands: Vec<CommandView>,
    /// The language of the roles.
    pub(super) language: Language,
}

impl<'a> Roles<'a> {
    pub(super) fn of(processes: &'a Processes, language: Language) -> Result<Self, ViewError> {
        let began = Instant::now();
        let family = |agent: &AgentSeen| loop {
            let family = Family::of(agent.pid)?;
            if is_settled(&family) || began.elapsed() > SETTLING {
                return Ok(family);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let with_family = |agent: &'a AgentSeen| {
            let family = if agent.is_here { Some(family(agent)?) } else { None };
            Ok((agent, family))
        };
        let agents = processes.agents.iter().map(with_family).collect::<Result<_, _>>()?;
        let commands = processes.commands.iter();
        let commands = commands.map(|command| CommandView::of(command, processes));
        let commands = commands.collect::<Result<_, _>>()?;
        Ok(Self { processes, agents, commands, language })
    }

    /// A snapshot of all these processes from /proc.
    pub(super) fn picture(&self) -> Result<Snapshot, ViewError> {
        let Processes { primary, workers, assignment_pipes, result_pipe, .. } = self.processes;
        let mut pids = vec![*primary];
        pids.extend(workers.iter().map(|worker| worker.pid));
        pids.extend(self.commands.iter().map(|command| command.pid));
        let mut pipes = assignment_pipes.clone();
        pipes.extend(Some(*result_pipe).filter(|pipe| *pipe != 0));
        pipes.extend(self.commands.iter().flat_map(CommandView::pipes));
        for (agent, family) in &self.agents {
            let Some(family) = family else { continue };
            pids.push(agent.pid);
            pids.extend(family.children.iter().map(|child| child.pid));
            pipes.extend(family.children.iter().flat_map(|child| &child.from_parent));
            pipes.extend(&family.from_children);
        }
        let mut snapshot = Snapshot::take(&pids, &pipes)?;
        if pipes.is_empty() {
            // The job has none before pipe(). Those that the processes hold are of others.
            snapshot.pipes.clear();
        }
        Ok(snapshot)
    }

    /// The first range of an agent, by its number.
    pub(super) fn range_of_agent(&self, agent: usize) -> Option<Interval> {
        let mut ranges = self.processes.agent_ranges.iter();
        ranges.find(|(other, _)| *other == agent).map(|(_, range)| *range)
    }

    /// The agents on other machines.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = &'a AgentSeen> + '_ {
        let elsewhere = self.agents.iter().filter(|(_, family)| family.is_none());
        elsewhere.map(|(agent, _)| *agent)
    }

    /// The role of a process.
    pub(super) fn role(&self, pid: u32) -> Option<String> {
        if pid == self.processes.primary {
            return Some(say!(self.language, "primary", "primario"));
        }
        if let Some(worker) = self.processes.workers.iter().position(|worker| worker.pid == pid) {
            return Some(format!("worker {}", worker + 1));
        }
        if let Some(command) = self.commands.iter().find(|command| command.pid == pid) {
            return Some(command.role(self.language));
        }
        self.here().find_map(|(agent, family)| {
            let number = agent.worker;
            if agent.pid == pid {
                return Some(say!(self.language, "agent {number}", "agente {number}"));
            }
            let worker = family.children.iter().position(|child| child.pid == pid)?;
            Some(format!("worker {number}.{}", worker + 1))
        })
    }

    /// The role of a pipe.
    pub(super) fn purpose(&self, inode: u64) -> Option<String> {
        if inode == self.processes.result_pipe {
            return Some(say!(self.language, "results", "resultados"));
        }
        let pipes = &self.processes.assignment_pipes;
        if let Some(worker) = pipes.iter().position(|pipe| *pipe == inode) {
            let worker = worker + 1;
            return Some(say!(self.language, "to worker {worker}", "a worker {worker}"));
        }
        let mut of_commands = self.commands.iter();
        if let Some(purpose) = of_commands.find_map(|one| one.purpose(inode, self.language)) {
            return Some(purpose);
        }
        self.here().find_map(|(agent, family)| {
            let number = agent.worker;
            if family.from_children.contains(&inode) {
                return Some(say!(self.language, "results {number}", "resultados {number}"));
            }
            let is_its = |pipes: &[u64]| pipes.contains(&inode);
            let worker = family.children.iter().position(|child| is_its(&child.from_parent))?;
            let worker = worker + 1;
            Some(say!(self.language, "to worker {number}.{worker}", "a worker {number}.{worker}"))
        })
    }

    /// Whether a pipe is for the results of workers that this machine does not have.
    pub(super) fn is_unused(&self, inode: u64) -> bool {
        inode == self.processes.result_pipe && self.processes.assignment_pipes.is_empty()
    }

    /// The role of a socket.
    pub(super) fn socket(&self, snapshot: &Snapshot, inode: u64) -> Option<String> {
        let find = |inode| snapshot.sockets.iter().find(|socket| socket.inode == inode);
        let socket = find(inode)?;
        let other = socket.peer_inode.and_then(find);
        let holds = |pid, socket: &SocketView| socket.holders.iter().any(|end| end.pid == pid);
        let holds_other = |pid| other.is_some_and(|other| holds(pid, other));
        let primary = self.processes.primary;
        let is_its = |agent: &AgentSeen, address: Option<String>| {
            !agent.address.starts_with("unix") && address.as_ref() == Some(&agent.address)
        };
        if holds(primary, socket) {
            use SocketState::{Bound, Listening, Unbound};
            if matches!(socket.state, Listening | Bound | Unbound) {
                return Some(say!(self.language, "for agents", "para agentes"));
            }
            let agents = self.agents.iter().map(|(agent, _)| agent);
            let agent = agents.into_iter().find(|agent| {
                is_its(agent, socket.peer_address()) || agent.is_here && holds_other(agent.pid)
            })?;
            let number = agent.worker;
            return Some(say!(self.language, "to agent {number}", "al agente {number}"));
        }
        let (agent, _) = self.here().find(|(agent, _)| {
            let leads_home = holds_other(primary) || is_its(agent, socket.own_address());
            holds(agent.pid, socket) && leads_home
        })?;
        let number = agent.worker;
        Some(say!(self.language, "from agent {number}", "del agente {number}"))
    }

    fn here(&self) -> impl Iterator<Item = (&'a AgentSeen, &Family)> {
        self.agents.iter().filter_map(|(agent, family)| Some((*agent, family.as_ref()?)))
    }
}

/// Whether each worker has a pipe that it alone reads.
fn is_settled(family: &Family) -> bool {
    family.children.iter().all(|child| !child.from_parent.is_empty())
}

/// A range as it is typed: its end does not belong to it. The exercise of the class sends these two numbers.
pub(super) fn half_open(range: Interval) -> String {
    format!("{}..{}", range.first(), i128::from(range.last()) + 1)
}
