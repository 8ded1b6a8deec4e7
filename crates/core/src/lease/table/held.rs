//! Leases in force that are alike, and what the table knows about a name.

use crate::interval::Interval;
use crate::lease::AssignmentRow;

/// Leases in force that are alike: what was noted about one was noted about all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldRow {
    /// The chunks. Of a chunk that is partly covered, the rest: a worker answers ascending, so it is always a tail.
    pub(super) row: AssignmentRow,
    /// How often the chunk was lost while a worker was at it.
    pub(super) losses: u8,
    pub(super) marks: u8,
    /// Digest of the cause of the last loss; 0 if there was none.
    pub(super) cause: u16,
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

    /// Digest of the cause of the last loss; see `Reclaimed` in the table.
    pub(crate) fn cause(&self) -> u16 {
        self.cause
    }

    /// The first `count` of the chunks.
    #[inline]
    pub(crate) fn first(self, count: u64) -> Self {
        self.split(count).0.unwrap_or(self)
    }

    /// Whether it was lent for the first time, and nothing was noted since.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        (self.losses, self.marks, self.cause) == (0, 0, 0) && self.row.first().lease.attempt() == 1
    }

    pub(super) fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    pub(super) fn serial(&self) -> u64 {
        self.row.first().lease.serial()
    }

    /// How many numbers the chunks still lack.
    #[inline]
    pub(super) fn numbers(&self) -> u128 {
        self.row.numbers().len()
    }

    #[inline]
    pub(super) fn split(self, count: u64) -> (Option<Self>, Option<Self>) {
        let (front, behind) = self.row.split(count);
        (front.map(|row| Self { row, ..self }), behind.map(|row| Self { row, ..self }))
    }
}

/// Its worker said that it begins the chunk, which was lost before.
pub(super) const BEGUN: u8 = 1;
/// A part of it is covered: its worker got on with it before it was lost.
pub(super) const ADVANCED: u8 = 2;
/// Its worker was asked for a part of it.
pub(super) const ASKED: u8 = 4;

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
