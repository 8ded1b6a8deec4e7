//! Machines of a run for observers: the workers, the numbers, the busy time and the losses of each.

use evenly_core::Progress;
use std::time::Duration;

/// A machine of a run: this one with its workers, or an agent.
///
/// The numbers of all machines together are those that the run has recorded, and those whose answers it has and has not
/// recorded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Machine {
    /// Its name in the run: `this machine`, or the host name of an agent. The second agent with the same host name is
    /// `HOST#2`. It is safe for a terminal.
    pub name: String,
    /// The process number of the agent on its machine; `None` for the workers of this machine.
    pub pid: Option<u32>,
    /// How many workers it has now, or had when it was in the run last.
    pub workers: u32,
    /// Whether it is in the run.
    pub is_in: bool,
    /// Whether it is an agent in the run that has been silent for too long. It has no chunks.
    pub is_silent: bool,
    /// Numbers that it settled in this run, failed ones included.
    pub numbers: u128,
    /// The time in which its workers had work, added over its workers.
    pub busy: Duration,
    /// The time in which its workers were in the run, added over its workers.
    pub present: Duration,
    /// How often chunks were taken back: from lost or silent workers of this machine, or from an agent that was lost or
    /// silent.
    pub losses: u64,
}

impl Machine {
    /// The part of its time in which it had work, from 0 to 1; `None` if it was in the run for no time.
    #[must_use]
    pub fn busy_share(&self) -> Option<f64> {
        let present = self.present.as_secs_f64();
        // A frame measures a little more than the time between two events of the primary.
        (present > 0.0).then(|| (self.busy.as_secs_f64() / present).min(1.0))
    }

    /// The part of all numbers of `machines` that it settled, from 0 to 1; `None` if there is none.
    #[must_use]
    pub fn share_of(&self, machines: &[Self]) -> Option<f64> {
        let all: u128 = machines.iter().map(|machine| machine.numbers).sum();
        (all > 0).then(|| self.numbers as f64 / all as f64)
    }
}

/// How far a job is, and which machines work on it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// How far the job is. An agent knows only the numbers that it holds.
    pub progress: Progress,
    /// How many numbers failed so far, earlier runs with the same journal included.
    pub failed: u128,
    /// The machines that are or were in the run; this machine first, then agents in the order in which they joined.
    pub machines: Vec<Machine>,
    /// The time since the job began, pauses included.
    pub elapsed: Duration,
    /// Whether this is an agent, whose primary knows the rest.
    pub is_agent: bool,
}
