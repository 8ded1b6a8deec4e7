//! Early decisions and flow control: numbers that cannot change the answer any more, and credit for lines that must
//! wait for lower numbers.

use super::{Action, Scheduler};
use crate::aggregate::Value;
use crate::credit::Credits;
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::partial::Failure;
use crate::policy::Policy;
use crate::stream::{Stream, StreamOutput};
use alloc::vec::Vec;

impl Scheduler {
    /// Drops all numbers above `limit`, which cannot change the answer. Chunks above it end at once: one of their numbers
    /// may take hours. Answers to them are late.
    pub(super) fn waive_above(&mut self, limit: i64) {
        if !self.ledger.waive_above(limit) {
            return;
        }
        let mut ended = Vec::new();
        self.leases.end_above(limit, |lease, worker, numbers| ended.push((lease, worker, numbers)));
        for (lease, worker, numbers) in ended {
            self.late.forget(lease);
            if let Some(numbers) = numbers {
                self.ledger.waive(numbers);
                self.workers[worker.0 as usize].window.relieved(numbers);
                self.account(worker, 1, 0, 0);
            }
            self.pending.push_back(Action::Withdraw { worker, lease, parts: 0 });
        }
    }

    /// Lines that can be passed on, in order; see [`Stream::pass`]. Credit goes back with them.
    pub fn next_lines(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.stream.pass()? {
                StreamOutput::Lines(lines) => return Some(lines),
                StreamOutput::Merged(worker, bytes) => self.give_credit(worker, bytes),
            }
        }
    }

    /// Passes on the lines of everything that is done, also above numbers that are not done; these numbers
    /// failed besides.
    pub(crate) fn pass_over_gaps(&mut self, failed: &[Failure]) {
        self.stream.pass_over_gaps(failed);
    }

    /// Passes on, behind all other lines, what commands printed that were ended by force; of those numbers that
    /// are still not done.
    pub(crate) fn pass_interrupted(&mut self) {
        let covered = self.ledger.covered();
        self.stream
            .pass_interrupted(|n| covered.iter().any(|done| done.contains(Interval::single(n))));
    }

    /// The lowest number of the range that is not done, and how many are not done; `failed` are failures
    /// that are not covered.
    #[must_use]
    pub fn unfinished(&self, failed: &[Failure]) -> (Option<i64>, u128) {
        let mut covered = self.ledger.covered().clone();
        for failure in failed {
            // One that is covered already changes nothing.
            let _ = covered.insert(failure.interval);
        }
        let Some(whole) = self.whole else { return (None, 0) };
        let lowest = match covered.iter().next() {
            Some(first) if first.first() == whole.first() => whole.above(first.last()),
            _ => Some(whole),
        };
        (lowest.map(|rest| rest.first()), self.total - covered.len())
    }

    /// Waives what an answer so far makes superfluous.
    pub(super) fn waive_by_answer(&mut self) {
        if let Value::Witness(Some(n)) = self.answer {
            self.waive_above(n);
        }
    }

    /// Lets workers begin with another credit than [`CREDIT`](crate::credit::CREDIT), which they must
    /// know.
    #[must_use]
    pub fn credit(mut self, bytes: u32) -> Self {
        self.credits = Credits::of(bytes.into());
        self
    }

    /// The lines on their way out.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The most numbers of a chunk, so that the lines of several chunks fit into the credit of their worker. A length
    /// that the user chose stays.
    pub(super) fn most_by_credit(&self) -> u128 {
        let is_said = matches!(self.sizer.policy(), Policy::Fixed(_) | Policy::Static);
        if is_said || self.ignores_output { u128::MAX } else { self.credits.most() }
    }

    /// Gives a worker what it may send at first.
    pub(super) fn open_account(&mut self, worker: WorkerId) {
        let bytes = self.credits.join();
        if self.aggregate.is_streamed() && bytes > 0 {
            self.pending.push_back(Action::Credit { worker, bytes });
        }
    }

    /// Closes the credit account of a lost worker, and drops credit on its way to it.
    pub(super) fn close_account(&mut self, lost: WorkerId) {
        self.credits.leave(lost);
        let is_for =
            |action: &Action| matches!(action, Action::Credit { worker, .. } if *worker == lost);
        self.pending.retain(|action| !is_for(action));
    }

    /// Works on a shuffled order from below while a worker has no credit left, or more than its share, until the lines before its own are done:
    /// otherwise all credit could be used up above a number that no worker has.
    pub(super) fn choose_order(&mut self) {
        if self.shuffle.is_some() && self.stream.is_in_order() {
            self.ledger.set_from_below(self.credits.is_any_overdrawn());
        }
    }

    /// Gives no worker more than its share while lines cannot be written.
    pub(crate) fn hold_back(&mut self, is_held_back: bool) {
        self.is_held_back = is_held_back;
    }

    /// Notes bytes of a worker that were written, or are not wanted.
    pub(crate) fn give_credit(&mut self, worker: WorkerId, bytes: u64) {
        if let Some((worker, bytes)) = self.credits.merge(worker, bytes) {
            self.pending.push_back(Action::Credit { worker, bytes });
        }
    }

    /// Gives credit to the worker at the lowest number, for which all others wait; not while earlier lines are on their
    /// way to a journal or to the output.
    pub(super) fn extend_credit(&mut self) -> Option<Action> {
        if !self.stream.is_empty() || self.recording > 0 || self.is_held_back {
            return None;
        }
        let worker = self.leases.lowest().filter(|worker| !self.stream.holds_back(*worker))?;
        if self.is_blocked(worker) && self.has_free_worker() {
            return self.withdraw_lower(worker);
        }
        let bytes = self.credits.extend(worker)?;
        Some(Action::Credit { worker, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Aggregate;
    use crate::interval::{Interval, IntervalSet};
    use crate::partial::Partial;
    use crate::range::Range;
    use crate::scheduler::{Capacity, SchedulerEvent};
    use std::vec;

    fn resumed(aggregate: Aggregate, done: &[(i64, i64)], value: Value) -> Scheduler {
        let mut set = IntervalSet::new();
        for (first, last) in done {
            set.insert(Interval::new(*first, *last).unwrap()).unwrap();
        }
        let range = Range::new(0, 100).unwrap();
        let scheduler = Scheduler::new(range, aggregate, Policy::Timed, 1);
        scheduler.resume(&set, value, &[]).unwrap()
    }

    #[test]
    fn what_is_resumed_may_decide() {
        let mut scheduler = resumed(Aggregate::Any, &[(0, 9), (40, 49)], Value::Witness(Some(44)));
        assert_eq!((scheduler.ledger().remaining(), scheduler.ledger().waived()), (30, 50));
        let mut scheduler_of_all = resumed(Aggregate::Any, &[(0, 9)], Value::Witness(Some(9)));
        assert!(matches!(scheduler_of_all.poll(), Some(Action::Finished)));
        assert!(scheduler.poll().is_none(), "no worker has joined");
    }

    /// A journal is slower than the workers: what it has of their lines is no reason for more of them.
    #[test]
    fn lines_that_are_being_recorded_give_no_more_credit() {
        let range = Range::new(0, 100).unwrap();
        let policy = Policy::Fixed(core::num::NonZeroU64::new(50).unwrap());
        let mut scheduler = Scheduler::new(range, Aggregate::Map, policy, 1);
        let (worker, capacity) = (WorkerId(0), Capacity::worker(1));
        scheduler.handle(SchedulerEvent::Joined { worker, capacity }, 0).unwrap();
        assert!(matches!(scheduler.poll(), Some(Action::Credit { .. })));
        assert!(matches!(scheduler.poll(), Some(Action::Assign { .. })));
        let lease = scheduler.assignments()[0].lease;
        let mut text = vec![b'7'; 2 * crate::credit::CREDIT as usize];
        text.push(b'\n');
        let value = Value::Lines { lines: 1, text };
        let partial = Partial::over(Interval::single(0), value);
        scheduler.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial }, 1).unwrap();
        let Some(Action::Record(record)) = scheduler.poll() else { panic!("nothing to record") };
        assert!(scheduler.poll().is_none(), "more before that is durable");
        scheduler.handle(SchedulerEvent::Recorded(record), 2).unwrap();
        assert!(scheduler.next_lines().is_some() && scheduler.next_lines().is_none());
        assert!(matches!(scheduler.poll(), Some(Action::Credit { .. })));
    }

    #[test]
    fn a_shuffled_order_goes_from_below_while_a_worker_has_no_credit() {
        let range = Range::new(0, 100).unwrap();
        let policy = Policy::Fixed(core::num::NonZeroU64::MIN);
        let shuffle = crate::ledger::Shuffle { seed: 7, most_blocks: 100, unit: 1 };
        let scheduler = Scheduler::new(range, Aggregate::Map, policy, 1);
        let mut scheduler = scheduler.shuffled(shuffle);
        let (worker, capacity) = (WorkerId(0), Capacity::worker(1));
        scheduler.handle(SchedulerEvent::Joined { worker, capacity }, 0).unwrap();
        let next_chunk = |scheduler: &mut Scheduler| loop {
            match scheduler.poll() {
                Some(Action::Assign { .. }) => return scheduler.assignments()[0],
                Some(_) => {}
                None => panic!("nothing is assigned"),
            }
        };
        let chunk = next_chunk(&mut scheduler);
        assert_ne!(chunk.interval, Interval::single(0), "the order is shuffled");
        let mut text = vec![b'7'; 2 * crate::credit::CREDIT as usize];
        text.push(b'\n');
        let partial = Partial::over(chunk.interval, Value::Lines { lines: 1, text });
        let lease = chunk.lease;
        scheduler.handle(SchedulerEvent::Partly { worker, lease, busy_ns: 1, partial }, 1).unwrap();
        assert_eq!(next_chunk(&mut scheduler).interval, Interval::single(0));
    }

    #[test]
    fn lines_of_an_earlier_run_are_passed_on_when_they_are_due() {
        let piece = |n: i64, text: &str| Partial {
            covered: vec![Interval::single(n)],
            failed: vec![],
            value: Value::Lines { lines: u64::from(!text.is_empty()), text: text.into() },
        };
        let find = Aggregate::Find { first: None };
        let mut scheduler = resumed(find, &[(0, 3)], find.empty());
        scheduler.keep_lines(&[(Interval::new(0, 3).unwrap(), 2)], None);
        let mut lines = Vec::new();
        for kept in [piece(0, ""), piece(1, "1\n"), piece(2, ""), piece(3, "3\n")] {
            let due = scheduler.stream().due().unwrap();
            assert_eq!(due.first(), kept.span().unwrap().first());
            scheduler.give_back_lines(kept);
            lines.extend(core::iter::from_fn(|| scheduler.next_lines()).flatten());
        }
        assert_eq!(lines, b"1\n3\n");
        assert_eq!(scheduler.stream().due(), None);
    }
}
