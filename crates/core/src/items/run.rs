//! Run of a set of items: consecutive positions whose numbers have one distance; and the limit of runs in a set.

use crate::interval::Interval;
use core::fmt;
use core::num::NonZeroU64;

/// Most progressions in a set, and most numbers of interleaved progressions: 4 Mi, which take 96 MiB.
pub const MOST_PIECES: usize = 1 << 22;

/// The set has more than [`MOST_PIECES`] progressions, or too many numbers in progressions that interleave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the set has more than {MOST_PIECES} pieces; use fewer ranges or steps, or several jobs")]
pub struct TooManyPieces;

/// Consecutive positions whose numbers have one distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    positions: Interval,
    first: i64,
    step: NonZeroU64,
}

impl Run {
    pub(super) fn new(positions: Interval, first: i64, step: NonZeroU64) -> Self {
        Self { positions, first, step }
    }

    /// Numbers each of which stands at itself.
    #[inline]
    pub(super) fn of_consecutive(numbers: Interval) -> Self {
        Self { positions: numbers, first: numbers.first(), step: NonZeroU64::MIN }
    }

    /// Its positions.
    #[inline]
    #[must_use]
    pub fn positions(self) -> Interval {
        self.positions
    }

    /// The distance of two neighbours.
    #[inline]
    #[must_use]
    pub fn step(self) -> NonZeroU64 {
        self.step
    }

    /// Its lowest number.
    #[inline]
    #[must_use]
    pub fn first(self) -> i64 {
        self.first
    }

    /// Its highest number.
    #[inline]
    #[must_use]
    pub fn last(self) -> i64 {
        self.at(self.positions.last())
    }

    /// From its lowest to its highest number. If its [step](Self::step) is 1, these are its numbers.
    #[inline]
    #[must_use]
    pub fn hull(self) -> Interval {
        // Numbers ascend with their positions.
        Interval::new(self.first(), self.last()).unwrap_or(Interval::single(self.first))
    }

    /// The number at one of its positions.
    #[inline]
    #[must_use]
    pub fn at(self, position: i64) -> i64 {
        let steps = position.abs_diff(self.positions.first());
        self.first.wrapping_add_unsigned(steps.wrapping_mul(self.step.get()))
    }

    /// The position of one of its numbers.
    #[inline]
    #[must_use]
    pub fn position_of(self, n: i64) -> i64 {
        self.positions.first().wrapping_add_unsigned(n.abs_diff(self.first) / self.step)
    }

    /// Its numbers, ascending.
    pub fn iter(self) -> impl Iterator<Item = i64> {
        (self.positions.first()..=self.positions.last()).map(move |position| self.at(position))
    }
}

/// `N`, `A..=B` or `A..=B:STEP`.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.first(), self.last());
        match self.step().get() {
            _ if first == last => write!(f, "{first}"),
            1 => write!(f, "{first}..={last}"),
            step => write!(f, "{first}..={last}:{step}"),
        }
    }
}
