//! Texts about failed numbers: the lowest [`MOST`] that workers and agents sent.

use crate::frame::{Description, MAX_TEXT};
use crate::partial::{Cause, Failure};
use crate::printable::printable_lines;
use alloc::collections::BTreeMap;
use alloc::string::String;

/// How many are kept. A message lists fewer failures than this, the lowest ones.
const MOST: usize = 1024;

#[derive(Debug, Default)]
pub(crate) struct Descriptions {
    by_number: BTreeMap<i64, (Cause, String)>,
}

impl Descriptions {
    /// Keeps a description, escaped for a terminal but for the ends of its lines; the last of several about one number.
    pub(crate) fn keep(&mut self, Description { n, cause, text }: Description<'_>) {
        let text = text.trim_end_matches('\n').as_bytes();
        self.by_number.insert(n, (cause, printable_lines(text, MAX_TEXT)));
        if self.by_number.len() > MOST {
            self.by_number.pop_last();
        }
    }

    /// The description of the lowest number of a failure that has one, and that number.
    pub(crate) fn of(&self, failure: &Failure) -> Option<(i64, &str)> {
        let numbers = failure.interval.first()..=failure.interval.last();
        let mut described = self.by_number.range(numbers);
        described
            .find(|(_, (cause, _))| *cause == failure.cause)
            .map(|(n, (_, text))| (*n, &**text))
    }

    /// The descriptions of failures that are ascending, by number.
    pub(crate) fn of_all<'a>(
        &'a self,
        failures: &'a [Failure],
    ) -> impl Iterator<Item = (i64, &'a str)> {
        let has_failed = |n: i64, cause: Cause| {
            let at = failures.partition_point(|failure| failure.interval.last() < n);
            failures
                .get(at)
                .is_some_and(|failure| failure.interval.first() <= n && failure.cause == cause)
        };
        let described = self.by_number.iter();
        described
            .filter(move |(n, (cause, _))| has_failed(**n, *cause))
            .map(|(n, (_, text))| (*n, &**text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Interval;

    fn failure(first: i64, last: i64, cause: Cause) -> Failure {
        Failure { interval: Interval::new(first, last).unwrap(), cause }
    }

    #[test]
    fn the_last_text_about_a_number_belongs_to_its_cause_alone() {
        let mut kept = Descriptions::default();
        for text in ["first", "second\u{1b}[0m"] {
            kept.keep(Description { n: 7, cause: Cause::Garbage, text });
        }
        assert_eq!(kept.of(&failure(5, 9, Cause::Garbage)), Some((7, "second\\x1b[0m")));
        assert_eq!(kept.of(&failure(5, 9, Cause::Timeout)), None);
        assert_eq!(kept.of(&failure(8, 9, Cause::Garbage)), None);
    }

    #[test]
    fn a_text_keeps_its_lines_and_nothing_else_that_a_terminal_acts_on() {
        let mut kept = Descriptions::default();
        kept.keep(Description { n: 7, cause: Cause::Garbage, text: "left: 1\n\tright: 2\n" });
        assert_eq!(kept.of(&failure(7, 7, Cause::Garbage)), Some((7, "left: 1\n\\tright: 2")));
    }

    #[test]
    fn the_lowest_are_kept_where_there_are_many() {
        let mut kept = Descriptions::default();
        for n in (0..2 * MOST as i64).rev() {
            kept.keep(Description { n, cause: Cause::Garbage, text: "x" });
        }
        let highest = MOST as i64 - 1;
        assert!(kept.of(&failure(highest, highest, Cause::Garbage)).is_some());
        assert!(kept.of(&failure(highest + 1, i64::MAX, Cause::Garbage)).is_none());
    }
}
