//! Bounds of a value, and whether it may fail: what the compiler knows of each part of an expression.

use evenly_core::Arithmetic;

/// The lowest and the highest that a number can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: i128,
    pub(crate) high: i128,
}

/// Reach of a value, or the error that every n gives.
pub(super) type BoundsResult = Result<Reach, Arithmetic>;

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) bounds: Bounds,
    pub(super) may_fail: bool,
}

impl Bounds {
    /// All that there is.
    pub(super) const ALL: Self = Self { low: i128::MIN, high: i128::MAX };
    /// Of a truth value of which nothing is known.
    pub(super) const TRUTH: Self = Self { low: 0, high: 1 };

    pub(super) const fn new(low: i128, high: i128) -> Self {
        Self { low, high }
    }

    /// The value, if there is but one.
    pub(super) fn only(self) -> Option<i128> {
        (self.low == self.high).then_some(self.low)
    }

    /// Whether all values fit `i64`.
    pub(super) fn fit_i64(self) -> bool {
        i128::from(i64::MIN) <= self.low && self.high <= i128::from(i64::MAX)
    }

    pub(super) fn contains(self, x: i128) -> bool {
        self.low <= x && x <= self.high
    }

    /// Of a value that lies in one or the other.
    pub(super) fn join(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }

    /// The part of it that lies in the other, if any.
    pub(super) fn within(self, low: i128, high: i128) -> Option<Self> {
        let part = Self::new(self.low.max(low), self.high.min(high));
        (part.low <= part.high).then_some(part)
    }

    /// Between what its absolute value lies.
    pub(super) fn magnitude(self) -> (u128, u128) {
        let (low, high) = (self.low.unsigned_abs(), self.high.unsigned_abs());
        (if self.contains(0) { 0 } else { low.min(high) }, low.max(high))
    }

    pub(super) fn reach(self, may_fail: bool) -> BoundsResult {
        Ok(Reach { bounds: self, may_fail })
    }
}
