//! Parser of `--array`: `0-15`, `1,3,5-9`, `0-100:4`, with `%LIMIT` behind it.

use evenly::{Items, Range};
use std::num::NonZeroU64;

/// The tasks of a job array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArraySpec {
    pub(crate) items: Items,
    /// The step of the last range that has one: what Slurm tells tasks.
    pub(crate) step: u64,
    /// The most tasks at a time.
    pub(crate) limit: Option<u32>,
    /// What was typed, without the limit.
    pub(crate) text: String,
}

/// Reads it.
///
/// # Errors
/// Names what is wrong.
pub(crate) fn parse_array_spec(typed: &str) -> Result<ArraySpec, String> {
    let (text, limit) = match typed.split_once('%') {
        Some((text, limit)) => (text, parse_limit(limit)?),
        None => (typed, None),
    };
    let mut step = 1;
    let pieces: Result<Vec<Items>, String> = text
        .split(',')
        .map(|piece| {
            let (items, own_step) = parse_piece(piece)?;
            step = own_step.unwrap_or(step);
            Ok(items)
        })
        .collect();
    let items = Items::union(pieces?).map_err(|error| error.to_string())?;
    Ok(ArraySpec { items, step, limit, text: text.to_owned() })
}

fn parse_limit(text: &str) -> Result<Option<u32>, String> {
    match text.parse() {
        // As Slurm has it: no limit.
        Ok(0) => Ok(None),
        Ok(limit) => Ok(Some(limit)),
        Err(_) => Err(format!("'{text}' behind % is no number of tasks")),
    }
}

fn parse_piece(text: &str) -> Result<(Items, Option<u64>), String> {
    let (range, step) = match text.split_once(':') {
        Some((range, step)) => {
            let parsed = step.parse::<NonZeroU64>();
            (range, Some(parsed.map_err(|_| format!("the step '{step}' is no number from 1"))?))
        }
        None => (text, None),
    };
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { text.parse::<u32>().ok() } else { None };
        number.ok_or_else(|| {
            format!(
                "'{text}' is no index; write 0-15, 1,3,5 or 0-100:4, with %4 for 4 tasks at a time"
            )
        })
    };
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("the range '{range}' descends; write {last}-{first}"));
    }
    let range =
        Range::new(first.into(), i128::from(last) + 1).map_err(|error| error.to_string())?;
    let items = Items::stepped(range, step.unwrap_or(NonZeroU64::MIN));
    Ok((items, step.map(NonZeroU64::get)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_slurm_has() {
        for (typed, numbers, step, limit) in [
            ("5", vec![5], 1, None),
            ("0-3", vec![0, 1, 2, 3], 1, None),
            ("1,3,7", vec![1, 3, 7], 1, None),
            ("0-7:4%2", vec![0, 4], 4, Some(2)),
            ("0-4,10-20:5", vec![0, 1, 2, 3, 4, 10, 15, 20], 5, None),
            ("1-9:2,20%0", vec![1, 3, 5, 7, 9, 20], 2, None),
            ("5,3-4,3", vec![3, 4, 5], 1, None),
        ] {
            let spec = parse_array_spec(typed).unwrap();
            assert_eq!(spec.items.iter().collect::<Vec<_>>(), numbers, "{typed}");
            assert_eq!((spec.step, spec.limit), (step, limit), "{typed}");
        }
    }

    #[test]
    fn what_slurm_refuses_is_refused() {
        for typed in
            ["", "x", "1-", "-1", "3-1", "1-5:0", "1-5:x", "1%", "1%x", "1..5", "1,,2", "1-2-3"]
        {
            assert!(parse_array_spec(typed).is_err(), "{typed}");
        }
    }
}
