//! Report of the numbers that failed: each once, at the end, with its cause and the line that reruns it.

use crate::cause_names::named;
use crate::rerun::Rerun;
use crate::unit::Unit;
use evenly::observe::{Observation, Observer};
use evenly::{Cause, Failure, Interval};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most failures that are listed; the rest is counted.
const LISTED: usize = 100;
/// Most failures kept before they are sorted and all but the lowest are dropped.
const KEPT: usize = 10 * LISTED;

/// Observer that collects failures, for jobs that end early and have no report.
#[derive(Debug, Default)]
pub(crate) struct FailureCollector {
    /// The lowest, and some more.
    lowest: Vec<Failure>,
    /// How many numbers all of them are.
    numbers: u128,
    descriptions: FailureTexts,
}

/// Descriptions of failures by their number: what a command printed, or what it did.
pub(crate) type FailureTexts = BTreeMap<i64, String>;

impl Observer for FailureCollector {
    fn observe(&mut self, observation: &Observation<'_>) {
        if let Observation::Described { n, text } = observation {
            self.descriptions.insert(*n, (*text).to_owned());
        }
        if let Observation::Quarantined(failure) = observation {
            self.numbers += failure.interval.len();
            self.lowest.push(*failure);
            if self.lowest.len() >= KEPT {
                self.lowest = merged(std::mem::take(&mut self.lowest));
                // Of two neighbours, one may still come: the last is kept for it.
                self.lowest.truncate(LISTED + 1);
            }
        }
    }
}

impl FailureCollector {
    /// The lowest, ascending.
    pub(crate) fn into_lowest(self) -> Vec<Failure> {
        merged(self.lowest)
    }

    /// Takes what failed numbers did, in words.
    pub(crate) fn take_descriptions(&mut self) -> FailureTexts {
        std::mem::take(&mut self.descriptions)
    }

    /// How many numbers failed.
    pub(crate) fn numbers(&self) -> u128 {
        self.numbers
    }
}

/// Ascending, and neighbours of the same cause as one. Windows of unknown fate stay as they were started.
fn merged(mut failures: Vec<Failure>) -> Vec<Failure> {
    failures.sort_unstable_by_key(|failure| failure.interval);
    let mut merged: Vec<Failure> = Vec::with_capacity(failures.len());
    for failure in failures {
        if let Some(last) = merged.last_mut()
            && last.cause == failure.cause
            && failure.cause != Cause::Unknown
            && last.interval.last().checked_add(1) == Some(failure.interval.first())
            && let Some(both) = Interval::new(last.interval.first(), failure.interval.last())
        {
            last.interval = both;
        } else {
            merged.push(failure);
        }
    }
    merged
}

/// A line for each of the lowest, which are ascending, up to [`LISTED`] unless `is_verbose`; and how many numbers there
/// are beside these.
pub(crate) fn listed(
    (lowest, is_verbose): (&[Failure], bool),
    failed: u128,
    descriptions: &FailureTexts,
    rerun: &Rerun,
) -> String {
    let lowest = rerun.apart(lowest);
    let listed = if is_verbose { &*lowest } else { &lowest[..lowest.len().min(LISTED)] };
    let mut text: String =
        listed.iter().map(|failure| line(failure, descriptions, rerun)).collect();
    let named: u128 = listed.iter().map(|failure| failure.interval.len()).sum();
    let more = failed.saturating_sub(named);
    if more > 0 {
        text += &format!("evenly: and {more} more\n");
    }
    text
}

/// One number as itself, and several as a range.
fn numbers(interval: Interval) -> String {
    if interval.len() == 1 { interval.first().to_string() } else { interval.to_string() }
}

fn line(failure: &Failure, descriptions: &FailureTexts, rerun: &Rerun) -> String {
    let Failure { interval, cause } = failure;
    let again = rerun.closed(*interval);
    let text = rerun.text_of(*interval).map_or_else(String::new, |text| format!(" '{text}'"));
    if *cause == Cause::Unknown {
        let of = if interval.len() == 1 { "n =" } else { "n in" };
        let next = match rerun.settling(*interval) {
            Some(settle) => format!("find out what it did, then: {settle}"),
            None => format!("find out what it did before you rerun it: {again}"),
        };
        return format!(
            "evenly: {of} {}{text}: its command may have been started and its end is unknown; it is \
             not started again; {next}\n",
            numbers(*interval)
        );
    }
    let cause = match (descriptions.range(interval.first()..=interval.last()).next(), cause) {
        (Some((_, text)), _) if interval.len() == 1 => text.clone(),
        (Some((n, text)), Cause::Error) => format!("n = {n}: {text}"),
        (Some((n, text)), _) => format!("n = {n} {text}"),
        (None, Cause::Garbage) => "no valid answer".to_owned(),
        (None, cause) => named(cause),
    };
    match interval.len() {
        1 => format!("evenly: n = {}{text} failed: {cause}; rerun: {again}\n", interval.first()),
        _ => format!("evenly: n in {interval} failed: {cause}; rerun: {again}\n"),
    }
}

/// How many items failed, as a part of a sentence.
pub(crate) fn counted(failed: u128, unit: Unit) -> String {
    format!("{} failed", unit.counted(failed))
}

/// The JSON form of a failure, the same for one number and for many.
#[derive(Serialize)]
pub(crate) struct FailedInterval {
    first: String,
    last: String,
    cause: String,
    /// The text that the number stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The line that runs these numbers again.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerun: Option<String>,
}

impl FailedInterval {
    /// The failure with the line that runs its numbers again.
    pub(crate) fn with_rerun(failure: &Failure, rerun: &Rerun) -> Self {
        let (again, text) = (rerun.closed(failure.interval), rerun.text_of(failure.interval));
        Self { rerun: Some(again), text, ..Self::from(failure) }
    }
}

impl From<&Failure> for FailedInterval {
    fn from(failure: &Failure) -> Self {
        let Failure { interval, cause } = failure;
        let (first, last) = (interval.first().to_string(), interval.last().to_string());
        Self { first, last, cause: cause.to_string(), text: None, rerun: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly::Aggregate;

    fn failure(first: i64, last: i64, cause: Cause) -> Failure {
        Failure { interval: Interval::new(first, last).unwrap(), cause }
    }

    fn seen(failures: impl IntoIterator<Item = Failure>) -> String {
        let mut seen = FailureCollector::default();
        for failure in failures {
            seen.observe(&Observation::Quarantined(failure));
        }
        let (numbers, descriptions) = (seen.numbers(), seen.take_descriptions());
        listed(
            (&seen.into_lowest(), false),
            numbers,
            &descriptions,
            &Rerun::new("count", evenly::function::named("even").unwrap().typed()),
        )
    }

    #[test]
    fn each_is_named_in_order_with_its_cause_and_how_to_rerun_it() {
        let text = seen([failure(500, 500, Cause::Signal(11)), failure(-7, -5, Cause::Timeout)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "evenly: n in -7..=-5 failed: timeout; rerun: evenly count even -7..=-5",
                "evenly: n = 500 failed: signal 11 (SIGSEGV); rerun: evenly count even 500..=500",
            ]
        );
    }

    #[test]
    fn what_is_not_started_again_is_said_to_be_so() {
        let text = seen([failure(5, 5, Cause::Unknown), failure(7, 9, Cause::Unknown)]);
        let unknown = "its command may have been started and its end is unknown; it is not started again; find out \
                       what it did";
        assert_eq!(
            text,
            format!(
                "evenly: n = 5: {unknown} before you rerun it: evenly count even 5..=5\n\
                 evenly: n in 7..=9: {unknown} before you rerun it: evenly count even 7..=9\n"
            )
        );
        let file = Some(std::path::Path::new("my journal"));
        for (aggregate, decision) in [
            (Aggregate::Run { in_order: false }, "done|retry"),
            (Aggregate::Failures { first: None }, "done|retry"),
            (Aggregate::Count, "retry"),
        ] {
            let rerun = Rerun::new("run", evenly::function::named("even").unwrap().typed());
            let rerun = rerun.of_journal(file, aggregate);
            let failure = failure(400, 499, Cause::Unknown);
            assert_eq!(
                line(&failure, &FailureTexts::new(), &rerun),
                format!(
                    "evenly: n in 400..=499: {unknown}, then: evenly settle 'my journal' 400..500 {decision}\n"
                )
            );
        }
    }

    #[test]
    fn many_are_counted() {
        let single = |n: i64| failure(2 * n, 2 * n, Cause::Exit(101));
        assert_eq!(seen((0..100).map(single)).lines().count(), 100);
        let text = seen((0..100).map(single).chain([failure(200, 249, Cause::Memory)]));
        assert_eq!(text.lines().last(), Some("evenly: and 50 more"));
        assert_eq!(counted(1, Unit::Number), "1 number failed");
        assert_eq!(counted(9, Unit::Number), "9 numbers failed");
    }

    #[test]
    fn neighbours_of_one_cause_are_one_line() {
        let single = |n| failure(n, n, Cause::Exit(101));
        let text = seen((0..50).rev().map(single).chain([failure(50, 50, Cause::Memory)]));
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("evenly: n in 0..=49 failed: exit 101; "), "{text}");
    }

    #[test]
    fn no_more_than_the_lowest_are_kept() {
        let mut failures = FailureCollector::default();
        for n in (0..100_000).rev() {
            failures.observe(&Observation::Quarantined(failure(2 * n, 2 * n, Cause::Memory)));
            assert!(failures.lowest.len() <= KEPT);
        }
        assert_eq!(failures.numbers(), 100_000);
        let lowest = failures.into_lowest();
        assert!(
            lowest.iter().map(|failure| failure.interval.first()).take(100).eq((0..200).step_by(2))
        );
    }

    #[test]
    fn the_json_form_is_the_same_for_one_and_for_many() {
        let json =
            serde_json::to_string(&FailedInterval::from(&failure(500, 500, Cause::Signal(11))));
        assert_eq!(json.unwrap(), r#"{"first":"500","last":"500","cause":"signal 11"}"#);
    }
}
