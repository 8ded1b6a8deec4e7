//! Binary encoding of a value within a partial; `partial` has the table of formats.

use crate::aggregate::{Extreme, Sum, Value};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

const ENTRY: usize = 32;

/// The kind that a value is marked with.
pub(super) const fn kind(value: &Value) -> u8 {
    match value {
        Value::Nothing => 0,
        Value::Count(_) => 1,
        Value::Sum(_) => 2,
        Value::Min(_) => 3,
        Value::Max(_) => 4,
        Value::Witness(_) => 5,
        Value::Histogram(_) => 6,
        Value::Lines { .. } => 7,
    }
}

pub(super) fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Nothing | Value::Min(None) | Value::Max(None) | Value::Witness(None) => {}
        Value::Count(count) => out.extend_from_slice(&count.to_le_bytes()),
        Value::Sum(sum) => out.extend_from_slice(&sum.to_bytes()),
        Value::Min(Some(extreme)) | Value::Max(Some(extreme)) => {
            out.extend_from_slice(&extreme.value.to_le_bytes());
            out.extend_from_slice(&extreme.n.to_le_bytes());
        }
        Value::Witness(Some(n)) => out.extend_from_slice(&n.to_le_bytes()),
        Value::Histogram(values) => {
            out.reserve(values.len() * ENTRY);
            for (value, count) in values {
                out.extend_from_slice(&value.to_le_bytes());
                out.extend_from_slice(&count.to_le_bytes());
            }
        }
        Value::Lines { lines, text } => {
            out.extend_from_slice(&lines.to_le_bytes());
            out.extend_from_slice(text);
        }
    }
}

/// What [`encode`] wrote, and nothing else.
pub(super) fn decode(kind: u8, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        0 => bytes.is_empty().then_some(Value::Nothing)?,
        1 => Value::Count(u128::from_le_bytes(bytes.try_into().ok()?)),
        2 => Value::Sum(Sum::from_bytes(bytes.try_into().ok()?)),
        3 => Value::Min(extreme(bytes)?),
        4 => Value::Max(extreme(bytes)?),
        5 if bytes.is_empty() => Value::Witness(None),
        5 => Value::Witness(Some(i64::from_le_bytes(bytes.try_into().ok()?))),
        6 => Value::Histogram(histogram(bytes)?),
        7 => {
            let (lines, text) = bytes.split_first_chunk()?;
            let lines = u64::from_le_bytes(*lines);
            (lines <= text.len() as u64 && (lines > 0) != text.is_empty()).then_some(())?;
            Value::Lines { lines, text: text.to_vec() }
        }
        _ => return None,
    })
}

fn extreme(bytes: &[u8]) -> Option<Option<Extreme>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let (value, n) = bytes.split_first_chunk()?;
    let (value, n) = (i128::from_le_bytes(*value), i64::from_le_bytes(n.try_into().ok()?));
    Some(Some(Extreme { value, n }))
}

fn histogram(bytes: &[u8]) -> Option<BTreeMap<i128, u128>> {
    let (entries, rest) = bytes.as_chunks::<ENTRY>();
    rest.is_empty().then_some(())?;
    let mut values = BTreeMap::new();
    for entry in entries {
        let (value, count) = entry.split_first_chunk()?;
        let value = i128::from_le_bytes(*value);
        let count = u128::from_le_bytes(count.try_into().ok()?);
        let is_ascending = values.last_key_value().is_none_or(|(last, _)| *last < value);
        // No more than 2^64 numbers, so that no sum of counts overflows.
        (is_ascending && (1..=1 << 64).contains(&count)).then_some(())?;
        values.insert(value, count);
    }
    Some(values)
}
