//! Worker loss: why a worker ends, which cause its numbers get for that, and when losses end the run.

use super::output::{End, LossReason, Output};
use super::primary::Primary;
use crate::frame::Frame;
use crate::interval::Interval;
use crate::partial::Cause;
use crate::scheduler::Violation;
use crate::supervisor::{Fault, Heard};
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
    fn cause(&self, slot: usize, end: Option<Cause>) -> Option<Cause> {
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
}

/// The loss of a worker.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Why it ended, where that is known.
    pub reason: Option<LossReason>,
    /// What its numbers are blamed for, if they are.
    pub cause: Option<Cause>,
    /// How many chunks it held, and how many of their numbers were not covered.
    pub reclaimed: (usize, u128),
}

impl Primary {
    /// A worker that was forked for an empty slot joins under the [next name](Self::next_name). Its assignment pipe
    /// has room for `window` chunks.
    ///
    /// # Errors
    /// None, as long as names are used in order.
    pub fn worker_joined(
        &mut self,
        slot: usize,
        window: usize,
        now_ns: u64,
    ) -> Result<(), Violation> {
        self.endings.slots[slot] = Ending::default();
        self.endings.refusals_in_a_row = 0;
        self.supervisor.join(slot, window, now_ns)
    }

    /// No worker could be forked for an empty slot; the start is tried again. Whether it is the first refusal in this
    /// slot since a worker joined.
    pub fn worker_refused(&mut self, slot: usize, now_ns: u64) -> bool {
        self.supervisor.refuse(slot, now_ns);
        let endings = &mut self.endings;
        if endings.refusals_in_a_row == 0 || now_ns >= endings.refused_ns + REFUSALS_APART_NS {
            endings.refusals_in_a_row += 1;
            endings.refused_ns = now_ns;
        }
        let is_first = !core::mem::replace(&mut endings.slots[slot].is_refused, true);
        let is_enough = endings.refusals_in_a_row >= REFUSALS_IN_A_ROW;
        if is_enough && !(0..self.workers).any(|slot| self.supervisor.has_worker(slot)) {
            self.outputs.push_back(Output::End(End::NoWorkerLeft));
        }
        is_first
    }

    /// Takes a frame that came through the result pipe.
    ///
    /// # Errors
    /// If it is wrong. Nothing of it is used. The worker of a [`Fault::Worker`] must be killed at once, and then
    /// [ended](Self::worker_ended).
    #[inline]
    pub fn hear_worker(&mut self, frame: Frame<'_>, now_ns: u64) -> Result<Heard, Fault> {
        let heard = self.supervisor.hear(frame, now_ns);
        match heard {
            Ok(Heard::Work | Heard::Nothing | Heard::Description { .. })
            | Err(Fault::UnknownName | Fault::Run { .. }) => {}
            Ok(Heard::Farewell { slot, call, errno }) => {
                self.endings.slots[slot].reason = Some(LossReason::Left { call, errno });
            }
            Ok(Heard::Gasp { slot, n, cause }) => {
                self.endings.slots[slot].reason = Some(LossReason::CrashReport { n, cause });
            }
            Err(Fault::Worker { slot, violation }) => {
                self.endings.condemn(slot, LossReason::Violation(violation));
            }
        }
        heard
    }

    /// Bytes in the result pipe are no frame: the slots whose workers must be killed at once, and then
    /// [ended](Self::worker_ended) without hearing what they wrote.
    ///
    /// An answer may be lost in these bytes, and its author would wait for ever. So all workers that owe an answer
    /// are suspects. If no worker owes one, a worker without work wrote it, and all are suspects. What they wrote
    /// behind it is not used: if a report on a part of a chunk was lost, the answer over the rest would be taken for
    /// one over more than that.
    pub fn suspect(&mut self) -> Vec<usize> {
        if self.supervisor.scheduler().is_finished() {
            // No worker owes anything any more.
            return Vec::new();
        }
        let mut suspects: Vec<usize> = self.supervisor.suspects().collect();
        if suspects.is_empty() {
            suspects = (0..self.workers).collect();
        }
        let is_only_suspect = suspects.len() == 1;
        suspects.retain(|slot| self.supervisor.has_worker(*slot));
        for slot in &suspects {
            self.endings.slots[*slot].is_only_suspect = is_only_suspect;
            self.endings.condemn(*slot, LossReason::Garbage);
        }
        suspects
    }

    /// Notes why the worker in a slot is about to end, as can be seen from outside, unless a reason is known.
    pub fn note_reason(&mut self, slot: usize, reason: LossReason) {
        self.endings.slots[slot].reason.get_or_insert(reason);
    }

    /// Why the worker in a slot ends, or the last worker there ended, where that is known.
    #[must_use]
    pub fn loss_reason(&self, slot: usize) -> Option<LossReason> {
        self.endings.reason(slot)
    }

    /// The worker in a slot takes too long and is killed; at this number, if that is known.
    pub fn worker_is_late(&mut self, slot: usize, n: Option<i64>) {
        if let Some(n) = n {
            self.supervisor.gasp_for(slot, n, Cause::Timeout);
        }
        self.endings.slots[slot].reason = Some(LossReason::Timeout { n });
    }

    /// The worker in a slot is gone, and what it wrote has been heard or must not be heard. `end` is how its process
    /// ended, if its numbers may be the cause.
    ///
    /// # Errors
    /// None, as long as the slot has a worker.
    pub fn worker_ended(
        &mut self,
        slot: usize,
        end: Option<Cause>,
        now_ns: u64,
    ) -> Result<Loss, Violation> {
        self.endings.count_loss();
        let cause = self.endings.cause(slot, end);
        let reclaimed = self.supervisor.lose(slot, cause, now_ns)?;
        Ok(Loss { reason: self.endings.reason(slot), cause, reclaimed })
    }

    /// The worker that ended last could not even begin. If that happens from the very start, it will not change: a
    /// sandbox forbids a system call, or the kernel does not know it.
    pub fn worker_could_not_begin(&mut self, slot: usize) {
        self.endings.unsettled += 1;
        let is_beginning = self.supervisor.scheduler().ledger().covered().is_empty();
        if is_beginning && self.endings.unsettled >= UNSETTLED_AT_FIRST {
            self.outputs.push_back(Output::End(End::NoWorkerBegins { slot }));
        }
    }

    /// Another process stopped the worker in a slot; at these numbers, if they can be seen. If it does not go on
    /// within the limit of silence, the numbers are blamed for `cause`.
    pub fn worker_stopped(&mut self, slot: usize, numbers: Option<(Interval, Cause)>, now_ns: u64) {
        self.supervisor.stop(slot, now_ns);
        if let Some((numbers, cause)) = numbers {
            self.supervisor.stopped_at(slot, numbers, cause, now_ns);
        }
    }

    /// The worker in a slot goes on after a stop.
    ///
    /// # Errors
    /// None, as long as the slot has a worker.
    pub fn worker_continued(&mut self, slot: usize, now_ns: u64) -> Result<(), Violation> {
        self.supervisor.go_on(slot, now_ns)
    }

    /// Workers and agents that were lost. An agent that said farewell is not.
    #[must_use]
    pub fn losses(&self) -> u64 {
        self.endings.losses
    }
}
