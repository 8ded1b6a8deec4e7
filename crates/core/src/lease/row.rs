//! Rows: adjacent chunks of one length that a worker gets together, under leases that follow each other.

use super::{Assignment, LeaseId};
use crate::interval::Interval;

/// Adjacent chunks of one length, under leases that follow each other. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignmentRow {
    first: Assignment,
    count: u64,
}

impl From<Assignment> for AssignmentRow {
    fn from(first: Assignment) -> Self {
        Self { first, count: 1 }
    }
}

impl From<&Assignment> for AssignmentRow {
    fn from(first: &Assignment) -> Self {
        Self::from(*first)
    }
}

impl From<&Self> for AssignmentRow {
    fn from(row: &Self) -> Self {
        *row
    }
}

impl AssignmentRow {
    /// `count` chunks, from `first` on. All of them must be within `i64`, and `count` at least 1.
    #[inline]
    pub(crate) const fn new(first: Assignment, count: u64) -> Self {
        Self { first, count }
    }

    /// The first chunk.
    #[inline]
    #[must_use]
    pub const fn first(&self) -> Assignment {
        self.first
    }

    /// How many chunks.
    #[inline]
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a row is never empty")]
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// The chunk at `index`, which must be below the [length](Self::len).
    #[inline]
    #[must_use]
    pub fn chunk(&self, index: u64) -> Assignment {
        let Assignment { lease, interval } = self.first;
        // A row is within `i64`, so only the length of all of `i64` wraps, and that is a row of one chunk.
        let step = interval.last().wrapping_sub(interval.first()).wrapping_add(1);
        let interval = interval.shifted(step.wrapping_mul(index.cast_signed()));
        Assignment { lease: LeaseId(lease.0.wrapping_add(index)), interval }
    }

    /// The last chunk.
    #[must_use]
    pub fn last(&self) -> Assignment {
        self.chunk(self.count - 1)
    }

    /// Each chunk, in order.
    #[inline]
    pub fn chunks(self) -> impl Iterator<Item = Assignment> {
        (0..self.count).map(move |index| self.chunk(index))
    }

    /// The numbers of all chunks.
    #[inline]
    #[must_use]
    pub fn numbers(&self) -> Interval {
        self.first.interval.hull(self.last().interval)
    }

    /// The index of the chunk under this lease.
    #[inline]
    pub(crate) fn position(&self, lease: LeaseId) -> Option<u64> {
        Some(lease.0.wrapping_sub(self.first.lease.0)).filter(|index| *index < self.count)
    }

    /// The first `count` chunks, and those behind them.
    #[inline]
    pub(crate) fn split(self, count: u64) -> (Option<Self>, Option<Self>) {
        if count == 0 {
            return (None, Some(self));
        }
        if count >= self.count {
            return (Some(self), None);
        }
        let behind = Self { first: self.chunk(count), count: self.count - count };
        (Some(Self { count, ..self }), Some(behind))
    }

    /// Adds the chunks of `next` if they continue this row.
    pub(crate) fn absorb(&mut self, next: Self) -> bool {
        let last = self.last();
        let continues = last.lease.0.checked_add(1) == Some(next.first.lease.0)
            && last.interval.is_followed_by(next.first.interval)
            && last.interval.len() == next.first.interval.len();
        self.count += if continues { next.count } else { 0 };
        continues
    }
}
