//! The worker as a state machine: chunks come in, numbers to count go out, answers are packed.
//!
//! It reads no clock and no pipe. Whoever drives it feeds it frames, counts the slices that it
//! gives out, and sends what it packed; how long a slice is and when something is sent is theirs to
//! decide. The driver of processes and the simulator drive the same machine.
//!
//! Chunks are worked on in the order in which they came. What the primary withdraws is given back
//! from the end; what was counted already is answered first, so nothing is counted twice.

use crate::aggregate::Value;
use crate::frame::{Body, EVERY_LEASE, Malformed, Packer};
use crate::interval::Interval;
use crate::lease::{Assignment, LeaseId, WorkerId};
use crate::partial::Partial;
use alloc::vec::Vec;

/// One worker.
#[derive(Debug)]
pub struct Worker {
    /// Chunks; those from `next` on are not begun.
    queue: Vec<Assignment>,
    next: usize,
    current: Option<Current>,
    packer: Packer,
    /// Whether the answer to a chunk that was announced is packed and not sent. Until it is, the
    /// primary believes that this worker is at that chunk.
    is_owing: bool,
    /// The bytes of a partial on their way into frames.
    encoded: Vec<u8>,
}

/// The chunk in work.
#[derive(Clone, Copy, Debug)]
struct Current {
    lease: LeaseId,
    /// What is not counted yet.
    rest: Interval,
    /// The first number that no partial has reported, and the count from there on.
    unreported: i64,
    count: u64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The numbers to count now.
    pub slice: Interval,
    /// Whether what is packed must be sent before the slice is counted: it says that a chunk that
    /// was lost before is begun now, or that one that was so announced is done. So a chunk is
    /// blamed for a loss only while its worker is at it.
    pub is_begun_again: bool,
}

impl Worker {
    /// A worker that sends frames of at most `limit` bytes. Its memory for one frame is allocated
    /// now.
    #[must_use]
    pub fn new(name: WorkerId, limit: usize) -> Self {
        Self {
            queue: Vec::new(),
            next: 0,
            current: None,
            packer: Packer::new(name, limit).with_room(),
            is_owing: false,
            encoded: Vec::with_capacity(64),
        }
    }

    /// The same under another name, before its first frame.
    pub fn rename(&mut self, name: WorkerId) {
        self.packer.rename(name);
    }

    /// Takes in what the primary says.
    ///
    /// # Errors
    /// If that is not for a worker, or makes no sense.
    pub fn take(&mut self, body: Body<'_>) -> Result<(), Malformed> {
        match body {
            Body::Assignments(assignments) => {
                // What is begun is forgotten before the queue grows.
                self.queue.drain(..self.next);
                self.next = 0;
                self.queue.reserve(assignments.len());
                for assignment in assignments.iter() {
                    self.queue.push(assignment?);
                }
                Ok(())
            }
            Body::Withdrawals(withdrawals) => {
                withdrawals.iter().for_each(|(lease, parts)| self.withdraw(lease, parts));
                Ok(())
            }
            _ => Err(Malformed::Entry),
        }
    }

    /// The next numbers to count, at most `most`; `None` if there is nothing to do. Say with
    /// [`counted`](Self::counted) what came of it before anything else.
    #[inline]
    pub fn next(&mut self, most: u64) -> Option<Step> {
        let mut is_begun_again = false;
        let current = match self.current {
            Some(current) => current,
            None => {
                let Assignment { lease, interval } = *self.queue.get(self.next)?;
                self.next += 1;
                is_begun_again = self.is_owing;
                if lease.attempt() > 1 {
                    self.packer.begun(lease);
                    is_begun_again = true;
                }
                let (unreported, count) = (interval.first(), 0);
                *self.current.insert(Current { lease, rest: interval, unreported, count })
            }
        };
        let (slice, _) = current.rest.split_front(u128::from(most.max(1)));
        Some(Step { slice, is_begun_again })
    }

    /// Notes that `count` of the numbers of `slice`, the one given out last, satisfy the function.
    /// Whether that was the end of the chunk: its answer is packed then.
    #[inline]
    pub fn counted(&mut self, slice: Interval, count: u64) -> bool {
        let Some(current) = &mut self.current else { return true };
        current.count += count;
        if let Some(rest) = current.rest.above(slice.last()) {
            current.rest = rest;
            return false;
        }
        self.packer.answer(current.lease, current.count);
        self.is_owing |= current.lease.attempt() > 1;
        self.current = None;
        true
    }

    /// Packs what is counted of the chunk in work and not reported yet; `busy_ns` as for
    /// [`seal`](Self::seal).
    pub fn report(&mut self, busy_ns: u64) {
        let Some(current) = &mut self.current else { return };
        let rest = current.rest.first();
        // Nothing is counted before the first number, so there is one below the rest otherwise.
        if current.unreported < rest
            && let Some(covered) = Interval::new(current.unreported, rest - 1)
        {
            self.encoded.clear();
            Partial::over(covered, Value::Count(current.count.into())).encode(&mut self.encoded);
            self.packer.partial(current.lease, &self.encoded, busy_ns);
            (current.unreported, current.count) = (rest, 0);
        }
    }

    /// Drops what is packed and not sent.
    pub fn forget_frames(&mut self) {
        self.packer.clear();
    }

    /// Packs why the worker leaves before the end of its work.
    pub fn say_farewell(&mut self, call: u32, errno: u32) {
        self.packer.farewell(call, errno);
    }

    /// Closes the open frame, so that it can be sent. `busy_ns` is what the worker worked since
    /// its last frame, 0 if the next frame accounts for it.
    pub fn seal(&mut self, busy_ns: u64) {
        self.packer.seal(busy_ns);
    }

    /// Whether a frame is full: time to send.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.packer.is_full()
    }

    /// Whether there is nothing to send.
    #[inline]
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.packer.is_empty()
    }

    /// The first frame to send, or nothing. Seal first.
    #[must_use]
    pub fn first_frame(&self) -> &[u8] {
        self.packer.first_frame()
    }

    /// Forgets the first `sent` bytes of what was to be sent.
    pub fn sent(&mut self, sent: usize) {
        self.packer.consume(sent);
        self.is_owing &= !self.packer.is_empty();
    }

    /// Gives back what the primary wants: of what is not counted yet it keeps one of `parts`
    /// parts, rounded up, or nothing.
    fn withdraw(&mut self, lease: LeaseId, parts: u64) {
        let is_meant = |held: LeaseId| lease == EVERY_LEASE || held == lease;
        if let Some(current) = self.current
            && is_meant(current.lease)
        {
            let (kept, released) = keep(current.rest, parts);
            if let Some(released) = released {
                if kept.is_none() {
                    self.report(0);
                }
                self.packer.release(current.lease, released.first());
                self.current = kept.map(|rest| Current { rest, ..self.current.unwrap_or(current) });
            }
        }
        self.queue.drain(..self.next);
        self.next = 0;
        let Self { queue, packer, .. } = self;
        queue.retain_mut(|held| {
            if !is_meant(held.lease) {
                return true;
            }
            let (kept, released) = keep(held.interval, parts);
            if let Some(released) = released {
                packer.release(held.lease, released.first());
            }
            held.interval = kept.unwrap_or(held.interval);
            kept.is_some()
        });
    }
}

/// Divides numbers into those that are kept, one of `parts` parts, and those that are given back.
fn keep(rest: Interval, parts: u64) -> (Option<Interval>, Option<Interval>) {
    match parts {
        0 => (None, Some(rest)),
        parts => {
            let (kept, released) = rest.split_front(rest.len().div_ceil(u128::from(parts)));
            (Some(kept), released)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{PIPE_FRAME, Unpacker};
    use std::vec;

    const LEASE: LeaseId = LeaseId(1 << 20);
    const NEXT: LeaseId = LeaseId(1 << 20 | 1);

    fn worker(chunks: &[(LeaseId, i64, i64)]) -> Worker {
        let mut worker = Worker::new(WorkerId(0), PIPE_FRAME);
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        for (lease, first, last) in chunks {
            let interval = Interval::new(*first, *last).unwrap();
            packer.assign(&[Assignment { lease: *lease, interval }]);
        }
        tell(&mut worker, &mut packer);
        worker
    }

    fn tell(worker: &mut Worker, packer: &mut Packer) {
        packer.seal(0);
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        while let Some(frame) = unpacker.next_frame().unwrap() {
            worker.take(frame.body).unwrap();
        }
    }

    fn withdraw(worker: &mut Worker, lease: LeaseId, parts: u64) {
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        packer.withdraw(lease, parts);
        tell(worker, &mut packer);
    }

    /// What a worker said, as text.
    fn said(worker: &mut Worker) -> Vec<std::string::String> {
        worker.seal(1);
        let mut unpacker = Unpacker::new(PIPE_FRAME, 1 << 16);
        let mut said = vec![];
        while !worker.is_silent() {
            let frame = worker.first_frame();
            unpacker.room()[..frame.len()].copy_from_slice(frame);
            unpacker.filled(frame.len());
            worker.sent(frame.len());
            match unpacker.next_frame().unwrap().unwrap().body {
                Body::Answers(answers) => {
                    said.extend(answers.iter().map(|(id, n)| std::format!("{} is {n}", id.0 & 7)));
                }
                Body::Releases(back) => {
                    said.extend(back.iter().map(|(id, n)| std::format!("{} from {n}", id.0 & 7)));
                }
                Body::Begun(begun) => {
                    said.extend(begun.iter().map(|id| std::format!("{} again", id.0 & 7)));
                }
                Body::Part(part) => {
                    let partial = Partial::decode(part.bytes).unwrap();
                    said.push(std::format!("{:?} is {}", partial.span().unwrap(), partial.value));
                }
                other => panic!("{other:?}"),
            }
        }
        said
    }

    fn count(worker: &mut Worker, most: u64) {
        let step = worker.next(most).unwrap();
        worker.counted(step.slice, 1);
    }

    #[test]
    fn a_chunk_in_slices_is_one_answer() {
        let mut worker = worker(&[(LEASE, 0, 9)]);
        (0..4).for_each(|_| count(&mut worker, 3));
        assert_eq!(worker.next(3), None);
        assert_eq!(said(&mut worker), ["0 is 4"]);
    }

    #[test]
    fn half_of_the_rest_is_given_back_and_the_other_half_done() {
        let mut worker = worker(&[(LEASE, 0, 9)]);
        count(&mut worker, 3);
        withdraw(&mut worker, LEASE, 2);
        assert_eq!(said(&mut worker), ["0 from 7"]);
        count(&mut worker, 100);
        assert_eq!(worker.next(3), None);
        assert_eq!(said(&mut worker), ["0 is 2"]);
    }

    #[test]
    fn everything_is_given_back_after_a_report_of_what_is_counted() {
        let mut worker = worker(&[(LEASE, 0, 9), (NEXT, 10, 19)]);
        count(&mut worker, 3);
        withdraw(&mut worker, EVERY_LEASE, 0);
        let covered = Interval::new(0, 2).unwrap();
        let expected = [std::format!("{covered:?} is 1"), "0 from 3".into(), "1 from 10".into()];
        assert_eq!(said(&mut worker), expected);
        assert_eq!(worker.next(3), None);
    }

    #[test]
    fn what_is_unknown_or_too_short_is_kept() {
        let mut worker = worker(&[(LEASE, 5, 5)]);
        withdraw(&mut worker, NEXT, 0);
        withdraw(&mut worker, LEASE, 2);
        assert_eq!(said(&mut worker), [""; 0]);
        count(&mut worker, 1);
        assert_eq!(said(&mut worker), ["0 is 1"]);
    }

    #[test]
    fn a_chunk_that_was_lost_before_is_announced() {
        let mut worker = worker(&[(LeaseId(2 << 20), 0, 9), (LEASE, 10, 19)]);
        assert!(worker.next(5).unwrap().is_begun_again);
        assert_eq!(said(&mut worker), ["0 again"]);
        worker.counted(Interval::new(0, 4).unwrap(), 0);
        assert!(!worker.next(5).unwrap().is_begun_again);
    }

    #[test]
    fn nothing_else_is_begun_before_a_chunk_that_was_announced_is_answered() {
        let chunks = [(LeaseId(2 << 20), 0, 4), (LEASE, 10, 14), (NEXT, 20, 24)];
        let mut worker = worker(&chunks);
        count(&mut worker, 5);
        assert!(worker.next(5).unwrap().is_begun_again);
        assert_eq!(said(&mut worker), ["0 again", "0 is 1"]);
        count(&mut worker, 5);
        assert!(!worker.next(5).unwrap().is_begun_again);
    }

    #[test]
    fn what_is_sent_is_owed_no_more() {
        let mut worker = worker(&[(LeaseId(2 << 20), 0, 4), (LEASE, 10, 14)]);
        let step = worker.next(5).unwrap();
        assert_eq!(said(&mut worker), ["0 again"]);
        worker.counted(step.slice, 2);
        assert_eq!(said(&mut worker), ["0 is 2"]);
        assert!(!worker.next(5).unwrap().is_begun_again);
    }

    #[test]
    fn what_is_not_for_a_worker_is_refused() {
        let mut worker = worker(&[]);
        assert_eq!(worker.take(Body::Farewell { call: 0, errno: 0 }), Err(Malformed::Entry));
    }
}
