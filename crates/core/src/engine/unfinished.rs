//! What a run that ended without an answer still delivers: known lines, and which numbers failed or are unknown.

use super::primary::{Phase, Primary};
use crate::aggregate::Aggregate;
use crate::interval::Interval;
use crate::partial::{Cause, Failure};
use crate::scheduler::Scheduler;
use crate::stream::cut_failures;
use alloc::vec::Vec;
use core::num::NonZeroU64;

/// The failed numbers that could change the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureSummary {
    /// Ascending. Of very many, only the lowest.
    pub failures: Vec<Failure>,
    /// How many numbers failed.
    pub failed: u128,
    /// Of how many of these the outcome is unknown.
    pub unknown: u128,
}

impl Primary {
    /// The run ends without an answer. From now on records count, but nothing is sent, started or halted.
    pub fn end(&mut self) {
        self.supervisor.drain();
        self.phase = Phase::Ended;
    }

    /// Begins a last sync of a run that has ended; whether anything waits for it.
    pub fn begin_last_sync(&mut self) -> bool {
        self.journal.begin_last_sync()
    }

    /// Lets the lines of a run that has ended leave, also above numbers that are not done: of `failures` a correct
    /// set, where other lines are a correct beginning. The `unknown` numbers count as failed.
    pub fn write_rest(&mut self, unknown: &[Failure]) {
        self.phase = Phase::WritingRest;
        self.lines.retry();
        match self.aggregate {
            Aggregate::Failures { .. } => self.supervisor.pass_over_gaps(unknown),
            Aggregate::Run { .. } => {
                // With a journal, the next run does again what lies above a gap.
                if !self.journal.is_journal() {
                    self.supervisor.pass_over_gaps(&[]);
                }
                self.supervisor.pass_interrupted();
            }
            _ => {}
        }
    }

    /// Whether every line that can leave has been written.
    #[must_use]
    pub fn has_written_lines(&self) -> bool {
        self.lines.is_empty(&self.supervisor)
    }

    /// Numbers that workers had begun when a run that begins each number at most once ended: no worker will say
    /// what became of them.
    #[must_use]
    pub fn unknown_in_hand(&self) -> Vec<Failure> {
        let scheduler = self.supervisor.scheduler();
        if !scheduler.is_at_most_once() {
            return Vec::new();
        }
        let begun = scheduler.in_hand().filter(|assignment| !self.journal.holds(assignment));
        let mut begun: Vec<Interval> = begun.map(|assignment| assignment.interval).collect();
        begun.sort_unstable();
        let unknown = |interval| Failure { interval, cause: Cause::Unknown };
        begun.into_iter().map(unknown).collect()
    }

    /// The numbers that failed and could change the answer, with those that were unknown in hand at the end.
    #[must_use]
    pub fn failures(&self, unknown_in_hand: &[Failure]) -> FailureSummary {
        let first = match self.aggregate {
            Aggregate::Failures { first } => first,
            _ => None,
        };
        failures(self.supervisor.scheduler(), unknown_in_hand, first)
    }
}

/// `first`: how many failures are asked for, of `failures --first`.
fn failures(
    scheduler: &Scheduler,
    unknown_in_hand: &[Failure],
    first: Option<NonZeroU64>,
) -> FailureSummary {
    let ledger = scheduler.ledger();
    let mut failures = ledger.failures().to_vec();
    failures.extend(unknown_in_hand);
    failures.sort_unstable_by_key(|failure| failure.interval);
    failures.dedup_by(|next, failure| is_joined(failure, *next));
    let numbers = |failure: &Failure| failure.interval.len();
    let Some(limit) = ledger.limit() else {
        let in_hand: u128 = unknown_in_hand.iter().map(numbers).sum();
        let (failed, unknown) = (ledger.failed() + in_hand, ledger.unknown() + in_hand);
        return FailureSummary { failures, failed, unknown };
    };
    failures.retain_mut(|failure| {
        let first = failure.interval.first();
        let wanted = Interval::new(first, failure.interval.last().min(limit));
        failure.interval = wanted.unwrap_or(failure.interval);
        wanted.is_some()
    });
    if let Some(first) = first {
        cut_failures(&mut failures, first.get());
    }
    let is_unknown = |failure: &&Failure| failure.cause == Cause::Unknown;
    let unknown = failures.iter().filter(is_unknown).map(numbers).sum();
    // The limit is set when `first` are known. Of very many, the ledger keeps only the lowest.
    let failed =
        first.map_or_else(|| failures.iter().map(numbers).sum(), |first| first.get().into());
    FailureSummary { failures, failed, unknown }
}

/// Joins the next failure to this one if it is its neighbour with the same cause. Windows of unknown fate stay as they
/// were started: their owner decides about each.
fn is_joined(failure: &mut Failure, next: Failure) -> bool {
    let follows = failure.interval.last().checked_add(1) == Some(next.interval.first());
    let is_joined = follows && failure.cause == next.cause && next.cause != Cause::Unknown;
    if is_joined {
        failure.interval = failure.interval.hull(next.interval);
    }
    is_joined
}
