//! Options of a run, set before it begins, and the permission to start more of it.

use super::allowance::{Allowance, Counts};
use super::{LeasePiece, Policy, Scheduler};
use crate::aggregate::Selection;
use crate::items::Items;
use crate::lease::WorkerId;
use crate::ledger::Shuffle;
use crate::policy::CHUNK_AIM_NS;
use alloc::vec::Vec;

/// Limits for chunks of the timed policy.
#[derive(Clone, Copy, Debug)]
pub struct ChunkSizes {
    /// Time that a chunk should take, in nanoseconds.
    pub aim_ns: u64,
    /// Whether the user has set that time. If not, chunks with a large fixed cost take longer.
    pub is_aim_typed: bool,
    /// Time that no chunk should exceed, in nanoseconds.
    pub most_ns: u64,
    /// Fewest numbers in a chunk, where that many remain.
    pub least: u64,
    /// Most numbers in a chunk.
    pub most: u64,
    /// Whether a chunk begins as a whole, so that it may have a large fixed cost.
    pub is_whole: bool,
}

impl Default for ChunkSizes {
    fn default() -> Self {
        Self {
            aim_ns: CHUNK_AIM_NS,
            is_aim_typed: false,
            most_ns: u64::MAX,
            least: 1,
            most: u64::MAX,
            is_whole: false,
        }
    }
}

impl Scheduler {
    /// Lets the timed policy begin with chunks of `numbers` numbers, where they are known to be cheap.
    /// Otherwise it begins with one, which may take hours.
    #[must_use]
    pub fn opening(mut self, numbers: u64) -> Self {
        self.opening = u128::from(numbers.max(1));
        self
    }

    /// Hands out blocks of the range in a shuffled order, each from below. An answer in the order of the numbers has the
    /// same lines as ever.
    #[must_use]
    pub fn shuffled(mut self, shuffle: Shuffle) -> Self {
        self.ledger = self.ledger.shuffled(self.whole, Some(shuffle));
        self.shuffle = Some(shuffle);
        self
    }

    /// Tries a chunk whose worker was lost `retries` more times, then halves it. Only a single number fails, when it
    /// was lost `retries` + 1 times while its worker was at it.
    #[must_use]
    pub fn retries(mut self, retries: u8) -> Self {
        self.retries = retries;
        self
    }

    /// Keeps account of each [`LeasePiece`] for [`take_pieces`](Self::take_pieces).
    #[must_use]
    pub fn tell_pieces(mut self) -> Self {
        self.pieces = Some(Vec::new());
        self
    }

    /// Hands out single numbers, or chunks that begin as a whole, to workers of this machine, and no other before the
    /// answer. So the caller can end the run before the next one begins. Agents get chunks as without this call.
    #[must_use]
    pub fn one_by_one(mut self, counts: Counts) -> Self {
        self.one_by_one = Some(counts);
        self
    }

    /// What this worker holds one of, if it must not begin another before its answer is here.
    pub(super) fn one_by_one_for(&self, worker: WorkerId) -> Option<Counts> {
        self.one_by_one.filter(|_| !self.workers[worker.0 as usize].window.is_agent())
    }

    /// What was done and lost since the last call; always empty without
    /// [`tell_pieces`](Self::tell_pieces).
    pub fn take_pieces(&mut self) -> Vec<LeasePiece> {
        self.pieces.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// Says whether a condition may leave numbers out of the question.
    #[must_use]
    pub fn under(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Leaves out numbers that fail, where the answer is lines; otherwise they end below the first.
    #[must_use]
    pub fn leave_out_failures(mut self) -> Self {
        self.stream.leave_out_failures();
        self
    }

    /// Sets what chunks of the timed policy should be like.
    #[must_use]
    pub fn chunks(mut self, sizes: ChunkSizes) -> Self {
        self.sizes = sizes;
        self
    }

    /// Says at which distance chunks begin, of a run that is [rationed](Self::rationed) by chunks: they should be long
    /// enough to keep all workers busy.
    #[must_use]
    pub fn distance(mut self, distance_ns: u64) -> Self {
        self.distance_ns = distance_ns as f64;
        self
    }

    /// Gives an idle worker whole chunks of another one, never a part of a chunk: for chunks whose length is a part of
    /// what the user asked for.
    #[must_use]
    pub fn undivided(mut self) -> Self {
        self.is_undivided = true;
        self
    }

    /// Cuts the chunks of workers at the ends of runs of consecutive integers among these items. For commands that do
    /// a whole chunk: they get its first and its last number.
    #[must_use]
    pub fn windows_of(mut self, items: &Items) -> Self {
        self.windows_of = items.as_range().is_none().then(|| items.clone());
        self
    }

    /// Sizes chunks whatever is put out for them: for output that does not grow with the numbers of a chunk.
    #[must_use]
    pub fn ignoring_output(mut self) -> Self {
        self.ignores_output = true;
        self
    }

    /// Hands out only what is [allowed](Self::allow): nothing at first.
    #[must_use]
    pub fn rationed(mut self, counts: Counts) -> Self {
        self.allowance = Some(Allowance { counts, left: 0 });
        self
    }

    /// Lets `more` numbers or chunks begin, of a run that is [rationed](Self::rationed).
    pub fn allow(&mut self, more: u64) {
        if let Some(allowance) = &mut self.allowance {
            allowance.left += i128::from(more);
        }
    }

    /// Whether a worker could begin something and may not.
    #[must_use]
    pub fn is_waiting_for_allowance(&self) -> bool {
        let is_used_up = self.allowance.is_some_and(Allowance::is_used_up);
        let is_wanted = !self.hungry.is_empty();
        is_used_up && is_wanted && !self.is_draining && !self.ledger.is_exhausted()
    }

    /// The most numbers of the next chunk: see [`chunks`](Self::chunks). A length that the user chose stays.
    pub(super) fn longest_chunk(&self, worker: WorkerId) -> u128 {
        let most = self.most_by_credit().min(self.most_at_once(worker));
        if self.sizer.policy() == Policy::Timed {
            most.min(self.sizes.most.max(1).into())
        } else {
            most
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Capacity, SchedulerEvent};
    use super::*;
    use crate::aggregate::Aggregate;
    use crate::aggregate::Value;
    use crate::interval::Interval;
    use crate::partial::Partial;
    use crate::range::Range;
    use core::num::NonZeroU32;

    /// What is handed out to one worker, or to an agent of `agent` workers, after each of these allowances.
    fn handed_out(policy: Policy, counts: Counts, agent: u32, allowed: &[u64]) -> Vec<Vec<u128>> {
        let range = Range::new(0, 1000).unwrap();
        let mut scheduler = Scheduler::new(range, Aggregate::Count, policy, 1).rationed(counts);
        let capacity = Capacity { window: 100, agent: NonZeroU32::new(agent) };
        scheduler.handle(SchedulerEvent::Joined { worker: WorkerId(0), capacity }, 0).unwrap();
        assert!(scheduler.poll().is_none() && scheduler.is_waiting_for_allowance());
        let mut lengths = |more| {
            scheduler.allow(more);
            match scheduler.poll() {
                Some(Action::Assign { .. }) => {
                    scheduler.assignments().iter().map(|one| one.interval.len()).collect()
                }
                _ => Vec::new(),
            }
        };
        allowed.iter().map(|more| lengths(*more)).collect()
    }

    #[test]
    fn no_more_is_handed_out_than_is_allowed_and_can_begin() {
        let fixed = Policy::Fixed(7.try_into().unwrap());
        assert_eq!(handed_out(fixed, Counts::Chunks, 0, &[1, 1]), [vec![7], vec![]]);
        assert_eq!(handed_out(fixed, Counts::Numbers, 0, &[3, 1]), [vec![3], vec![]]);
        assert_eq!(handed_out(Policy::Timed, Counts::Numbers, 3, &[2]), [vec![1, 1]]);
        assert_eq!(handed_out(Policy::Timed, Counts::Numbers, 3, &[9]), [vec![1, 1, 1]]);
    }

    #[test]
    fn output_that_does_not_grow_with_a_chunk_makes_none_shorter() {
        let bytes = 10 * crate::credit::CREDIT as u64;
        let scheduler = || {
            let range = Range::new(0, 1000).unwrap();
            let mut scheduler =
                Scheduler::new(range, Aggregate::Run { in_order: true }, Policy::Timed, 1);
            scheduler.credits.join();
            scheduler.credits.count(100);
            scheduler.credits.receive(WorkerId(0), bytes);
            scheduler
        };
        assert_eq!(scheduler().most_by_credit(), 2);
        assert_eq!(scheduler().ignoring_output().most_by_credit(), u128::MAX);
    }

    #[test]
    fn one_by_one_a_worker_gets_the_next_number_after_its_answer() {
        let range = Range::new(0, 1000).unwrap();
        let mut scheduler =
            Scheduler::new(range, Aggregate::Count, Policy::Timed, 1).one_by_one(Counts::Numbers);
        let (worker, capacity) = (WorkerId(0), Capacity::worker(100));
        scheduler.handle(SchedulerEvent::Joined { worker, capacity }, 0).unwrap();
        for n in 0..10 {
            let mut assigned = Vec::new();
            while let Some(action) = scheduler.poll() {
                if matches!(action, Action::Assign { .. }) {
                    assigned.extend(scheduler.assignments());
                }
            }
            let [chunk] = assigned[..] else { panic!("{assigned:?}") };
            assert_eq!(chunk.interval, Interval::single(n));
            let partial = Partial::over(chunk.interval, Value::Count(1));
            let event = SchedulerEvent::Partly { worker, lease: chunk.lease, busy_ns: 1, partial };
            scheduler.handle(event, 1).unwrap();
        }
    }

    /// What is allowed while no worker could begin it would begin together with what is allowed next.
    #[test]
    fn no_worker_waits_for_an_allowance_while_all_are_at_work() {
        let range = Range::new(0, 1000).unwrap();
        let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 1);
        let mut scheduler = scheduler.rationed(Counts::Numbers);
        assert!(!scheduler.is_waiting_for_allowance());
        let joined =
            SchedulerEvent::Joined { worker: WorkerId(0), capacity: Capacity::worker(100) };
        scheduler.handle(joined, 0).unwrap();
        assert!(scheduler.is_waiting_for_allowance());
        scheduler.allow(1);
        assert!(matches!(scheduler.poll(), Some(Action::Assign { .. })));
        assert!(!scheduler.is_waiting_for_allowance());
    }

    use std::vec;
}
