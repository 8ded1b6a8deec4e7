//! Calls the [`StageHook`] of a job at each stage of its run.
//!
//! Without a hook, every call from the rest of the driver returns at once. With one, the time at a stage is left out
//! of the clock of the run, so no deadline passes. Agents have clocks of their own: they get heartbeats meanwhile, and
//! their frames wait until the job goes on.

use super::clock::Clock;
use super::worker_pool::WorkerPool;
use crate::error::Error;
use crate::observe::AgentSeen;
use crate::observe::stages::{
    AGENTS_SHOWN, CommandProcess, Processes, Stage, StageHook, WorkerProcess,
};
use crate::process::end_is_asked_for;
use crate::transport::SocketCall;
use crate::transport::pipe::{self, Pipes};
use evenly_core::AssignmentRow;
use rustix::io::Errno;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest wait for one worker to stop, to leave, or to send results.
pub(super) const LIMIT: Duration = Duration::from_secs(1);

/// Time between two looks for the process of the first command, which the kernel does not announce.
pub(super) const COMMAND_CHECK: Duration = Duration::from_millis(20);

/// The hook of a run, and what it is shown.
pub(super) struct Stages {
    hook: Option<Box<dyn StageHook>>,
    processes: Processes,
    agents: AgentStages,
    /// The next stage of the first command, if one is to come.
    command: Option<Stage>,
}

/// Agents whose stages are shown, by their numbers.
#[derive(Default)]
struct AgentStages {
    /// How many connections were shown before they were accepted.
    connecting: usize,
    shown: Vec<usize>,
    /// Those whose first range was packed and not shown.
    sent: Vec<usize>,
    /// Those that have a range and have not answered.
    awaited: Vec<usize>,
}

impl Stages {
    pub(super) fn new(hook: Option<Box<dyn StageHook>>) -> Self {
        let processes = Processes { primary: std::process::id(), ..Processes::default() };
        Self { hook, processes, agents: AgentStages::default(), command: None }
    }

    /// Whether the job has a hook. Then workers stop themselves at the first stages.
    pub(super) fn is_wanted(&self) -> bool {
        self.hook.is_some()
    }

    /// A socket for agents is as this call left it.
    pub(super) fn after_socket_call(&mut self, call: SocketCall, clock: &mut Clock) {
        let stage = match call {
            SocketCall::Socket => Stage::SocketMade,
            SocketCall::Bind => Stage::SocketBound,
            SocketCall::Listen => Stage::Listening,
        };
        self.pause(stage, clock);
    }

    /// The pipes are made.
    pub(super) fn pipes_made(&mut self, pipes: &Pipes, clock: &mut Clock) -> Result<(), Errno> {
        self.describe(pipes)?;
        self.pause(Stage::PipesMade, clock);
        Ok(())
    }

    /// The workers are forked, perhaps fewer than there were pipes.
    pub(super) fn forked(
        &mut self,
        pipes: &Pipes,
        pool: &WorkerPool,
        clock: &mut Clock,
    ) -> Result<(), Errno> {
        self.describe(pipes)?;
        if self.is_wanted() && !pool.slots.is_empty() {
            let slots = pool.slots.iter();
            let workers = slots.map(|slot| WorkerProcess { pid: slot.child.number(), range: None });
            self.processes.workers = workers.collect();
            wait_until_stopped(pool)?;
            self.pause(Stage::Forked, clock);
        }
        Ok(())
    }

    /// The primary closed the ends that it does not use. The workers still have to.
    pub(super) fn closed(&mut self, pool: &WorkerPool, clock: &mut Clock) -> Result<(), Errno> {
        if self.is_wanted() {
            pool.let_go_on();
            wait_until_stopped(pool)?;
            self.pause(Stage::Closed, clock);
        }
        Ok(())
    }

    /// The first chunks are sent; the workers are still stopped.
    pub(super) fn ranges_sent(
        &mut self,
        pool: &WorkerPool,
        runs_commands: bool,
        clock: &mut Clock,
    ) {
        if self.is_wanted() && !pool.slots.is_empty() {
            self.pause(Stage::RangesSent, clock);
            self.command = runs_commands.then_some(Stage::CommandForked);
            pool.let_go_on();
        }
    }

    /// The next stage of the first command, if one is to come.
    pub(super) fn awaited_of_command(&self) -> Option<Stage> {
        self.command
    }

    /// The first worker forked a process for its command. The next stage is about it.
    pub(super) fn note_command(&mut self, pid: u32) {
        self.processes.commands = vec![CommandProcess { pid, worker: 1 }];
        self.command = Some(Stage::CommandExecuted);
    }

    /// No other stage of the command comes.
    pub(super) fn forget_command(&mut self) {
        self.processes.commands.clear();
        self.command = None;
    }

    /// The primary read end of file from the result pipe.
    pub(super) fn end_of_file(&mut self, pool: &WorkerPool, clock: &mut Clock) {
        if !pool.slots.is_empty() {
            self.pause(Stage::EndOfFile, clock);
        }
    }

    /// Every worker is reaped.
    pub(super) fn waited(&mut self, clock: &mut Clock) {
        self.pause(Stage::Waited, clock);
    }

    /// Chunks go to a worker; the hook is shown the first one.
    pub(super) fn note_assigned(&mut self, slot: usize, rows: &[AssignmentRow]) {
        if let Some(worker) = self.processes.workers.get_mut(slot)
            && worker.range.is_none()
        {
            worker.range = rows.first().map(|row| row.first().interval);
        }
        let agent = slot + 1;
        let ranges = &mut self.processes.agent_ranges;
        if self.agents.shown.contains(&agent)
            && ranges.iter().all(|(other, _)| *other != agent)
            && let Some(row) = rows.first()
        {
            ranges.push((agent, row.first().interval));
            self.agents.sent.push(agent);
        }
    }

    /// Another process with another pipe takes the place of a lost worker.
    pub(super) fn note_replaced(&mut self, slot: usize, pid: u32, assignment_pipe: u64) {
        if slot == 0 {
            self.forget_command();
        }
        let Processes { workers, assignment_pipes, .. } = &mut self.processes;
        if let (Some(worker), Some(pipe)) = (workers.get_mut(slot), assignment_pipes.get_mut(slot))
        {
            *worker = WorkerProcess { pid, range: None };
            *pipe = assignment_pipe;
        }
    }

    /// An agent has joined.
    pub(super) fn note_agent(&mut self, agent: &AgentSeen) {
        self.processes.agents.push(agent.clone());
        self.processes.agent = Some(agent.worker);
        if self.agents.shown.len() < AGENTS_SHOWN {
            self.agents.shown.push(agent.worker);
        }
    }

    /// An agent is gone.
    pub(super) fn note_agent_lost(&mut self, slot: usize) {
        let Self { processes, agents, .. } = self;
        processes.agents.retain(|agent| agent.worker != slot + 1);
        processes.agent_ranges.retain(|(agent, _)| *agent != slot + 1);
        agents.sent.retain(|agent| *agent != slot + 1);
        agents.awaited.retain(|agent| *agent != slot + 1);
    }

    /// Whether the next connection is shown before it is accepted.
    pub(super) fn shows_connecting(&self) -> bool {
        self.is_wanted() && self.agents.connecting < AGENTS_SHOWN
    }

    /// Whether no connection was shown before it was accepted.
    pub(super) fn awaits_first(&self) -> bool {
        self.is_wanted() && self.agents.connecting == 0
    }

    /// A connection is shown next.
    pub(super) fn note_connecting(&mut self) {
        self.agents.connecting += 1;
        self.processes.agent = None;
    }

    /// Whether the first range of an agent has been packed since the last call; the next stage is about that agent.
    pub(super) fn note_range_sent(&mut self) -> bool {
        if self.agents.sent.is_empty() {
            return false;
        }
        let agent = self.agents.sent.remove(0);
        self.processes.agent = Some(agent);
        self.agents.awaited.push(agent);
        true
    }

    /// Whether an answer of this agent is its first one; the next stage is about it.
    pub(super) fn note_answer(&mut self, slot: usize) -> bool {
        let before = self.agents.awaited.len();
        self.agents.awaited.retain(|agent| *agent != slot + 1);
        let is_first = self.agents.awaited.len() < before;
        if is_first {
            self.processes.agent = Some(slot + 1);
        }
        is_first
    }

    /// Lets the hook look before an answer may be read.
    pub(super) fn remember(&mut self) {
        if let Some(hook) = self.hook.as_mut().filter(|_| !self.agents.awaited.is_empty()) {
            hook.remember(&self.processes);
        }
    }

    fn describe(&mut self, pipes: &Pipes) -> Result<(), Errno> {
        if self.is_wanted() {
            let inodes = pipes.assignments.iter().map(|pipe| pipe::inode(&pipe.write_end));
            self.processes.assignment_pipes = inodes.collect::<Result<_, _>>()?;
            self.processes.result_pipe = pipe::inode(&pipes.results.read_end)?;
        }
        Ok(())
    }

    /// Stands still at a stage at which no agent has joined yet or all have left.
    pub(super) fn pause(&mut self, stage: Stage, clock: &mut Clock) {
        let nothing_fails = self.pause_while(stage, clock, |_| Ok(()));
        debug_assert!(nothing_fails.is_ok());
    }

    /// Stands still until the hook lets the job go on or a signal asks for the end, and calls `meanwhile`
    /// again and again. `meanwhile` calls what it gets before it reads from an agent.
    pub(super) fn pause_while(
        &mut self,
        stage: Stage,
        clock: &mut Clock,
        mut meanwhile: impl FnMut(&mut dyn FnMut()) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(hook) = &mut self.hook else { return Ok(()) };
        let began = Instant::now();
        hook.at_stage(stage, &self.processes);
        let mut outcome = Ok(());
        while outcome.is_ok() && !end_is_asked_for() && !hook.may_go_on() {
            outcome = meanwhile(&mut || {
                if !self.agents.awaited.is_empty() {
                    hook.remember(&self.processes);
                }
            });
        }
        clock.leave_out(began.elapsed());
        outcome
    }
}

/// Waits until every worker has stopped itself, for [`LIMIT`] in all: a worker that another process continued will
/// not. A signal that asks for the end ends the wait.
fn wait_until_stopped(pool: &WorkerPool) -> Result<(), Errno> {
    let clock = Clock::start();
    for slot in &pool.slots {
        while !slot.child.can_be_seen()? {
            if end_is_asked_for() || clock.elapsed() > LIMIT {
                return Ok(());
            }
            sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}
