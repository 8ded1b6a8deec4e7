//! Placement of the items of one journal among those of several: which position a position becomes.
//!
//! Rows of a journal count positions of its own items. Journals of different items are put together in the positions of
//! the items that all of them are about.

use super::coverage::StridedPositions;
use crate::item;
use evenly_core::{Failure, Interval, Items, Value};
use std::num::NonZeroU64;

/// Where the positions of a journal stand among the common ones. Both ascend.
#[derive(Clone, Debug)]
pub(super) struct Placement(Vec<PlacedRun>);

/// Own positions whose common positions have one distance.
#[derive(Clone, Copy, Debug)]
struct PlacedRun {
    own: Interval,
    /// The common position of the first.
    first: i64,
    step: NonZeroU64,
}

impl Placement {
    /// Of items that are all among the common ones.
    pub(super) fn new(own: &Items, common: &Items) -> Self {
        let mut placed = Vec::new();
        let (positions, end) = (own.positions().interval(), common.positions().interval());
        for run in positions.into_iter().flat_map(|positions| own.runs(positions)) {
            let mut rest = Some(run.positions());
            while let Some(now) = rest {
                let n = run.at(now.first());
                let first = common.position_of(n).unwrap_or(n);
                let here = end.and_then(|end| Interval::new(first, end.last()));
                let there = here.and_then(|here| common.runs(here).next());
                let step = there.and_then(|there| {
                    let steps = run.step().get() / there.step().get();
                    let divides = run.step().get().is_multiple_of(there.step().get());
                    NonZeroU64::new(steps).filter(|_| divides).map(|steps| (steps, there.last()))
                });
                let own = match step {
                    Some((_, highest)) => {
                        let most = highest.abs_diff(n) / run.step();
                        now.split_front(u128::from(most) + 1).0
                    }
                    None => Interval::single(now.first()),
                };
                let step = step.map_or(NonZeroU64::MIN, |(steps, _)| steps);
                placed.push(PlacedRun { own, first, step });
                rest = now.above(own.last());
            }
        }
        Self(placed)
    }

    /// The common position of an own one.
    pub(super) fn at(&self, position: i64) -> i64 {
        let index = self.0.partition_point(|run| run.own.first() <= position);
        index.checked_sub(1).map_or(position, |index| self.0[index].at(position))
    }

    /// From the lowest to the highest common position of these own ones.
    pub(super) fn hull(&self, own: Interval) -> Interval {
        Interval::new(self.at(own.first()), self.at(own.last())).unwrap_or(own)
    }

    /// The common positions of these own ones, ascending.
    pub(super) fn pieces(&self, own: Interval) -> impl Iterator<Item = StridedPositions> + '_ {
        let from = self.0.partition_point(|run| run.own.last() < own.first());
        let runs = self.0[from..].iter().take_while(move |run| run.own.first() <= own.last());
        runs.map(move |run| {
            let first = run.at(own.first().max(run.own.first()));
            let last = run.at(own.last().min(run.own.last()));
            let step = if first == last { NonZeroU64::MIN } else { run.step };
            StridedPositions { first, last, step }
        })
    }

    /// The same without gaps: positions with a distance are intervals of their own.
    pub(super) fn intervals(&self, own: Interval) -> impl Iterator<Item = Interval> + '_ {
        self.pieces(own).flat_map(|StridedPositions { first, last, step }| {
            let whole = (step == NonZeroU64::MIN).then(|| Interval::new(first, last)).flatten();
            let steps = last.abs_diff(first) / step;
            let single = move |at: u64| first.wrapping_add_unsigned(at * step.get());
            let apart = (0..=steps).map(single).map(Interval::single);
            whole.into_iter().chain(apart.take(if whole.is_some() { 0 } else { usize::MAX }))
        })
    }

    /// A failure at its common positions.
    pub(super) fn failures(&self, failure: Failure) -> impl Iterator<Item = Failure> + '_ {
        let Failure { interval, cause } = failure;
        self.intervals(interval).map(move |interval| Failure { interval, cause })
    }

    /// The value at its common position.
    pub(super) fn value(&self, value: Value) -> Value {
        item::value_at(value, |position| self.at(position))
    }
}

impl PlacedRun {
    fn at(&self, position: i64) -> i64 {
        let steps = position.abs_diff(self.own.first());
        self.first.wrapping_add_unsigned(steps.wrapping_mul(self.step.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_keeps_its_number() {
        for (own, common) in [
            ("0..10", "0..10"),
            ("5..9", "0..20"),
            ("1..=9:4", "0..20"),
            ("4..=92:8", "0..=96:4"),
            ("3,7,12", "3,5,7,12,90..=99"),
            ("0..=40:4", "-9..=-7,0..=20:4,21,24..=40:2"),
            ("8..12", "1..=7:2,8..12,20"),
            ("6..:4", "5.."),
            ("7..7", "0..9"),
        ] {
            let items = |text: &str| text.parse::<Items>().unwrap();
            let (own, common) = (items(own), items(common));
            let placement = Placement::new(&own, &common);
            let Some(positions) = own.positions().interval() else { continue };
            let few = positions.split_front(100).0;
            for position in few.first()..=few.last() {
                let n = own.at(position);
                assert_eq!(common.at(placement.at(position)), n, "{own} in {common}");
            }
            let listed = placement.intervals(few).flat_map(|it| it.first()..=it.last());
            let numbers: Vec<_> = listed.map(|position| common.at(position)).collect();
            let expected: Vec<_> = own.iter().take(100).map(Some).collect();
            assert_eq!(numbers, expected, "{own} in {common}");
        }
    }
}
