//! Hook for the stages of a run: from the first pipe to the last reaped worker.

use super::AgentSeen;
use evenly_core::Interval;

/// Looks at a job that stands still at a [`Stage`].
///
/// Workers stop themselves after the fork and after they closed what is not theirs, so that the kernel's view of
/// them at these stages is the same at each look. The time that a job stands still is a pause on the clock
/// of the run.
pub trait StageHook {
    /// Called at each stage, before anything else happens.
    fn at_stage(&mut self, stage: Stage, processes: &Processes);

    /// Called before the primary reads from the sockets of agents, if one of them has a range and has not answered. A
    /// hook that remembers what the kernel has can show it at [`Stage::AgentAnswered`].
    fn remember(&mut self, _processes: &Processes) {}

    /// Called after [`at_stage`](Self::at_stage) until it returns true. Each call that returns false should take about
    /// 100 ms: between two calls the job keeps its connections to agents alive.
    fn may_go_on(&mut self) -> bool {
        true
    }
}

/// The stages of a job, in the order of the system calls. A job without workers on this machine has only those that
/// concern the primary. Only a job with an address for agents has those of sockets; each of the
/// first two agents has a stage for its connection, its first range and its first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The primary made a socket for agents.
    SocketMade,
    /// The socket has its address.
    SocketBound,
    /// The socket listens.
    Listening,
    /// The primary made the pipes and holds both ends of all of them.
    PipesMade,
    /// The workers are forked and have inherited every end of every pipe.
    Forked,
    /// Every process closed the ends that it does not use.
    Closed,
    /// The first chunks are in the assignment pipes.
    RangesSent,
    /// The first worker forked a process for its first command: the last one of [`Processes::commands`]. It is stopped, and
    /// the worker waits for its execve(2). This and the next can come after [`Stage::Results`], if the worker starts late.
    CommandForked,
    /// The same process has another program, and is stopped at its first instruction.
    CommandExecuted,
    /// Answers are in the result pipe.
    Results,
    /// A connection waits in the queue of a listening socket. This and the next three can come between any two other
    /// stages.
    AgentConnecting,
    /// An agent has joined: the last one of [`Processes::agents`].
    AgentJoined,
    /// The first range of [`Processes::agent`] was written to its connection.
    AgentRangeSent,
    /// The first answer of [`Processes::agent`] has arrived. [`StageHook::remember`] was called before it was read.
    AgentAnswered,
    /// Every number is covered; the primary closed one more assignment pipe, its worker has read
    /// end of file and left, and with it one write end of the result pipe.
    WriteEndClosed,
    /// The primary has read end of file from the result pipe.
    EndOfFile,
    /// The primary has reaped every worker.
    Waited,
}

/// The number of agents that have stages of their own beside [`Stage::AgentJoined`].
pub(crate) const AGENTS_SHOWN: usize = 2;

/// Processes and pipes of a job, as identifiers for the kernel's own tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processes {
    /// The process number of the primary.
    pub primary: u32,
    /// The workers in order; empty before they are forked.
    pub workers: Vec<WorkerProcess>,
    /// The inodes of the assignment pipes, in the order of the workers.
    pub assignment_pipes: Vec<u64>,
    /// The inode of the result pipe.
    pub result_pipe: u64,
    /// The agents that have joined and are not lost, in the order in which they joined.
    pub agents: Vec<AgentSeen>,
    /// The first ranges of agents, each with the number of the agent ([`AgentSeen::worker`]).
    pub agent_ranges: Vec<(usize, Interval)>,
    /// The number of the agent that this stage is about, if it is about one.
    pub agent: Option<usize>,
    /// Processes of commands that are shown, until their last stage.
    pub commands: Vec<CommandProcess>,
}

/// The process of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandProcess {
    /// Its process number.
    pub pid: u32,
    /// The number of its worker, from 1.
    pub worker: usize,
}

/// One worker of [`Processes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerProcess {
    /// Its process number.
    pub pid: u32,
    /// The first chunk that it was sent, if it was sent one.
    pub range: Option<Interval>,
}
