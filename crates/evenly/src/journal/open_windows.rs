//! Open windows of a journal: those of unknown fate and those that failed, which `settle` can decide about.
//!
//! Failed neighbours with one cause share a row of `failed`, so the audit says where each of their windows ends. Numbers
//! without an audit, of a command for each n, are decided one by one.

use super::begun;
use super::check::Contents;
use super::error::JournalFault;
use super::tables::{self, Cursor, FailedRow};
use super::window;
use evenly_core::interval::coalesce;
use evenly_core::items::{MOST_PIECES, TooManyPieces};
use evenly_core::{Cause, Failure, Interval, Items};
use rusqlite::Connection;
use std::collections::BTreeMap;

/// A row of `failed`, or of `begun`, which becomes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenRow {
    pub(super) failure: Failure,
    /// Its windows, ascending: a decision is about all of one.
    windows: Vec<Interval>,
}

/// What is decided in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decided {
    /// Ascending.
    pub(super) windows: Vec<Interval>,
    /// The other numbers of the row, ascending.
    pub(super) rest: Vec<Interval>,
}

impl OpenRow {
    /// All rows of a journal, ascending.
    pub(super) fn all(
        connection: &Connection,
        contents: &Contents,
    ) -> Result<Vec<Self>, JournalFault> {
        let mut hasher = contents.hasher.clone();
        let begun = begun::read(connection, &hasher)?;
        let mut failures: Vec<Failure> =
            begun.into_iter().map(|row| begun::unknown(row.interval)).collect();
        let mut rows = tables::all(connection, "failed")?;
        let mut rows: Cursor<'_, FailedRow> = Cursor::over(rows.query(())?, &mut hasher)?;
        while let Some(row) = rows.take()? {
            failures.push(row.failure);
        }
        failures.sort_unstable_by_key(|failure| failure.interval);
        // The former version has no audit.
        let audited = if contents.is_former { vec![] } else { window::failed(connection)? };
        let mut audited: BTreeMap<i64, i64> = last_ones(audited);
        let row = |failure: Failure| {
            let Failure { interval, cause } = failure;
            let mut windows = vec![interval];
            if cause != Cause::Unknown {
                // Those that begin below this row are of no row.
                let mut here = audited.split_off(&interval.first());
                audited = match interval.last().checked_add(1) {
                    Some(above) => here.split_off(&above),
                    None => BTreeMap::new(),
                };
                let within =
                    here.into_iter().filter_map(|(first, last)| Interval::new(first, last));
                windows = within.filter(|window| interval.contains(*window)).collect();
            }
            Self { failure, windows }
        };
        Ok(failures.into_iter().map(row).collect())
    }

    /// What is decided in this row by a decision about these positions, which ascend; `None`: a window is cut.
    pub(super) fn decided(&self, asked: &[Interval]) -> Option<Decided> {
        let mut decided = Decided::default();
        let mut rest = Some(self.failure.interval);
        for part in within(asked, self.failure.interval) {
            let mut part = Some(part);
            while let Some(now) = part {
                let window = self.windows.iter().find(|window| window.last() >= now.first());
                // Numbers without a window up to the next one, or a window.
                let piece = match window.filter(|window| window.first() <= now.last()) {
                    None => now,
                    Some(window) if window.first() > now.first() => {
                        Interval::new(now.first(), window.first() - 1)?
                    }
                    Some(window) => Some(*window).filter(|window| now.contains(*window))?,
                };
                decided.windows.push(piece);
                let below = rest
                    .and_then(|rest| Interval::new(rest.first(), piece.first().checked_sub(1)?));
                decided.rest.extend(below);
                rest = rest.and_then(|rest| rest.above(piece.last()));
                part = now.above(piece.last());
            }
        }
        decided.rest.extend(rest);
        Some(decided)
    }

    /// Its windows and the numbers between them, ascending.
    pub(super) fn parts(&self) -> Vec<Interval> {
        self.decided(&[self.failure.interval]).unwrap_or_default().windows
    }
}

/// Of windows, the last first, those that no later one overlaps: the last of each first number by it.
fn last_ones(windows: Vec<Interval>) -> BTreeMap<i64, i64> {
    let mut last_ones = BTreeMap::new();
    for window in windows {
        let below = last_ones.range(..=window.last()).next_back();
        if below.is_none_or(|(_, last)| *last < window.first()) {
            last_ones.insert(window.first(), window.last());
        }
    }
    last_ones
}

/// The parts of an interval that are in a set of others, which ascend.
fn within(set: &[Interval], interval: Interval) -> impl Iterator<Item = Interval> + '_ {
    let from = set.partition_point(|one| one.last() < interval.first());
    let overlapping = set[from..].iter().take_while(move |one| one.first() <= interval.last());
    overlapping.filter_map(move |one| {
        Interval::new(one.first().max(interval.first()), one.last().min(interval.last()))
    })
}

/// The positions of a job at which numbers of another set stand, ascending and without neighbours.
///
/// # Errors
/// If they are not at most [`MOST_PIECES`] intervals.
pub(super) fn positions_of(asked: &Items, job: &Items) -> Result<Vec<Interval>, TooManyPieces> {
    let mut positions = Vec::new();
    let Some(hull) = job.hull() else { return Ok(positions) };
    let Some(of_asked) = asked.within(hull) else { return Ok(positions) };
    for run in asked.runs(of_asked) {
        if run.step().get() == 1 {
            positions.extend(job.within(run.hull()));
            continue;
        }
        if run.positions().len() > MOST_PIECES as u128 {
            return Err(TooManyPieces);
        }
        positions.extend(run.iter().filter_map(|n| job.position_of(n)).map(Interval::single));
    }
    coalesce(&mut positions);
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(first: i64, last: i64) -> Interval {
        Interval::new(first, last).unwrap()
    }

    #[test]
    fn positions_are_those_of_numbers_in_both_sets() {
        let found = |asked: &str, job: &str| {
            let found = positions_of(&asked.parse().unwrap(), &job.parse().unwrap()).unwrap();
            found.iter().map(|one| (one.first(), one.last())).collect::<Vec<_>>()
        };
        assert_eq!(found("3..8,20", "0..10"), [(3, 7)]);
        assert_eq!(found("0..100:3", "0..10"), [(0, 0), (3, 3), (6, 6), (9, 9)]);
        assert_eq!(found("10..=40", "0..=96:4"), [(3, 10)]);
        assert_eq!(found("0..=96:8,4", "0..=40:4,50"), [(0, 2), (4, 4), (6, 6), (8, 8), (10, 10)]);
        assert_eq!(found("1,2,3", "0..=96:4"), []);
        let (even, all) = ("0..9000000000:2".parse().unwrap(), "0..9000000000".parse().unwrap());
        assert_eq!(positions_of(&even, &all), Err(TooManyPieces));
    }

    #[test]
    fn a_decision_is_about_whole_windows_and_single_numbers_without_a_window() {
        let failure = Failure { interval: interval(0, 99), cause: Cause::Exit(1) };
        let windows = vec![interval(20, 39), interval(40, 49)];
        let row = OpenRow { failure, windows };
        let decided = |asked: &[(i64, i64)]| {
            let asked: Vec<Interval> = asked.iter().map(|one| interval(one.0, one.1)).collect();
            row.decided(&asked).map(|it| (it.windows, it.rest))
        };
        assert_eq!(
            decided(&[(5, 6), (20, 49)]),
            Some((
                vec![interval(5, 6), interval(20, 39), interval(40, 49)],
                vec![interval(0, 4), interval(7, 19), interval(50, 99)]
            ))
        );
        assert_eq!(decided(&[(10, 30)]), None);
        assert_eq!(decided(&[(45, 60)]), None);
        assert_eq!(decided(&[(200, 300)]), Some((vec![], vec![interval(0, 99)])));
        assert_eq!(decided(&[(-5, 300)]).unwrap().0, row.parts());
    }

    #[test]
    fn a_later_attempt_says_where_windows_end() {
        let windows = vec![interval(0, 9), interval(10, 29), interval(0, 19), interval(30, 39)];
        let expected = BTreeMap::from([(0, 9), (10, 29), (30, 39)]);
        assert_eq!(last_ones(windows), expected);
    }
}
