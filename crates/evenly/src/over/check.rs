//! Exhaustive tests: a call that panics with the lowest failing number and what reruns it.

use super::budget::Budget;
use super::call::{MOST_FAILED, Over, over};
use super::failed::{CallError, FailedNumbers};
use super::integer::{Integer, IntegerRange};
use super::outcome::Outcome;
use super::run::NoAnswer;
use super::sample::{Sample, Sampled, Tested};
use crate::observe::{Observation, Observer};
use crate::relaunch;
use evenly_core::{Aggregate, Range, Value};
use std::io::{IsTerminal, Write};
use std::panic::Location;
use std::time::{Duration, Instant};

/// Tests every integer of a range: panics if the closure returns an error or `false`, panics or crashes for one.
///
/// The message has the lowest number that failed and what it said, how many others failed, and the line that tests the
/// lowest one alone. The check ends when the lowest 100 failed numbers are known. On a terminal a line shows the progress.
///
/// ```
/// evenly::check(0..=u16::MAX, |n| match n.rotate_left(3).rotate_right(3) {
///     again if again == n => Ok(()),
///     again => Err(format!("is {again} again")),
/// });
/// ```
///
/// # Environment
/// A check that tests less than its range says so in a line on standard error, also if it passes.
///
/// - `EVENLY_ONLY=N` tests one number. A check without that number in its range tests nothing.
/// - `EVENLY_PART=K/N` tests part K of N of the range, from 1: for the jobs of a CI matrix.
/// - `EVENLY_BUDGET=30s` tests numbers in a random order and begins none after that time (`ms`, `s`, `m`, `h`). A line on standard error says
///   how many that were, and the seed of the order. If the time is enough, it tests the whole range.
/// - `EVENLY_SEED=N` gives the seed: the same numbers in the same order, as far as the budget goes. Without a budget it is refused.
///
/// # Panics
/// If a number failed, a variable is malformed, or the call is an [error](crate::CallError).
#[track_caller]
pub fn check<R, F, O>(range: R, mut closure: F)
where
    R: IntegerRange,
    F: FnMut(R::Integer) -> O,
    O: Outcome,
{
    let closure = move |n| closure(n).into_check();
    let variable = |name| std::env::var(name).ok();
    let (only, part) = (variable("EVENLY_ONLY"), variable("EVENLY_PART"));
    let mut said = None;
    let narrow = |range| {
        let chosen = chosen(range, only.as_deref(), part.as_deref())?;
        said = less(range, chosen, only.as_deref(), part.as_deref());
        Ok(chosen)
    };
    let call = or_panic(over(range).narrowed(narrow));
    let place = Location::caller();
    let (time, seed) = (variable("EVENLY_BUDGET"), variable("EVENLY_SEED"));
    // A seed of 32 bits is easier to type.
    let budget = Budget::parse(time.as_deref(), seed.as_deref(), || relaunch::chance() >> 32);
    // One number needs no budget, and a part without numbers has no order.
    let needs_none = only.is_some() || call.question.range.is_ok_and(|it| it.start() == it.end());
    let budget = or_panic(budget).filter(|_| !needs_none);
    match budget {
        None => {
            let result = call.progress(ProgressLine::default()).failed(closure, place);
            // Behind the call, or a second start would say it, too.
            if let Some(said) = said {
                say(place, &said);
            }
            report(result, "");
        }
        Some(budget) => check_sample(call, budget, closure, place, said.as_deref()),
    }
}

/// Panics at the place of the check, as its test fails there.
#[track_caller]
fn or_panic<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(why) => panic!("{why}"),
    }
}

/// Says on standard error what a check has tested. Without standard error there is no place to say it.
fn say(place: &Location<'_>, tested: &str) {
    let _ = writeln!(std::io::stderr(), "evenly::check at {place} {tested}");
}

/// What is said of a check over `chosen` of `range`; `None` if that is all of it.
fn less(range: Range, chosen: Range, only: Option<&str>, part: Option<&str>) -> Option<String> {
    let why = match (only, part) {
        (Some(only), _) => format!("EVENLY_ONLY={only}"),
        (None, Some(part)) => format!("EVENLY_PART={part}"),
        (None, None) => return None,
    };
    let length = |range: Range| range.end() - range.start();
    let numbers = match length(chosen) {
        0 => format!("no number of {range}"),
        1 => format!("n = {} of {} numbers", chosen.start(), length(range)),
        tested => format!("{tested} of {} numbers, {chosen}", length(range)),
    };
    Some(format!("tested {numbers}, because {why} is set"))
}

/// Panics if numbers failed, or the job did.
#[track_caller]
fn report<T: Integer>(result: Result<(Vec<FailedNumbers<T>>, u128), NoAnswer>, more: &str) {
    match result {
        Ok((failures, count)) => assert!(count == 0, "{}{more}", message(&failures, count)),
        Err(why) => panic!("{}", CallError::<T, ()>::from(why)),
    }
}

/// Tests numbers in the order of the seed until the time is over.
#[track_caller]
fn check_sample<T: Integer, F, O>(
    call: Over<'_, T>,
    budget: Budget,
    closure: F,
    place: &'static Location<'static>,
    said: Option<&str>,
) where
    F: FnMut(T) -> O,
    O: Outcome,
{
    let Ok(range) = call.question.range else {
        // The call says what is wrong with it.
        return report(call.failed(closure, place), "");
    };
    let sample = Sample::new(range, budget.seed);
    let places = call.narrowed(|_| sample.places().map_err(|error| error.to_string()));
    let call = or_panic(places);
    let tested = Tested { sample: sample.clone(), time: budget.time, closure };
    let line =
        ProgressLine { end: Instant::now().checked_add(budget.time), ..ProgressLine::default() };
    let question = call.progress(line).question;
    let found = match question.ask::<Sampled<T, F>>(Aggregate::Count, tested, place) {
        Ok(found) => found,
        Err(why) => return report::<T>(Err(why), ""),
    };
    let Value::Count(passed) = *found.value() else { unreachable!("a count is asked for") };
    let (failures, count) = found.into_failures::<i64>();
    let tested = share(passed + count, (range.end() - range.start()) as u128, budget);
    if let Some(said) = said {
        say(place, said);
    }
    if count == 0 {
        say(place, &tested);
    }
    report(Ok((numbers_of::<T>(&failures, &sample), count)), &format!("\n{tested}"));
}

/// How much of the range was tested, and how to do the same again.
fn share(tested: u128, total: u128, budget: Budget) -> String {
    let Budget { time, seed } = budget;
    let percent = match tested == total {
        true => "100".to_owned(),
        false => {
            // Three digits, and no 100 of less than all.
            let percent = (tested as f64 * 100.0 / total as f64).min(99.9);
            let decimals = (2.0 - percent.log10().floor()).clamp(0.0, 18.0) as usize;
            format!("{percent:.decimals$}")
        }
    };
    format!(
        "tested {tested} of {total} numbers ({percent} %) in a budget of {time:?}; the same order again: EVENLY_SEED={seed}"
    )
}

/// The failed numbers at places of a sample, ascending, each alone.
fn numbers_of<T: Integer>(
    failures: &[FailedNumbers<i64>],
    sample: &Sample,
) -> Vec<FailedNumbers<T>> {
    let each = failures.iter().flat_map(|failed| {
        (failed.first..=failed.last).map(|place| {
            let n = T::of_range(sample.at(place));
            FailedNumbers {
                first: n,
                last: n,
                cause: failed.cause,
                message: failed.message.clone(),
            }
        })
    });
    let mut numbers: Vec<_> = each.collect();
    numbers.sort_by_key(|failed| failed.first);
    numbers
}

/// The numbers to test, by the variables of the environment.
fn chosen(range: Range, only: Option<&str>, part: Option<&str>) -> Result<Range, String> {
    if let Some(text) = only {
        let n = text.parse::<i64>().map(i128::from);
        let n = n.map_err(|_| format!("EVENLY_ONLY is '{text}', and not a number, such as 7"))?;
        // Another check of the same test may have it.
        let is_there = (range.start()..range.end()).contains(&n);
        return Range::new(n, n + i128::from(is_there)).map_err(|error| error.to_string());
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
        _ if count == MOST_FAILED.get().into() => {
            format!("\nat least {others} other numbers failed, and the rest is not tested")
        }
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
    /// When a budget is used up: what is done behind it is not tested.
    end: Option<Instant>,
}

impl Observer for ProgressLine {
    fn observe(&mut self, observation: &Observation<'_>) {
        let mut err = std::io::stderr();
        if let Observation::Progress(progress) = observation
            && err.is_terminal()
        {
            let (covered, total) = (progress.covered, progress.total);
            self.is_shown = true;
            // A terminal that takes no line shows none.
            let _ = match self.end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => write!(err, "\r{} % of {total} numbers", covered * 100 / total.max(1)),
                Some(Duration::ZERO) => Ok(()),
                Some(left) => {
                    write!(err, "\r{covered} of {total} numbers, {} s left ", left.as_secs())
                }
            };
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
        let none = chosen(range, Some("9"), None).unwrap();
        assert_eq!(none.start(), none.end());
        let why = chosen(range, Some("x"), None).unwrap_err();
        assert_eq!(why, "EVENLY_ONLY is 'x', and not a number, such as 7");
    }

    #[test]
    fn a_check_over_less_than_its_range_says_what_it_tested_and_why() {
        let range = Range::new(5, 9).unwrap();
        let said = |only, part| {
            less(range, chosen(range, only, part).unwrap(), only, part).unwrap_or_default()
        };
        let expected = "tested n = 8 of 4 numbers, because EVENLY_ONLY=8 is set";
        assert_eq!(said(Some("8"), Some("1/2")), expected);
        let expected = "tested no number of 5..9, because EVENLY_ONLY=9 is set";
        assert_eq!(said(Some("9"), None), expected);
        let expected = "tested 2 of 4 numbers, 7..9, because EVENLY_PART=2/2 is set";
        assert_eq!(said(None, Some("2/2")), expected);
        assert_eq!(said(None, None), "");
    }

    #[test]
    fn the_share_of_a_sample_has_three_digits() {
        let budget = Budget { time: Duration::from_secs(30), seed: 7 };
        let text = share(1 << 20, 1 << 32, budget);
        let rest = " in a budget of 30s; the same order again: EVENLY_SEED=7";
        assert_eq!(text, format!("tested 1048576 of 4294967296 numbers (0.0244 %){rest}"));
        for (tested, total, percent) in [(9_999, 10_000, "99.9"), (5, 5, "100"), (1, 3, "33.3")] {
            let text = share(tested, total, budget);
            assert!(text.contains(&format!("({percent} %)")), "{text}");
        }
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
