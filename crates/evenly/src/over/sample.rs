//! Seeded sample of a range, tested until its time is over.

use super::called::{Errors, OfClosure};
use super::integer::Integer;
use super::outcome::Outcome;
use crate::function::at;
use evenly_core::ledger::Permutation;
use evenly_core::{Interval, Range, RangeError, Tally};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// The longest order: that of [`Permutation`].
const MOST: i128 = 1 << 62;

/// The numbers of a range in an order that a seed gives. From a range of more than 2^62 numbers, which no test exhausts,
/// one of each two to four neighbours is taken.
#[derive(Clone)]
pub(super) struct Sample {
    start: i128,
    end: i128,
    /// How many neighbours one place of the order stands for.
    neighbours: i128,
    order: Permutation,
    seed: u64,
}

impl Sample {
    /// The numbers of a range, which is not empty.
    pub(super) fn new(range: Range, seed: u64) -> Self {
        let (start, end) = (range.start(), range.end());
        let neighbours = ((end - start + MOST - 1) / MOST).max(1);
        let places = (end - start + neighbours - 1) / neighbours;
        let order = Permutation::new(places as u64, seed);
        Self { start, end, neighbours, order, seed }
    }

    /// The places of its order.
    pub(super) fn places(&self) -> Result<Range, RangeError> {
        Range::new(0, (self.end - self.start + self.neighbours - 1) / self.neighbours)
    }

    /// The number at a place.
    pub(super) fn at(&self, place: i64) -> i64 {
        let place = self.order.at(place.cast_unsigned());
        let neighbour = i128::from(place ^ self.seed) % self.neighbours;
        let n = self.start + i128::from(place) * self.neighbours + neighbour;
        n.min(self.end - 1) as i64
    }
}

/// A closure that tests the numbers of a sample for some time.
pub(super) struct Tested<F> {
    pub(super) sample: Sample,
    /// How long it begins numbers.
    pub(super) time: Duration,
    pub(super) closure: F,
}

/// A function over the places of a sample. A place is counted if its number passes. When the time is over, the rest is
/// done without being counted.
pub(super) struct Sampled<T, F> {
    tested: Tested<F>,
    end: Option<Instant>,
    types: PhantomData<fn(T)>,
}

impl<T, F, O> OfClosure for Sampled<T, F>
where
    T: Integer,
    F: FnMut(T) -> O,
    O: Outcome,
{
    type Closure = Tested<F>;

    fn new(tested: Tested<F>) -> Self {
        // The end of a time that no clock reaches is none.
        let end = Instant::now().checked_add(tested.time);
        Self { tested, end, types: PhantomData }
    }

    fn closure(&self) -> &Tested<F> {
        &self.tested
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally, errors: &mut Errors) -> i64 {
        let mut passed = 0;
        for place in slice.first()..=slice.last() {
            if self.end.is_some_and(|end| Instant::now() >= end) {
                break;
            }
            at(place);
            match (self.tested.closure)(T::of_range(self.tested.sample.at(place))).into_value() {
                Ok(_) => passed += 1,
                Err(error) => errors.fail(place, error, tally),
            }
        }
        tally.count(passed, slice.len() as u64);
        slice.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_each_number_of_a_range_once() {
        let sample = Sample::new(Range::new(-20, 81).unwrap(), 7);
        let places = sample.places().unwrap();
        let mut numbers: Vec<i64> =
            (0..places.end() as i64).map(|place| sample.at(place)).collect();
        let other = Sample::new(Range::new(-20, 81).unwrap(), 8);
        assert_ne!(numbers[0..9], (0..9).map(|place| other.at(place)).collect::<Vec<_>>());
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(-20..81));
    }

    #[test]
    fn a_sample_of_all_numbers_has_low_and_high_ones() {
        let sample = Sample::new(Range::new(i64::MIN.into(), i128::from(i64::MAX) + 1).unwrap(), 3);
        let numbers: Vec<i64> = (0..1000).map(|place| sample.at(place)).collect();
        let odd = numbers.iter().filter(|n| **n % 2 != 0).count();
        let negative = numbers.iter().filter(|n| **n < 0).count();
        assert!((400..600).contains(&odd) && (400..600).contains(&negative), "{odd} {negative}");
        assert_eq!(sample.places().unwrap().end(), MOST);
    }
}
