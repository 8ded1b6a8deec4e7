//! Budget of an exhaustive test: the time after which it begins no number, and the seed of the order.

use std::time::Duration;

/// A time to test in, and the seed by which numbers are taken from the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) time: Duration,
    pub(super) seed: u64,
}

impl Budget {
    /// That of these variables of the environment; `None` without a time. A seed without a time is refused, as it would
    /// change nothing.
    pub(super) fn parse(
        time: Option<&str>,
        seed: Option<&str>,
        any_seed: impl FnOnce() -> u64,
    ) -> Result<Option<Self>, String> {
        let Some(text) = time else {
            return match seed {
                None => Ok(None),
                Some(seed) => Err(format!(
                    "EVENLY_SEED is '{seed}', and EVENLY_BUDGET is not set: the seed orders the numbers of a budget only; set both, \
                     such as EVENLY_BUDGET=30s, or unset EVENLY_SEED"
                )),
            };
        };
        let time = duration(text).ok_or_else(|| {
            format!(
                "EVENLY_BUDGET is '{text}', and not a time above 0, such as 500ms, 30s, 5m or 1h"
            )
        })?;
        let seed = match seed {
            None => any_seed(),
            Some(text) => text.parse().map_err(|_| {
                format!("EVENLY_SEED is '{text}', and not a number from 0 to {}", u64::MAX)
            })?,
        };
        Ok(Some(Self { time, seed }))
    }
}

/// A decimal number and its unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|character: char| !(character.is_ascii_digit() || character == '.'))?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let time = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
    Some(time).filter(|time| !time.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_number_with_a_unit() {
        let parsed = |text| Budget::parse(Some(text), Some("7"), || 0);
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("1.5m", 90_000), ("1h", 3_600_000)] {
            let time = Duration::from_millis(ms);
            assert_eq!(parsed(text), Ok(Some(Budget { time, seed: 7 })), "{text}");
        }
        for text in ["", "30", "s", "0s", "-1s", "1.2.3s", "30 s", "1d", "99999999999999999999h"] {
            let why = parsed(text).unwrap_err();
            assert!(why.contains(&format!("'{text}'")) && why.contains("30s"), "{why}");
        }
        assert_eq!(Budget::parse(None, None, || 0), Ok(None));
        let why = Budget::parse(None, Some("7"), || 0).unwrap_err();
        assert!(why.starts_with("EVENLY_SEED is '7', and EVENLY_BUDGET is not set"), "{why}");
        let why = Budget::parse(Some("1s"), Some("x"), || 0).unwrap_err();
        assert!(why.starts_with("EVENLY_SEED is 'x', and not a number from 0"), "{why}");
        assert_eq!(Budget::parse(Some("1s"), None, || 5).unwrap().unwrap().seed, 5);
    }
}
