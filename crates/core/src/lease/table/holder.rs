//! Leases and last answers of one worker.

use super::held::{HeldRow, Standing};
use crate::lease::{AnswerRow, AssignmentRow, LeaseId};
use alloc::collections::VecDeque;
use alloc::vec::Vec;

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
pub(super) struct Holder {
    /// In the order in which they were lent, so their names ascend. A worker answers in this order, an agent mostly.
    pub(super) rows: VecDeque<HeldRow>,
    settled: VecDeque<SettledRow>,
}

impl Holder {
    /// The index of the row with this lease, and the index of the lease in it.
    #[inline]
    pub(super) fn find(&self, id: LeaseId) -> Option<(usize, u64)> {
        let find_in = |index: usize| Some((index, self.rows.get(index)?.row.position(id)?));
        find_in(0).or_else(|| {
            let serial = id.serial();
            find_in(self.rows.partition_point(|held| held.serial() <= serial).checked_sub(1)?)
        })
    }

    /// Removes `count` leases from `id` on, of one row.
    #[inline]
    pub(super) fn take(&mut self, id: LeaseId, count: u64) -> Option<HeldRow> {
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

    /// Adds chunks that were just lent. An agent may get thousands of short ones at first, which are one row.
    #[inline]
    pub(super) fn push(&mut self, held: HeldRow) {
        let last = self.rows.back_mut().filter(|last| last.is_plain() && held.is_plain());
        if !last.is_some_and(|last| last.row.absorb(held.row)) {
            self.rows.push_back(held);
        }
    }

    pub(super) fn put_back(&mut self, held: HeldRow) {
        let index = self.rows.partition_point(|other| other.serial() < held.serial());
        self.rows.insert(index, held);
    }

    pub(super) fn keep(&mut self, row: AssignmentRow, answers: AnswerRow<'_>) {
        let oldest =
            if self.settled.len() < KEPT_ANSWERS { None } else { self.settled.pop_front() };
        let mut bytes = oldest.map(|settled| settled.bytes).unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(answers.bytes());
        self.settled.push_back(SettledRow { row, width: answers.width(), bytes });
    }

    /// What is known of a lease that it answered lately.
    pub(super) fn settled(&self, id: LeaseId) -> Option<Standing> {
        self.settled.iter().rev().find_map(|settled| settled.standing(id))
    }

    pub(super) fn forget_answers(&mut self) {
        self.settled = VecDeque::new();
    }
}
