//! Inputs of the engine about workers: joins, refused forks, frames, stops and ends; and which workers are killed for
//! bytes that are no frame.

use super::output::{EngineOutput, LossReason, StopReason};
use super::primary::Primary;
use crate::frame::{Description, Frame};
use crate::interval::Interval;
use crate::partial::Cause;
use crate::scheduler::Violation;
use crate::supervisor::{Heard, InvalidFrame};
use alloc::vec::Vec;

/// The loss of a worker.
#[derive(Clone, Copy, Debug)]
pub struct WorkerLoss {
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
        self.endings.join(slot);
        self.supervisor.join(slot, window, now_ns)
    }

    /// No worker could be forked for an empty slot; the start is tried again. Whether it is the first refusal in this
    /// slot since a worker joined.
    pub fn worker_refused(&mut self, slot: usize, now_ns: u64) -> bool {
        self.supervisor.refuse(slot, now_ns);
        let is_first = self.endings.refuse(slot, now_ns);
        let is_any_left = (0..self.workers).any(|slot| self.supervisor.has_worker(slot));
        if self.endings.is_refused_for_good() && !is_any_left {
            self.outputs.push_back(EngineOutput::End(StopReason::NoWorkerLeft));
        }
        is_first
    }

    /// Takes a frame that came through the result pipe.
    ///
    /// # Errors
    /// If it is wrong. Nothing of it is used. A frame under the name of an agent is a [`InvalidFrame::UnknownName`]. The worker of a [`InvalidFrame::Worker`] must be killed at once, and then
    /// [ended](Self::worker_ended).
    #[inline]
    pub fn hear_worker(&mut self, frame: Frame<'_>, now_ns: u64) -> Result<Heard, InvalidFrame> {
        if self.supervisor.is_agent(frame.worker) {
            // Agents do not share the pipe: a worker wrote a name that is not its own.
            return Err(InvalidFrame::UnknownName);
        }
        let heard = self.supervisor.hear(frame, now_ns);
        match heard {
            Ok(Heard::Work | Heard::Nothing | Heard::Description { .. })
            | Err(InvalidFrame::UnknownName | InvalidFrame::Run { .. }) => {}
            Ok(Heard::Farewell { slot, call, errno }) => {
                self.endings.note(slot, LossReason::Left { call, errno });
            }
            Ok(Heard::CrashReport { slot, n, cause }) => {
                self.endings.note(slot, LossReason::CrashReport { n, cause });
            }
            Err(InvalidFrame::Worker { slot, violation }) => {
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
            self.endings.suspect(*slot, is_only_suspect);
        }
        suspects
    }

    /// Notes why the worker in a slot is about to end, as can be seen from outside, unless a reason is known.
    pub fn note_reason(&mut self, slot: usize, reason: LossReason) {
        self.endings.note_first(slot, reason);
    }

    /// Why the worker in a slot ends, or the last worker there ended, where that is known.
    #[must_use]
    pub fn loss_reason(&self, slot: usize) -> Option<LossReason> {
        self.endings.reason(slot)
    }

    /// Describes how a number may fail, as can be seen from outside its worker.
    pub fn describe(&mut self, description: Description<'_>) {
        self.supervisor.describe(description);
    }

    /// The worker in a slot takes too long and is killed; at this number, if that is known.
    pub fn worker_is_late(&mut self, slot: usize, n: Option<i64>) {
        if let Some(n) = n {
            self.supervisor.report_crash_for(slot, n, Cause::Timeout);
        }
        self.endings.note(slot, LossReason::Timeout { n });
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
    ) -> Result<WorkerLoss, Violation> {
        self.endings.count_loss();
        let cause = self.endings.cause(slot, end);
        let reclaimed = self.supervisor.lose(slot, cause, now_ns)?;
        Ok(WorkerLoss { reason: self.endings.reason(slot), cause, reclaimed })
    }

    /// The worker that ended last could not even begin. If that happens from the very start, it will not change: a
    /// sandbox forbids a system call, or the kernel does not know it.
    pub fn worker_could_not_begin(&mut self, slot: usize) {
        let is_enough = self.endings.could_not_begin();
        if is_enough && self.supervisor.scheduler().ledger().covered().is_empty() {
            self.outputs.push_back(EngineOutput::End(StopReason::NoWorkerBegins { slot }));
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
        self.endings.losses()
    }
}
