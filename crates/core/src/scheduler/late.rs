//! Late answers: checks answers to chunks that were taken back from workers that live.
//!
//! Such a chunk goes to another worker, and whatever the first holder says about it is dropped. But
//! if both finish it, both must have found the same; otherwise the function does not depend on n
//! alone, or a machine is at fault, and no answer can be trusted.
//!
//! There are at most as many entries as silent workers held chunks. An entry goes when both have
//! answered, when the first holder gives the chunk back or is lost, and when the chunk is not done
//! by one worker alone.

use crate::aggregate::AnswerDigest;
use crate::interval::Interval;
use crate::lease::{LeaseId, WorkerId};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Digest of the answers of one of the two holders so far.
#[derive(Clone, Copy, Debug, Default)]
struct HolderResult {
    digest: AnswerDigest,
    is_done: bool,
}

#[derive(Debug)]
struct LateEntry {
    first_holder: WorkerId,
    numbers: Interval,
    first: HolderResult,
    second: HolderResult,
    /// The lease of the second holder, if there is one.
    second_lease: Option<LeaseId>,
}

/// The two holders of a chunk found different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) numbers: Interval,
    /// What the first and the second holder found.
    pub(super) found: Box<[AnswerDigest; 2]>,
}

#[derive(Debug, Default)]
pub(super) struct LateAnswers {
    /// By the lease of the first holder.
    entries: BTreeMap<LeaseId, LateEntry>,
    /// From the lease of the second holder to that of the first.
    second: BTreeMap<LeaseId, LeaseId>,
    /// The leases of each first holder.
    by_holder: BTreeSet<(WorkerId, LeaseId)>,
}

impl LateAnswers {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A chunk was taken back from a worker that may still answer.
    pub(super) fn expect(&mut self, lease: LeaseId, first_holder: WorkerId, numbers: Interval) {
        let (first, second) = (HolderResult::default(), HolderResult::default());
        let entry = LateEntry { first_holder, numbers, first, second, second_lease: None };
        self.entries.insert(lease, entry);
        self.by_holder.insert((first_holder, lease));
    }

    /// The chunk of `first` was lent again, whole, as `second`.
    pub(super) fn lend_again(&mut self, first: LeaseId, second: LeaseId) {
        if let Some(entry) = self.entries.get_mut(&first) {
            self.second.insert(second, first);
            if let Some(before) = entry.second_lease.replace(second) {
                self.second.remove(&before);
            }
        }
    }

    /// Either holder has found a value; if `is_done`, to the end of the chunk.
    pub(super) fn note(
        &mut self,
        lease: LeaseId,
        digest: AnswerDigest,
        is_done: bool,
    ) -> Result<(), Conflict> {
        let second = self.second.get(&lease).copied();
        let key = second.unwrap_or(lease);
        let Some(entry) = self.entries.get_mut(&key) else { return Ok(()) };
        let tally = if second.is_some() { &mut entry.second } else { &mut entry.first };
        tally.digest.add(digest);
        tally.is_done |= is_done;
        let (first, second, numbers) = (entry.first, entry.second, entry.numbers);
        if !(first.is_done && second.is_done) {
            return Ok(());
        }
        self.remove(key);
        let found = Box::new([first.digest, second.digest]);
        if first.digest == second.digest { Ok(()) } else { Err(Conflict { numbers, found }) }
    }

    /// Either lease ended otherwise than by an answer over the rest of the chunk.
    pub(super) fn forget(&mut self, lease: LeaseId) {
        let first = self.second.get(&lease).copied().unwrap_or(lease);
        self.remove(first);
    }

    fn remove(&mut self, first: LeaseId) {
        let Some(entry) = self.entries.remove(&first) else { return };
        self.by_holder.remove(&(entry.first_holder, first));
        if let Some(second) = entry.second_lease {
            self.second.remove(&second);
        }
    }

    /// Whether each entry can still be compared: its first holder may answer, and its second holder has the chunk or
    /// has answered. The latter shows only where no lease is in force.
    pub(super) fn can_end(
        &self,
        is_none_leased: bool,
        may_answer: impl Fn(WorkerId) -> bool,
    ) -> bool {
        let is_answered = |entry: &LateEntry| entry.second_lease.is_none() || entry.second.is_done;
        self.by_holder.iter().all(|(holder, _)| may_answer(*holder))
            && (!is_none_leased || self.entries.values().all(is_answered))
    }

    /// The first holder will never answer.
    pub(super) fn forget_worker(&mut self, worker: WorkerId) {
        let all = (worker, LeaseId(0))..=(worker, LeaseId(u64::MAX));
        let leases: Vec<LeaseId> = self.by_holder.range(all).map(|(_, lease)| *lease).collect();
        leases.into_iter().for_each(|lease| self.remove(lease));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: LeaseId = LeaseId(1);
    const SECOND: LeaseId = LeaseId(2);
    const WORKER: WorkerId = WorkerId(0);

    fn count(count: u128) -> AnswerDigest {
        AnswerDigest::of(&crate::Value::Count(count))
    }

    fn relent() -> LateAnswers {
        let mut late = LateAnswers::default();
        late.expect(FIRST, WORKER, Interval::single(7));
        late.lend_again(FIRST, SECOND);
        late
    }

    #[test]
    fn the_same_in_pieces_is_no_conflict() {
        let mut late = relent();
        assert_eq!(late.note(SECOND, count(5), false), Ok(()));
        assert_eq!(late.note(FIRST, count(7), true), Ok(()));
        assert_eq!(late.note(SECOND, count(2), true), Ok(()));
        assert!(late.is_empty() && late.second.is_empty());
    }

    #[test]
    fn different_counts_are_a_conflict() {
        let mut late = relent();
        assert_eq!(late.note(SECOND, count(5), true), Ok(()));
        let conflict =
            Conflict { numbers: Interval::single(7), found: Box::new([count(6), count(5)]) };
        assert_eq!(late.note(FIRST, count(6), true), Err(conflict));
    }

    #[test]
    fn what_only_one_finishes_is_not_compared() {
        let mut late = relent();
        late.note(FIRST, count(5), true).unwrap();
        late.forget(SECOND);
        assert_eq!(late.note(SECOND, count(6), true), Ok(()));
        assert!(late.is_empty() && late.second.is_empty());
        let mut late = relent();
        late.forget_worker(WORKER);
        assert!(late.is_empty() && late.second.is_empty() && late.by_holder.is_empty());
    }

    #[test]
    fn only_the_chunks_of_the_lost_worker_are_forgotten() {
        let mut late = relent();
        let (another, third) = (WorkerId(1), LeaseId(3));
        late.expect(third, another, Interval::single(8));
        late.forget_worker(WORKER);
        assert_eq!(late.entries.keys().collect::<Vec<_>>(), [&third]);
        late.forget_worker(another);
        assert!(late.is_empty() && late.by_holder.is_empty());
    }
}
