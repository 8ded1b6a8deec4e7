//! Makes a case from facts: who holds each end, who waits for whom, and which processes a report shows.

use crate::case::Case;
use crate::facts::{Facts, Holders};
use crate::finding::LeftBehind;
use crate::left_behind;
use crate::selection;
use crate::wakers::Waits;

impl<'a> Case<'a> {
    /// Prepares the facts, and selects the processes.
    pub(crate) fn of(facts: &'a Facts) -> Self {
        let holders = Holders::of(facts);
        let waits = Waits::of(facts, &holders);
        let subjects = selection::subjects(facts, &waits);
        let shown = &subjects | &selection::neighbours(facts, &holders);
        let mut case = Self { facts, holders, waits, subjects, shown, left: Vec::new() };
        case.left = left_behind::find(&case);
        case.shown.extend(case.left.iter().flat_map(LeftBehind::processes));
        case
    }
}
