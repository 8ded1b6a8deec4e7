//! Parser of durations: `500ms`, `30s`, `5m`, `2h`, `1h30m`.

use humantime::DurationError;
use std::time::Duration;

/// Reads a duration that is not zero.
///
/// # Errors
/// Says what is wrong with it and how durations are written; without the text itself, which the
/// caller has.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    const HINT: &str = "durations are written as 500ms, 30s, 5m, 2h or 1h30m";
    // To humantime a single capital M is a month.
    if text.contains('M') {
        return Err(format!("M is no unit, a small m is minutes; {HINT}"));
    }
    match humantime::parse_duration(text) {
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!(
                "it has no unit; write {text}ms, {text}s, {text}m (minutes) or {text}h, or sums such as 1h30m"
            ))
        }
        Ok(Duration::ZERO) => Err(format!("a duration is longer than zero; {HINT}")),
        Ok(duration) => Ok(duration),
        Err(DurationError::NumberOverflow) => Err(format!("it is too long; {HINT}")),
        Err(cause @ DurationError::UnknownUnit { .. }) => Err(format!("{cause}; {HINT}")),
        Err(_) => Err(format!("it is no duration; {HINT}")),
    }
}

/// Reads a duration that may be zero, which needs no unit.
///
/// # Errors
/// As [`parse_duration`].
pub(crate) fn parse_duration_or_zero(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Ok(Duration::ZERO),
        _ if text == "0" => Ok(Duration::ZERO),
        _ => parse_duration(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_sums_of_them() {
        for (text, millis) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2h", 7_200_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
            ("1d", 86_400_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused_with_the_units() {
        let error = parse_duration("5").unwrap_err();
        assert!(error.starts_with("it has no unit; write 5ms, 5s, 5m (minutes) or 5h"), "{error}");
        assert!(parse_duration_or_zero("5").is_err());
        assert_eq!(parse_duration_or_zero("0"), Ok(Duration::ZERO));
        assert_eq!(parse_duration_or_zero("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_duration_or_zero("2s"), Ok(Duration::from_secs(2)));
    }

    #[test]
    fn what_is_no_duration() {
        for text in ["", "5", "0s", "0", "s", "-5s", "5x", "1e3s", "5M", "99999999999999999999s"] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains("1h30m") && !error.contains('\n'), "{text}: {error}");
        }
    }
}
