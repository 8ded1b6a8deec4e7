//! Short texts of rates and times.

/// A number of at most four digits and a unit.
pub(crate) fn rate(number: f64) -> String {
    let units = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, letter)) => format!("{:.1} {letter}", number / unit),
        None => format!("{number:.1} "),
    }
}

const YEAR: u64 = 365 * 86400;

/// A time in at most two units.
pub(crate) fn time(seconds: f64) -> String {
    let whole = seconds.min(1e12) as u64;
    match whole {
        // A rate measured over seconds predicts no years.
        YEAR.. => "over a year".to_owned(),
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        3600..86400 => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d{:02}h", whole / 86400, whole % 86400 / 3600),
    }
}

/// A time that is left, at least a part of a second.
pub(crate) fn time_left(seconds: f64) -> String {
    if seconds < 1.0 { "<1s".to_owned() } else { time(seconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_times_are_rate() {
        assert_eq!(rate(12.34), "12.3 ");
        assert_eq!(rate(78e9), "78.0 G");
        assert_eq!(time(5.9), "5s");
        assert_eq!(time(3725.0), "1h02m");
        assert_eq!(time(100.0 * 86400.0), "100d00h");
        assert_eq!(time(1e300), "over a year");
        assert_eq!(time_left(0.4), "<1s");
        assert_eq!(time_left(1.4), "1s");
    }
}
