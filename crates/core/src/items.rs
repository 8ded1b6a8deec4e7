//! Set of integers that a job goes over: one range, or a union of arithmetic progressions.
//!
//! The scheduler counts positions, and this file alone says which number stands at a position. For one plain range
//! the position of n is n itself. For every other set the positions are `0..len`, in ascending order of the numbers.
//! So the lowest position is always the lowest number, and answers merge by position.

mod normal;
mod part;
mod run;
mod text;

use crate::interval::Interval;
use crate::range::Range;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU64;

pub use part::{ItemsPart, NoPart, PartError};
pub use run::{MOST_PIECES, Run, TooManyPieces};
pub use text::MalformedItems;

/// A set of integers, each a signed 64-bit number.
///
/// Equal sets are equal values, however they were put together. An [open-ended](Self::is_open_ended) set differs from
/// the same numbers with an end.
///
/// ```
/// use evenly_core::{Items, Range};
/// use core::num::NonZeroU64;
///
/// let fourth = Items::stepped(Range::new(0, 100)?, NonZeroU64::new(4).unwrap());
/// let items = Items::union([fourth, Items::list([7, 3])?])?;
/// assert_eq!(items.len(), 27);
/// assert_eq!(items.iter().take(4).collect::<Vec<_>>(), [0, 3, 4, 7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Items {
    kind: Kind,
    is_open_ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Range(Range),
    /// At least two pieces, or one whose step is above 1.
    Pieces {
        /// Ascending. The last number of each is below the first of the next.
        pieces: Arc<[Piece]>,
        positions: Range,
    },
}

/// An arithmetic progression. It ends where the positions of the next one begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    first: i64,
    /// The position of its first number.
    position: i64,
    step: NonZeroU64,
}

impl From<Range> for Items {
    fn from(range: Range) -> Self {
        Self { kind: Kind::Range(range), is_open_ended: false }
    }
}

impl Items {
    /// Every `step`-th number from `first` on, without an end. They reach up to 2^63 - 1, the highest number of
    /// 64 bits, which no run is meant to reach: see [`is_open_ended`](Self::is_open_ended).
    #[must_use]
    pub fn from_on(first: i64, step: NonZeroU64) -> Self {
        let all = Interval::new(first, i64::MAX).map_or(Range::EMPTY, Range::from);
        Self::stepped(all, step).open_ended()
    }

    /// The same set without an end, if its last run goes on up to 2^63 - 1.
    pub(super) fn open_ended(mut self) -> Self {
        let positions = self.positions().interval();
        let last_run = positions.and_then(|all| self.runs(Interval::single(all.last())).next());
        let is_last = |run: Run| run.last().checked_add_unsigned(run.step().get()).is_none();
        self.is_open_ended = last_run.is_some_and(is_last);
        self
    }

    /// Whether the numbers have no end for the user: `A..`. Then only an answer that is known early, or a limit such as a
    /// deadline, ends a run.
    #[must_use]
    pub fn is_open_ended(&self) -> bool {
        self.is_open_ended
    }

    /// Every `step`-th number of a range, from its first number on.
    #[must_use]
    pub fn stepped(range: Range, step: NonZeroU64) -> Self {
        let Some(whole) = range.interval() else { return Self::from(range) };
        if step == NonZeroU64::MIN {
            return Self::from(range);
        }
        let last = whole.last().wrapping_sub_unsigned(whole.last().abs_diff(whole.first()) % step);
        let progression = normal::Progression { first: whole.first(), last, step };
        // One progression is never too many.
        Self::of_progressions(alloc::vec![progression]).unwrap_or_else(|TooManyPieces| range.into())
    }

    /// These numbers, in any order. A number that occurs twice counts once.
    ///
    /// # Errors
    /// If they are not at most [`MOST_PIECES`] progressions.
    pub fn list(numbers: impl IntoIterator<Item = i64>) -> Result<Self, TooManyPieces> {
        Self::of_progressions(numbers.into_iter().map(normal::Progression::single).collect())
    }

    /// The numbers of all of these sets. A number that occurs twice counts once.
    ///
    /// # Errors
    /// If they are not at most [`MOST_PIECES`] progressions. Of very many sets, the first ones alone must not be more
    /// either.
    pub fn union(sets: impl IntoIterator<Item = Self>) -> Result<Self, TooManyPieces> {
        let mut progressions = Vec::new();
        let mut is_open_ended = false;
        for set in sets {
            is_open_ended |= set.is_open_ended;
            // Any number of sets in bounded memory.
            if progressions.len() > 2 * MOST_PIECES {
                progressions = normal::normalise(progressions)?;
            }
            if let Some(positions) = set.positions().interval() {
                progressions.extend(set.runs(positions).map(normal::Progression::from));
            }
        }
        let items = Self::of_progressions(progressions)?;
        Ok(if is_open_ended { items.open_ended() } else { items })
    }

    fn of_progressions(progressions: Vec<normal::Progression>) -> Result<Self, TooManyPieces> {
        let progressions = normal::normalise(progressions)?;
        let len: u128 = progressions.iter().map(normal::Progression::len).sum();
        let range = |first: i128| Range::new(first, first + len as i128).unwrap_or(Range::EMPTY);
        match progressions.as_slice() {
            [] => return Ok(Range::EMPTY.into()),
            [one] if one.step == NonZeroU64::MIN => return Ok(range(one.first.into()).into()),
            _ => {}
        }
        // More than 2^63 numbers have no positions from 0 on, but all of i64 is enough.
        let start = if len > 1 << 63 { i64::MIN } else { 0 };
        let mut position = start;
        let piece = |progression: &normal::Progression| {
            let normal::Progression { first, step, .. } = *progression;
            let piece = Piece { first, position, step };
            position = position.wrapping_add_unsigned(progression.len() as u64);
            piece
        };
        let pieces = progressions.iter().map(piece).collect();
        let kind = Kind::Pieces { pieces, positions: range(start.into()) };
        Ok(Self { kind, is_open_ended: false })
    }

    /// The range that this set is, if it is one. Then the position of n is n.
    #[inline]
    #[must_use]
    pub fn as_range(&self) -> Option<Range> {
        match self.kind {
            Kind::Range(range) => Some(range),
            Kind::Pieces { .. } => None,
        }
    }

    /// The positions of its numbers, without a gap.
    #[must_use]
    pub fn positions(&self) -> Range {
        match self.kind {
            Kind::Range(range) => range,
            Kind::Pieces { positions, .. } => positions,
        }
    }

    /// How many numbers it has, at most 2^64.
    #[must_use]
    pub fn len(&self) -> u128 {
        self.positions().len()
    }

    /// Whether it has no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions().is_empty()
    }

    /// The lowest and the highest number as the ends of an interval, which may also have other numbers.
    #[must_use]
    pub fn hull(&self) -> Option<Interval> {
        let positions = self.positions().interval()?;
        Interval::new(self.at(positions.first())?, self.at(positions.last())?)
    }

    /// Whether all of its numbers stand in runs of consecutive integers: no step is above 1. A number without
    /// neighbours is such a run.
    #[must_use]
    pub fn has_only_steps_of_one(&self) -> bool {
        match &self.kind {
            Kind::Range(_) => true,
            Kind::Pieces { pieces, .. } => pieces.iter().all(|it| it.step == NonZeroU64::MIN),
        }
    }

    /// The number at a position, if there is one.
    #[inline]
    #[must_use]
    pub fn at(&self, position: i64) -> Option<i64> {
        match &self.kind {
            Kind::Range(range) => is_in(*range, position).then_some(position),
            Kind::Pieces { pieces, positions } => {
                if !is_in(*positions, position) {
                    return None;
                }
                let index = pieces.partition_point(|piece| piece.position <= position) - 1;
                Some(pieces[index].at(position))
            }
        }
    }

    /// The position of a number, if the set has it.
    #[must_use]
    pub fn position_of(&self, n: i64) -> Option<i64> {
        match &self.kind {
            Kind::Range(range) => is_in(*range, n).then_some(n),
            Kind::Pieces { pieces, positions } => {
                let index = pieces.partition_point(|piece| piece.first <= n).checked_sub(1)?;
                let piece = &pieces[index];
                let distance = n.abs_diff(piece.first);
                let steps = (distance % piece.step == 0).then_some(distance / piece.step)?;
                let position = i128::from(piece.position) + i128::from(steps);
                let end = pieces.get(index + 1).map_or(positions.end(), |it| it.position.into());
                i64::try_from(position).ok().filter(|_| position < end)
            }
        }
    }

    /// The positions of its numbers within an interval of numbers.
    #[must_use]
    pub fn within(&self, numbers: Interval) -> Option<Interval> {
        let positions = self.positions().interval()?;
        // How many positions from the first one on have numbers below a bound.
        let below = |bound: i128| match &self.kind {
            Kind::Range(range) => (bound - range.start()).clamp(0, range.len() as i128),
            Kind::Pieces { pieces, positions } => {
                let index = pieces.partition_point(|piece| i128::from(piece.first) < bound);
                let Some(piece) = index.checked_sub(1).map(|index| &pieces[index]) else {
                    return 0;
                };
                let end = pieces.get(index).map_or(positions.end(), |next| next.position.into());
                let step = i128::from(piece.step.get());
                let above = (bound - i128::from(piece.first) + step - 1) / step;
                (i128::from(piece.position) + above).min(end) - positions.start()
            }
        };
        let (first, end) = (below(numbers.first().into()), below(i128::from(numbers.last()) + 1));
        let at = |count: i128| i64::try_from(i128::from(positions.first()) + count).ok();
        Interval::new(at(first)?, at(end - 1)?)
    }

    /// The longest beginning of these positions whose numbers are consecutive integers. Only positions of the set may
    /// be asked for.
    #[inline]
    #[must_use]
    pub fn consecutive(&self, positions: Interval) -> Run {
        let Kind::Pieces { pieces, .. } = &self.kind else {
            return Run::of_consecutive(positions);
        };
        let index = pieces.partition_point(|piece| piece.position <= positions.first());
        let piece = &pieces[index.saturating_sub(1)];
        let end = pieces.get(index).map_or(positions.last(), |next| next.position - 1);
        let is_run = piece.step == NonZeroU64::MIN;
        let last = if is_run { positions.last().min(end) } else { positions.first() };
        let first = piece.at(positions.first());
        // The piece begins at or below the first position, and the next one above it.
        let positions = Interval::new(positions.first(), last).unwrap_or(positions);
        Run::new(positions, first, NonZeroU64::MIN)
    }

    /// The runs of these positions, ascending. Positions that the set does not have are left out.
    pub fn runs(&self, positions: Interval) -> impl Iterator<Item = Run> + '_ {
        let known = self.positions().interval();
        let mut rest = known.and_then(|known| {
            Interval::new(positions.first().max(known.first()), positions.last().min(known.last()))
        });
        let mut index = match (&self.kind, rest) {
            (Kind::Pieces { pieces, .. }, Some(rest)) => {
                pieces.partition_point(|piece| piece.position <= rest.first()) - 1
            }
            _ => 0,
        };
        core::iter::from_fn(move || {
            let now = rest?;
            let Kind::Pieces { pieces, .. } = &self.kind else {
                rest = None;
                return Some(Run::of_consecutive(now));
            };
            let piece = &pieces[index];
            index += 1;
            let end = pieces.get(index).map_or(now.last(), |next| next.position - 1);
            let here = Interval::new(now.first(), now.last().min(end))?;
            rest = now.above(here.last());
            Some(Run::new(here, piece.at(here.first()), piece.step))
        })
    }

    /// Whether each number of another set is in this one too, at the same position. So is each of a range in a larger
    /// range, and each of other sets if this one only goes on above them.
    #[must_use]
    pub fn has_all_at_their_positions(&self, other: &Self) -> bool {
        let Some(positions) = other.positions().interval() else { return true };
        let (mut here, mut there) = (self.runs(positions), other.runs(positions));
        let (mut run, mut other_run) = (here.next(), there.next());
        let mut next = positions.first();
        loop {
            let (Some(one), Some(other)) = (run, other_run) else { return false };
            // Two numbers that are equal at two positions are equal at all positions of both runs.
            let last = one.positions().last().min(other.positions().last());
            let is_here = one.positions().first() <= next && other.positions().first() <= next;
            if !is_here || one.at(next) != other.at(next) || one.at(last) != other.at(last) {
                return false;
            }
            let Some(above) = positions.above(last) else { return true };
            next = above.first();
            run = if one.positions().last() == last { here.next() } else { run };
            other_run = if other.positions().last() == last { there.next() } else { other_run };
        }
    }

    /// Its numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.positions().interval().into_iter().flat_map(|all| self.runs(all)).flat_map(Run::iter)
    }
}

/// Whether a range has a number.
#[inline]
fn is_in(range: Range, n: i64) -> bool {
    (range.start()..range.end()).contains(&n.into())
}

impl Piece {
    #[inline]
    fn at(&self, position: i64) -> i64 {
        let steps = position.abs_diff(self.position);
        self.first.wrapping_add_unsigned(steps.wrapping_mul(self.step.get()))
    }
}

#[cfg(test)]
mod tests;
