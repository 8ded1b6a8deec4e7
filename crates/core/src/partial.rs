//! Partial answer of a worker over some numbers of one chunk, and its encoding.
//!
//! A partial names the intervals it covers and those that failed, so that an answer may come in
//! pieces, and so that the same form serves later aggregates whose values are long.
//!
//! ```text
//! offset  size  an encoded partial (little-endian)
//!      0     1  kind of the value, see below
//!      1     3  zero
//!      4     4  c, how many intervals are covered
//!      8     4  f, how many failures follow
//!     12     4  zero
//!     16  16*c  covered intervals: first i64, last i64
//!   ...   24*f  failures: first i64, last i64, cause u32, detail i32
//!   ...     v  the value
//! ```
//!
//! ```text
//! kind   v      the value
//! 0      0      nothing
//! 1      16     count u128
//! 2      24     sum, of 192 bits
//! 3 4    0 24   smallest or largest: value i128, n i64; nothing where no number is covered
//! 5      0 8    the lowest n that decides the answer, if one does
//! 6      32*k   of each value, ascending: value i128, count u128
//! 7      8+t    lines u64, and their text of t bytes
//! 8      24+s   sum with doubles: of the integers, 192 bits; of the doubles, see ExactSum::encode
//! 9 10   16     smallest or largest, where that is a double: value f64, n i64
//! 11     4+32*i+24*r   of each value, one double at least: i u32; of each integer as in kind 6; of each double: value
//!               f64, count u128
//! 12     40+s   mean: how many values u128, their sum as in kind 8
//! 13     1+b+20*k   bins: b, their text of b bytes; of each row with a value, ascending: index u32, count u128
//! ```
//!
//! It is valid if and only if
//! 1. its length is exactly what `c`, `f` and the aggregate ask for, and the zero bytes are zero,
//! 2. every interval has `first <= last`,
//! 3. covered and failed intervals together follow one another without gap or overlap,
//! 4. kind and every cause are known, and values ascend.
//!
//! Whether the value can be that of these numbers is for [`Aggregate::admits`](crate::Aggregate::admits) to say.

mod bytes;

use crate::aggregate::Value;
use crate::interval::Interval;
use alloc::vec::Vec;
use core::fmt;

/// Why a number has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The process that computed it ended with this exit status.
    Exit(i32),
    /// The process that computed it was ended by this signal.
    Signal(i32),
    /// It took longer than allowed.
    Timeout,
    /// It needed more memory than allowed.
    Memory,
    /// The process that computed it wrote what is no answer.
    Garbage,
    /// What is asked of it has no value of 128 bits.
    Arithmetic(Arithmetic),
    /// The process that computed it put out more than is taken.
    Flood,
    /// The process that computes it may have been started, and its end is unknown.
    Unknown,
    /// The function returned an error for it.
    Error,
}

/// Why an expression has no value for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// It is beyond 128 bits.
    Overflow,
    /// Something is divided by zero.
    DivisionByZero,
    /// The root of a negative number is asked for.
    NegativeRoot,
    /// A power with a negative exponent is asked for.
    NegativeExponent,
    /// Bits are to be shifted by a negative number.
    NegativeShift,
    /// The bits of a negative number are to be counted, which has no end of them.
    NegativeBits,
    /// Whether a number above 2^64 is prime is asked for.
    PrimeTooLarge,
    /// No number is the inverse modulo another one: they have a common divisor.
    NoInverse,
    /// The root of a negative number is asked for, of any degree.
    RootOfNegative,
    /// The degree of a root is below 1.
    DegreeTooSmall,
    /// The logarithm of a number below 1 is asked for.
    LogarithmBelowOne,
    /// The base of digits or of a logarithm is below 2.
    BaseTooSmall,
    /// The zeros at the end of 0 are to be counted, which has no end of them.
    ZerosOfZero,
    /// A word of 64 bits is needed, and the number is neither a signed nor an unsigned one.
    MoreThan64Bits,
    /// The factorial of a negative number is asked for.
    FactorialOfNegative,
    /// The factors of a number below 1 are asked for.
    FactorsBelowOne,
    /// The factors of a number from 2^64 on are asked for.
    FactorsTooLarge,
    /// There is no prime as small as that, or no prime with that place.
    NoSuchPrime,
    /// The prime, or the end of a count of primes, is beyond 10^12.
    TooManyPrimes,
    /// A loop that picks one of its items or terms has none to pick.
    NothingFound,
    /// Its value is a NaN of a double.
    NotANumber,
    /// An iteration did not end within its limit of steps, which is at most 2^31 - 1.
    NoEnd(u32),
}

impl Arithmetic {
    /// All of them, one with an example of its steps.
    pub const ALL: [Self; 22] = [
        Self::Overflow,
        Self::DivisionByZero,
        Self::NegativeRoot,
        Self::NegativeExponent,
        Self::NegativeShift,
        Self::NegativeBits,
        Self::PrimeTooLarge,
        Self::NoInverse,
        Self::RootOfNegative,
        Self::DegreeTooSmall,
        Self::LogarithmBelowOne,
        Self::BaseTooSmall,
        Self::ZerosOfZero,
        Self::MoreThan64Bits,
        Self::FactorialOfNegative,
        Self::FactorsBelowOne,
        Self::FactorsTooLarge,
        Self::NoSuchPrime,
        Self::TooManyPrimes,
        Self::NothingFound,
        Self::NotANumber,
        Self::NoEnd(1_000_000),
    ];

    /// Its number: positive, or -1 minus the steps of an iteration without an end.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Overflow => 1,
            Self::DivisionByZero => 2,
            Self::NegativeRoot => 3,
            Self::NegativeExponent => 4,
            Self::NegativeShift => 5,
            Self::NegativeBits => 6,
            Self::PrimeTooLarge => 7,
            Self::NothingFound => 8,
            Self::NoInverse => 16,
            Self::RootOfNegative => 17,
            Self::DegreeTooSmall => 18,
            Self::LogarithmBelowOne => 19,
            Self::BaseTooSmall => 20,
            Self::ZerosOfZero => 21,
            Self::MoreThan64Bits => 22,
            Self::FactorialOfNegative => 23,
            Self::FactorsBelowOne => 24,
            Self::FactorsTooLarge => 25,
            Self::NoSuchPrime => 26,
            Self::TooManyPrimes => 27,
            Self::NotANumber => 40,
            Self::NoEnd(steps) => !steps.cast_signed(),
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        if code < 0 {
            return Some(Self::NoEnd((!code).cast_unsigned()));
        }
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoEnd(steps) => return write!(f, "no end after {steps} steps"),
            Self::NothingFound => "nothing found",
            Self::Overflow => "overflow",
            Self::DivisionByZero => "division by zero",
            Self::NegativeRoot => "isqrt of a negative",
            Self::NegativeExponent => "negative exponent",
            Self::NegativeShift => "negative shift",
            Self::NegativeBits => "popcount of a negative",
            Self::PrimeTooLarge => "prime of more than 2^64",
            Self::NoInverse => "no inverse",
            Self::RootOfNegative => "root of a negative",
            Self::DegreeTooSmall => "degree below 1",
            Self::LogarithmBelowOne => "logarithm of less than 1",
            Self::BaseTooSmall => "base below 2",
            Self::ZerosOfZero => "ctz of 0",
            Self::MoreThan64Bits => "more than 64 bits",
            Self::FactorialOfNegative => "factorial of a negative",
            Self::FactorsBelowOne => "factors of less than 1",
            Self::FactorsTooLarge => "factors of 2^64 or more",
            Self::NoSuchPrime => "no such prime",
            Self::TooManyPrimes => "primes beyond 10^12",
            Self::NotANumber => "NaN",
        })
    }
}

impl Cause {
    /// Whether this is how a process ends that is killed from outside, rather than by what it does: by a
    /// signal that is no fault of theirs (signal(7)).
    #[must_use]
    pub const fn is_from_outside(self) -> bool {
        // ILL, TRAP, ABRT, BUS, FPE, SEGV, XCPU, XFSZ, SYS, as Linux numbers them on most machines.
        matches!(self, Self::Signal(signal) if !matches!(signal, 4 | 5 | 6 | 7 | 8 | 11 | 24 | 25 | 31))
    }

    /// Two bytes that are the same for the same cause, and never 0.
    pub(crate) const fn digest(self) -> u16 {
        let (code, detail) = self.code();
        (code as u16) << 8 | (detail as u16 & 0xff)
    }

    /// What such two bytes say, if they say anything.
    pub(crate) fn from_digest(digest: u16) -> Option<Self> {
        Self::from_code((digest >> 8).into(), (digest & 0xff).into())
    }

    /// The two words that stand for it where it is written down.
    #[must_use]
    pub const fn code(self) -> (u32, i32) {
        match self {
            Self::Exit(status) => (1, status),
            Self::Signal(signal) => (2, signal),
            Self::Timeout => (3, 0),
            Self::Memory => (4, 0),
            Self::Garbage => (5, 0),
            Self::Arithmetic(why) => (6, why.code()),
            Self::Flood => (7, 0),
            Self::Unknown => (8, 0),
            Self::Error => (9, 0),
        }
    }

    /// What stands for these, if anything does.
    #[must_use]
    pub fn from_code(code: u32, detail: i32) -> Option<Self> {
        match (code, detail) {
            (1, status) => Some(Self::Exit(status)),
            (2, signal) => Some(Self::Signal(signal)),
            (3, 0) => Some(Self::Timeout),
            (4, 0) => Some(Self::Memory),
            (5, 0) => Some(Self::Garbage),
            (6, why) => Arithmetic::from_code(why).map(Self::Arithmetic),
            (7, 0) => Some(Self::Flood),
            (8, 0) => Some(Self::Unknown),
            (9, 0) => Some(Self::Error),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "exit {status}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Memory => f.write_str("memory"),
            Self::Garbage => f.write_str("garbage"),
            Self::Arithmetic(why) => why.fmt(f),
            Self::Flood => f.write_str("too much output"),
            Self::Unknown => f.write_str("unknown"),
            Self::Error => f.write_str("error"),
        }
    }
}

/// Consecutive numbers without a value, and the cause that they have in common.
///
/// A number fails after its function ended a worker again and again, the last time alone in a fresh worker; or at
/// once if the function itself says that it has no value, as for a division by zero.
///
/// The text of a [`Cause`] is that of JSON output and job logs: `exit 101`, `signal 11`, `timeout`.
///
/// ```
/// use evenly_core::{Cause, Failure, Interval};
///
/// let failure = Failure { interval: Interval::single(7), cause: Cause::Signal(11) };
/// assert_eq!((failure.interval.len(), failure.cause.to_string()), (1, "signal 11".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The numbers.
    pub interval: Interval,
    /// Why they have no value.
    pub cause: Cause,
}

/// How many numbers failed.
pub(crate) fn numbers_of(failed: &[Failure]) -> u64 {
    let numbers: u128 = failed.iter().map(|failure| failure.interval.len()).sum();
    u64::try_from(numbers).unwrap_or(u64::MAX)
}

impl Value {
    /// Its bytes as within a partial, without their kind: that follows from the aggregate.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        bytes::encode(self, &mut out);
        out
    }

    /// What [`to_bytes`](Self::to_bytes) gave for a value of the same aggregate as this one, and
    /// nothing else.
    #[must_use]
    pub fn like(&self, bytes: &[u8]) -> Option<Self> {
        let kind = bytes::kind(self);
        let real = || bytes::decode(bytes::real_kind(kind)?, bytes);
        bytes::decode(kind, bytes).or_else(real)
    }
}

/// A worker's answer over some numbers of one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Numbers that are part of the value, ascending.
    pub covered: Vec<Interval>,
    /// Numbers without a value, ascending.
    pub failed: Vec<Failure>,
    /// The value over the covered numbers.
    pub value: Value,
}

/// The bytes are no partial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed partial: {0}")]
pub struct MalformedPartial(&'static str);

const HEAD: usize = 16;
const INTERVAL: usize = 16;
const FAILURE: usize = 24;

impl Partial {
    /// A partial over one interval without failures.
    #[must_use]
    pub fn over(interval: Interval, value: Value) -> Self {
        Self { covered: [interval].into(), failed: Vec::new(), value }
    }

    /// The one interval that covered and failed numbers fill together, or `None` if they do not
    /// follow one another without gap or overlap.
    #[must_use]
    pub fn span(&self) -> Option<Interval> {
        let mut covered = self.covered.iter().copied().peekable();
        let mut failed = self.failed.iter().map(|failure| failure.interval).peekable();
        let mut span: Option<Interval> = None;
        loop {
            let next = match (covered.peek(), failed.peek()) {
                (Some(done), Some(fail)) if fail < done => failed.next(),
                (Some(_), _) => covered.next(),
                (None, _) => failed.next(),
            };
            let Some(next) = next else { return span };
            span = Some(match span {
                None => next,
                Some(span) if span.last().checked_add(1) == Some(next.first()) => {
                    Interval::new(span.first(), next.last())?
                }
                Some(_) => return None,
            });
        }
    }

    /// How many numbers have a part in the value.
    #[must_use]
    pub fn numbers(&self) -> u128 {
        self.covered.iter().map(Interval::len).sum()
    }

    /// How many bytes of it count as [credit](crate::credit::CREDIT): of what is written in the order of
    /// the numbers, and waits for those below.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        match &self.value {
            Value::Lines { text, .. } if text.is_empty() => 0,
            // What it takes to keep a piece counts, too.
            Value::Lines { text, .. } => text.len() as u64 + 64,
            Value::Nothing => (self.failed.len() * FAILURE) as u64,
            _ => 0,
        }
    }

    /// Appends the encoded partial to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[bytes::kind(&self.value), 0, 0, 0]);
        out.extend_from_slice(&(self.covered.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.failed.len() as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        for interval in &self.covered {
            encode_interval(*interval, out);
        }
        for failure in &self.failed {
            let (code, detail) = failure.cause.code();
            encode_interval(failure.interval, out);
            out.extend_from_slice(&code.to_le_bytes());
            out.extend_from_slice(&detail.to_le_bytes());
        }
        bytes::encode(&self.value, out);
    }

    /// Reads back what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If the bytes are not valid as the module page says. Nothing is allocated by a length that
    /// the bytes merely claim.
    pub fn decode(bytes: &[u8]) -> Result<Self, MalformedPartial> {
        let malformed = |what| Err(MalformedPartial(what));
        let (Some(head), Some(body)) = (bytes.first_chunk::<HEAD>(), bytes.get(HEAD..)) else {
            return malformed("shorter than its head");
        };
        if head[1..4] != [0; 3] || head[12..] != [0; 4] {
            return malformed("something where nothing should be");
        }
        let covered_bytes = u64::from(word(head, 4)) * INTERVAL as u64;
        let failed_bytes = u64::from(word(head, 8)) * FAILURE as u64;
        if (body.len() as u64) < covered_bytes + failed_bytes {
            return malformed("its length is not what its head says");
        }
        let (covered, rest) = body.split_at(covered_bytes as usize);
        let (failed, value) = rest.split_at(failed_bytes as usize);
        let covered = covered.chunks_exact(INTERVAL).map(decode_interval);
        let failed = failed.chunks_exact(FAILURE).map(decode_failure);
        let partial = Self {
            covered: covered.collect::<Option<_>>().ok_or(MalformedPartial("reversed interval"))?,
            failed: failed.collect::<Option<_>>().ok_or(MalformedPartial("bad failure"))?,
            value: bytes::decode(head[0], value).ok_or(MalformedPartial("bad value"))?,
        };
        if partial.span().is_none() {
            return malformed("its intervals have a gap or an overlap");
        }
        Ok(partial)
    }
}

fn encode_interval(interval: Interval, out: &mut Vec<u8>) {
    out.extend_from_slice(&interval.first().to_le_bytes());
    out.extend_from_slice(&interval.last().to_le_bytes());
}

fn decode_interval(bytes: &[u8]) -> Option<Interval> {
    let first = i64::from_le_bytes(*bytes.first_chunk()?);
    let last = i64::from_le_bytes(*bytes.get(8..)?.first_chunk()?);
    Interval::new(first, last)
}

fn decode_failure(bytes: &[u8]) -> Option<Failure> {
    let interval = decode_interval(bytes)?;
    let cause = Cause::from_code(word(bytes, 16), word(bytes, 20).cast_signed())?;
    Some(Failure { interval, cause })
}

/// The 32-bit word at `at`, which must lie within `bytes`.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
