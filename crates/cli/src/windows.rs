//! `evenly verify --windows`: the audit of the windows of a chunk command, as text or JSON.

use crate::exit::ExitOutcome;
use crate::intervals::half_open;
use crate::report::write_out;
use evenly::journal::{self, WindowAttempt};
use serde::Serialize;
use std::path::PathBuf;

/// The first line of the text.
const HEADER: &str = "# window\tattempt\tbegan\tended\tend\n";

/// Bytes that are written at once, so that memory stays bounded.
const BATCH: usize = 1 << 16;

/// Writes all rows of the audit of these journals as tab-separated lines, below a comment with their columns.
pub(crate) fn write_text(paths: &[PathBuf]) -> Result<(), ExitOutcome> {
    write(paths, HEADER.to_owned(), |out, window| {
        let attempt = match window.attempt {
            // A decision is no attempt.
            0 => "-".to_owned(),
            attempt => attempt.to_string(),
        };
        let time = |time: Option<i64>| time.map_or("-".to_owned(), utc);
        let (began, ended) = (time(window.began), time(window.ended));
        let numbers = half_open(window.interval);
        *out += &format!("{numbers}\t{attempt}\t{began}\t{ended}\t{}\n", window.end);
    })
}

#[derive(Serialize)]
struct WindowJson<'a> {
    first: String,
    last: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u8>,
    began: Option<String>,
    ended: Option<String>,
    end: &'a str,
}

/// Writes the object of `verify` with the rows of the audit as its last member.
pub(crate) fn write_json(paths: &[PathBuf], object: &str) -> Result<(), ExitOutcome> {
    let object = object.trim_end().strip_suffix('}').ok_or(ExitOutcome::Bug)?;
    let mut is_first = true;
    write(paths, format!("{object},\"windows\":["), |out, window| {
        let row = WindowJson {
            first: window.interval.first().to_string(),
            last: window.interval.last().to_string(),
            attempt: Some(window.attempt).filter(|attempt| *attempt > 0),
            began: window.began.map(utc),
            ended: window.ended.map(utc),
            end: &window.end,
        };
        if !std::mem::take(&mut is_first) {
            out.push(',');
        }
        *out += &serde_json::to_string(&row).unwrap_or_default();
    })?;
    write_out("]}\n")
}

/// Writes a text, and behind it what `put` adds to it for each row.
fn write(
    paths: &[PathBuf],
    mut out: String,
    mut put: impl FnMut(&mut String, &WindowAttempt),
) -> Result<(), ExitOutcome> {
    let mut written = Ok(());
    journal::windows(paths, |window| {
        put(&mut out, &window);
        if out.len() >= BATCH && written.is_ok() {
            written = write_out(&out);
            out.clear();
        }
    })?;
    written.and_then(|()| write_out(&out))
}

/// A time in milliseconds since 1970, as RFC 3339 has it: `2026-01-31T23:59:59.999Z`.
fn utc(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Days from 1 March of the year 0, in which a leap day is the last of its year ("chrono-compatible low-level
    // date algorithms", Howard Hinnant).
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(utc(millis), text);
        }
    }
}
