//! Frames: the messages between a primary and its workers, and their bytes.
//!
//! ```text
//! offset  size  a frame (little-endian)
//!      0     2  magic: 65 76, the letters "ev"
//!      2     1  version of this format: 3
//!      3     1  kind, see below
//!      4     4  length of the whole frame in bytes, 32 to the limit of the transport
//!      8     4  the worker that it comes from or goes to
//!     12     4  zero
//!     16     8  from a worker: nanoseconds it was busy since its last frame, or 0 where the next
//!               frame accounts for it
//!     24     …  body: entries of one kind, one after the other, or one part
//!   ...      8  checksum: XXH3, 64 bits, over everything before it
//! ```
//!
//! ```text
//! kind           from     body
//! 1 assignments  primary  entries of 32 bytes: first i64 | last i64 | lease u64 | count u64: this many
//!                         adjacent chunks as long as the first, under leases that follow each other
//! 2 answers      worker   groups: lease u64 | count u24 | width u8 | count words of 1, 2, 4 or 8 bytes,
//!                         for leases that follow each other; a word is the value over all of its lease
//!                         that was not covered yet, see Value::word
//! 3 part         worker   lease u64 | part u32 from 0 | 1 if it is the last u32 | bytes
//! 4 withdrawals  primary  entries of 16 bytes: lease u64 or all ones for every lease | parts u64:
//!                         keep one of these parts of what is not counted yet; 0: keep nothing
//! 5 releases     worker   entries of 16 bytes: lease u64 | first i64: all from there is given back
//! 6 begun        worker   entries of 8 bytes: lease u64, a chunk that was lost before: should this
//!                         worker be lost too, then it was at that chunk
//! 7 farewell     worker   call u32 | errno u32: why it leaves; the transport says what `call` means
//! 8 credit       primary  bytes u64: bytes of lines that may be sent beyond those before
//! 9 crash report worker   n i64 | cause u32 | detail i32: the number that it is at while something
//!                         ends it; the cause as in a partial, 0 where the way it ends says it
//! 10 description worker   n i64 | cause u32 | detail i32 | 1 to 240 bytes of UTF-8: a text for the
//!                         message about n, should it fail of this cause
//! 11 recovered   worker   entries of 24 bytes: first i64 | last i64 | cause u32 | detail i32: numbers of
//!                         which a try failed of this cause and a later one passed; before their answer
//! 12 time limit  primary  nanoseconds u64: how long a command may take from now on
//! 13 text        worker   lease u64 | first i64 | u64: 1 if no output of other commands may stand before
//!                         what follows of this command, else 0 | bytes: a part of what a command of
//!                         `run` prints, before its answer; charged to the credit. No byte: nothing is open
//! 15 supplement  primary  bytes: a part of the supplement of its welcome, see [`Supplement`](crate::hello::Supplement)
//! 16 lines       primary  offset u64 | bytes: a part of the file whose lines are the items, to an agent
//! ```
//!
//! Between a primary and an agent, the same frames travel with worker 0, since the connection says who
//! it is. A frame of assignments or answers without an entry says that its author lives. A farewell
//! comes from either side, and says why in the words of [`Leave`](crate::agent::Leave).
//!
//! A frame is valid if and only if
//! 1. magic and version are these, the kind is one of these, and the zero word is zero,
//! 2. its length is within the limit and holds a whole number of entries or groups,
//! 3. the checksum is that of its bytes,
//! 4. every interval has `first <= last`, a count is at least 1, the chunks of a frame are at most
//!    [`MAX_LEASES`](crate::lease::MAX_LEASES) and end by 2^63 - 1, a part is marked 0 or 1, and a cause is known.
//!
//! Bytes that are a beginning of a frame are no error: [`Unpacker`] waits for the rest. Bytes that
//! cannot become a valid frame are [`Malformed`]; nothing of them is used.
//!
//! A result pipe is shared by all workers. `write` is atomic only up to `PIPE_BUF` (pipe(7), 4096
//! bytes on Linux), so a frame never exceeds that there and is written in one call; a partial that
//! does not fit travels as numbered parts, each in a frame of its own.

mod assemble;
mod crash_report;
mod description;
mod line_bytes;
mod pack;
mod text;
mod unpack;

use crate::lease::LeaseId;
use core::ops::Range;

pub use assemble::{Assembler, MAX_PARTIAL};
pub use crash_report::{CRASH_REPORT_LEN, crash_report};
pub use description::{Description, MAX_TEXT};
pub use line_bytes::LineBytes;
pub use pack::{Heartbeat, Packer};
pub use text::Text;
pub use unpack::{
    Answers, Assignments, Begun, Body, Frame, Part, Recovered, Releases, Unpacker, Withdrawals,
};

/// The longest frame on a pipe: `PIPE_BUF`, up to which a write is atomic (pipe(7)).
pub const PIPE_FRAME: usize = 4096;

/// The version of the format described above.
pub const VERSION: u8 = 3;

const MAGIC: [u8; 2] = *b"ev";
const HEAD: usize = 24;
const CHECKSUM: usize = 8;
const PART_HEAD: usize = 16;
/// Bytes of a group of answers before its words.
const ANSWER_HEAD: usize = 12;
/// Where the count is in that head.
const COUNT_AT: Range<usize> = 8..11;
/// The shortest frame: no entry at all.
const LEAST: usize = HEAD + CHECKSUM;

/// Kind of a frame, as its byte on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum FrameKind {
    Assignments = 1,
    Answers = 2,
    Part = 3,
    Withdrawals = 4,
    Releases = 5,
    Begun = 6,
    Farewell = 7,
    Credit = 8,
    CrashReport = 9,
    Description = 10,
    Recovered = 11,
    TimeLimit = 12,
    Text = 13,
    Supplement = 15,
    Lines = 16,
}

impl FrameKind {
    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Assignments),
            2 => Some(Self::Answers),
            3 => Some(Self::Part),
            4 => Some(Self::Withdrawals),
            5 => Some(Self::Releases),
            6 => Some(Self::Begun),
            7 => Some(Self::Farewell),
            8 => Some(Self::Credit),
            9 => Some(Self::CrashReport),
            10 => Some(Self::Description),
            11 => Some(Self::Recovered),
            12 => Some(Self::TimeLimit),
            13 => Some(Self::Text),
            15 => Some(Self::Supplement),
            16 => Some(Self::Lines),
            _ => None,
        }
    }

    const fn entry_len(self) -> usize {
        match self {
            Self::Assignments => 32,
            Self::Recovered => 24,
            Self::Withdrawals | Self::Releases | Self::CrashReport => 16,
            Self::Begun | Self::Farewell | Self::Credit | Self::TimeLimit => 8,
            Self::Answers
            | Self::Part
            | Self::Description
            | Self::Text
            | Self::Supplement
            | Self::Lines => 1,
        }
    }

    /// Bytes that the next entry may need.
    const fn longest_entry(self) -> usize {
        match self {
            Self::Answers => ANSWER_HEAD + 8,
            _ => self.entry_len(),
        }
    }
}

/// In a withdrawal: every lease that the worker holds. No lease has this name: it would be the last
/// use of the last slot, at the highest attempt.
pub const EVERY_LEASE: LeaseId = LeaseId(u64::MAX);

/// Bytes that are no frame and cannot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They do not begin as a frame does.
    #[error("not a frame of evenly")]
    Magic,
    /// Another version of the format.
    #[error("a frame of version {found}; this is version {VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// A kind this version does not know.
    #[error("a frame of unknown kind {found}")]
    Kind {
        /// The kind found.
        found: u8,
    },
    /// A length below the shortest frame, above the limit, or not of whole entries.
    #[error("a frame of {length} bytes")]
    Length {
        /// The length the frame claims.
        length: u32,
    },
    /// The checksum is not that of the bytes.
    #[error("a frame whose checksum does not match")]
    Checksum,
    /// The stream ended inside a frame.
    #[error("a frame that was cut off")]
    CutOff,
    /// A segment of a channel that says what cannot be; see [`channel`](crate::channel).
    #[error("an impossible segment")]
    Segment,
    /// An entry or a part that says what cannot be.
    #[error("a frame with an impossible entry")]
    Entry,
    /// A partial that does not come together from its parts.
    #[error("a partial out of order: part {part} where {expected} was due")]
    PartOrder {
        /// The number of the part that came.
        part: u32,
        /// The number that was due.
        expected: u32,
    },
    /// A partial larger than [`MAX_PARTIAL`].
    #[error("a partial of more than {MAX_PARTIAL} bytes")]
    PartialTooLong,
    /// A partial whose bytes are not valid.
    #[error(transparent)]
    Partial(#[from] crate::partial::MalformedPartial),
}

#[cfg(test)]
mod skip_tests;
#[cfg(test)]
mod tests;
