//! The answer of a call, in memory and as it comes from another process.
//!
//! It comes as the lines of the answer while the job runs, a byte that begins no line, and the rest: values in little
//! endian, each sequence behind its length.

use crate::error::Error;
use crate::job::report::Report;
use evenly_core::{Aggregate, Cause, Failure, Interval, Value};
use std::collections::BTreeMap;

/// Begins what follows the lines.
pub(super) const END_OF_LINES: u8 = 0;

/// What a job found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) value: Value,
    pub(super) failures: Vec<Failure>,
    pub(super) failed: u128,
    pub(super) descriptions: BTreeMap<i64, String>,
}

impl From<Report> for Found {
    fn from(report: Report) -> Self {
        let Report { answer, failures, failed, descriptions, .. } = report;
        Self { value: answer, failures, failed, descriptions }
    }
}

/// The bytes of an error in the place of an answer.
fn error_bytes(text: &str) -> Vec<u8> {
    let mut bytes = vec![END_OF_LINES, 0];
    put(&mut bytes, text.as_bytes());
    bytes
}

/// The bytes behind the lines.
pub(super) fn encode(outcome: &Result<Found, Error>) -> Vec<u8> {
    let found = match outcome {
        Ok(found) => found,
        Err(error) => return error_bytes(&error.to_string()),
    };
    let mut bytes = vec![END_OF_LINES, 1];
    put(&mut bytes, &found.value.to_bytes());
    bytes.extend_from_slice(&found.failed.to_le_bytes());
    bytes.extend_from_slice(&(found.failures.len() as u64).to_le_bytes());
    for failure in &found.failures {
        let (code, detail) = failure.cause.code();
        bytes.extend_from_slice(&failure.interval.first().to_le_bytes());
        bytes.extend_from_slice(&failure.interval.last().to_le_bytes());
        bytes.extend_from_slice(&code.to_le_bytes());
        bytes.extend_from_slice(&detail.to_le_bytes());
    }
    bytes.extend_from_slice(&(found.descriptions.len() as u64).to_le_bytes());
    for (n, text) in &found.descriptions {
        bytes.extend_from_slice(&n.to_le_bytes());
        put(&mut bytes, text.as_bytes());
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, sequence: &[u8]) {
    bytes.extend_from_slice(&(sequence.len() as u64).to_le_bytes());
    bytes.extend_from_slice(sequence);
}

/// What these bytes say, which stand behind [`END_OF_LINES`]; `None` if they are cut off.
pub(super) fn decode(bytes: &[u8], aggregate: Aggregate) -> Option<Result<Found, Error>> {
    let mut bytes = Bytes(bytes);
    if bytes.array::<1>()? == [0] {
        let text = String::from_utf8_lossy(bytes.sequence()?).into_owned();
        return Some(Err(Error::Elsewhere(text)));
    }
    let value = aggregate.empty().like(bytes.sequence()?)?;
    let failed = u128::from_le_bytes(bytes.array()?);
    let mut failures = Vec::new();
    for _ in 0..u64::from_le_bytes(bytes.array()?) {
        let [first, last] = [bytes.array()?, bytes.array()?].map(i64::from_le_bytes);
        let code = u32::from_le_bytes(bytes.array()?);
        let cause = Cause::from_code(code, i32::from_le_bytes(bytes.array()?))?;
        failures.push(Failure { interval: Interval::new(first, last)?, cause });
    }
    let mut descriptions = BTreeMap::new();
    for _ in 0..u64::from_le_bytes(bytes.array()?) {
        let n = i64::from_le_bytes(bytes.array()?);
        descriptions.insert(n, String::from_utf8(bytes.sequence()?.to_vec()).ok()?);
    }
    Some(Ok(Found { value, failures, failed, descriptions }))
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn sequence(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(u64::from_le_bytes(self.array()?)).ok()?;
        let (sequence, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let failure = Failure { interval: Interval::single(-3), cause: Cause::Exit(101) };
        let found = Found {
            value: Value::Count(7),
            failures: vec![failure],
            failed: 1,
            descriptions: BTreeMap::from([(-3, "panicked".to_owned())]),
        };
        let bytes = encode(&Ok(found));
        let again = decode(&bytes[1..], Aggregate::Count).unwrap().unwrap();
        assert_eq!((again.value, again.failures), (Value::Count(7), vec![failure]));
        assert_eq!((again.failed, &*again.descriptions[&-3]), (1, "panicked"));
        for end in 1..bytes.len() {
            assert!(decode(&bytes[1..end], Aggregate::Count).is_none(), "{end}");
        }
        let error = decode(&error_bytes("no")[1..], Aggregate::Count).unwrap().unwrap_err();
        assert_eq!(error.to_string(), "no");
    }
}
