//! Account of one worker or agent: the numbers that it settled, its working time, and its time in the run.
//!
//! A number is settled when the scheduler takes an answer to it, or gives it up because its worker was lost. Answers
//! that are dropped settle nothing. So the numbers of all accounts are, at each moment, those that this run has recorded
//! or is about to record.

use super::Scheduler;
use crate::lease::WorkerId;

/// The work of one worker or agent in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkAccount {
    /// Numbers that it settled, failed ones included.
    pub numbers: u128,
    /// Its working time, as its frames report it, in nanoseconds. That of an agent is the time in which it had work.
    pub busy_ns: u64,
    /// How many workers it stands for: 1, or those of an agent.
    pub workers: u32,
    /// Whether it is an agent.
    pub is_agent: bool,
    /// When it joined.
    pub joined_ns: u64,
    /// When it was lost or left, if it is no longer in the run.
    pub left_ns: Option<u64>,
    /// How often its chunks were taken back, because it was lost or silent. An agent that said farewell was not lost.
    pub losses: u64,
    /// Whether it is in the run and has been silent for too long.
    pub is_silent: bool,
}

impl WorkAccount {
    pub(super) fn open(workers: u32, is_agent: bool, joined_ns: u64) -> Self {
        Self {
            numbers: 0,
            busy_ns: 0,
            workers,
            is_agent,
            joined_ns,
            left_ns: None,
            losses: 0,
            is_silent: false,
        }
    }

    /// The time for which it was in the run, in nanoseconds.
    #[must_use]
    pub fn present_ns(&self, now_ns: u64) -> u64 {
        self.left_ns.unwrap_or(now_ns).saturating_sub(self.joined_ns)
    }
}

impl Scheduler {
    /// The account of each worker and agent that has joined, by name, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = (WorkerId, &WorkAccount)> {
        let names = (0..).map(WorkerId);
        names.zip(self.workers.iter().map(|state| &state.account))
    }

    /// How many workers there are now, those of agents included, and how many agents.
    #[must_use]
    pub fn staff(&self) -> (u32, u32) {
        (self.strength, self.agents)
    }

    /// A worker is gone: lost, or after a farewell.
    pub(super) fn close_work_account(&mut self, worker: WorkerId, has_said_farewell: bool) {
        let account = &mut self.workers[worker.0 as usize].account;
        account.left_ns = Some(self.now_ns);
        // Silence was counted when it began.
        account.losses += u64::from(!has_said_farewell && !account.is_silent);
        account.is_silent = false;
    }

    /// A worker or agent has been silent for too long, or is heard again.
    pub(super) fn note_silence(&mut self, worker: WorkerId, is_silent: bool) {
        let account = &mut self.workers[worker.0 as usize].account;
        account.losses += u64::from(is_silent && !account.is_silent);
        account.is_silent = is_silent;
    }

    /// An agent says farewell: its end is no loss.
    pub(crate) fn said_farewell(&mut self, worker: WorkerId) {
        if let Some(state) = self.workers.get_mut(worker.0 as usize) {
            state.has_said_farewell = true;
        }
    }
}
