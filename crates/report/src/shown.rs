//! Numbers, durations, rates and times as people read them.

use std::time::{Duration, SystemTime};

/// A narrow space that breaks no line: between groups of digits, and before units.
const THIN: char = '\u{202f}';

/// An integer with its digits in groups of three.
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    if number < 0 { format!("\u{2212}{text}") } else { text }
}

/// A count that may be a part of one.
pub(crate) fn count(number: f64) -> String {
    grouped(number.round() as i128)
}

/// An integer for an axis: all digits if they are few, else as `1.25e9`.
pub(crate) fn short(number: i128) -> String {
    if number.unsigned_abs() < 10_000_000 {
        return grouped(number);
    }
    let text = format!("{:.3e}", number as f64);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.').replace('-', "\u{2212}");
    format!("{mantissa}e{exponent}")
}

/// Seconds, with about three digits.
pub(crate) fn seconds(seconds: f64) -> String {
    let unit = |value: f64, unit: &str| format!("{}{THIN}{unit}", digits(value));
    let whole = |value: f64| value.floor() as u64;
    match seconds {
        0.0 => format!("0{THIN}s"),
        s if s < 1e-6 => unit(s * 1e9, "ns"),
        s if s < 1e-3 => unit(s * 1e6, "µs"),
        s if s < 1.0 => unit(s * 1e3, "ms"),
        s if s < 120.0 => unit(s, "s"),
        s if s < 7200.0 => {
            format!("{}{THIN}min{THIN}{:02}{THIN}s", whole(s / 60.0), whole(s % 60.0))
        }
        s if s < 172_800.0 => {
            format!("{}{THIN}h{THIN}{:02}{THIN}min", whole(s / 3600.0), whole(s % 3600.0 / 60.0))
        }
        s => format!("{}{THIN}d{THIN}{}{THIN}h", whole(s / 86_400.0), whole(s % 86_400.0 / 3600.0)),
    }
}

/// A rate, with the prefixes of the SI.
pub(crate) fn rate(per_second: f64) -> String {
    let (value, prefix) = match per_second {
        r if r < 1e3 => (r, ""),
        r if r < 1e6 => (r / 1e3, "k"),
        r if r < 1e9 => (r / 1e6, "M"),
        r => (r / 1e9, "G"),
    };
    format!("{}{THIN}{prefix}/s", digits(value))
}

/// A part of a whole.
pub(crate) fn percent(part: f64) -> String {
    let percent = 100.0 * part;
    let text = match percent {
        // Neither all nor nothing is said of what is almost that.
        p if p > 99.9 && p < 100.0 => "> 99.9".to_owned(),
        p if p > 0.0 && p < 0.1 => "< 0.1".to_owned(),
        p if p == 0.0 || p == 100.0 || (10.0..99.0).contains(&p) => format!("{p:.0}"),
        p => format!("{p:.1}"),
    };
    format!("{text}{THIN}%")
}

/// Microseconds since 1970 as `2026-01-31 23:59:59 UTC`.
pub(crate) fn utc(micros: i128) -> String {
    let since = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    match SystemTime::UNIX_EPOCH.checked_add(since) {
        // humantime panics after the year 9999.
        Some(time) if since.as_secs() < 253_402_300_800 => {
            let text = humantime::format_rfc3339_seconds(time).to_string();
            format!("{} UTC", text.trim_end_matches('Z').replace('T', " "))
        }
        _ => "a time after the year 9999".to_owned(),
    }
}

/// `one` or `many` with its number.
pub(crate) fn counted(number: u128, one: &str, many: &str) -> String {
    let what = if number == 1 { one } else { many };
    format!("{} {what}", grouped(i128::try_from(number).unwrap_or(i128::MAX)))
}

/// A number below a thousand with three digits, trailing zeros left out.
fn digits(value: f64) -> String {
    let text = match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn integers_have_groups_and_axes_have_short_ones() {
        assert_eq!(plain(&grouped(-1_234_567)), "\u{2212}1 234 567");
        assert_eq!(plain(&grouped(999)), "999");
        assert_eq!(plain(&short(9_999_999)), "9 999 999");
        assert_eq!(short(1_250_000_000), "1.25e9");
        assert_eq!(short(i64::MIN.into()), "\u{2212}9.223e18");
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        for (value, text) in [
            (0.0, "0 s"),
            (2.5e-8, "25 ns"),
            (0.000_25, "250 µs"),
            (0.0123, "12.3 ms"),
            (4.5, "4.5 s"),
            (119.0, "119 s"),
            (125.0, "2 min 05 s"),
            (7260.0, "2 h 01 min"),
            (200_000.0, "2 d 7 h"),
        ] {
            assert_eq!(plain(&seconds(value)), text);
        }
    }

    #[test]
    fn almost_all_is_not_all() {
        assert_eq!(plain(&percent(0.999_999)), "> 99.9 %");
        assert_eq!(plain(&percent(0.997_4)), "99.7 %");
        assert_eq!(plain(&percent(1e-9)), "< 0.1 %");
        assert_eq!(plain(&percent(1.0)), "100 %");
        assert_eq!(plain(&rate(1_234_567.0)), "1.23 M/s");
        assert_eq!(utc(1_000_000), "1970-01-01 00:00:01 UTC");
    }
}
