//! Lines of earlier runs, which stay in the journal: the stream notes their intervals, asks for them when they are due,
//! and gets them in pieces. So they take no memory before.

use super::Stream;
use super::entries::{BufferedLines, JournaledLines};
use crate::interval::Interval;
use crate::partial::Partial;

impl Stream {
    /// Notes that these numbers are done, and how many lines they have.
    pub(crate) fn keep(&mut self, interval: Interval, lines: u64) {
        self.journaled.insert(interval.first(), JournaledLines { last: interval.last(), lines });
        self.lines_ahead = self.lines_ahead.saturating_add(lines);
    }

    /// The highest number that is still wanted, if the lowest that failed is this one.
    pub(crate) fn limit_of_journaled(&self, lowest_failure: Option<i64>) -> Option<i64> {
        self.limit(lowest_failure)
    }

    /// The numbers whose lines are next, if an earlier run has found them. Nothing else is passed on
    /// before they are given back.
    #[must_use]
    pub fn due(&self) -> Option<Interval> {
        let (first, journaled) = self.journaled.first_key_value()?;
        let is_due = i128::from(*first) == self.next && self.ready.is_empty() && !self.is_ended;
        if is_due { Interval::new(*first, journaled.last) } else { None }
    }

    /// Takes back what was found in the first of the numbers that are due.
    pub(crate) fn give_back(&mut self, mut partial: Partial) {
        let Some((span, (first, journaled))) = partial.span().zip(self.journaled.pop_first())
        else {
            return;
        };
        debug_assert!(span.first() == first && span.last() <= journaled.last);
        let (lines, text) = self.lines_of(&mut partial.value, &partial.failed);
        self.lines_ahead = self.lines_ahead.saturating_sub(lines.min(journaled.lines));
        if let Some(rest) = span.last().checked_add(1).filter(|rest| *rest <= journaled.last) {
            let lines = journaled.lines.saturating_sub(lines);
            self.journaled.insert(rest, JournaledLines { lines, ..journaled });
        }
        let (last, failed) = (span.last(), partial.failed);
        self.merge(BufferedLines { last, lines, text, failed, worker: None, in_flight: 0 });
        self.advance();
    }

    /// Passes over what would be due if anything more were passed on.
    pub(super) fn skip_journaled(&mut self) -> bool {
        let is_next = |first: &i64| i128::from(*first) == self.next;
        if !self.is_ended
            || !self.journaled.first_key_value().is_some_and(|(first, _)| is_next(first))
        {
            return false;
        }
        if let Some((_, journaled)) = self.journaled.pop_first() {
            self.lines_ahead = self.lines_ahead.saturating_sub(journaled.lines);
            self.next = i128::from(journaled.last) + 1;
        }
        true
    }
}
