//! Coverage of positions by strided intervals: which positions are in none of them, in one, and in several.
//!
//! Positions are the cells of a table whose width is a multiple of every step. Then a strided interval is a part of one
//! column, or of several, and a sweep over the rows finds what covers each cell.

use evenly_core::Interval;
use evenly_core::items::{MOST_PIECES, TooManyPieces};
use std::num::NonZeroU64;
use std::ops::Range;

/// Most columns of the table.
const MOST_COLUMNS: u64 = 1 << 16;

/// Every `step`-th position from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StridedPositions {
    pub(super) first: i64,
    /// Belongs to it.
    pub(super) last: i64,
    pub(super) step: NonZeroU64,
}

/// Table of the positions and what covers them.
#[derive(Debug)]
pub(super) struct Coverage {
    columns: u64,
    /// A row, a column, and whether cover of the column begins or ends at the row. Ascending by row.
    changes: Vec<(u64, u64, bool)>,
}

/// Positions of one kind.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) len: u128,
    /// The lowest of them, without a gap in each.
    pub(super) intervals: Vec<Interval>,
    /// Whether there are more intervals.
    pub(super) has_more: bool,
}

impl Coverage {
    /// Of these positions.
    ///
    /// # Errors
    /// If their steps have no common multiple up to [`MOST_COLUMNS`].
    pub(super) fn of(pieces: &[StridedPositions]) -> Result<Self, TooManyPieces> {
        let mut columns = 1;
        for piece in pieces.iter().filter(|piece| piece.first < piece.last) {
            columns = common_multiple(columns, piece.step.get()).ok_or(TooManyPieces)?;
        }
        let mut coverage = Self { columns, changes: Vec::with_capacity(2 * pieces.len()) };
        for piece in pieces {
            coverage.add(*piece)?;
        }
        coverage.changes.sort_unstable();
        Ok(coverage)
    }

    fn add(&mut self, piece: StridedPositions) -> Result<(), TooManyPieces> {
        let step = if piece.first < piece.last { piece.step.get() } else { self.columns };
        let steps = piece.last.abs_diff(piece.first) / step;
        for index in 0..(self.columns / step).min(steps.saturating_add(1)) {
            if self.changes.len() > 4 * MOST_PIECES {
                return Err(TooManyPieces);
            }
            let first = offset(piece.first) + index * step;
            let rows = (offset(piece.last) - first) / self.columns;
            let (row, column) = (first / self.columns, first % self.columns);
            self.changes.push((row, column, true));
            // Cover that reaches the last row of all has no end.
            if let Some(end) = (row + rows).checked_add(1) {
                self.changes.push((end, column, false));
            }
        }
        Ok(())
    }

    /// Whether some positions lie apart in their journal and together here.
    pub(super) fn is_strided(&self) -> bool {
        self.columns > 1
    }

    /// The positions of an interval that are covered by a number of pieces that `is_wanted`; at most this many
    /// intervals are listed.
    pub(super) fn chosen(
        &self,
        space: Interval,
        most: usize,
        is_wanted: impl Fn(u32) -> bool,
    ) -> Chosen {
        let mut chosen = Chosen::default();
        let mut counts = vec![0_u32; self.columns as usize];
        let (low, high) = (offset(space.first()), offset(space.last()));
        let (mut row, last) = (low / self.columns, high / self.columns);
        let mut changes = self.changes.iter().peekable();
        loop {
            while let Some((_, column, begins)) = changes.next_if(|(at, ..)| *at <= row) {
                let count = &mut counts[*column as usize];
                *count = if *begins { *count + 1 } else { count.saturating_sub(1) };
            }
            // Rows that are alike; the first and the last row of the interval may be cut.
            let next = changes.peek().map_or(last, |(at, ..)| (at - 1).min(last));
            let is_cut = |row| row == low / self.columns || row == last;
            let end = match next {
                _ if is_cut(row) => row,
                next if is_cut(next) => next - 1,
                next => next,
            };
            let from = if row == low / self.columns { low % self.columns } else { 0 };
            let to = if row == last { high % self.columns } else { self.columns - 1 };
            let runs = runs(&counts, from..to + 1, &is_wanted);
            self.choose((row, end), &runs, most, &mut chosen);
            if end >= last {
                return chosen;
            }
            row = end + 1;
        }
    }

    /// Adds the runs of columns of these rows.
    fn choose(
        &self,
        (first, last): (u64, u64),
        runs: &[Range<u64>],
        most: usize,
        chosen: &mut Chosen,
    ) {
        let width: u64 = runs.iter().map(|run| run.end - run.start).sum();
        chosen.len += u128::from(width) * (u128::from(last - first) + 1);
        if width == self.columns {
            let cells = first * self.columns..=last * self.columns + (self.columns - 1);
            chosen.list(*cells.start(), *cells.end(), most);
            return;
        }
        for row in (first..=last).take_while(|_| width > 0) {
            for run in runs {
                if chosen.has_more {
                    return;
                }
                let start = row * self.columns;
                chosen.list(start + run.start, start + (run.end - 1), most);
            }
        }
    }
}

impl Chosen {
    fn list(&mut self, first: u64, last: u64, most: usize) {
        let (first, last) = (position(first), position(last));
        let Some(interval) = Interval::new(first, last) else { return };
        if let Some(before) = self.intervals.last_mut()
            && before.is_followed_by(interval)
        {
            *before = before.hull(interval);
        } else if self.intervals.len() < most {
            self.intervals.push(interval);
        } else {
            self.has_more = true;
        }
    }
}

/// The runs of wanted columns.
fn runs(counts: &[u32], columns: Range<u64>, is_wanted: impl Fn(u32) -> bool) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for column in columns.filter(|column| is_wanted(counts[*column as usize])) {
        match runs.last_mut() {
            Some(run) if run.end == column => run.end += 1,
            _ => runs.push(column..column + 1),
        }
    }
    runs
}

/// A position counted from the lowest one of all.
fn offset(position: i64) -> u64 {
    position.abs_diff(i64::MIN)
}

fn position(offset: u64) -> i64 {
    i64::MIN.wrapping_add_unsigned(offset)
}

fn common_multiple(one: u64, other: u64) -> Option<u64> {
    let (mut divisor, mut rest) = (one, other);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (one / divisor).checked_mul(other).filter(|multiple| *multiple <= MOST_COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strided(first: i64, last: i64, step: u64) -> StridedPositions {
        StridedPositions { first, last, step: NonZeroU64::new(step).unwrap() }
    }

    #[test]
    fn coverage_agrees_with_a_count_of_each_position() {
        let sets: [&[StridedPositions]; 5] = [
            &[strided(0, 9, 1), strided(20, 40, 1), strided(5, 22, 1)],
            &[strided(0, 39, 3), strided(1, 40, 3), strided(2, 23, 3)],
            &[strided(-7, 35, 6), strided(3, 3, 1), strided(4, 20, 2), strided(8, 33, 1)],
            &[],
            &[strided(-50, 100, 1), strided(-49, 99, 4)],
        ];
        let space = Interval::new(-10, 41).unwrap();
        for pieces in sets {
            let covers = |piece: &StridedPositions, n: i64| {
                (piece.first..=piece.last).step_by(piece.step.get() as usize).any(|it| it == n)
            };
            let count = |n: i64| pieces.iter().filter(|piece| covers(piece, n)).count() as u32;
            let coverage = Coverage::of(pieces).unwrap();
            for wanted in 0..4 {
                let chosen = coverage.chosen(space, 1000, |count| count == wanted);
                let listed: Vec<i64> =
                    chosen.intervals.iter().flat_map(|it| it.first()..=it.last()).collect();
                let expected: Vec<i64> = (-10..=41).filter(|n| count(*n) == wanted).collect();
                assert_eq!(listed, expected, "{pieces:?} {wanted}");
                assert_eq!(chosen.len, listed.len() as u128);
                assert!(chosen.intervals.is_sorted_by(|a, b| a.last() + 1 < b.first()));
            }
        }
    }

    #[test]
    fn all_positions_and_those_of_wide_steps_are_covered() {
        let all = Interval::new(i64::MIN, i64::MAX).unwrap();
        for pieces in [
            vec![strided(i64::MIN, i64::MAX, 1)],
            (0..1000).map(|n| strided(i64::MIN + n, i64::MAX - 1000 + n, 1000)).collect(),
        ] {
            let coverage = Coverage::of(&pieces).unwrap();
            let covered = coverage.chosen(all, 10, |count| count == 1);
            assert!(covered.len > u128::from(u64::MAX) - 1000, "{}", covered.len);
            assert!(covered.intervals.len() == 1 && !covered.has_more);
        }
        assert!(Coverage::of(&[strided(0, 1 << 40, 1 << 20)]).is_err());
    }
}
