//! The ledger: of every number of the range, whether it waits, was returned, is done, or failed.
//!
//! What is leased is in the lease table and what waits to be recorded is in a record; the
//! scheduler checks that all of it together is the range, exactly once.

use crate::interval::{Interval, IntervalSet, Overlap};
use crate::partial::Failure;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// A chunk that was taken back from a lost worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) interval: Interval,
    /// How often it was handed out already.
    pub(crate) attempts: u8,
}

/// Everything that is not in a worker's hands.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Never handed out: always a tail of the range, which is handed out ascending.
    remaining: Option<Interval>,
    /// Handed out and taken back; goes out again before anything new.
    returned: VecDeque<Returned>,
    /// Covered by a merged partial, failed numbers included.
    covered: IntervalSet,
    /// Those of the covered numbers that have no value, with the cause.
    failures: Vec<Failure>,
}

impl Ledger {
    pub(crate) fn new(whole: Option<Interval>) -> Self {
        Self { remaining: whole, ..Self::default() }
    }

    /// Takes a returned chunk, whole.
    #[inline]
    pub(crate) fn take_returned(&mut self) -> Option<Returned> {
        self.returned.pop_front()
    }

    /// Takes up to `len` numbers from the front of what remains.
    #[inline]
    pub(crate) fn take_front(&mut self, len: u128) -> Option<Interval> {
        let (front, rest) = self.remaining?.split_front(len);
        self.remaining = rest;
        Some(front)
    }

    pub(crate) fn put_back(&mut self, returned: Returned) {
        self.returned.push_back(returned);
    }

    /// Notes numbers as covered.
    pub(crate) fn cover(&mut self, interval: Interval) -> Result<(), Overlap> {
        self.covered.insert(interval)
    }

    pub(crate) fn fail(&mut self, failures: &[Failure]) {
        self.failures.extend_from_slice(failures);
    }

    /// How many numbers were never handed out.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> u128 {
        self.remaining.map_or(0, |interval| interval.len())
    }

    /// How many numbers were taken back and not handed out again yet.
    #[must_use]
    pub fn returned(&self) -> u128 {
        self.returned.iter().map(|returned| returned.interval.len()).sum()
    }

    /// Whether nothing is left to hand out.
    #[inline]
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.remaining.is_none() && self.returned.is_empty()
    }

    /// The numbers that are done: with a value, or failed for good.
    #[must_use]
    pub fn covered(&self) -> &IntervalSet {
        &self.covered
    }

    /// The numbers that failed, in the order in which they were recorded.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}
