//! Cost model of numbers: time per number, deadly numbers, and counts in closed form.
//!
//! A chunk of 2^60 numbers takes no more work to account for than one of ten.

use evenly_core::Interval;
use evenly_testkit::random::Random;

/// Three residues of seven, so that neighbouring intervals seldom have the same count.
pub(crate) const RESIDUES: [i128; 3] = [0, 2, 3];

/// How many numbers up to `n`, counted from far below, satisfy the function.
fn up_to(n: i128) -> i128 {
    RESIDUES.iter().map(|residue| (n - residue).div_euclid(7)).sum()
}

/// The exact count over an interval.
pub(crate) fn count(interval: Interval) -> u128 {
    let (first, last) = (i128::from(interval.first()), i128::from(interval.last()));
    (up_to(last) - up_to(first - 1)).unsigned_abs()
}

/// Some number of an interval.
pub(crate) fn number_of(random: &mut Random, whole: Interval) -> i64 {
    let offset = (u128::from(random.next()) * whole.len()) >> 64;
    (i128::from(whole.first()) + offset as i128) as i64
}

/// What a number costs: the same for most, and far more for some or from some number on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CostModel {
    /// 2^`shift` numbers cost `each_ns` together.
    pub(crate) each_ns: u64,
    pub(crate) shift: u32,
    /// One in `expensive_every` numbers costs `expensive_ns` more; 0 for none.
    pub(crate) expensive_every: u64,
    pub(crate) expensive_ns: u64,
    /// From this number on each costs `cliff_times` as much.
    pub(crate) cliff_from: i64,
    pub(crate) cliff_times: u64,
}

impl CostModel {
    /// What the numbers of an interval cost together, in nanoseconds.
    pub(crate) fn of(&self, interval: Interval) -> u64 {
        let plain = |len: u128| (len * u128::from(self.each_ns)) >> self.shift;
        let mut ns = plain(interval.len());
        if let Some(steep) = Interval::new(interval.first().max(self.cliff_from), interval.last()) {
            ns += plain(steep.len()) * u128::from(self.cliff_times - 1);
        }
        if self.expensive_every > 0 {
            let multiples = |n: i128| n.div_euclid(i128::from(self.expensive_every));
            let (first, last) = (i128::from(interval.first()), i128::from(interval.last()));
            let dear = multiples(last) - multiples(first - 1);
            ns += dear.unsigned_abs() * u128::from(self.expensive_ns);
        }
        u64::try_from(ns).unwrap_or(u64::MAX)
    }
}

/// A number that kills the worker that computes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeadlyNumber {
    pub(crate) n: i64,
    /// How many times it still does; `u32::MAX` for always.
    pub(crate) times: u32,
}

impl DeadlyNumber {
    pub(crate) fn is_always(&self) -> bool {
        self.times == u32::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_forms_are_the_sums() {
        let cost = CostModel {
            each_ns: 3,
            shift: 0,
            expensive_every: 5,
            expensive_ns: 1_000,
            cliff_from: 7,
            cliff_times: 10,
        };
        for first in -20..20 {
            for last in first..20 {
                let numbers = first..=last;
                let interval = Interval::new(first, last).unwrap();
                let counted = numbers.clone().filter(|n| [0, 2, 3].contains(&n.rem_euclid(7)));
                assert_eq!(count(interval), counted.count() as u128);
                let ns = numbers.map(|n| {
                    let steep = if n >= 7 { 10 } else { 1 };
                    3 * steep + if n % 5 == 0 { 1_000 } else { 0 }
                });
                assert_eq!(cost.of(interval), ns.sum::<u64>());
            }
        }
    }
}
