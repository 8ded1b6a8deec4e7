//! Numbers that failed: each named once, at the end, with its cause and the line that reruns it.

use crate::rerun::Rerun;
use evenly::Failure;
use evenly::observe::{Observation, Observer};
use serde::Serialize;

/// So many are listed; the rest is counted.
const LISTED: usize = 100;

/// What failed so far. A job that ends early has no report, and its failures are named all the same.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<Failure>);

impl Observer for Failures {
    fn observe(&mut self, observation: &Observation<'_>) {
        if let Observation::Quarantined(failure) = observation {
            self.0.push(*failure);
        }
    }
}

impl Failures {
    /// A line for each of the first, in order.
    pub(crate) fn listed(&mut self, rerun: &Rerun) -> String {
        self.0.sort_unstable_by_key(|failure| failure.interval);
        let mut text: String =
            self.0.iter().take(LISTED).map(|failure| line(failure, rerun)).collect();
        let more = numbers(self.0.get(LISTED..).unwrap_or_default());
        if more > 0 {
            text += &format!("evenly: and {more} more\n");
        }
        text
    }
}

fn line(failure: &Failure, rerun: &Rerun) -> String {
    let Failure { interval, cause } = failure;
    let again = rerun.closed(*interval);
    match interval.len() {
        1 => format!("evenly: n = {} failed: {cause}; rerun: {again}\n", interval.first()),
        _ => format!("evenly: n in {interval} failed: {cause}; rerun: {again}\n"),
    }
}

/// How many numbers that is.
pub(crate) fn numbers(failures: &[Failure]) -> u128 {
    failures.iter().map(|failure| failure.interval.len()).sum()
}

/// The same as a part of a sentence.
pub(crate) fn counted(failures: &[Failure]) -> String {
    match numbers(failures) {
        1 => "1 number failed".to_owned(),
        numbers => format!("{numbers} numbers failed"),
    }
}

/// The JSON form of a failure, the same for one number and for many.
#[derive(Serialize)]
pub(crate) struct Failed {
    first: String,
    last: String,
    cause: String,
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Self {
        let Failure { interval, cause } = failure;
        let (first, last) = (interval.first().to_string(), interval.last().to_string());
        Self { first, last, cause: cause.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly::{Cause, Interval};

    fn failure(first: i64, last: i64, cause: Cause) -> Failure {
        Failure { interval: Interval::new(first, last).unwrap(), cause }
    }

    fn seen(failures: impl IntoIterator<Item = Failure>) -> String {
        let mut seen = Failures::default();
        for failure in failures {
            seen.observe(&Observation::Quarantined(failure));
        }
        seen.listed(&Rerun::new("count", "even"))
    }

    #[test]
    fn each_is_named_in_order_with_its_cause_and_how_to_rerun_it() {
        let text = seen([failure(500, 500, Cause::Signal(11)), failure(-7, -5, Cause::Timeout)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "evenly: n in -7..=-5 failed: timeout; rerun: evenly count even -7..=-5",
                "evenly: n = 500 failed: signal 11; rerun: evenly count even 500..=500",
            ]
        );
    }

    #[test]
    fn many_are_counted() {
        let single = |n| failure(n, n, Cause::Exit(101));
        assert_eq!(seen((0..100).map(single)).lines().count(), 100);
        let text = seen((0..100).map(single).chain([failure(100, 149, Cause::Memory)]));
        assert_eq!(text.lines().last(), Some("evenly: and 50 more"));
        assert_eq!(counted(&[single(1)]), "1 number failed");
        assert_eq!(counted(&[single(1), failure(2, 9, Cause::Memory)]), "9 numbers failed");
    }

    #[test]
    fn the_json_form_is_the_same_for_one_and_for_many() {
        let json = serde_json::to_string(&Failed::from(&failure(500, 500, Cause::Signal(11))));
        assert_eq!(json.unwrap(), r#"{"first":"500","last":"500","cause":"signal 11"}"#);
    }
}
