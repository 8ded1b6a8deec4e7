//! Table of the leases in force, by worker, and of the last answers of each worker.

use super::{AnswerRow, Assignment, AssignmentRow, LOWER, LeaseId, MAX_LEASES, WorkerId};
use crate::interval::Interval;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Leases in force that are alike: what was noted about one was noted about all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldRow {
    /// The chunks. Of a chunk that is partly covered, the rest: a worker answers ascending, so it is always a tail.
    row: AssignmentRow,
    /// How often the chunk was lost while a worker was at it.
    losses: u8,
    marks: u8,
    /// Digest of the cause of the last loss; 0 if there was none.
    cause: u16,
}

impl HeldRow {
    /// The chunks.
    #[inline]
    pub(crate) fn row(&self) -> AssignmentRow {
        self.row
    }

    /// What is not covered of the first chunk.
    #[inline]
    pub(crate) fn rest(&self) -> Interval {
        self.row.first().interval
    }

    /// How often the chunk was lost before while a worker was at it.
    pub(crate) fn losses(&self) -> u8 {
        self.losses
    }

    /// Digest of the cause of the last loss; see [`Reclaimed::cause`].
    pub(crate) fn cause(&self) -> u16 {
        self.cause
    }

    /// The first `count` of the chunks.
    #[inline]
    pub(crate) fn first(self, count: u64) -> Self {
        self.split(count).0.unwrap_or(self)
    }

    fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    fn serial(&self) -> u64 {
        self.row.first().lease.serial()
    }

    /// How many numbers the chunks still lack.
    #[inline]
    fn numbers(&self) -> u128 {
        self.row.numbers().len()
    }

    #[inline]
    fn split(self, count: u64) -> (Option<Self>, Option<Self>) {
        let (front, behind) = self.row.split(count);
        (front.map(|row| Self { row, ..self }), behind.map(|row| Self { row, ..self }))
    }
}

/// Its worker said that it begins the chunk, which was lost before.
const BEGUN: u8 = 1;
/// A part of it is covered: its worker got on with it before it was lost.
const ADVANCED: u8 = 2;
/// Its worker was asked for a part of it.
const ASKED: u8 = 4;

/// What the table knows about a name that a worker used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The worker holds it: this chunk, and those that it holds in a row behind it.
    InForce(HeldRow),
    /// It was among the last that the worker answered, with this word.
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

/// How many rows of answers of each worker are kept, to compare them with a second answer.
const KEPT_ANSWERS: usize = 8;

/// A row of chunks that were answered, with the words.
#[derive(Debug)]
struct SettledRow {
    row: AssignmentRow,
    width: usize,
    bytes: Vec<u8>,
}

impl SettledRow {
    fn standing(&self, id: LeaseId) -> Option<Standing> {
        let index = self.row.position(id)?;
        let answers = AnswerRow::new(self.row.first().lease, self.width, &self.bytes)?;
        let word = answers.words().nth(index as usize)?;
        Some(Standing::Settled { word, first: self.row.chunk(index).interval.first() })
    }
}

/// What one worker holds, and what it answered last.
#[derive(Debug, Default)]
struct Holder {
    /// In the order in which they were lent, so their names ascend. A worker answers in this order, an agent mostly.
    rows: VecDeque<HeldRow>,
    settled: VecDeque<SettledRow>,
}

impl Holder {
    /// The index of the row with this lease, and the index of the lease in it.
    #[inline]
    fn find(&self, id: LeaseId) -> Option<(usize, u64)> {
        let find_in = |index: usize| Some((index, self.rows.get(index)?.row.position(id)?));
        find_in(0).or_else(|| {
            let serial = id.serial();
            find_in(self.rows.partition_point(|held| held.serial() <= serial).checked_sub(1)?)
        })
    }

    /// Removes `count` leases from `id` on, of one row.
    #[inline]
    fn take(&mut self, id: LeaseId, count: u64) -> Option<HeldRow> {
        let (index, offset) = self.find(id)?;
        let (before, rest) = self.rows[index].split(offset);
        let (taken, behind) = rest?.split(count);
        match (before, behind) {
            (Some(before), Some(behind)) => {
                self.rows[index] = before;
                self.rows.insert(index + 1, behind);
            }
            (Some(one), None) | (None, Some(one)) => self.rows[index] = one,
            (None, None) => drop(self.rows.remove(index)),
        }
        taken
    }

    fn put_back(&mut self, held: HeldRow) {
        let index = self.rows.partition_point(|other| other.serial() < held.serial());
        self.rows.insert(index, held);
    }

    fn keep(&mut self, row: AssignmentRow, answers: AnswerRow<'_>) {
        let oldest =
            if self.settled.len() < KEPT_ANSWERS { None } else { self.settled.pop_front() };
        let mut bytes = oldest.map(|settled| settled.bytes).unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(answers.bytes());
        self.settled.push_back(SettledRow { row, width: answers.width(), bytes });
    }
}

/// The leases in force.
#[derive(Debug, Default)]
pub(crate) struct LeaseTable {
    holders: Vec<Holder>,
    /// The serial of the next lease.
    next: u64,
    /// How many leases are in force.
    count: usize,
    /// Numbers in all leases together.
    numbers: u128,
}

impl LeaseTable {
    /// Lends a chunk that was lost so often while a worker was at it, the last time of `cause`. The table must not be
    /// [full](Self::is_full).
    pub(crate) fn lend(
        &mut self,
        worker: WorkerId,
        interval: Interval,
        attempt: u8,
        (losses, cause): (u8, u16),
    ) -> Assignment {
        let assignment = Assignment { lease: LeaseId::new(self.next, attempt), interval };
        self.place(worker, HeldRow { row: assignment.into(), losses, marks: 0, cause });
        assignment
    }

    /// Lends numbers that were never lent before in chunks of `len`, of which the last may be shorter, and
    /// adds them to `lent`. The table must have [room](Self::room) for all of them.
    #[inline]
    pub(crate) fn lend_run(
        &mut self,
        worker: WorkerId,
        numbers: Interval,
        len: u128,
        lent: &mut Vec<AssignmentRow>,
    ) {
        let mut rest = Some(numbers);
        while let Some(numbers) = rest {
            // The lower bits of the serials of a row must not overflow.
            let most = LOWER + 1 - (self.next & LOWER);
            let whole = u64::try_from(numbers.len() / len).unwrap_or(u64::MAX);
            let count = whole.clamp(1, most);
            let lease = LeaseId::new(self.next, 1);
            let row = AssignmentRow::new(
                Assignment { lease, interval: numbers.split_front(len).0 },
                count,
            );
            self.place(worker, HeldRow { row, losses: 0, marks: 0, cause: 0 });
            lent.push(row);
            rest = numbers.above(row.numbers().last());
        }
    }

    #[inline]
    fn place(&mut self, worker: WorkerId, held: HeldRow) {
        let index = worker.0 as usize;
        if index >= self.holders.len() {
            self.holders.resize_with(index + 1, Holder::default);
        }
        self.holders[index].rows.push_back(held);
        self.next += held.row.len();
        self.add(held);
        assert!(self.count <= MAX_LEASES, "the table of leases is full");
    }

    #[inline]
    fn add(&mut self, held: HeldRow) {
        self.count += held.row.len() as usize;
        self.numbers += held.numbers();
    }

    #[inline]
    fn take(&mut self, worker: WorkerId, id: LeaseId, count: u64) -> Option<HeldRow> {
        let taken = self.holders.get_mut(worker.0 as usize)?.take(id, count)?;
        self.count -= taken.row.len() as usize;
        self.numbers -= taken.numbers();
        Some(taken)
    }

    /// What is known of the name `id` that `worker` used.
    #[inline]
    pub(crate) fn standing(&self, id: LeaseId, worker: WorkerId) -> Standing {
        let Some(holder) = self.holders.get(worker.0 as usize) else { return Standing::Unknown };
        if let Some((index, offset)) = holder.find(id)
            && let (_, Some(held)) = holder.rows[index].split(offset)
        {
            return Standing::InForce(held);
        }
        let settled = holder.settled.iter().rev().find_map(|settled| settled.standing(id));
        settled.unwrap_or(Standing::Unknown)
    }

    /// Ends leases in force of one row with an answer to each.
    #[inline]
    pub(crate) fn settle(&mut self, worker: WorkerId, answers: AnswerRow<'_>) {
        let taken = self.take(worker, answers.lease(), answers.len());
        debug_assert!(taken.is_some_and(|held| held.row.len() == answers.len()));
        if let Some(held) = taken {
            self.holders[worker.0 as usize].keep(held.row, answers);
        }
    }

    /// Ends a lease in force, of which no answer is kept.
    pub(crate) fn end(&mut self, worker: WorkerId, id: LeaseId) {
        let taken = self.take(worker, id, 1);
        debug_assert!(taken.is_some());
    }

    /// Changes what is noted of one lease in force.
    fn change(&mut self, worker: WorkerId, id: LeaseId, change: impl FnOnce(&mut HeldRow)) {
        if let Some(mut held) = self.take(worker, id, 1) {
            change(&mut held);
            self.holders[worker.0 as usize].put_back(held);
            self.add(held);
        }
    }

    /// Ends every lease that lies above `limit`: its name, who held it, and how many numbers it lacked.
    /// Reports those that reach above it, too, with `None` for the numbers; they stay.
    pub(crate) fn end_above(
        &mut self,
        limit: i64,
        mut tell: impl FnMut(LeaseId, WorkerId, Option<u128>),
    ) {
        let reach = self.in_force().filter(|(_, one)| one.interval.last() > limit);
        let reach: Vec<(WorkerId, Assignment)> = reach.collect();
        for (worker, Assignment { lease, interval }) in reach {
            let numbers = (interval.first() > limit).then(|| interval.len());
            if numbers.is_some() {
                self.end(worker, lease);
            }
            tell(lease, worker, numbers);
        }
    }

    /// Every row with its worker.
    fn rows(&self) -> impl Iterator<Item = (WorkerId, &HeldRow)> {
        let holders = (0..).map(WorkerId).zip(&self.holders);
        holders.flat_map(|(worker, holder)| holder.rows.iter().map(move |held| (worker, held)))
    }

    fn rows_of(&self, worker: WorkerId) -> impl Iterator<Item = &HeldRow> {
        self.holders.get(worker.0 as usize).into_iter().flat_map(|holder| &holder.rows)
    }

    /// The leases in force, each with its worker.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (WorkerId, Assignment)> + '_ {
        self.rows().flat_map(|(worker, held)| held.row.chunks().map(move |chunk| (worker, chunk)))
    }

    /// The worker that holds the lowest leased number.
    pub(crate) fn lowest(&self) -> Option<WorkerId> {
        self.rows().min_by_key(|(_, held)| held.rest().first()).map(|(worker, _)| worker)
    }

    /// The rest of the lowest lease of a worker.
    pub(crate) fn lowest_of(&self, worker: WorkerId) -> Option<Interval> {
        self.rows_of(worker).map(HeldRow::rest).min_by_key(Interval::first)
    }

    /// The row in which a worker holds `n`.
    fn row_with(&self, worker: WorkerId, n: i64) -> Option<&HeldRow> {
        let number = Interval::single(n);
        self.rows_of(worker).find(|held| held.row.numbers().contains(number))
    }

    /// Whether a worker holds a lease of which this number is not covered.
    pub(crate) fn is_held(&self, worker: WorkerId, n: i64) -> bool {
        self.row_with(worker, n).is_some()
    }

    /// Of what the chunk was lost the last time in which a worker holds `n`, as a digest.
    pub(crate) fn cause_at(&self, worker: WorkerId, n: i64) -> Option<u16> {
        self.row_with(worker, n).map(|held| held.cause)
    }

    /// Keeps a lease in force for a shorter rest: without a front that is covered, or without a
    /// tail that was given back.
    pub(crate) fn shorten(&mut self, worker: WorkerId, id: LeaseId, rest: Interval) {
        self.change(worker, id, |held| {
            let before = held.rest();
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
            held.row = Assignment { lease: id, interval: rest }.into();
        });
    }

    /// Notes that its worker is at it, if it is in force.
    pub(crate) fn begin(&mut self, worker: WorkerId, id: LeaseId) {
        self.change(worker, id, |held| held.marks |= BEGUN);
    }

    /// Whether a lease is in force.
    pub(crate) fn has(&self, id: LeaseId) -> bool {
        self.holders.iter().any(|holder| holder.find(id).is_some())
    }

    /// How many leases in force were asked for.
    pub(crate) fn asked(&self) -> usize {
        let asked = self.rows().filter(|(_, held)| held.has(ASKED));
        asked.map(|(_, held)| held.row.len() as usize).sum()
    }

    /// Notes that its worker was asked for a part of it.
    pub(crate) fn ask(&mut self, worker: WorkerId, id: LeaseId) {
        self.change(worker, id, |held| held.marks |= ASKED);
    }

    /// Leases in force whose workers were not asked for a part: of chunks of one length in a row, the last.
    pub(crate) fn unasked(&self) -> impl Iterator<Item = (WorkerId, Assignment)> + '_ {
        let rows = self.rows().filter(|(_, held)| !held.has(ASKED));
        rows.map(|(worker, held)| (worker, held.row.last()))
    }

    /// The lease with the highest numbers of a worker that holds several, unless it was asked for.
    pub(crate) fn last_unasked_of(&self, worker: WorkerId) -> Option<LeaseId> {
        let last = self.rows_of(worker).max_by_key(|held| held.row.numbers().last())?;
        let holds_several = self.rows_of(worker).map(|held| held.row.len()).sum::<u64>() > 1;
        (holds_several && !last.has(ASKED)).then_some(last.row.last().lease)
    }

    /// Ends every lease of `worker` and hands it to `take`, in the order in which they were lent.
    pub(crate) fn reclaim(&mut self, worker: WorkerId, mut take: impl FnMut(Reclaimed)) {
        let Some(holder) = self.holders.get_mut(worker.0 as usize) else { return };
        for held in core::mem::take(&mut holder.rows) {
            self.count -= held.row.len() as usize;
            self.numbers -= held.numbers();
            let is_blamed = held.has(BEGUN) && !held.has(ADVANCED);
            let losses = if held.has(ADVANCED) { 0 } else { held.losses };
            for Assignment { lease, interval: rest } in held.row.chunks() {
                take(Reclaimed { lease, rest, losses, cause: held.cause, is_blamed });
            }
        }
    }

    /// Forgets what a worker that is lost has answered.
    pub(crate) fn forget(&mut self, worker: WorkerId) {
        if let Some(holder) = self.holders.get_mut(worker.0 as usize) {
            holder.settled = VecDeque::new();
        }
    }

    /// Numbers in all leases together.
    pub(crate) fn numbers(&self) -> u128 {
        self.numbers
    }

    /// How many more leases it can hold.
    pub(crate) fn room(&self) -> usize {
        MAX_LEASES - self.count
    }

    pub(crate) fn is_full(&self) -> bool {
        self.room() == 0
    }
}

#[cfg(test)]
mod row_tests;
#[cfg(test)]
mod tests;
