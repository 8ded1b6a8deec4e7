//! Leases: which worker holds which chunk, at which attempt, under a name that never comes back.

use crate::interval::Interval;
use alloc::collections::VecDeque;
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
struct LeaseSlot {
    id: LeaseId,
    /// The worker that holds it, or [`VACANT`].
    worker: WorkerId,
    /// How often the chunk was lost while a worker was at it.
    losses: u8,
    marks: u8,
    /// Of what it was lost the last time, as a digest; 0 if it was not.
    cause: u16,
    /// In force: first and last of what is not covered yet; a worker answers ascending, so it is
    /// always a tail. Settled: the count it was settled with, and the first number of that answer.
    words: [i64; 2],
}

impl LeaseSlot {
    fn is_in_force(&self) -> bool {
        self.worker != VACANT
    }

    fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    fn set_rest(&mut self, rest: Interval) {
        self.words = [rest.first(), rest.last()];
    }

    #[inline]
    fn rest(&self) -> Option<Interval> {
        Interval::new(self.words[0], self.words[1])
    }

    /// How many numbers a lease in force still lacks.
    #[inline]
    fn len(&self) -> u128 {
        u128::from(self.words[1].abs_diff(self.words[0])) + 1
    }
}

/// Its worker said that it begins the chunk, which was lost before.
const BEGUN: u8 = 1;
/// A part of it is covered: its worker got on with it before it was lost.
const ADVANCED: u8 = 2;
/// Its worker was asked for a part of it.
const ASKED: u8 = 4;
/// It ended with an answer, whose count is in the slot.
const SETTLED: u8 = 8;

/// The holder of a vacant slot. No worker has this name: there would have been 2^32 - 1 before it.
const VACANT: WorkerId = WorkerId(u32::MAX);

/// What the table knows about a name that a worker used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The worker holds it; this is not covered yet.
    InForce(Interval),
    /// It was the last lease of its slot, and was answered with this count.
    Settled {
        word: u64,
        /// The lowest number that the answer was for.
        first: i64,
    },
    /// Of another worker, reclaimed, long settled, or never given.
    Unknown,
}

/// A chunk that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reclaimed {
    pub(crate) lease: LeaseId,
    /// What was not covered.
    pub(crate) rest: Interval,
    /// How often it was lost before while a worker was at it.
    pub(crate) losses: u8,
    /// Of what it was lost the last time, as a digest; 0 if it was not.
    pub(crate) cause: u16,
    /// Whether the worker was at it: it said so and had not got on with it since.
    pub(crate) is_blamed: bool,
}

/// The leases in force: a table of slots that are used again.
#[derive(Debug, Default)]
pub(crate) struct LeaseTable {
    slots: Vec<LeaseSlot>,
    /// Vacant slots, first in, first out: chunks lent in a row get slots in a row, so that their names follow each
    /// other, and frames name a row by its first.
    free: VecDeque<u32>,
    /// Numbers in all leases together.
    numbers: u128,
}

impl LeaseTable {
    /// Lends a chunk that was lost so often while a worker was at it. The table must not be
    /// [full](Self::is_full).
    #[inline]
    pub(crate) fn lend(
        &mut self,
        worker: WorkerId,
        interval: Interval,
        (attempt, losses): (u8, u8),
    ) -> LeaseId {
        self.numbers += interval.len();
        self.place(worker, interval, (attempt, losses))
    }

    #[inline]
    fn place(
        &mut self,
        worker: WorkerId,
        interval: Interval,
        (attempt, losses): (u8, u8),
    ) -> LeaseId {
        let words = [interval.first(), interval.last()];
        if let Some(slot) = self.free.pop_front() {
            let held = &mut self.slots[slot as usize];
            let id = LeaseId::new(slot as usize, attempt, held.id.serial() + 1);
            *held = LeaseSlot { id, worker, losses, marks: 0, cause: 0, words };
            id
        } else {
            assert!(self.slots.len() < MAX_LEASES, "the table of leases is full");
            let id = LeaseId::new(self.slots.len(), attempt, 0);
            self.slots.push(LeaseSlot { id, worker, losses, marks: 0, cause: 0, words });
            id
        }
    }

    /// Lends numbers that were never lent before in chunks of `len`, of which the last may be shorter, and
    /// adds them to `lent`. The table must have [room](Self::room) for all of them.
    #[inline]
    pub(crate) fn lend_run(
        &mut self,
        worker: WorkerId,
        numbers: Interval,
        len: u128,
        lent: &mut Vec<Assignment>,
    ) {
        self.numbers += numbers.len();
        let mut rest = Some(numbers);
        while let Some(numbers) = rest {
            let (interval, behind) = numbers.split_front(len);
            rest = behind;
            let lease = self.place(worker, interval, (1, 0));
            lent.push(Assignment { lease, interval });
        }
    }

    /// What is known of the name `id` that `worker` used.
    #[inline]
    pub(crate) fn standing(&self, id: LeaseId, worker: WorkerId) -> Standing {
        debug_assert!(worker != VACANT);
        match self.slots.get(id.slot()) {
            Some(held) if held.id == id && held.worker == worker => {
                held.rest().map_or(Standing::Unknown, Standing::InForce)
            }
            Some(held) if held.id == id && held.has(SETTLED) => {
                Standing::Settled { word: held.words[0].cast_unsigned(), first: held.words[1] }
            }
            _ => Standing::Unknown,
        }
    }

    /// Ends a lease in force with an answer of `count`.
    #[inline]
    pub(crate) fn settle(&mut self, id: LeaseId, count: u64) {
        self.end(id);
        let held = &mut self.slots[id.slot()];
        held.marks |= SETTLED;
        held.words = [count.cast_signed(), held.words[0]];
    }

    /// Ends leases of `worker` with their counts, as long as these are plausible answers to first attempts that are in
    /// force, and tells `done` of runs of adjacent numbers with their count. The first answer that is something else
    /// is given back.
    pub(crate) fn settle_run(
        &mut self,
        worker: WorkerId,
        answers: &mut impl Iterator<Item = (LeaseId, u64)>,
        mut done: impl FnMut(Interval, u128),
    ) -> (usize, u128, Option<(LeaseId, u64)>) {
        let (mut settled, mut numbers) = (0, 0);
        let mut run: Option<(Interval, u128)> = None;
        let mut other = None;
        for (id, count) in answers {
            let plain = self
                .slots
                .get_mut(id.slot())
                .filter(|held| held.id == id && held.worker == worker && id.attempt() == 1);
            let Some((held, rest)) = plain.and_then(|held| held.rest().map(|rest| (held, rest)))
            else {
                other = Some((id, count));
                break;
            };
            let len = rest.len();
            if u128::from(count) > len {
                other = Some((id, count));
                break;
            }
            held.worker = VACANT;
            held.marks |= SETTLED;
            held.words = [count.cast_signed(), 0];
            self.free.push_back(id.slot() as u32);
            settled += 1;
            numbers += len;
            run = match run {
                Some((before, sum)) if before.is_followed_by(rest) => {
                    Some((before.hull(rest), sum + u128::from(count)))
                }
                run => {
                    run.into_iter().for_each(|(interval, sum)| done(interval, sum));
                    Some((rest, u128::from(count)))
                }
            };
        }
        run.into_iter().for_each(|(interval, sum)| done(interval, sum));
        self.numbers -= numbers;
        (settled, numbers, other)
    }

    /// Ends a lease in force, of which no name is kept.
    #[inline]
    pub(crate) fn end(&mut self, id: LeaseId) {
        let held = &mut self.slots[id.slot()];
        debug_assert!(held.id == id && held.is_in_force());
        held.worker = VACANT;
        self.numbers -= held.len();
        self.free.push_back(id.slot() as u32);
    }

    /// Ends every lease that lies above `limit`: its name, who held it, and how many numbers it lacked.
    /// Those that reach above it are told, too, with `None` for the numbers, and stay.
    pub(crate) fn end_above(
        &mut self,
        limit: i64,
        mut tell: impl FnMut(LeaseId, WorkerId, Option<u128>),
    ) {
        for index in 0..self.slots.len() {
            let held = self.slots[index];
            if !held.is_in_force() || held.words[1] <= limit {
                continue;
            }
            let numbers = (held.words[0] > limit).then(|| held.len());
            if numbers.is_some() {
                self.end(held.id);
            }
            tell(held.id, held.worker, numbers);
        }
    }

    /// The worker that holds the lowest leased number.
    pub(crate) fn lowest(&self) -> Option<WorkerId> {
        let held = self.slots.iter().filter(|held| held.is_in_force());
        held.min_by_key(|held| held.words[0]).map(|held| held.worker)
    }

    /// Of what the chunk was lost the last time in which a worker holds `n`, as a digest.
    pub(crate) fn cause_at(&self, worker: WorkerId, n: i64) -> Option<u16> {
        let mut held = self.slots.iter().filter(|held| held.worker == worker);
        let number = Interval::single(n);
        held.find(|held| held.rest().is_some_and(|rest| rest.contains(number)))
            .map(|held| held.cause)
    }

    /// The rest of the lowest lease of a worker.
    pub(crate) fn lowest_of(&self, worker: WorkerId) -> Option<Interval> {
        let held = self.slots.iter().filter(|held| held.worker == worker && held.is_in_force());
        held.min_by_key(|held| held.words[0])?.rest()
    }

    /// Keeps a lease in force for a shorter rest: without a front that is covered, or without a
    /// tail that was given back.
    pub(crate) fn shorten(&mut self, id: LeaseId, rest: Interval) {
        let held = &mut self.slots[id.slot()];
        debug_assert!(held.id == id && held.is_in_force());
        let before = held.rest().unwrap_or(rest);
        debug_assert!(before.contains(rest));
        if before.first() < rest.first() {
            held.marks |= ADVANCED;
        }
        if rest.last() < before.last() {
            // That was the part it was asked for. What it merely reports is not: asked again at each
            // report, it would divide its chunk again and again for those served by the first time.
            held.marks &= !ASKED;
        }
        if rest.len() == 1 && before.len() > 1 {
            // Alone from now on, it gets all tries once more.
            held.losses = 0;
        }
        held.set_rest(rest);
        self.numbers -= before.len() - rest.len();
    }

    /// Whether a worker holds a lease of which this number is not covered.
    pub(crate) fn is_held(&self, worker: WorkerId, n: i64) -> bool {
        let has_n = |held: &LeaseSlot| held.words[0] <= n && n <= held.words[1];
        self.slots.iter().any(|held| held.worker == worker && has_n(held))
    }

    /// Notes that its worker is at it, if it is in force.
    pub(crate) fn begin(&mut self, id: LeaseId, worker: WorkerId) {
        if let Some(held) = self.slots.get_mut(id.slot())
            && held.id == id
            && held.worker == worker
        {
            held.marks |= BEGUN;
        }
    }

    /// Whether a lease is in force.
    pub(crate) fn has(&self, id: LeaseId) -> bool {
        self.slots.get(id.slot()).is_some_and(|held| held.id == id && held.is_in_force())
    }

    /// How often the chunk of a lease in force was lost before while a worker was at it.
    pub(crate) fn losses(&self, id: LeaseId) -> u8 {
        self.slots[id.slot()].losses
    }

    /// Of what the chunk of a lease in force was lost the last time; see [`Reclaimed::cause`].
    pub(crate) fn cause(&self, id: LeaseId) -> u16 {
        self.slots[id.slot()].cause
    }

    /// Notes of what the chunk of a lease in force was lost the last time.
    pub(crate) fn set_cause(&mut self, id: LeaseId, cause: u16) {
        self.slots[id.slot()].cause = cause;
    }

    /// How many leases in force were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.slots.iter().filter(|held| held.is_in_force() && held.has(ASKED)).count()
    }

    /// Notes that its worker was asked for a part of it.
    pub(crate) fn ask(&mut self, id: LeaseId) {
        self.slots[id.slot()].marks |= ASKED;
    }

    /// The leases in force whose workers were not asked for a part, with the numbers that are not covered.
    pub(crate) fn unasked(&self) -> impl Iterator<Item = (LeaseId, WorkerId, Interval)> + '_ {
        let slots = self.slots.iter().filter(|held| held.is_in_force() && !held.has(ASKED));
        slots.filter_map(|held| Some((held.id, held.worker, held.rest()?)))
    }

    /// The lease with the highest numbers of a worker that holds several, unless it was asked for.
    pub(crate) fn last_unasked_of(&self, worker: WorkerId) -> Option<LeaseId> {
        let held = || self.slots.iter().filter(|held| held.worker == worker && held.is_in_force());
        let last = held().max_by_key(|held| held.words[1])?;
        (held().nth(1).is_some() && !last.has(ASKED)).then_some(last.id)
    }

    /// The leases in force, with what is not covered.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (LeaseId, Interval)> + '_ {
        let slots = self.slots.iter().filter(|held| held.is_in_force());
        slots.filter_map(|held| Some((held.id, held.rest()?)))
    }

    /// Ends every lease of `worker` and hands it to `take`, lowest slot first.
    pub(crate) fn reclaim(&mut self, worker: WorkerId, mut take: impl FnMut(Reclaimed)) {
        for slot in 0..self.slots.len() {
            let held = self.slots[slot];
            if held.worker == worker
                && let Some(rest) = held.rest()
            {
                let is_blamed = held.has(BEGUN) && !held.has(ADVANCED);
                let losses = if held.has(ADVANCED) { 0 } else { held.losses };
                let cause = held.cause;
                take(Reclaimed { lease: held.id, rest, losses, cause, is_blamed });
                self.end(held.id);
            }
        }
    }

    /// Numbers in all leases together.
    pub(crate) fn numbers(&self) -> u128 {
        self.numbers
    }

    /// How many more leases it can hold.
    pub(crate) fn room(&self) -> usize {
        self.free.len() + MAX_LEASES - self.slots.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }
}

#[cfg(test)]
mod tests;
