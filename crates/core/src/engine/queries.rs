//! Read-only methods of the engine by slot: the next name, what a worker owes and holds, when it was heard, its cost.

use super::flaky::FlakySummary;
use super::primary::Primary;
use super::rate::RateLimiter;
use crate::interval::Interval;
use crate::lease::{Assignment, AssignmentRow, WorkerId};
use crate::partial::Failure;
use crate::scheduler::{Scheduler, WorkAccount};
use alloc::vec::Vec;

impl Primary {
    /// The name of the worker or agent that joins next. A name is used up only when it joins.
    #[must_use]
    pub fn next_name(&self) -> WorkerId {
        self.supervisor.next_name()
    }

    /// Whether there is work for another worker.
    #[must_use]
    pub fn is_work(&self) -> bool {
        self.supervisor.is_work()
    }

    /// Whether the worker or agent in a slot owes answers.
    #[must_use]
    pub fn owes(&self, slot: usize) -> bool {
        self.supervisor.owes(slot)
    }

    /// When a frame came from the worker or agent in a slot last.
    #[must_use]
    pub fn heard_ns(&self, slot: usize) -> u64 {
        self.supervisor.heard_ns(slot)
    }

    /// The lowest chunk of the worker or agent in a slot, without what is covered.
    #[must_use]
    pub fn lowest_held(&self, slot: usize) -> Option<Interval> {
        self.supervisor.lowest_held(slot)
    }

    /// Expected time for this many numbers on one worker in a slot, in nanoseconds, from those that it has done.
    #[must_use]
    pub fn cost_ns(&self, slot: usize, numbers: u128) -> Option<f64> {
        self.supervisor.cost_ns(slot, numbers)
    }

    /// The text that a worker or agent sent about a failure, safe for a terminal, and the lowest number that has one.
    #[must_use]
    pub fn description(&self, failure: &Failure) -> Option<(i64, &str)> {
        self.supervisor.description(failure)
    }

    /// The numbers of which a try failed and a later one passed, in this run or in [resumed](Self::resume_flaky) ones, as far as they can change the answer.
    #[must_use]
    pub fn flaky(&self) -> FlakySummary {
        let limit = self.supervisor.scheduler().ledger().limit();
        self.flaky.up_to(limit.unwrap_or(i64::MAX))
    }

    /// The texts about all of these failures, by number.
    pub fn descriptions<'a>(
        &'a self,
        failures: &'a [Failure],
    ) -> impl Iterator<Item = (i64, &'a str)> {
        self.supervisor.descriptions(failures)
    }

    /// What is known about the numbers.
    #[must_use]
    pub fn scheduler(&self) -> &Scheduler {
        self.supervisor.scheduler()
    }

    /// The account of each worker and agent that has joined, with its name and slot.
    pub fn accounts(&self) -> impl Iterator<Item = (WorkerId, usize, &WorkAccount)> {
        let accounts = self.supervisor.scheduler().accounts();
        accounts.filter_map(|(name, account)| Some((name, self.supervisor.slot_of(name)?, account)))
    }

    /// The limit on starts, if there is one.
    #[must_use]
    pub fn rate(&self) -> Option<&RateLimiter> {
        self.rate.as_ref()
    }

    /// The rows of chunks of the [`EngineOutput::Assign`](super::EngineOutput::Assign) that was polled last.
    #[must_use]
    pub fn assigned(&self) -> &[AssignmentRow] {
        self.supervisor.assigned()
    }

    /// Each of these chunks by itself.
    #[must_use]
    pub fn assignments(&self) -> Vec<Assignment> {
        self.supervisor.assignments()
    }

    /// The numbers that begin when the [`EngineOutput::Sync`](super::EngineOutput::Sync) that was polled last is durable.
    #[must_use]
    pub fn beginning(&self) -> &[Interval] {
        self.journal.beginning()
    }
}
