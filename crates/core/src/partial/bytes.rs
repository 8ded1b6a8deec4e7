//! Binary encoding of a value within a partial; `partial` has the table of formats.

use crate::aggregate::{Binned, Extreme, Mean, RealExtreme, RealSum, Sum, Value};
use crate::real::{Number, Real};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

const ENTRY: usize = 32;
const REAL_ENTRY: usize = 24;

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
        Value::RealSum(_) => 8,
        Value::RealMin(_) => 9,
        Value::RealMax(_) => 10,
        Value::RealHistogram(_) => 11,
        Value::Mean(_) => 12,
        Value::Binned(_) => 13,
    }
}

/// The kind of a value of the same aggregate as one of this kind, if one double at least is in it.
pub(super) const fn real_kind(kind: u8) -> Option<u8> {
    match kind {
        2 => Some(8),
        3 => Some(9),
        4 => Some(10),
        6 => Some(11),
        _ => None,
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
        Value::RealSum(sum) => sum.encode(out),
        Value::RealMin(extreme) | Value::RealMax(extreme) => {
            out.extend_from_slice(&extreme.value.to_bytes());
            out.extend_from_slice(&extreme.n.to_le_bytes());
        }
        Value::RealHistogram(values) => {
            let integers = values.keys().filter(|value| matches!(value, Number::Integer(_)));
            out.extend_from_slice(&(integers.count() as u32).to_le_bytes());
            for (value, count) in values {
                if let Number::Integer(value) = value {
                    out.extend_from_slice(&value.to_le_bytes());
                    out.extend_from_slice(&count.to_le_bytes());
                }
            }
            for (value, count) in values {
                if let Number::Real(value) = value {
                    out.extend_from_slice(&value.to_bytes());
                    out.extend_from_slice(&count.to_le_bytes());
                }
            }
        }
        Value::Mean(mean) => {
            out.extend_from_slice(&mean.count.to_le_bytes());
            mean.sum.encode(out);
        }
        Value::Binned(binned) => binned.encode(out),
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
        8 => Value::RealSum(RealSum::decode(bytes)?.into()),
        9 => Value::RealMin(real_extreme(bytes)?),
        10 => Value::RealMax(real_extreme(bytes)?),
        11 => Value::RealHistogram(real_histogram(bytes)?),
        12 => {
            let (count, sum) = bytes.split_first_chunk()?;
            let (count, sum) = (u128::from_le_bytes(*count), RealSum::decode(sum)?);
            // Of no value there is no sum.
            let is_possible = count <= 1 << 64 && (count > 0 || sum == RealSum::default());
            is_possible.then_some(())?;
            Value::Mean(Mean { count, sum }.into())
        }
        13 => Value::Binned(Binned::decode(bytes)?),
        _ => return None,
    })
}

/// A double that is no integer.
fn real(bytes: [u8; 8]) -> Option<Real> {
    Real::from_bytes(bytes).and_then(Number::real)
}

fn real_extreme(bytes: &[u8]) -> Option<RealExtreme> {
    let (value, n) = bytes.split_first_chunk()?;
    Some(RealExtreme { value: real(*value)?, n: i64::from_le_bytes(n.try_into().ok()?) })
}

/// How many numbers give a value: no more than 2^64, so that no sum of counts overflows.
fn count(bytes: &[u8]) -> Option<u128> {
    let count = u128::from_le_bytes(bytes.try_into().ok()?);
    (1..=1 << 64).contains(&count).then_some(count)
}

fn real_histogram(bytes: &[u8]) -> Option<BTreeMap<Number, u128>> {
    let (integers, rest) = bytes.split_first_chunk()?;
    let (integers, reals) =
        rest.split_at_checked(u32::from_le_bytes(*integers) as usize * ENTRY)?;
    let integers = histogram(integers)?.into_iter();
    let mut values: BTreeMap<_, _> =
        integers.map(|(value, count)| (Number::Integer(value), count)).collect();
    let (entries, rest) = reals.as_chunks::<REAL_ENTRY>();
    (rest.is_empty() && !entries.is_empty()).then_some(())?;
    let mut last = None;
    for entry in entries {
        let (value, counted) = entry.split_first_chunk()?;
        let value = real(*value)?;
        last.is_none_or(|last| last < value).then_some(())?;
        last = Some(value);
        values.insert(Number::Real(value), count(counted)?);
    }
    Some(values)
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
        let (value, counted) = entry.split_first_chunk()?;
        let value = i128::from_le_bytes(*value);
        let is_ascending = values.last_key_value().is_none_or(|(last, _)| *last < value);
        is_ascending.then_some(())?;
        values.insert(value, count(counted)?);
    }
    Some(values)
}
