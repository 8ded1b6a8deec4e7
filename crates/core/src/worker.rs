//! State machine of a worker: takes chunks, gives out slices to compute, and packs answers.
//!
//! It reads no clock and no pipe. Its driver feeds it frames, counts the slices that it
//! gives out, and sends what it packed; the driver decides how long a slice is and when to send. The driver of processes and the simulator drive the same machine.
//!
//! Chunks are worked on in the order in which they came. What the primary withdraws is given back
//! from the end; what was counted already is answered first, so nothing is counted twice.

use crate::aggregate::Aggregate;
use crate::credit::{CREDIT, much};
use crate::frame::{Body, Description, EVERY_LEASE, Malformed, Packer};
use crate::interval::Interval;
use crate::lease::{Assignment, AssignmentRow, LeaseId, WorkerId};
use crate::partial::Failure;
use crate::tally::Tally;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// One worker.
#[derive(Debug)]
pub struct Worker {
    /// Chunks that are not begun, and how many.
    queue: VecDeque<AssignmentRow>,
    queued: u64,
    current: Option<CurrentChunk>,
    /// What came of the chunk in work since it was reported last.
    tally: Tally,
    /// How many bytes of lines it may still send before it must wait; of nothing else there is a limit.
    credit: i64,
    /// How long a command may take, if the primary said so: nanoseconds.
    time_limit_ns: Option<u64>,
    packer: Packer,
    /// Whether text was passed on of a number that is not reported. Its answer is a partial then, which names the worker.
    has_passed_text: bool,
    /// Whether the answer to a chunk that was announced is packed and not sent. Until it is, the
    /// primary believes that this worker is at that chunk.
    is_owing: bool,
    /// Answers packed since the last send.
    unsent: u64,
    /// The bytes of a partial on their way into frames.
    encoded: Vec<u8>,
}

/// The chunk that the worker computes now.
#[derive(Clone, Copy, Debug)]
struct CurrentChunk {
    lease: LeaseId,
    /// What is not counted yet.
    rest: Interval,
    /// The first number that no partial has reported.
    unreported: i64,
    /// Whether all of it is counted, and the last partial not packed.
    is_done: bool,
    /// The last number that is at work and cannot be given back, if any is.
    held: Option<i64>,
}

/// The next slice to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeStep {
    /// The numbers to count now.
    pub slice: Interval,
    /// These and all others that are left of the chunk.
    pub rest: Interval,
    /// Whether what is packed must be sent before the slice is counted: it says that a chunk that
    /// was lost before is begun now, or that one that was so announced is done. So a chunk is
    /// blamed for a loss only while its worker is at it.
    pub is_begun_again: bool,
}

/// State of a chunk after a slice of it was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkState {
    /// It goes on.
    Going,
    /// It is done, and its answer is packed.
    Answered,
    /// It is done, or enough is done of it: it is time to [report](Worker::report).
    ToReport,
}

impl Worker {
    /// A worker that sends frames of at most `limit` bytes. Its memory for one frame is allocated
    /// now.
    #[must_use]
    pub fn new(name: WorkerId, aggregate: Aggregate, limit: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            queued: 0,
            current: None,
            tally: Tally::new(aggregate),
            // Where there is a limit, the primary says so first.
            credit: if aggregate.is_streamed() { 0 } else { CREDIT },
            time_limit_ns: None,
            packer: Packer::new(name, limit).with_room(),
            has_passed_text: false,
            is_owing: false,
            unsent: 0,
            encoded: Vec::with_capacity(64),
        }
    }

    /// The same for another credit than [`CREDIT`], which its primary must know.
    #[must_use]
    pub fn with_credit(mut self, bytes: u32) -> Self {
        self.tally.report_at(much(bytes.into()).max(1));
        self
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
                assignments.rows().for_each(|row| self.put(row));
                Ok(())
            }
            Body::Withdrawals(withdrawals) => {
                withdrawals.iter().for_each(|(lease, parts)| self.withdraw(lease, parts));
                Ok(())
            }
            Body::Credit { bytes } => {
                self.credit = self.credit.saturating_add_unsigned(bytes);
                Ok(())
            }
            Body::TimeLimit { ns } => {
                self.time_limit_ns = Some(ns);
                Ok(())
            }
            _ => Err(Malformed::Entry),
        }
    }

    /// How long a command may take by the last word of the primary, in nanoseconds.
    #[must_use]
    pub fn time_limit_ns(&self) -> Option<u64> {
        self.time_limit_ns
    }

    /// The next numbers to count, at most `most`; `None` if there is nothing to do, or nothing may be
    /// done until the primary has merged what it was sent. What comes of them goes into the
    /// [tally](Self::tally); then say [how far](Self::counted) it went before anything else.
    #[inline]
    pub fn next(&mut self, most: u64) -> Option<ComputeStep> {
        if self.credit <= 0 {
            return None;
        }
        let mut is_begun_again = false;
        let current = match self.current {
            Some(current) => current,
            None => {
                let chunk = self.queue.front()?.first();
                self.remove_front(1);
                is_begun_again = self.is_owing;
                if chunk.lease.attempt() > 1 {
                    self.packer.begun(chunk.lease);
                    is_begun_again = true;
                }
                *self.current.insert(CurrentChunk::of(chunk))
            }
        };
        let (slice, rest) = (current.rest.at_most(most), current.rest);
        Some(ComputeStep { slice, rest, is_begun_again })
    }

    /// Removes the first chunks of the first row from the queue.
    #[inline]
    fn remove_front(&mut self, count: u64) {
        let Some(row) = self.queue.front_mut() else { return };
        match row.split(count) {
            (_, Some(behind)) => *row = behind,
            (_, None) => drop(self.queue.pop_front()),
        }
        self.queued -= count;
    }

    /// Computes the first row of the queue with `fold`, chunk by chunk, as [`next`](Self::next) and
    /// [`counted`](Self::counted) do: at most `most` numbers, until it is time to send, or until a chunk has another
    /// answer than a word. How many numbers were computed, and the state of the last chunk.
    ///
    /// It computes nothing where `next` has more to do: while a chunk is in work, or if it was lost before.
    #[inline]
    pub fn compute_row(
        &mut self,
        most: u64,
        mut fold: impl FnMut(Interval, &mut Tally) -> i64,
    ) -> (u64, ChunkState) {
        let is_plain = self.current.is_none() && self.credit > 0 && !self.is_owing;
        let row = self.queue.front().filter(|row| is_plain && row.first().lease.attempt() == 1);
        let Some(row) = row.copied() else { return (0, ChunkState::Answered) };
        // Each answer adds one to the answers that are not sent, and takes one from the chunks that are queued.
        let until_due = self.queued.saturating_sub(self.unsent).div_ceil(2);
        let whole = u128::from(most) / row.first().interval.len();
        let count = until_due.min(whole as u64).min(row.len());
        let (mut computed, mut begun, mut state) = (0, 0, ChunkState::Answered);
        while begun < count && !self.packer.is_full() && state == ChunkState::Answered {
            let chunk = row.chunk(begun);
            let last = fold(chunk.interval, &mut self.tally);
            computed += last.abs_diff(chunk.interval.first()) + 1;
            begun += 1;
            if last == chunk.interval.last()
                && let Some(word) = self.tally.take_word()
            {
                self.packer.answer(chunk.lease, word);
                self.unsent += 1;
            } else {
                self.current = Some(CurrentChunk::of(chunk));
                state = self.counted(last);
            }
        }
        self.remove_front(begun);
        (computed, state)
    }

    /// Says that the chunk in work starts, in the frames that are written next. For runs in which
    /// [starts are said](crate::Scheduler::starts_are_said).
    pub fn say_start(&mut self) {
        if let Some(current) = &self.current {
            self.packer.begun(current.lease);
        }
    }

    /// Keeps the numbers given out last, whatever the primary [withdraws](Self::take) meanwhile: they
    /// are at work elsewhere. That ends when they are [counted](Self::counted).
    pub fn hold(&mut self, slice: Interval) {
        if let Some(current) = &mut self.current {
            current.held = Some(slice.last());
        }
    }

    /// Which lease is in work.
    #[must_use]
    pub fn lease(&self) -> Option<LeaseId> {
        self.current.map(|current| current.lease)
    }

    /// The chunks behind the one in work, in the order in which they will be.
    pub fn ahead(&self) -> impl Iterator<Item = Interval> + '_ {
        let chunks = self.queue.iter().copied().flat_map(AssignmentRow::chunks);
        chunks.map(|chunk| chunk.interval)
    }

    /// Where to tell what comes of the numbers given out last.
    #[inline]
    pub fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }

    /// Notes that the numbers given out last are in the tally, up to `last`.
    #[inline]
    pub fn counted(&mut self, last: i64) -> ChunkState {
        let Some(current) = &mut self.current else { return ChunkState::Answered };
        current.held = None;
        if let Some(rest) = current.rest.above(last) {
            current.rest = rest;
            return if self.tally.is_full() { ChunkState::ToReport } else { ChunkState::Going };
        }
        let word = if self.has_passed_text { None } else { self.tally.take_word() };
        let Some(word) = word else {
            current.is_done = true;
            return ChunkState::ToReport;
        };
        let lease = current.lease;
        self.packer.answer(lease, word);
        self.unsent += 1;
        self.ended(lease);
        ChunkState::Answered
    }

    /// Packs what is counted of the chunk in work and not reported yet; `busy_ns` as for
    /// [`seal`](Self::seal). If that decides what is asked, the rest of the chunk is given back.
    pub fn report(&mut self, busy_ns: u64) {
        let Some(current) = &mut self.current else { return };
        let rest = current.rest;
        self.has_passed_text = false;
        let is_decided = self.tally.is_decided();
        let last = if current.is_done { Some(rest.last()) } else { rest.first().checked_sub(1) };
        if let Some(covered) = last.and_then(|last| Interval::new(current.unreported, last)) {
            let partial = self.tally.take(covered);
            self.credit -= partial.in_flight() as i64;
            self.encoded.clear();
            partial.encode(&mut self.encoded);
            self.packer.partial(current.lease, &self.encoded, busy_ns);
            current.unreported = rest.first();
        }
        let CurrentChunk { lease, is_done, .. } = *current;
        if is_done {
            self.ended(lease);
        } else if is_decided {
            self.packer.release(lease, rest.first());
            self.ended(lease);
        }
    }

    /// About how many bytes a report would take.
    #[inline]
    #[must_use]
    pub fn weight(&self) -> usize {
        self.tally.weight()
    }

    /// Packs a part of what the running command prints. Its answer follows later, and is over what the command is
    /// for, from the first number on that is not reported. `is_open` as in [`Text`](crate::frame::Text).
    pub fn pass_text(&mut self, text: &[u8], is_open: bool) {
        let Some(CurrentChunk { lease, rest, unreported, .. }) = self.current else { return };
        debug_assert!(rest.first() == unreported, "report what is counted first");
        self.has_passed_text = true;
        self.credit -= text.len() as i64;
        self.packer.text(lease, rest.first(), text, is_open);
    }

    /// Whether it may send more bytes of lines.
    #[must_use]
    pub fn has_credit(&self) -> bool {
        self.credit > 0
    }

    fn ended(&mut self, lease: LeaseId) {
        self.is_owing |= lease.attempt() > 1;
        self.current = None;
    }

    /// Packs a description of a failure, before the failure itself.
    pub fn describe(&mut self, description: Description<'_>) {
        self.packer.describe(description);
    }

    /// Packs that a try of these numbers failed and a later one passed, before their answer.
    pub fn recover(&mut self, recovered: Failure) {
        self.packer.recovered(recovered);
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

    /// Whether it is time to send: a frame is full, or as many answers wait as chunks are queued. The primary assigns
    /// more once it has answers, and the chunks that are queued keep the worker busy until then.
    #[inline]
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.unsent >= self.queued || self.packer.is_full()
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

    /// As many of the first frames to send as have no more than `most` bytes together, but at least
    /// one; or nothing. Seal first.
    #[must_use]
    pub fn first_frames(&self, most: usize) -> &[u8] {
        self.packer.first_frames(most)
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.packer.len()
    }

    /// Forgets the first `sent` bytes of what was to be sent.
    pub fn sent(&mut self, sent: usize) {
        self.packer.consume(sent);
        self.is_owing &= !self.packer.is_empty();
        self.unsent = 0;
    }

    /// Gives back what the primary wants: of what is not counted yet it keeps one of `parts`
    /// parts, rounded up, or nothing.
    fn withdraw(&mut self, lease: LeaseId, parts: u64) {
        let is_meant = |held: LeaseId| lease == EVERY_LEASE || held == lease;
        if let Some(current) = self.current
            && is_meant(current.lease)
        {
            let (kept, released) = current.keep(parts);
            if let Some(released) = released {
                if kept.is_none() {
                    self.report(0);
                }
                self.packer.release(current.lease, released.first());
                self.current =
                    kept.map(|rest| CurrentChunk { rest, ..self.current.unwrap_or(current) });
            }
        }
        self.queued = 0;
        for row in core::mem::take(&mut self.queue) {
            if lease != EVERY_LEASE && row.position(lease).is_none() {
                self.put(row);
                continue;
            }
            for Assignment { lease, interval } in row.chunks() {
                let (kept, released) =
                    if is_meant(lease) { keep(interval, parts) } else { (Some(interval), None) };
                if let Some(released) = released {
                    self.packer.release(lease, released.first());
                }
                if let Some(interval) = kept {
                    self.put(Assignment { lease, interval }.into());
                }
            }
        }
    }

    /// Adds chunks to the end of the queue.
    fn put(&mut self, row: AssignmentRow) {
        self.queued += row.len();
        if !self.queue.back_mut().is_some_and(|last| last.absorb(row)) {
            self.queue.push_back(row);
        }
    }
}

impl CurrentChunk {
    #[inline]
    fn of(Assignment { lease, interval }: Assignment) -> Self {
        Self { lease, rest: interval, unreported: interval.first(), is_done: false, held: None }
    }

    /// As [`keep`], but what is held is kept.
    fn keep(&self, parts: u64) -> (Option<Interval>, Option<Interval>) {
        let (kept, released) = keep(self.rest, parts);
        match self.held.and_then(|held| Interval::new(self.rest.first(), held)) {
            Some(held) if kept.is_none_or(|kept| kept.last() < held.last()) => {
                (Some(held), self.rest.above(held.last()))
            }
            _ => (kept, released),
        }
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
mod tests;
