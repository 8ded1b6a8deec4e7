//! Frame decoder: takes bytes cut anywhere and gives whole, checked frames.

use super::{
    ANSWER_HEAD, CHECKSUM, Description, FrameKind, HEAD, LEAST, LineBytes, MAGIC, Malformed,
    PART_HEAD, Text, VERSION,
};
use crate::interval::Interval;
use crate::lease::{AnswerRow, Assignment, AssignmentRow, LeaseId, MAX_LEASES, WorkerId};
use crate::partial::{Cause, Failure};
use alloc::vec;
use alloc::vec::Vec;
use xxhash_rust::xxh3::xxh3_64;

/// A whole frame whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The worker that it comes from or goes to, by its own account.
    pub worker: WorkerId,
    /// Nanoseconds the worker was busy since its last frame.
    pub busy_ns: u64,
    /// What it says.
    pub body: Body<'a>,
}

impl<'a> Frame<'a> {
    /// The frame that these bytes are, no more and no less, of at most `limit` bytes.
    ///
    /// # Errors
    /// If they are not one frame.
    #[inline]
    pub fn whole(bytes: &'a [u8], limit: usize) -> Result<Self, Malformed> {
        match frame_length(bytes, limit)? {
            Some(length) if length == bytes.len() => open(bytes),
            Some(length) if length < bytes.len() => {
                Err(Malformed::Length { length: bytes.len() as u32 })
            }
            _ => Err(Malformed::CutOff),
        }
    }
}

/// What a frame says.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Chunks to process.
    Assignments(Assignments<'a>),
    /// Chunks that are done.
    Answers(Answers<'a>),
    /// A part of a partial.
    Part(Part<'a>),
    /// Leases that the primary wants back.
    Withdrawals(Withdrawals<'a>),
    /// Leases that a worker gives back.
    Releases(Releases<'a>),
    /// Chunks that were lost before and are begun again.
    Begun(Begun<'a>),
    /// How much more may be sent.
    Credit {
        /// Bytes of lines.
        bytes: u64,
    },
    /// How long a command may take from now on.
    TimeLimit {
        /// Nanoseconds.
        ns: u64,
    },
    /// Why a worker leaves.
    Farewell {
        /// A system call, by a number of the transport.
        call: u32,
        /// Its error number.
        errno: u32,
    },
    /// Which number a worker is at while something ends it.
    CrashReport {
        /// The number.
        n: i64,
        /// What ends it, where the way it ends does not say so.
        cause: Option<Cause>,
    },
    /// A text for the message about a number that fails.
    Description(Description<'a>),
    /// Numbers of which a try failed and a later one passed.
    Recovered(Recovered<'a>),
    /// A part of what a command prints.
    Text(Text<'a>),
    /// A part of the supplement of a welcome.
    Supplement(&'a [u8]),
    /// A part of the file whose lines are the items.
    Lines(LineBytes<'a>),
}

/// The assignments of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Assignments<'a> {
    entries: &'a [u8],
    /// How many chunks they are.
    chunks: usize,
}

/// The answers of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Answers<'a>(&'a [u8]);

/// The withdrawals of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Withdrawals<'a>(&'a [u8]);

/// The releases of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Releases<'a>(&'a [u8]);

/// The chunks that a frame says are begun again.
#[derive(Clone, Copy, Debug)]
pub struct Begun<'a>(&'a [u8]);

/// The numbers of which a frame says that a later try passed.
#[derive(Clone, Copy, Debug)]
pub struct Recovered<'a>(&'a [u8]);

/// One numbered part of an encoded partial.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The lease it answers.
    pub lease: LeaseId,
    /// Its number, from 0.
    pub number: u32,
    /// Whether the partial ends with it.
    pub is_last: bool,
    /// Its share of the encoded partial.
    pub bytes: &'a [u8],
}

impl<'a> Assignments<'a> {
    /// The entries, if they are valid.
    fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut chunks: u64 = 0;
        for (first, last, _, count) in runs(body) {
            let interval = Interval::new(first, last).ok_or(Malformed::Entry)?;
            chunks = chunks.checked_add(count).ok_or(Malformed::Entry)?;
            let end = i128::from(first) + (interval.len() as i128).saturating_mul(count.into());
            if count == 0 || chunks > MAX_LEASES as u64 || end > i128::from(i64::MAX) + 1 {
                return Err(Malformed::Entry);
            }
        }
        Ok(Self { entries: body, chunks: chunks as usize })
    }

    /// The rows in order.
    #[inline]
    pub fn rows(&self) -> impl Iterator<Item = AssignmentRow> + 'a {
        runs(self.entries).filter_map(|(first, last, lease, count)| {
            let (lease, interval) = (LeaseId(lease), Interval::new(first, last)?);
            // Checked when the frame was opened: all chunks are within `i64`.
            Some(AssignmentRow::new(Assignment { lease, interval }, count))
        })
    }

    /// The assignments in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Assignment> + 'a {
        self.rows().flat_map(AssignmentRow::chunks)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks == 0
    }
}

/// First and last number of the first chunk, its lease, and the count of chunks; of each entry.
#[inline]
fn runs(entries: &[u8]) -> impl Iterator<Item = (i64, i64, u64, u64)> + '_ {
    let (entries, _) = entries.as_chunks::<32>();
    entries.iter().map(|entry| {
        let [first, last] = [eight(entry, 0).cast_signed(), eight(entry, 8).cast_signed()];
        (first, last, eight(entry, 16), eight(entry, 24))
    })
}

impl<'a> Answers<'a> {
    /// The rows, if they are valid.
    fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = body;
        while !rest.is_empty() {
            (_, rest) = first_row(rest).ok_or(Malformed::Entry)?;
        }
        Ok(Self(body))
    }

    /// The rows in order.
    #[inline]
    pub fn rows(&self) -> impl Iterator<Item = AnswerRow<'a>> + 'a {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let row;
            (row, rest) = first_row(rest)?;
            Some(row)
        })
    }

    /// Each finished lease with its word, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (LeaseId, u64)> + 'a {
        self.rows().flat_map(AnswerRow::answers)
    }
}

/// The row of answers that these bytes begin with, and the bytes behind it.
#[inline]
fn first_row(bytes: &[u8]) -> Option<(AnswerRow<'_>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<ANSWER_HEAD>()?;
    let width = usize::from(head[11]);
    let count = u32::from_le_bytes([head[8], head[9], head[10], 0]) as usize;
    let (words, rest) = rest.split_at_checked(count.checked_mul(width)?)?;
    Some((AnswerRow::new(LeaseId(eight(head, 0)), width, words)?, rest))
}

impl Withdrawals<'_> {
    /// Each lease, and into how many parts to divide what is left of it; in order.
    pub fn iter(&self) -> impl Iterator<Item = (LeaseId, u64)> + '_ {
        let (entries, _) = self.0.as_chunks::<16>();
        entries.iter().map(|entry| (LeaseId(eight(entry, 0)), eight(entry, 8)))
    }
}

impl Releases<'_> {
    /// Each lease, and the first number of it that is given back; in order.
    pub fn iter(&self) -> impl Iterator<Item = (LeaseId, i64)> + '_ {
        let (entries, _) = self.0.as_chunks::<16>();
        entries.iter().map(|entry| (LeaseId(eight(entry, 0)), eight(entry, 8).cast_signed()))
    }
}

impl Begun<'_> {
    /// Each lease, in order.
    pub fn iter(&self) -> impl Iterator<Item = LeaseId> + '_ {
        let (entries, _) = self.0.as_chunks::<8>();
        entries.iter().map(|entry| LeaseId(u64::from_le_bytes(*entry)))
    }
}

impl<'a> Recovered<'a> {
    /// The entries, if they are valid.
    fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        let (entries, _) = body.as_chunks::<24>();
        match entries.iter().all(|entry| recovery(entry).is_some()) {
            true => Ok(Self(body)),
            false => Err(Malformed::Entry),
        }
    }

    /// The numbers, each with the cause of the failed try; in order.
    pub fn iter(&self) -> impl Iterator<Item = Failure> + '_ {
        let (entries, _) = self.0.as_chunks::<24>();
        entries.iter().filter_map(recovery)
    }
}

fn recovery(entry: &[u8; 24]) -> Option<Failure> {
    let interval = Interval::new(eight(entry, 0).cast_signed(), eight(entry, 8).cast_signed())?;
    let word = eight(entry, 16);
    let cause = Cause::from_code(word as u32, ((word >> 32) as u32).cast_signed())?;
    Some(Failure { interval, cause })
}

/// Puts frames together from bytes that arrive in any pieces.
///
/// Its memory begins with two frames and grows only when a read fills it, up to one frame and the
/// largest read; never by what a frame claims. A worker with little to do touches little memory.
#[derive(Debug)]
pub struct Unpacker {
    buffer: Vec<u8>,
    most: usize,
    /// The bytes in `start..end` have arrived and are not used yet.
    start: usize,
    end: usize,
    limit: usize,
}

impl Unpacker {
    /// Takes frames up to `limit` bytes, and up to `at_once` bytes in one read.
    #[must_use]
    pub fn new(limit: usize, at_once: usize) -> Self {
        let most = limit + at_once.max(limit);
        Self { buffer: vec![0; 2 * limit], most, start: 0, end: 0, limit }
    }

    /// Room for the next bytes; say with [`filled`](Self::filled) how many have come.
    pub fn room(&mut self) -> &mut [u8] {
        if self.end == self.buffer.len() {
            // The last read could have been longer.
            self.buffer.resize((2 * self.buffer.len()).min(self.most), 0);
        }
        self.compact();
        &mut self.buffer[self.end..]
    }

    /// Room for at least `len` bytes. With the bytes that wait here they must be no more than one frame and the largest
    /// read.
    ///
    /// # Panics
    /// If they are more, which is a mistake in the calling program.
    pub fn room_for(&mut self, least: usize) -> &mut [u8] {
        self.compact();
        let needed = self.end + least;
        if needed > self.buffer.len() {
            assert!(needed <= self.most, "more bytes at once than was said");
            self.buffer.resize(needed.next_power_of_two().min(self.most), 0);
        }
        &mut self.buffer[self.end..]
    }

    fn compact(&mut self) {
        if self.start > 0 {
            // What is left over is a beginning of one frame, so this moves little.
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// Notes that the first `count` bytes of the room have been filled.
    ///
    /// # Panics
    /// If there was no such room, which is a mistake in the calling program.
    pub fn filled(&mut self, count: usize) {
        self.end += count;
        assert!(self.end <= self.buffer.len(), "more bytes than there was room for");
    }

    /// The next whole frame; `None` if more bytes are needed.
    ///
    /// # Errors
    /// If the bytes cannot become a frame. It stands still there until [`skip`](Self::skip).
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Malformed> {
        let arrived = &self.buffer[self.start..self.end];
        let Some(length) = frame_length(arrived, self.limit)? else { return Ok(None) };
        let Some(bytes) = arrived.get(..length) else { return Ok(None) };
        let frame = open(bytes)?;
        self.start += length;
        Ok(Some(frame))
    }

    /// Whether [`next_frame`](Self::next_frame) would give something, be it an error.
    #[inline]
    #[must_use]
    pub fn has_frame(&self) -> bool {
        let arrived = &self.buffer[self.start..self.end];
        match frame_length(arrived, self.limit) {
            Ok(Some(length)) => arrived.len() >= length,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// Passes over bytes that are no frame, up to the next that may become one; how many it were.
    ///
    /// Only for a medium on which what others wrote stands whole behind them, as on a pipe. A frame
    /// that is found so has a checksum that is right: by accident once in 2^64 times.
    pub fn skip(&mut self) -> usize {
        let before = self.start;
        while self.start < self.end {
            self.start += 1;
            let rest = &self.buffer[self.start..self.end];
            match frame_length(rest, self.limit) {
                Ok(Some(length)) if rest.len() >= length && open(&rest[..length]).is_err() => {}
                Ok(_) => break,
                Err(_) => {}
            }
        }
        self.start - before
    }

    /// Whether a frame has begun whose rest has not arrived.
    #[inline]
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        let arrived = &self.buffer[self.start..self.end];
        match frame_length(arrived, self.limit) {
            Ok(Some(length)) => arrived.len() < length,
            Ok(None) => !arrived.is_empty(),
            Err(_) => false,
        }
    }

    /// Whether bytes of an unfinished frame are waiting. At end of file that means that the frame
    /// was cut off.
    #[must_use]
    pub fn is_inside_frame(&self) -> bool {
        self.start < self.end
    }
}

/// The length of the frame that begins these bytes, as soon as its head allows to tell.
fn frame_length(bytes: &[u8], limit: usize) -> Result<Option<usize>, Malformed> {
    let Some(head) = bytes.first_chunk::<HEAD>() else {
        // What is wrong already is said at once, lest we wait for the rest of something else.
        let known = bytes.len().min(MAGIC.len());
        return if bytes[..known] == MAGIC[..known] { Ok(None) } else { Err(Malformed::Magic) };
    };
    if head[..2] != MAGIC {
        return Err(Malformed::Magic);
    }
    if head[2] != VERSION {
        return Err(Malformed::Version { found: head[2] });
    }
    let kind = FrameKind::from_code(head[3]).ok_or(Malformed::Kind { found: head[3] })?;
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let body = (length as usize).checked_sub(LEAST).filter(|body| body + LEAST <= limit);
    match body {
        Some(body) if body % kind.entry_len() == 0 => Ok(Some(length as usize)),
        _ => Err(Malformed::Length { length }),
    }
}

/// Opens one whole frame whose head has been read by [`frame_length`].
#[inline]
fn open(bytes: &[u8]) -> Result<Frame<'_>, Malformed> {
    let (checked, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
    if xxh3_64(checked) != eight(checksum, 0) {
        return Err(Malformed::Checksum);
    }
    let (head, body) = checked.split_at(HEAD);
    if head[12..16] != [0; 4] {
        return Err(Malformed::Entry);
    }
    let body = match FrameKind::from_code(head[3]) {
        Some(FrameKind::Assignments) => Body::Assignments(Assignments::open(body)?),
        Some(FrameKind::Answers) => Body::Answers(Answers::open(body)?),
        Some(FrameKind::Part) => Body::Part(open_part(body)?),
        Some(FrameKind::Withdrawals) => Body::Withdrawals(Withdrawals(body)),
        Some(FrameKind::Releases) => Body::Releases(Releases(body)),
        Some(FrameKind::Begun) => Body::Begun(Begun(body)),
        Some(FrameKind::Farewell) if body.len() == 8 => {
            let word = eight(body, 0);
            Body::Farewell { call: word as u32, errno: (word >> 32) as u32 }
        }
        Some(FrameKind::Credit) if body.len() == 8 => Body::Credit { bytes: eight(body, 0) },
        Some(FrameKind::TimeLimit) if body.len() == 8 => Body::TimeLimit { ns: eight(body, 0) },
        Some(FrameKind::CrashReport) if body.len() == 16 => open_crash_report(body)?,
        Some(FrameKind::Description) => Body::Description(Description::open(body)?),
        Some(FrameKind::Recovered) => Body::Recovered(Recovered::open(body)?),
        Some(FrameKind::Text) => Body::Text(Text::open(body)?),
        Some(FrameKind::Supplement) => Body::Supplement(body),
        Some(FrameKind::Lines) => Body::Lines(LineBytes::open(body)?),
        Some(
            FrameKind::Farewell | FrameKind::Credit | FrameKind::CrashReport | FrameKind::TimeLimit,
        ) => {
            return Err(Malformed::Entry);
        }
        None => return Err(Malformed::Kind { found: head[3] }),
    };
    let worker = WorkerId(eight(head, 8) as u32);
    Ok(Frame { worker, busy_ns: eight(head, 16), body })
}

fn open_crash_report(body: &[u8]) -> Result<Body<'static>, Malformed> {
    let (n, word) = (eight(body, 0).cast_signed(), eight(body, 8));
    let cause = match (word as u32, ((word >> 32) as u32).cast_signed()) {
        (0, 0) => None,
        (code, detail) => Some(Cause::from_code(code, detail).ok_or(Malformed::Entry)?),
    };
    Ok(Body::CrashReport { n, cause })
}

fn open_part(body: &[u8]) -> Result<Part<'_>, Malformed> {
    let (Some(head), Some(bytes)) = (body.first_chunk::<PART_HEAD>(), body.get(PART_HEAD..)) else {
        return Err(Malformed::Entry);
    };
    let number_and_mark = eight(head, 8);
    let is_last = match number_and_mark >> 32 {
        0 => false,
        1 => true,
        _ => return Err(Malformed::Entry),
    };
    Ok(Part { lease: LeaseId(eight(head, 0)), number: number_and_mark as u32, is_last, bytes })
}

/// The 64-bit word at `at`, which must lie within `bytes`.
#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
