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
use alloc::collections::BTreeMap;

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
}

impl LateAnswers {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A chunk was taken back from a worker that may still answer.
    pub(super) fn expect(&mut self, lease: LeaseId, first_holder: WorkerId, numbers: Interval) {
        let (first, second) = (HolderResult::default(), HolderResult::default());
        self.entries.insert(lease, LateEntry { first_holder, numbers, first, second });
    }

    /// The chunk of `first` was lent again, whole, as `second`.
    pub(super) fn lend_again(&mut self, first: LeaseId, second: LeaseId) {
        if self.entries.contains_key(&first) {
            self.second.insert(second, first);
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
        self.forget(key);
        let found = Box::new([first.digest, second.digest]);
        if first.digest == second.digest { Ok(()) } else { Err(Conflict { numbers, found }) }
    }

    /// Either lease ended otherwise than by an answer over the rest of the chunk.
    pub(super) fn forget(&mut self, lease: LeaseId) {
        let first = self.second.remove(&lease).unwrap_or(lease);
        if self.entries.remove(&first).is_some() {
            self.second.retain(|_, of| *of != first);
        }
    }

    /// The first holder will never answer.
    pub(super) fn forget_worker(&mut self, worker: WorkerId) {
        self.entries.retain(|_, entry| entry.first_holder != worker);
        let Self { entries, second } = self;
        second.retain(|_, first| entries.contains_key(first));
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
        assert!(late.is_empty() && late.second.is_empty());
    }
}
