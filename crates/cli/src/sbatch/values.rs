//! Values of Slurm's options: times and sizes.

use std::time::Duration;

/// Reads a time limit: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS; `None`: without limit.
///
/// # Errors
/// How it is written.
pub(crate) fn parse_time(text: &str) -> Result<Option<Duration>, String> {
    let bad = || format!("'{text}' is no time; write minutes, MM:SS, HH:MM:SS or D-HH:MM:SS");
    if text.eq_ignore_ascii_case("unlimited") || text.eq_ignore_ascii_case("infinite") {
        return Ok(None);
    }
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(days.parse::<u64>().map_err(|_| bad())?), rest),
        None => (None, text),
    };
    let parts: Result<Vec<u64>, _> = rest.split(':').map(str::parse).collect();
    let parts = parts.map_err(|_| bad())?;
    let [hours, minutes, seconds] = match (days, parts.as_slice()) {
        (None, [minutes]) => [0, *minutes, 0],
        (None, [minutes, seconds]) => [0, *minutes, *seconds],
        (Some(_), [hours]) => [*hours, 0, 0],
        (Some(_), [hours, minutes]) => [*hours, *minutes, 0],
        (_, [hours, minutes, seconds]) => [*hours, *minutes, *seconds],
        _ => return Err(bad()),
    };
    let part = |value: u64, of: u64| value.checked_mul(of);
    let all =
        [part(days.unwrap_or(0), 86_400), part(hours, 3600), part(minutes, 60), Some(seconds)];
    let sum = all.into_iter().try_fold(0_u64, |sum, part| sum.checked_add(part?));
    // Slurm takes 0 for no limit.
    Ok(Some(sum.ok_or_else(bad)?).filter(|seconds| *seconds > 0).map(Duration::from_secs))
}

/// Reads a size in MiB: a number with K, M, G or T, M without a letter; `None`: 0, all there is.
///
/// # Errors
/// How it is written.
pub(crate) fn parse_mebibytes(text: &str) -> Result<Option<u64>, String> {
    let bad = || format!("'{text}' is no size; write 500M, 4G or megabytes");
    let text = text.strip_suffix(['B', 'b']).unwrap_or(text);
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| bad())?;
    let mebibytes = match &text[digits.len()..] {
        "K" | "k" => Some(number.div_ceil(1 << 10)),
        "" | "M" | "m" => Some(number),
        "G" | "g" => number.checked_mul(1 << 10),
        "T" | "t" => number.checked_mul(1 << 20),
        _ => None,
    };
    let mebibytes = mebibytes.filter(|mebibytes| *mebibytes < 1 << 40).ok_or_else(bad)?;
    Ok(Some(mebibytes).filter(|mebibytes| *mebibytes > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_in_the_manual() {
        for (text, seconds) in [
            ("30", 1800),
            ("0:45", 45),
            ("1:30:00", 5400),
            ("24:00:00", 86_400),
            ("1-0", 86_400),
            ("2-12:30", 217_800),
            ("1-00:00:01", 86_401),
        ] {
            assert_eq!(parse_time(text), Ok(Some(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(parse_time("UNLIMITED"), Ok(None));
        assert_eq!(parse_time("0"), Ok(None));
        for text in ["", "x", "1h", "1:2:3:4", "-5", "1-", "99999999999999999999"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_megabytes_unless_they_say_otherwise() {
        for (text, mebibytes) in
            [("500", 500), ("4G", 4096), ("4GB", 4096), ("1K", 1), ("2t", 2 << 20)]
        {
            assert_eq!(parse_mebibytes(text), Ok(Some(mebibytes)), "{text}");
        }
        assert_eq!(parse_mebibytes("0"), Ok(None));
        for text in ["", "G", "4X", "-1", "1.5G"] {
            assert!(parse_mebibytes(text).is_err(), "{text}");
        }
    }
}
