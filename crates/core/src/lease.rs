//! Leases: which worker holds which chunk, at which attempt, under a name that never comes back.

use crate::interval::Interval;
use alloc::vec::Vec;
use core::fmt;

/// Names one worker for the whole run. A worker that replaces a lost one gets a new name, so what
/// the lost one wrote can never be taken for an answer of its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

/// Names one hand-out of one chunk. Handed out again, the chunk gets another name, so that a late
/// answer is recognised.
///
/// ```text
///  63                     28 27     20 19                  0
/// +-------------------------+---------+---------------------+
/// |  serial of the slot     | attempt |  slot in the table  |
/// +-------------------------+---------+---------------------+
/// ```
///
/// 36 bits of serial let each slot be used 6.9e10 times: at the highest rate measured (20 000 uses
/// of a slot a second) that lasts 40 days, and a name that came back would still have to be
/// answered late by the very worker that holds it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

const SLOT_BITS: u32 = 20;
const ATTEMPT_BITS: u32 = 8;

/// How many chunks may be in flight at once, over all workers.
pub const MAX_LEASES: usize = 1 << SLOT_BITS;

impl LeaseId {
    fn new(slot: usize, attempt: u8, serial: u64) -> Self {
        let serial = serial << (SLOT_BITS + ATTEMPT_BITS);
        Self(serial | (u64::from(attempt) << SLOT_BITS) | slot as u64)
    }

    #[inline]
    fn slot(self) -> usize {
        (self.0 as usize) & (MAX_LEASES - 1)
    }

    /// How often the chunk has been handed out, from 1; after 255 it stays there.
    #[must_use]
    pub const fn attempt(self) -> u8 {
        (self.0 >> SLOT_BITS) as u8
    }

    const fn serial(self) -> u64 {
        self.0 >> (SLOT_BITS + ATTEMPT_BITS)
    }
}

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease {:#x} (attempt {})", self.0, self.attempt())
    }
}

/// A chunk, and the lease under which a worker has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Names this hand-out; the answer must bear it.
    pub lease: LeaseId,
    /// The numbers to process, ascending.
    pub interval: Interval,
}

/// A slot of the table: a lease in force, or the last one that was.
///
/// Half a cache line: at the highest rates it is the walk through these that costs.
#[derive(Clone, Copy, Debug)]
struct Slot {
    id: LeaseId,
    /// Who holds it, or [`NOBODY`].
    worker: WorkerId,
    /// What of the chunk is not covered yet: a worker answers ascending, so it is always a tail.
    rest: Interval,
}

/// The holder of a vacant slot. No worker is called so: there would have been 2^32 before it.
const NOBODY: WorkerId = WorkerId(u32::MAX);

/// The leases in force: a table of slots that are used again.
#[derive(Debug, Default)]
pub(crate) struct LeaseTable {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Numbers in all leases together.
    numbers: u128,
}

impl LeaseTable {
    /// Lends a chunk. The table must not be [full](Self::is_full).
    #[inline]
    pub(crate) fn lend(&mut self, worker: WorkerId, interval: Interval, attempt: u8) -> LeaseId {
        let id = if let Some(slot) = self.free.pop() {
            let held = &mut self.slots[slot as usize];
            let id = LeaseId::new(slot as usize, attempt, held.id.serial() + 1);
            *held = Slot { id, worker, rest: interval };
            id
        } else {
            assert!(self.slots.len() < MAX_LEASES, "the table of leases is full");
            let id = LeaseId::new(self.slots.len(), attempt, 0);
            self.slots.push(Slot { id, worker, rest: interval });
            id
        };
        self.numbers += interval.len();
        id
    }

    /// What is not covered yet of the chunk that `worker` holds as `id`; `None` for every other
    /// name: of another worker, returned, reclaimed, or never given.
    #[inline]
    pub(crate) fn rest(&self, id: LeaseId, worker: WorkerId) -> Option<Interval> {
        debug_assert!(worker != NOBODY);
        let held = self.slots.get(id.slot())?;
        (held.id == id && held.worker == worker).then_some(held.rest)
    }

    /// Ends a lease that [`rest`](Self::rest) has just found.
    #[inline]
    pub(crate) fn settle(&mut self, id: LeaseId) {
        let held = &mut self.slots[id.slot()];
        debug_assert!(held.id == id && held.worker != NOBODY);
        held.worker = NOBODY;
        self.numbers -= held.rest.len();
        self.free.push(id.slot() as u32);
    }

    /// Keeps a lease that [`rest`](Self::rest) has just found, for a shorter rest.
    pub(crate) fn shorten(&mut self, id: LeaseId, rest: Interval) {
        let held = &mut self.slots[id.slot()];
        debug_assert!(held.id == id && held.worker != NOBODY && held.rest.contains(rest));
        self.numbers -= held.rest.len() - rest.len();
        held.rest = rest;
    }

    /// Ends every lease of `worker` and hands what was not covered to `take`, lowest slot first.
    pub(crate) fn reclaim(&mut self, worker: WorkerId, mut take: impl FnMut(Interval, u8)) {
        for slot in 0..self.slots.len() {
            let held = self.slots[slot];
            if held.worker == worker {
                take(held.rest, held.id.attempt());
                self.settle(held.id);
            }
        }
    }

    /// Numbers in all leases together.
    pub(crate) fn numbers(&self) -> u128 {
        self.numbers
    }

    pub(crate) fn is_full(&self) -> bool {
        self.free.is_empty() && self.slots.len() == MAX_LEASES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const ONE: WorkerId = WorkerId(1);
    const TWO: WorkerId = WorkerId(2);

    #[test]
    fn a_settled_name_never_comes_back() {
        let mut table = LeaseTable::default();
        let first = table.lend(ONE, Interval::single(7), 1);
        table.settle(first);
        let second = table.lend(ONE, Interval::single(7), 1);
        assert_eq!(first.slot(), second.slot());
        assert_ne!(first, second);
        assert_eq!(table.rest(first, ONE), None);
        assert_eq!(table.rest(second, ONE), Some(Interval::single(7)));
    }

    #[test]
    fn only_the_holder_may_answer() {
        let mut table = LeaseTable::default();
        let lease = table.lend(ONE, Interval::single(7), 1);
        assert_eq!(table.rest(lease, TWO), None);
        assert_eq!(table.rest(LeaseId(u64::MAX), ONE), None);
    }

    #[test]
    fn reclaiming_returns_the_rest_with_its_attempt() {
        let mut table = LeaseTable::default();
        let lease = table.lend(ONE, Interval::new(0, 9).unwrap(), 3);
        let kept = table.lend(TWO, Interval::single(20), 1);
        table.shorten(lease, Interval::new(4, 9).unwrap());
        let mut reclaimed = vec![];
        table.reclaim(ONE, |rest, attempt| reclaimed.push((rest, attempt)));
        assert_eq!(reclaimed, [(Interval::new(4, 9).unwrap(), 3)]);
        assert_eq!(table.numbers(), 1);
        assert!(table.rest(kept, TWO).is_some());
    }

    #[test]
    fn the_attempt_is_read_back_from_the_name() {
        let id = LeaseId::new(MAX_LEASES - 1, 255, (1 << 36) - 1);
        assert_eq!((id.slot(), id.attempt(), id.serial()), (MAX_LEASES - 1, 255, (1 << 36) - 1));
        assert_eq!(id.0, u64::MAX);
    }
}
