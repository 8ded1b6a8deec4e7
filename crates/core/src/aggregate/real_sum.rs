//! Sums and means of integers and doubles, and smallest and largest doubles.

use super::Sum;
use crate::real::{ExactSum, Real};
use alloc::vec::Vec;

/// A sum of integers and doubles, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealSum {
    integers: Sum,
    reals: ExactSum,
}

impl RealSum {
    /// Adds an integer.
    #[inline]
    pub fn add_integer(&mut self, integer: i128) {
        self.integers.add(Sum::from(integer));
    }

    /// Adds a double.
    #[inline]
    pub fn add(&mut self, real: Real) {
        self.reals.add(real);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.integers.add(other.integers);
        self.reals.merge(other.reals);
    }

    pub(super) fn add_integers(&mut self, integers: Sum) {
        self.integers.add(integers);
    }

    /// The double that is nearest to it; `None` if it has an infinity and a negative one.
    #[must_use]
    pub fn rounded(&self) -> Option<Real> {
        self.divided(1)
    }

    fn divided(&self, by: u128) -> Option<Real> {
        let mut sum = self.reals.clone();
        sum.add_integer(self.integers);
        sum.divided(by)
    }

    pub(super) fn residues(&self) -> (u128, u64) {
        (self.integers.low_bits(), self.reals.residue())
    }

    /// Appends its bytes: 24 of the integers, and those of the doubles.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.integers.to_bytes());
        self.reals.encode(out);
    }

    /// What has these bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (integers, reals) = bytes.split_first_chunk()?;
        Some(Self { integers: Sum::from_bytes(integers), reals: ExactSum::decode(reals)? })
    }
}

/// The mean of some values: their sum and their count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mean {
    pub(crate) count: u128,
    pub(crate) sum: RealSum,
}

impl Mean {
    /// The mean of this many values with this sum.
    #[must_use]
    pub fn new(count: u128, sum: Sum) -> Self {
        Self { count, sum: RealSum { integers: sum, ..RealSum::default() } }
    }

    /// The double that is nearest to the mean; `None` of no value, and if an infinity and a negative one are among
    /// the values.
    #[must_use]
    pub fn rounded(&self) -> Option<Real> {
        self.sum.divided(self.count)
    }

    /// How many values it is of.
    #[must_use]
    pub const fn count(&self) -> u128 {
        self.count
    }

    /// Adds the values of other numbers.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum.merge(other.sum);
    }
}

/// A smallest or largest value that is a double and no [integer](crate::real::Number::Integer), and the lowest number
/// that gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealExtreme {
    /// The value.
    pub value: Real,
    /// The number.
    pub n: i64,
}
