//! Entries of the stream: lines in memory, and lines that are still in the journal.

use crate::lease::WorkerId;
use crate::partial::Failure;
use alloc::vec::Vec;

/// Lines and failures of consecutive numbers, in memory until all lines below them are written.
#[derive(Debug)]
pub(super) struct BufferedLines {
    pub(super) last: i64,
    pub(super) lines: u64,
    pub(super) text: Vec<u8>,
    pub(super) failed: Vec<Failure>,
    pub(super) worker: Option<WorkerId>,
    pub(super) in_flight: u64,
}

/// Consecutive numbers that an earlier run has done. Their lines are in the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct JournaledLines {
    pub(super) last: i64,
    /// How many lines were found in them.
    pub(super) lines: u64,
}
