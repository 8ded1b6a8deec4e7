//! Frame encoder: packs entries into frames of limited length.

use super::description::TEXT_AT;
use super::line_bytes::LINE_HEAD;
use super::text::TEXT_HEAD;
use super::{
    ANSWER_HEAD, CHECKSUM, COUNT_AT, Description, FrameKind, HEAD, LEAST, MAGIC, PART_HEAD, VERSION,
};
use crate::lease::{AssignmentRow, LeaseId, WorkerId};
use crate::partial::Failure;
use alloc::vec::Vec;
use core::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// Whose heart beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// That of a primary: no assignment.
    OfPrimary,
    /// That of an agent: no answer.
    OfAgent,
}

/// Packs entries into as few frames as the limit allows, one after the other in one buffer.
///
/// Nothing is allocated for an entry once the buffer has grown to its working size.
#[derive(Debug)]
pub struct Packer {
    bytes: Vec<u8>,
    /// The frame that still takes entries: its kind, and where it begins.
    open: Option<(FrameKind, usize)>,
    /// The last row of answers in the open frame.
    row: Option<OpenAnswerRow>,
    worker: WorkerId,
    limit: usize,
}

/// A row of answers that the next answer may join. Its count is written when it ends.
#[derive(Clone, Copy, Debug)]
struct OpenAnswerRow {
    /// Where its head begins.
    start: usize,
    /// The length of the bytes up to which another word has room.
    end: usize,
    /// The lease of the next answer.
    next: u64,
    /// Bytes of each word, and the largest word that they hold.
    width: usize,
    largest: u64,
}

impl Packer {
    /// Frames from or to `worker`, none longer than `limit` bytes.
    ///
    /// # Panics
    /// If the limit leaves no room for an entry, which is a mistake in the calling program.
    #[must_use]
    pub fn new(worker: WorkerId, limit: usize) -> Self {
        assert!(limit >= LEAST + 32, "a frame must have room for an entry");
        Self { bytes: Vec::new(), open: None, row: None, worker, limit }
    }

    /// Allocates the memory of one frame now.
    #[must_use]
    pub fn with_room(mut self) -> Self {
        self.bytes.reserve(self.limit);
        self
    }

    /// The same for frames from or to another worker. There must be no frame yet.
    pub fn rename(&mut self, worker: WorkerId) {
        debug_assert!(self.bytes.is_empty());
        self.worker = worker;
    }

    /// Adds assignments. Adjacent chunks of one length whose leases follow each other share an entry.
    pub fn assign(&mut self, rows: impl IntoIterator<Item = impl Into<AssignmentRow>>) {
        let mut rows = rows.into_iter().map(Into::into);
        let mut next: Option<AssignmentRow> = rows.next();
        while let Some(mut row) = next {
            next = rows.find(|after| !row.absorb(*after));
            self.make_room(FrameKind::Assignments);
            let first = row.first();
            let mut entry = [0; FrameKind::Assignments.entry_len()];
            entry[..8].copy_from_slice(&first.interval.first().to_le_bytes());
            entry[8..16].copy_from_slice(&first.interval.last().to_le_bytes());
            entry[16..24].copy_from_slice(&first.lease.0.to_le_bytes());
            entry[24..].copy_from_slice(&row.len().to_le_bytes());
            self.bytes.extend_from_slice(&entry);
        }
    }

    /// Adds the answer that all of a lease that was not covered yet is done, with this word. It joins the row of the
    /// answer before if its lease follows and its word is no longer.
    #[inline]
    pub fn answer(&mut self, lease: LeaseId, word: u64) {
        if let Some(row) = &mut self.row
            && row.next == lease.0
            && word <= row.largest
            && self.bytes.len() <= row.end
        {
            row.next = lease.0.wrapping_add(1);
            match row.width {
                1 => self.bytes.push(word as u8),
                width => self.bytes.extend_from_slice(&word.to_le_bytes()[..width]),
            }
            return;
        }
        self.begin_row(lease, word);
    }

    fn begin_row(&mut self, lease: LeaseId, word: u64) {
        self.end_row();
        self.make_room(FrameKind::Answers);
        let (start, next) = (self.bytes.len(), lease.0.wrapping_add(1));
        let width = word_width(word);
        let largest = u64::MAX >> (64 - 8 * width);
        let end = start + self.space() - width;
        self.row = Some(OpenAnswerRow { start, end, next, width, largest });
        self.bytes.extend_from_slice(&lease.0.to_le_bytes());
        self.bytes.extend_from_slice(&[0, 0, 0, width as u8]);
        self.bytes.extend_from_slice(&word.to_le_bytes()[..width]);
    }

    /// Writes the count of the open row of answers.
    fn end_row(&mut self) {
        let Some(OpenAnswerRow { start, width, .. }) = self.row.take() else { return };
        let count = (self.bytes.len() - start - ANSWER_HEAD) / width;
        let Range { start: from, end } = COUNT_AT;
        self.bytes[start + from..start + end]
            .copy_from_slice(&count.to_le_bytes()[..COUNT_AT.len()]);
    }

    /// Asks for a part of a lease back: the worker keeps one of `parts` parts of what is not counted yet.
    pub fn withdraw(&mut self, lease: LeaseId, parts: u64) {
        self.entry(FrameKind::Withdrawals, lease, &parts.to_le_bytes());
    }

    /// Lets the worker send `bytes` more bytes of lines.
    pub fn credit(&mut self, bytes: u64) {
        self.seal(0);
        self.begin(FrameKind::Credit);
        self.bytes.extend_from_slice(&bytes.to_le_bytes());
    }

    /// Sets how long a command of the worker may take.
    pub fn limit_time(&mut self, ns: u64) {
        self.seal(0);
        self.begin(FrameKind::TimeLimit);
        self.bytes.extend_from_slice(&ns.to_le_bytes());
    }

    /// Gives all of a lease from `first` on back.
    pub fn release(&mut self, lease: LeaseId, first: i64) {
        self.entry(FrameKind::Releases, lease, &first.to_le_bytes());
    }

    /// Says which chunk that was lost before is worked on next.
    pub fn begun(&mut self, lease: LeaseId) {
        self.entry(FrameKind::Begun, lease, &[]);
    }

    /// Says why the worker leaves: a call of the transport, and its error number.
    pub fn farewell(&mut self, call: u32, errno: u32) {
        self.seal(0);
        self.begin(FrameKind::Farewell);
        self.bytes.extend_from_slice(&call.to_le_bytes());
        self.bytes.extend_from_slice(&errno.to_le_bytes());
    }

    /// Describes a failure that a later frame reports. The text is cut to what a frame has room for; an empty one is
    /// not sent.
    pub fn describe(&mut self, description: Description<'_>) {
        let room = self.limit - LEAST - TEXT_AT;
        let Description { n, cause, text } = description.cut(room);
        if text.is_empty() {
            return;
        }
        let (code, detail) = cause.code();
        self.seal(0);
        self.begin(FrameKind::Description);
        self.bytes.extend_from_slice(&n.to_le_bytes());
        self.bytes.extend_from_slice(&code.to_le_bytes());
        self.bytes.extend_from_slice(&detail.to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self.seal(0);
    }

    /// Says of which numbers a try failed and a later one passed, before the answer that covers them.
    pub fn recovered(&mut self, Failure { interval, cause }: Failure) {
        self.make_room(FrameKind::Recovered);
        let (code, detail) = cause.code();
        self.bytes.extend_from_slice(&interval.first().to_le_bytes());
        self.bytes.extend_from_slice(&interval.last().to_le_bytes());
        self.bytes.extend_from_slice(&code.to_le_bytes());
        self.bytes.extend_from_slice(&detail.to_le_bytes());
    }

    /// Says nothing but how long it took, where no frame is open that could.
    pub fn time(&mut self, busy_ns: u64) {
        self.make_room(FrameKind::Answers);
        self.seal(busy_ns);
    }

    /// Says nothing but that this end lives: an empty frame, unless there is something to send anyway.
    pub fn heartbeat(&mut self, kind: Heartbeat) {
        if self.bytes.is_empty() {
            self.begin(match kind {
                Heartbeat::OfPrimary => FrameKind::Assignments,
                Heartbeat::OfAgent => FrameKind::Answers,
            });
        }
    }

    fn entry(&mut self, kind: FrameKind, lease: LeaseId, rest: &[u8]) {
        self.make_room(kind);
        self.bytes.extend_from_slice(&lease.0.to_le_bytes());
        self.bytes.extend_from_slice(rest);
    }

    /// Adds an encoded partial, in as many numbered parts as it takes; `busy_ns` as for
    /// [`seal`](Self::seal), where it is known. Otherwise the last frame stays open for it.
    pub fn partial(&mut self, lease: LeaseId, encoded: &[u8], busy_ns: u64) {
        self.seal(0);
        let room = self.limit - LEAST - PART_HEAD;
        let parts = encoded.len().div_ceil(room).max(1);
        for part in 0..parts {
            let bytes = &encoded[part * room..encoded.len().min((part + 1) * room)];
            self.begin(FrameKind::Part);
            self.bytes.extend_from_slice(&lease.0.to_le_bytes());
            self.bytes.extend_from_slice(&(part as u32).to_le_bytes());
            self.bytes.extend_from_slice(&u32::from(part + 1 == parts).to_le_bytes());
            self.bytes.extend_from_slice(bytes);
            if part + 1 < parts || busy_ns > 0 {
                self.seal(if part + 1 == parts { busy_ns } else { 0 });
            }
        }
    }

    /// Adds a part of what a command prints, in as many frames as it takes. `is_open` as in [`Text`](super::Text).
    pub fn text(&mut self, lease: LeaseId, first: i64, text: &[u8], is_open: bool) {
        self.seal(0);
        let room = self.limit - LEAST - TEXT_HEAD;
        let mut rest = text;
        let mut is_end_due = text.is_empty() && !is_open;
        while !rest.is_empty() || core::mem::take(&mut is_end_due) {
            let (bytes, behind) = rest.split_at(rest.len().min(room));
            rest = behind;
            self.begin(FrameKind::Text);
            self.bytes.extend_from_slice(&lease.0.to_le_bytes());
            self.bytes.extend_from_slice(&first.to_le_bytes());
            self.bytes.extend_from_slice(&u64::from(is_open || !rest.is_empty()).to_le_bytes());
            self.bytes.extend_from_slice(bytes);
            self.seal(0);
        }
    }

    /// Adds a part of the supplement of a welcome, in as many frames as it takes.
    pub fn supplement(&mut self, part: &[u8]) {
        self.seal(0);
        for bytes in part.chunks(self.limit - LEAST) {
            self.begin(FrameKind::Supplement);
            self.bytes.extend_from_slice(bytes);
            self.seal(0);
        }
    }

    /// Adds a part of a file of lines, in as many frames as it takes.
    pub fn lines(&mut self, offset: u64, part: &[u8]) {
        self.seal(0);
        let mut offset = offset;
        for bytes in part.chunks(self.limit - LEAST - LINE_HEAD) {
            self.begin(FrameKind::Lines);
            self.bytes.extend_from_slice(&offset.to_le_bytes());
            self.bytes.extend_from_slice(bytes);
            self.seal(0);
            offset += bytes.len() as u64;
        }
    }

    /// Whether the next answer would begin another frame.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.is_some_and(|(kind, _)| self.space() < kind.longest_entry())
    }

    /// How many more bytes of entries the open frame may have.
    #[inline]
    fn space(&self) -> usize {
        self.open.map_or(0, |(_, start)| start + self.limit - CHECKSUM - self.bytes.len())
    }

    /// Closes the open frame, if any; `busy_ns` is what the worker worked since its last frame,
    /// 0 if the next frame accounts for it.
    pub fn seal(&mut self, busy_ns: u64) {
        self.end_row();
        let Some((_, start)) = self.open.take() else { return };
        let length = (self.bytes.len() - start + CHECKSUM) as u32;
        let frame = &mut self.bytes[start..];
        frame[4..8].copy_from_slice(&length.to_le_bytes());
        frame[16..24].copy_from_slice(&busy_ns.to_le_bytes());
        let checksum = xxh3_64(frame);
        self.bytes.extend_from_slice(&checksum.to_le_bytes());
    }

    /// The longest frame.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Adds the frames of another, which are sealed and no longer than this one's may be.
    pub fn append(&mut self, other: &Self) {
        debug_assert!(other.limit <= self.limit);
        self.seal(0);
        self.bytes.extend_from_slice(other.bytes());
    }

    /// Whether there is a frame that [`seal`](Self::seal) would close.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The frames packed so far. Seal first: an open frame is no frame yet.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        debug_assert!(self.open.is_none(), "seal before the bytes are used");
        &self.bytes
    }

    /// The first of the frames packed so far, or nothing if there is none.
    #[must_use]
    pub fn first_frame(&self) -> &[u8] {
        self.first_frames(1)
    }

    /// As many of the first frames as have no more than `most` bytes together, but at least one; nothing
    /// if there is none.
    #[must_use]
    pub fn first_frames(&self, most: usize) -> &[u8] {
        let mut length = 0;
        for frame in self.frames() {
            if length > 0 && length + frame.len() > most {
                break;
            }
            length += frame.len();
        }
        &self.bytes[..length]
    }

    /// How many bytes are packed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The frames packed so far, one by one.
    pub fn frames(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes();
        core::iter::from_fn(move || {
            let length = rest.get(4..8)?.first_chunk()?;
            let (first, others) = rest.split_at(u32::from_le_bytes(*length) as usize);
            rest = others;
            Some(first)
        })
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets the first `sent` bytes.
    pub fn consume(&mut self, sent: usize) {
        debug_assert!(self.open.is_none(), "seal before the bytes are used");
        self.bytes.drain(..sent);
    }

    /// Forgets every frame, the open one included.
    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.open, self.row) = (None, None);
    }

    #[inline]
    fn make_room(&mut self, kind: FrameKind) {
        match self.open {
            Some((open, _)) if open == kind && !self.is_full() => {}
            _ => {
                self.seal(0);
                self.begin(kind);
            }
        }
    }

    fn begin(&mut self, kind: FrameKind) {
        self.open = Some((kind, self.bytes.len()));
        let mut head = [0; HEAD];
        head[..2].copy_from_slice(&MAGIC);
        head[2] = VERSION;
        head[3] = kind as u8;
        head[8..12].copy_from_slice(&self.worker.0.to_le_bytes());
        self.bytes.extend_from_slice(&head);
    }
}

/// The fewest bytes of 1, 2, 4 or 8 that hold a word.
#[inline]
fn word_width(word: u64) -> usize {
    match word {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}
