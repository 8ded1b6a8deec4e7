//! Leases: which worker holds which chunk, at which attempt, under a name that never comes back.

mod answer_row;
mod row;
mod table;

use crate::interval::Interval;
use core::fmt;

pub use answer_row::AnswerRow;
pub use row::AssignmentRow;
pub(crate) use table::{HeldRow, LeaseTable, Reclaimed, Standing};

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
/// |   serial, upper bits    | attempt |  serial, lower bits |
/// +-------------------------+---------+---------------------+
/// ```
///
/// The serial counts the leases of a run. Its lower bits come last, so that the names of chunks lent in a row follow
/// each other. At 10^9 leases a second its 56 bits last two years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub u64);

const LOWER_BITS: u32 = 20;
const ATTEMPT_BITS: u32 = 8;
const LOWER: u64 = (1 << LOWER_BITS) - 1;

/// How many chunks may be in flight at once, over all workers.
pub const MAX_LEASES: usize = 1 << 20;

impl LeaseId {
    fn new(serial: u64, attempt: u8) -> Self {
        let upper = (serial & !LOWER) << ATTEMPT_BITS;
        Self(upper | (u64::from(attempt) << LOWER_BITS) | serial & LOWER)
    }

    /// How often the chunk has been handed out, from 1; after 255 it stays there.
    #[must_use]
    pub const fn attempt(self) -> u8 {
        (self.0 >> LOWER_BITS) as u8
    }

    const fn serial(self) -> u64 {
        (self.0 >> ATTEMPT_BITS) & !LOWER | self.0 & LOWER
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
