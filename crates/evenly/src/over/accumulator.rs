//! Accumulators of a fold on their way from workers to the process of the call.
//!
//! Each is a frame: a byte that says what follows, the length in 8 bytes, and that many bytes. A worker puts out
//! frames in ascending order of its numbers, and the stream of lines keeps that order over all workers.

use crate::encoding::{from_bytes, to_bytes};
use evenly_core::frame::MAX_PARTIAL;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use std::any::type_name;
use std::io::{self, Read};

/// Behind it is an accumulator. No frame begins with the byte that ends the lines, which is 0.
const ENCODED: u8 = 1;
/// Behind it is the text of why there is none.
const REFUSED: u8 = 2;

const HEAD: usize = 9;

/// The longest encoding of an accumulator, in bytes: 60 MiB. The rest of a partial has room for failures.
pub(super) const MAX_ACCUMULATOR: usize = MAX_PARTIAL - (4 << 20);

/// An accumulator of a fold could not be passed from a worker to the process of the call.
///
/// ```
/// let long = |_: String, _: u8| "x".repeat(61 << 20);
/// let error = evenly::fold(0..1, String::new, long, |below, _| below).unwrap_err();
/// let evenly::CallError::Accumulator(error) = error else { panic!("{error}") };
/// assert!(error.to_string().contains("too large"), "{error}");
/// assert_eq!(error.type_name(), "alloc::string::String");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the accumulator {type_name} of this fold {why}")]
pub struct AccumulatorError {
    type_name: &'static str,
    why: String,
}

impl AccumulatorError {
    fn new<A>(why: String) -> Self {
        Self { type_name: type_name::<A>(), why }
    }

    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

/// The bytes of an accumulator, or why it cannot be passed on.
pub(super) fn encode<A: Serialize>(accumulator: &A) -> Result<Vec<u8>, String> {
    let refused = |why| format!("cannot be serialised: {why}; use another type");
    let bytes = to_bytes(accumulator).map_err(refused)?;
    match bytes.len() {
        0..=MAX_ACCUMULATOR => Ok(bytes),
        length => Err(format!(
            "is too large: {length} bytes serialised, and at most {MAX_ACCUMULATOR} are passed on; fold into a smaller one, or \
             shorter ranges"
        )),
    }
}

/// The accumulator of these bytes.
pub(super) fn decode<A: DeserializeOwned>(bytes: &[u8]) -> Result<A, String> {
    from_bytes(bytes).map_err(|why| {
        format!("cannot be deserialised from what it has serialised: {why}; use another type")
    })
}

/// What a worker puts out for its numbers.
pub(super) fn frame(outcome: &Result<Vec<u8>, String>) -> Vec<u8> {
    let (kind, body) = match outcome {
        Ok(bytes) => (ENCODED, &bytes[..]),
        Err(why) => (REFUSED, why.as_bytes()),
    };
    [&[kind], &(body.len() as u64).to_le_bytes()[..], body].concat()
}

/// The first frame of some bytes, what it says, and the bytes behind it; `None` if it is not whole.
pub(super) fn split_frame<A: DeserializeOwned>(
    bytes: &[u8],
) -> Option<(Result<A, AccumulatorError>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let (body, rest) = rest.split_at_checked(length(*head))?;
    let outcome = match head[0] {
        ENCODED => decode(body),
        _ => Err(String::from_utf8_lossy(body).into_owned()),
    };
    Some((outcome.map_err(AccumulatorError::new::<A>), rest))
}

/// Appends the next frame.
pub(super) fn read_frame(reader: &mut impl Read, frame: &mut Vec<u8>) -> io::Result<usize> {
    let mut head = [0; HEAD];
    reader.read_exact(&mut head)?;
    frame.extend_from_slice(&head);
    let length = length(head);
    match reader.take(length as u64).read_to_end(frame)? {
        count if count == length => Ok(HEAD + length),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn length([_, length @ ..]: [u8; HEAD]) -> usize {
    usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX)
}
