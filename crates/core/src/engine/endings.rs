//! Ends of workers by slot: why each ended, which cause its numbers get, and after how many refused forks or workers
//! that could not begin a run gives up.

use super::output::LossReason;
use crate::partial::Cause;
use alloc::vec::Vec;

/// With no worker left, this many refused starts in a row end the run.
const REFUSALS_IN_A_ROW: u32 = 5;

/// Refusals within this time, in nanoseconds, count as one: many slots may be refused at the same moment.
const REFUSALS_APART_NS: u64 = 900_000_000;

/// This many workers that could not begin end a run in which no number is done.
const UNSETTLED_AT_FIRST: u32 = 3;

/// What is known about the end of one worker.
#[derive(Clone, Copy, Debug, Default)]
struct Ending {
    reason: Option<LossReason>,
    /// Whether no other worker can have written the bytes that were no frame.
    is_only_suspect: bool,
    /// Whether a start in this slot was refused since a worker joined.
    is_refused: bool,
}

/// What is known about the ends of workers, by slot, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Endings {
    slots: Vec<Ending>,
    losses: u64,
    refusals_in_a_row: u32,
    refused_ns: u64,
    unsettled: u32,
}

impl Endings {
    pub(super) fn new(workers: usize) -> Self {
        Self { slots: alloc::vec![Ending::default(); workers], ..Self::default() }
    }

    pub(super) fn reason(&self, slot: usize) -> Option<LossReason> {
        self.slots.get(slot)?.reason
    }

    /// Notes why a worker is killed now. A crash report of a worker that lives does not explain that.
    pub(super) fn condemn(&mut self, slot: usize, reason: LossReason) {
        let before = &mut self.slots[slot].reason;
        let is_report = matches!(before, Some(LossReason::CrashReport { .. }));
        if before.is_none() || is_report {
            *before = Some(reason);
        }
    }

    pub(super) fn count_loss(&mut self) {
        self.losses += 1;
    }

    /// The cause that the numbers of a worker get, which ended of `end`.
    pub(super) fn cause(&self, slot: usize, end: Option<Cause>) -> Option<Cause> {
        let Ending { reason, is_only_suspect, .. } = self.slots[slot];
        match reason {
            // Its numbers are not to blame for what it may not even have done.
            Some(LossReason::Left { .. } | LossReason::Stopped) => None,
            Some(LossReason::Garbage) => is_only_suspect.then_some(Cause::Garbage),
            Some(LossReason::Violation(_)) => Some(Cause::Garbage),
            Some(LossReason::Memory) => Some(Cause::Memory),
            Some(LossReason::Timeout { .. }) => Some(Cause::Timeout),
            Some(LossReason::CrashReport { .. }) | None => end,
        }
    }

    /// A worker has joined in a slot.
    pub(super) fn join(&mut self, slot: usize) {
        self.slots[slot] = Ending::default();
        self.refusals_in_a_row = 0;
    }

    /// No worker could be forked for a slot. Whether it is the first refusal there since a worker joined.
    pub(super) fn refuse(&mut self, slot: usize, now_ns: u64) -> bool {
        if self.refusals_in_a_row == 0 || now_ns >= self.refused_ns + REFUSALS_APART_NS {
            self.refusals_in_a_row += 1;
            self.refused_ns = now_ns;
        }
        !core::mem::replace(&mut self.slots[slot].is_refused, true)
    }

    /// Whether [`REFUSALS_IN_A_ROW`] starts in a row were refused. Then a run without a worker ends.
    pub(super) fn is_refused_for_good(&self) -> bool {
        self.refusals_in_a_row >= REFUSALS_IN_A_ROW
    }

    /// Counts a worker that could not begin. Returns whether these were [`UNSETTLED_AT_FIRST`]: then a run without a
    /// result ends.
    pub(super) fn could_not_begin(&mut self) -> bool {
        self.unsettled += 1;
        self.unsettled >= UNSETTLED_AT_FIRST
    }

    /// A worker may have written bytes that are no frame; no other can have, if it is the only suspect.
    pub(super) fn suspect(&mut self, slot: usize, is_only_suspect: bool) {
        self.slots[slot].is_only_suspect = is_only_suspect;
        self.condemn(slot, LossReason::Garbage);
    }

    /// Notes what a worker said about its end.
    pub(super) fn note(&mut self, slot: usize, reason: LossReason) {
        self.slots[slot].reason = Some(reason);
    }

    /// Notes a reason, unless one is known.
    pub(super) fn note_first(&mut self, slot: usize, reason: LossReason) {
        self.slots[slot].reason.get_or_insert(reason);
    }

    /// How many workers and agents were lost.
    pub(super) fn losses(&self) -> u64 {
        self.losses
    }
}
