//! Exhaustive tests: a call that panics with the lowest failing number and what reruns it.

use super::call::over;
use super::failed::{CallError, FailedNumbers};
use super::integer::{Integer, IntegerRange};
use super::outcome::Outcome;
use crate::observe::{Observation, Observer};
use evenly_core::Range;
use std::io::{IsTerminal, Write};
use std::panic::Location;

/// Tests every integer of a range: panics if the closure returns an error, panics or crashes for one.
///
/// The message has the lowest number that failed and what it said, how many others failed, and the line that tests the
/// lowest one alone. On a terminal a line shows the progress.
///
/// ```
/// evenly::check(0..=u16::MAX, |n| match n.rotate_left(3).rotate_right(3) {
///     again if again == n => Ok(()),
///     again => Err(format!("is {again} again")),
/// });
/// ```
///
/// # Environment
/// - `EVENLY_ONLY=N` tests one number.
/// - `EVENLY_PART=K/N` tests part K of N of the range, from 1: for the jobs of a CI matrix.
///
/// # Panics
/// If a number failed, a variable is malformed, or the call is an [error](crate::CallError).
#[track_caller]
pub fn check<R, F, O>(range: R, closure: F)
where
    R: IntegerRange,
    F: FnMut(R::Integer) -> O,
    O: Outcome,
{
    let narrowed = over(range).narrowed(|range| {
        let only = std::env::var("EVENLY_ONLY").ok();
        let part = std::env::var("EVENLY_PART").ok();
        chosen(range, only.as_deref(), part.as_deref())
    });
    let call = narrowed.unwrap_or_else(|why| panic!("{why}"));
    match call.progress(ProgressLine::default()).failed(closure, Location::caller()) {
        Ok((failures, count)) => assert!(count == 0, "{}", message(&failures, count)),
        Err(why) => panic!("{}", CallError::<R::Integer, ()>::from(why)),
    }
}

/// The numbers to test, by the variables of the environment.
fn chosen(range: Range, only: Option<&str>, part: Option<&str>) -> Result<Range, String> {
    if let Some(text) = only {
        let n = text
            .parse::<i64>()
            .ok()
            .map(i128::from)
            .filter(|n| (range.start()..range.end()).contains(n));
        let n =
            n.ok_or_else(|| format!("EVENLY_ONLY is '{text}', which is no number of {range}"))?;
        return Range::new(n, n + 1).map_err(|error| error.to_string());
    }
    let Some(text) = part else { return Ok(range) };
    let numbers = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    let numbers = numbers.filter(|(k, n): &(u32, u32)| (1..=*n).contains(k));
    let (k, n) =
        numbers.ok_or_else(|| format!("EVENLY_PART is '{text}', and not K/N, such as 3/16"))?;
    // The product has at most 96 bits.
    let end_of = |part: u32| {
        range.start() + (range.end() - range.start()) * i128::from(part) / i128::from(n)
    };
    Range::new(end_of(k - 1), end_of(k)).map_err(|error| error.to_string())
}

fn message<T: Integer>(failures: &[FailedNumbers<T>], count: u128) -> String {
    let [lowest, ..] = failures else { return format!("{count} numbers failed") };
    let others = count - 1;
    let others = match others {
        0 => String::new(),
        1 => "\n1 other number failed".to_owned(),
        _ => format!("\n{others} other numbers failed"),
    };
    let alone = FailedNumbers { last: lowest.first, ..lowest.clone() };
    let thread = std::thread::current();
    let test = thread
        .name()
        .filter(|name| *name != "main")
        .map_or(String::new(), |name| format!(" {name}"));
    format!("{alone}{others}\nthis one alone: EVENLY_ONLY={} cargo test{test}", lowest.first)
}

/// A line on the terminal that shows the progress, and goes at the end.
#[derive(Default)]
struct ProgressLine {
    is_shown: bool,
}

impl Observer for ProgressLine {
    fn observe(&mut self, observation: &Observation<'_>) {
        let mut err = std::io::stderr();
        if let Observation::Progress(progress) = observation
            && err.is_terminal()
        {
            let percent = progress.covered * 100 / progress.total.max(1);
            self.is_shown = true;
            // A terminal that takes no line shows none.
            let _ = write!(err, "\r{percent} % of {} numbers", progress.total);
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::Cause;

    #[test]
    fn parts_are_the_range() {
        let range = Range::new(-10, 21).unwrap();
        let mut end = range.start();
        for k in 1..=7 {
            let part = chosen(range, None, Some(&format!("{k}/7"))).unwrap();
            assert_eq!(part.start(), end);
            end = part.end();
        }
        assert_eq!(end, range.end());
        for text in ["0/7", "8/7", "3", "a/b", "1/0", ""] {
            assert!(chosen(range, None, Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_number_of_the_range_is_tested_alone() {
        let range = Range::new(5, 9).unwrap();
        assert_eq!(chosen(range, Some("8"), Some("1/2")), Ok(Range::new(8, 9).unwrap()));
        let why = chosen(range, Some("9"), None).unwrap_err();
        assert_eq!(why, "EVENLY_ONLY is '9', which is no number of 5..9");
    }

    #[test]
    fn the_message_has_the_lowest_number_and_its_line() {
        let failed = |first, last, message: Option<&str>| FailedNumbers {
            first,
            last,
            cause: Cause::Timeout,
            message: message.map(str::to_owned),
        };
        let text = message(&[failed(7_u8, 7, Some("odd")), failed(9, 11, None)], 4);
        assert!(text.starts_with(
            "n = 7: odd\n3 other numbers failed\nthis one alone: EVENLY_ONLY=7 cargo test "
        ));
        let text = message(&[failed(7_u8, 9, None)], 3);
        assert!(text.starts_with("n = 7: timeout\n2 other numbers failed\n"), "{text}");
    }
}
