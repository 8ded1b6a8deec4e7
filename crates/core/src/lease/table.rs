//! Table of the leases in force, by worker, and of the last answers of each worker.

mod held;
mod holder;

use super::{AnswerRow, Assignment, AssignmentRow, LOWER, LeaseId, MAX_LEASES, WorkerId};
use crate::interval::Interval;
use alloc::vec::Vec;
use held::{ADVANCED, ASKED, BEGUN};
pub(crate) use held::{HeldRow, Standing};
use holder::Holder;

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

/// The leases in force.
#[derive(Debug, Default)]
pub(crate) struct LeaseTable {
    holders: Vec<Holder>,
    /// The serial of the next lease.
    next: u64,
    /// How many leases are in force, and how many of these were asked for.
    count: usize,
    asked: usize,
    /// How many workers hold any.
    busy: usize,
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
        self.next += held.row.len();
        self.add(worker, held);
        self.holders[index].push(held);
        assert!(self.count <= MAX_LEASES, "the table of leases is full");
    }

    /// Counts what is about to be put to the rows of a worker.
    #[inline]
    fn add(&mut self, worker: WorkerId, held: HeldRow) {
        let count = held.row.len() as usize;
        self.count += count;
        self.asked += if held.has(ASKED) { count } else { 0 };
        self.busy += usize::from(self.holders[worker.0 as usize].rows.is_empty());
        self.numbers += held.numbers();
    }

    #[inline]
    fn take(&mut self, worker: WorkerId, id: LeaseId, count: u64) -> Option<HeldRow> {
        let holder = self.holders.get_mut(worker.0 as usize)?;
        let taken = holder.take(id, count)?;
        self.busy -= usize::from(holder.rows.is_empty());
        self.subtract(taken);
        Some(taken)
    }

    #[inline]
    fn subtract(&mut self, taken: HeldRow) {
        let count = taken.row.len() as usize;
        self.count -= count;
        self.asked -= if taken.has(ASKED) { count } else { 0 };
        self.numbers -= taken.numbers();
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
        holder.settled(id).unwrap_or(Standing::Unknown)
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
            self.add(worker, held);
            self.holders[worker.0 as usize].put_back(held);
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

    /// Whether a worker holds a lease.
    pub(crate) fn has(&self, worker: WorkerId, id: LeaseId) -> bool {
        self.holders.get(worker.0 as usize).is_some_and(|holder| holder.find(id).is_some())
    }

    /// How many leases in force were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked
    }

    /// How many workers hold a lease.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// How many leases are in force.
    pub(crate) fn count(&self) -> usize {
        self.count
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
        let rows = core::mem::take(&mut holder.rows);
        self.busy -= usize::from(!rows.is_empty());
        for held in rows {
            self.subtract(held);
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
            holder.forget_answers();
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
