//! Handshake between an agent and a primary: hello, welcome and refusal.
//!
//! ```text
//! size  a hello, a welcome, a refusal begin alike (little-endian), in every version there will be
//!    6  the letters "evenly"
//!    2  protocol: 12
//!  1+v  v, then the version of the program, v bytes of UTF-8
//! ```
//!
//! ```text
//! size  a hello goes on                      size  a welcome goes on
//!    4  how many workers the agent has          8  the job, drawn at random
//!    4  its process number                   1+8  aggregate: code and detail, see there
//!   16  the boot of its kernel, or zero         1  tries after a lost worker
//!    1  program, see below                      1  whether the range has a number
//!   32  its digest, zero for none           2* 8  the first and the last
//!  1+h  h, then the name of the host           8  how long one number may take, in nanoseconds, or zero
//!  1+p  p, then what the program is called     8  how much memory it may need, in bytes, or zero
//!                                             8  the fewest numbers of a chunk, where that many remain
//!                                          1+32  program and digest, as in a hello
//!                                           2+f  f, then the function, f bytes of UTF-8
//!                                           1+b  b, then the bins of a histogram, b bytes; nothing without any
//!                                             4  the bytes of its supplement, see [`Supplement`]; zero for none
//! size  a refusal goes on
//!    1  why, see [`RefusalReason`]
//!  2+t  t, then a text for the user of the agent, t bytes of UTF-8
//! ```
//!
//! Programs: 0 none, 1 command, 2 library, 3 the executable itself.
//!
//! They are valid if and only if nothing follows, the texts are UTF-8 of at most [`MAX_TEXT`] bytes,
//! an agent has at least one worker, codes are those above, the range is not reversed, and a digest
//! of no program is zero, as is what it is called, bins are in their normal form, and a supplement
//! has at most [`MAX_SUPPLEMENT`] bytes. What computes does not travel, only its name or its
//! source and the digest of a program that both ends must have. What a program is called is for people:
//! the function of a job that has one is that, too, and neither is ever run.

use crate::aggregate::{Aggregate, Bins};
use crate::interval::Interval;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::NonZeroU32;

mod call;
mod supplement;

pub use call::Call;
pub use supplement::{MAX_SUPPLEMENT, Supplement};

/// The protocol described above, with the frames that follow it.
pub const PROTOCOL: u16 = 12;

/// The version of this program. Another one may compute something else under the same name.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// The longest text in any of them, in bytes; what is longer is cut where one of us writes it.
pub const MAX_TEXT: usize = 700;

const LETTERS: [u8; 6] = *b"evenly";

/// Who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// How many workers it has.
    pub workers: NonZeroU32,
    /// Its process number, on its machine.
    pub pid: u32,
    /// The boot of its kernel (proc(5), `boot_id`): whether its process number means something here.
    pub boot: [u8; 16],
    /// What it was started with.
    pub program: Program,
    /// The name of its machine.
    pub host: String,
    /// What that program is called; nothing without one.
    pub program_name: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The job, drawn at random.
    pub job: u64,
    /// How answers merge.
    pub aggregate: Aggregate,
    /// How many more tries a chunk gets after its worker was lost.
    pub retries: u8,
    /// The numbers of the whole job, or the lowest and the highest of its items.
    pub range: Option<Interval>,
    /// How long one number may take, in nanoseconds; 0 for any time.
    pub timeout_ns: u64,
    /// Time between `SIGTERM` and `SIGKILL` for a command, in nanoseconds.
    pub grace_ns: u64,
    /// How much memory a worker may have, and what it starts, in bytes; 0 for any amount.
    pub memory: u64,
    /// The fewest numbers of a chunk, where that many remain and chunks are sized by time.
    pub chunk_min: u64,
    /// What the agent must have been started with.
    pub program: Program,
    /// What is asked of each number, by its name or as its source.
    pub function: String,
    /// The bytes of the [`Supplement`] that follows, once the agent has sent a first frame.
    pub supplement: u32,
}

/// Refusal of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In a word.
    pub why: RefusalReason,
    /// In a line.
    pub text: String,
}

/// Reason for which an agent is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RefusalReason {
    /// It is of another version.
    Version = 1,
    /// It was started with another program, or with none.
    Program = 2,
    /// There is nothing left to do.
    Over = 3,
    /// The primary has as many agents as it can hold.
    Full = 4,
}

/// What computes, where it is not part of this program: compared, never sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// Nothing else: the function's name says everything.
    #[default]
    None,
    /// A command, by a digest of its words and of the file.
    Command([u8; 32]),
    /// A shared library and a symbol in it, by a digest of both.
    Library([u8; 32]),
    /// A function that the calling program registered by name, by a digest of the program's executable.
    Executable([u8; 32]),
}

/// What came is not what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misunderstood {
    /// It is no word of this protocol.
    #[error("it does not speak the protocol of evenly")]
    Malformed,
    /// Its author is of another version.
    #[error(
        "it is evenly {program} (protocol {protocol}); this is evenly {PROGRAM} (protocol {PROTOCOL})"
    )]
    Version {
        /// The version of its protocol.
        protocol: u16,
        /// The version of its program.
        program: String,
    },
}

impl Hello {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = beginning();
        bytes.extend_from_slice(&self.workers.get().to_le_bytes());
        bytes.extend_from_slice(&self.pid.to_le_bytes());
        bytes.extend_from_slice(&self.boot);
        put_program(&mut bytes, self.program);
        for name in [&self.host, &self.program_name] {
            let name = cut(name, u8::MAX.into());
            bytes.push(name.len() as u8);
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes
    }

    /// What the bytes say.
    ///
    /// # Errors
    /// If they are no hello of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Misunderstood> {
        let mut rest = Rest(understood(bytes)?);
        let workers = NonZeroU32::new(u32::from_le_bytes(rest.take()?));
        let pid = u32::from_le_bytes(rest.take()?);
        let boot = rest.take()?;
        let program = rest.program()?;
        let [length] = rest.take()?;
        let host = rest.text(length.into())?;
        let [length] = rest.take()?;
        let program_name = rest.text(length.into())?;
        let workers = workers.ok_or(Misunderstood::Malformed)?;
        rest.end()?;
        if program == Program::None && !program_name.is_empty() {
            return Err(Misunderstood::Malformed);
        }
        Ok(Self { workers, pid, boot, program, host, program_name })
    }
}

impl Welcome {
    /// The bytes. A function longer than [`MAX_TEXT`] is cut, so the calling program must refuse it where it is
    /// more than what a program is called.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = beginning();
        bytes.extend_from_slice(&self.job.to_le_bytes());
        let (aggregate, detail) = self.aggregate.code();
        bytes.push(aggregate);
        bytes.extend_from_slice(&detail.to_le_bytes());
        bytes.extend_from_slice(&[self.retries, u8::from(self.range.is_some())]);
        let (first, last) = self.range.map_or((0, 0), |range| (range.first(), range.last()));
        bytes.extend_from_slice(&first.to_le_bytes());
        bytes.extend_from_slice(&last.to_le_bytes());
        bytes.extend_from_slice(&self.timeout_ns.to_le_bytes());
        bytes.extend_from_slice(&self.grace_ns.to_le_bytes());
        bytes.extend_from_slice(&self.memory.to_le_bytes());
        bytes.extend_from_slice(&self.chunk_min.to_le_bytes());
        put_program(&mut bytes, self.program);
        put_text(&mut bytes, &self.function);
        let bins = self.aggregate.bins().map(|bins| bins.to_string()).unwrap_or_default();
        // The text of bins is some tens of bytes long.
        bytes.push(bins.len() as u8);
        bytes.extend_from_slice(bins.as_bytes());
        bytes.extend_from_slice(&self.supplement.to_le_bytes());
        bytes
    }

    /// What the bytes say.
    ///
    /// # Errors
    /// If they are no welcome of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Misunderstood> {
        let mut rest = Rest(understood(bytes)?);
        let job = u64::from_le_bytes(rest.take()?);
        let [aggregate] = rest.take()?;
        let detail = u64::from_le_bytes(rest.take()?);
        let [retries, has_range] = rest.take()?;
        let first = i64::from_le_bytes(rest.take()?);
        let last = i64::from_le_bytes(rest.take()?);
        let timeout_ns = u64::from_le_bytes(rest.take()?);
        let grace_ns = u64::from_le_bytes(rest.take()?);
        let memory = u64::from_le_bytes(rest.take()?);
        let chunk_min = u64::from_le_bytes(rest.take()?);
        let program = rest.program()?;
        let length = u16::from_le_bytes(rest.take()?);
        let function = rest.text(length.into())?;
        let [length] = rest.take()?;
        let bins = rest.bins(length.into())?;
        let supplement = u32::from_le_bytes(rest.take()?);
        rest.end()?;
        let range = match (has_range, Interval::new(first, last)) {
            (0, _) if (first, last) == (0, 0) => None,
            (1, Some(range)) => Some(range),
            _ => return Err(Misunderstood::Malformed),
        };
        let aggregate =
            Aggregate::from_code(aggregate, detail, bins).ok_or(Misunderstood::Malformed)?;
        if supplement as usize > MAX_SUPPLEMENT {
            return Err(Misunderstood::Malformed);
        }
        Ok(Self {
            job,
            aggregate,
            retries,
            range,
            timeout_ns,
            grace_ns,
            memory,
            chunk_min,
            program,
            function,
            supplement,
        })
    }
}

impl Refusal {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = beginning();
        bytes.push(self.why as u8);
        put_text(&mut bytes, &self.text);
        bytes
    }

    /// What the bytes say, in whatever version: a refusal may be about that.
    ///
    /// # Errors
    /// If they are no refusal.
    pub fn decode(bytes: &[u8]) -> Result<Self, Misunderstood> {
        let mut rest = match understood(bytes) {
            Ok(rest) => Rest(rest),
            Err(misunderstood @ Misunderstood::Version { .. }) => {
                return Ok(Self { why: RefusalReason::Version, text: misunderstood.to_string() });
            }
            Err(malformed) => return Err(malformed),
        };
        let [why] = rest.take()?;
        let why = match why {
            1 => RefusalReason::Version,
            2 => RefusalReason::Program,
            3 => RefusalReason::Over,
            4 => RefusalReason::Full,
            _ => return Err(Misunderstood::Malformed),
        };
        let length = u16::from_le_bytes(rest.take()?);
        let text = rest.text(length.into())?;
        rest.end()?;
        Ok(Self { why, text })
    }
}

fn beginning() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&LETTERS);
    bytes.extend_from_slice(&PROTOCOL.to_le_bytes());
    bytes.push(PROGRAM.len() as u8);
    bytes.extend_from_slice(PROGRAM.as_bytes());
    bytes
}

/// What follows the beginning that all versions share, if it is one of this version.
fn understood(bytes: &[u8]) -> Result<&[u8], Misunderstood> {
    let mut rest = Rest(bytes);
    if rest.take()? != LETTERS {
        return Err(Misunderstood::Malformed);
    }
    let protocol = u16::from_le_bytes(rest.take()?);
    let [length] = rest.take()?;
    let program = rest.text(length.into())?;
    if protocol != PROTOCOL || program != PROGRAM {
        // It is shown to a user, so nothing but what a version is made of.
        let program = program.chars().filter(char::is_ascii_graphic).take(32).collect();
        return Err(Misunderstood::Version { protocol, program });
    }
    Ok(rest.0)
}

fn put_program(bytes: &mut Vec<u8>, program: Program) {
    let (kind, digest) = match program {
        Program::None => (0, [0; 32]),
        Program::Command(digest) => (1, digest),
        Program::Library(digest) => (2, digest),
        Program::Executable(digest) => (3, digest),
    };
    bytes.push(kind);
    bytes.extend_from_slice(&digest);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let text = cut(text, MAX_TEXT);
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// The text, or as much of it as has room.
fn cut(text: &str, room: usize) -> &str {
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Bytes that are not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Misunderstood> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Misunderstood::Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn text(&mut self, length: usize) -> Result<String, Misunderstood> {
        let (text, rest) = self.0.split_at_checked(length).ok_or(Misunderstood::Malformed)?;
        self.0 = rest;
        match core::str::from_utf8(text) {
            Ok(text) if length <= MAX_TEXT => Ok(text.to_string()),
            _ => Err(Misunderstood::Malformed),
        }
    }

    fn bins(&mut self, length: usize) -> Result<Option<Bins>, Misunderstood> {
        let text = self.text(length)?;
        if text.is_empty() {
            return Ok(None);
        }
        let bins: Bins = text.parse().map_err(|_| Misunderstood::Malformed)?;
        if bins.to_string() == text { Ok(Some(bins)) } else { Err(Misunderstood::Malformed) }
    }

    fn program(&mut self) -> Result<Program, Misunderstood> {
        let [kind] = self.take()?;
        let digest: [u8; 32] = self.take()?;
        match kind {
            0 if digest == [0; 32] => Ok(Program::None),
            1 => Ok(Program::Command(digest)),
            2 => Ok(Program::Library(digest)),
            3 => Ok(Program::Executable(digest)),
            _ => Err(Misunderstood::Malformed),
        }
    }

    fn end(&self) -> Result<(), Misunderstood> {
        if self.0.is_empty() { Ok(()) } else { Err(Misunderstood::Malformed) }
    }
}

#[cfg(test)]
mod tests;
