//! Blocks of a range in a shuffled order: which of them were handed out, in constant memory.
//!
//! The order is a permutation by a seed. Blocks can also be taken from the lowest up: all below `floor` were taken.

use super::permutation::Permutation;
use crate::interval::{Interval, IntervalSet};
use alloc::vec::Vec;

/// How the order of work is shuffled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shuffle {
    /// The same seed gives the same order of the same blocks.
    pub seed: u64,
    /// Most blocks of the range. Each is worked on from below.
    pub most_blocks: u64,
    /// The length of a block is a multiple of this one; 0 counts as 1.
    pub unit: u64,
}

impl Shuffle {
    /// The blocks of a range in this order.
    pub fn blocks(self, whole: Interval) -> impl Iterator<Item = Interval> {
        let mut blocks = Blocks::new(whole, IntervalSet::new(), self);
        core::iter::from_fn(move || blocks.take_next()).flatten()
    }
}

/// The blocks of a range that no worker has begun.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    whole: Interval,
    /// Numbers in each block; the last may have fewer.
    len: u128,
    order: Permutation,
    /// The index in the order up to which blocks were taken.
    next: u64,
    /// Every block below this one was taken.
    floor: u64,
    /// No block from this one on is wanted.
    ceiling: u64,
    /// Numbers that were done before the run, and are left out.
    done: IntervalSet,
    /// Numbers in the blocks that were not taken and are wanted.
    left: u128,
}

impl Blocks {
    pub(super) fn new(whole: Interval, done: IntervalSet, shuffle: Shuffle) -> Self {
        let unit = u128::from(shuffle.unit.max(1));
        let share = whole.len().div_ceil(u128::from(shuffle.most_blocks.max(1)));
        let len = share.div_ceil(unit) * unit;
        // A range has at most 2^64 numbers, so one block of them is the only case in which this could not fit.
        let count = u64::try_from(whole.len().div_ceil(len)).unwrap_or(u64::MAX >> 2);
        let left = whole.len() - done.len();
        let order = Permutation::new(count, shuffle.seed);
        Self { whole, len, order, next: 0, floor: 0, ceiling: count, done, left }
    }

    /// Numbers in the blocks that were not taken and are wanted.
    pub(super) fn left(&self) -> u128 {
        self.left
    }

    /// Takes the next block of the order that has numbers to do.
    pub(super) fn take_next(&mut self) -> Option<Vec<Interval>> {
        while self.left > 0 && self.next < self.order.len() {
            let block = self.order.at(self.next);
            self.next += 1;
            if (self.floor..self.ceiling).contains(&block)
                && let Some(pieces) = self.take(block)
            {
                return Some(pieces);
            }
        }
        None
    }

    /// Takes the lowest block, if it has a number to do below this one.
    pub(super) fn take_lowest(&mut self, below: Option<i64>) -> Option<Vec<Interval>> {
        while self.left > 0 && self.floor < self.ceiling {
            let block = self.floor;
            let first = self.numbers(block).first();
            if below.is_some_and(|below| below <= first) {
                return None;
            }
            let is_taken = self.is_taken(block);
            self.floor += 1;
            if !is_taken && let Some(pieces) = self.take(block) {
                return Some(pieces);
            }
        }
        None
    }

    /// Drops the blocks that begin above this number; how many numbers to do they had.
    pub(super) fn drop_above(&mut self, limit: i64) -> u128 {
        let wanted = match Interval::new(self.whole.first(), limit) {
            Some(wanted) => wanted.len().div_ceil(self.len),
            None => 0,
        };
        let ceiling = u64::try_from(wanted).unwrap_or(u64::MAX).min(self.ceiling);
        let mut dropped = 0;
        for block in ceiling..self.ceiling {
            if !self.is_taken(block) {
                dropped += self.to_do(block).iter().map(Interval::len).sum::<u128>();
            }
        }
        self.ceiling = ceiling;
        self.left -= dropped;
        dropped
    }

    fn is_taken(&self, block: u64) -> bool {
        block < self.floor || self.order.index_of(block) < self.next
    }

    fn take(&mut self, block: u64) -> Option<Vec<Interval>> {
        let pieces = self.to_do(block);
        self.left -= pieces.iter().map(Interval::len).sum::<u128>();
        (!pieces.is_empty()).then_some(pieces)
    }

    fn to_do(&self, block: u64) -> Vec<Interval> {
        self.done.gaps_in(self.numbers(block))
    }

    /// All numbers of a block.
    fn numbers(&self, block: u64) -> Interval {
        let offset = u128::from(block) * self.len;
        // A block begins within the range, whose numbers fit 64 bits.
        let first = self.whole.first().wrapping_add_unsigned(offset as u64);
        let rest = Interval::new(first, self.whole.last()).unwrap_or(self.whole);
        rest.split_front(self.len).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// In any mixture of both ways to take blocks, and with any limits.
        #[test]
        fn each_number_is_taken_or_dropped_once(
            len in 1i64..500, most_blocks in 1u64..80, unit in 0u64..9, seed: u64,
            done in prop::collection::vec((0i64..500, 0i64..30), 0..6),
            steps in prop::collection::vec((0u8..8, 0i64..500), 0..60),
        ) {
            let whole = Interval::new(-100, len - 101).unwrap();
            let mut covered = IntervalSet::new();
            for (first, more) in done {
                let ends = Interval::new(first - 100, (first + more - 100).min(whole.last()));
                let _ = ends.map(|piece| covered.insert(piece));
            }
            let before = covered.len();
            let mut blocks = Blocks::new(whole, covered.clone(), Shuffle { seed, most_blocks, unit });
            let (mut dropped, mut limit) = (0, whole.last());
            let all = steps.into_iter().chain(std::iter::repeat((0, 0)));
            for (step, n) in all {
                let taken = match step {
                    0..=4 => match blocks.take_next() {
                        None if blocks.left() == 0 => break,
                        taken => taken,
                    },
                    5 | 6 => blocks.take_lowest((step == 5).then_some(n - 100)),
                    _ => {
                        limit = limit.min(n - 100);
                        dropped += blocks.drop_above(limit);
                        None
                    }
                };
                for piece in taken.into_iter().flatten() {
                    covered.insert(piece).unwrap();
                }
                prop_assert_eq!(covered.len() + dropped + blocks.left(), whole.len());
            }
            prop_assert!(covered.len() >= before);
            prop_assert_eq!(covered.len() + dropped, whole.len());
            // What is not above the limit is never dropped.
            let wanted = Interval::new(whole.first(), limit);
            prop_assert!(wanted.is_none_or(|wanted| covered.gaps_in(wanted).is_empty()));
        }
    }

    #[test]
    fn the_whole_of_i64_is_shuffled() {
        let whole = Interval::new(i64::MIN, i64::MAX).unwrap();
        for most_blocks in [1, 3, 1 << 16] {
            let shuffle = Shuffle { seed: 7, most_blocks, unit: 1 };
            let mut blocks = Blocks::new(whole, IntervalSet::new(), shuffle);
            let mut covered = IntervalSet::new();
            while let Some(pieces) = blocks.take_next() {
                pieces.into_iter().for_each(|piece| covered.insert(piece).unwrap());
            }
            assert_eq!(covered.len(), 1 << 64);
        }
    }
}
