//! Random draws of the workload: range, chunk policy, costs, and deadly numbers.

use crate::plan::cost_model::{CostModel, DeadlyNumber, number_of};
use crate::plan::fault_rates::MOST_EXPENSIVE_NS;
use evenly_core::{Policy, Range};
use evenly_testkit::random::Random;
use std::num::NonZeroU64;

/// The range, and whether it is too long to be looked at number by number.
pub(crate) fn draw_range(random: &mut Random) -> (Range, bool) {
    let is_huge = random.once_in(8);
    let len = match random.below(20) {
        0 => 0,
        1 => 1,
        _ if is_huge && random.once_in(8) => 1 << 64,
        _ if is_huge => i128::from(random.magnitude(1 << 32, u64::MAX)),
        _ => i128::from(random.magnitude(1, 3000)),
    };
    let (lowest, top) = (i128::from(i64::MIN), i128::from(i64::MAX) + 1);
    let start = match random.below(6) {
        0 => lowest,
        1 => top - len,
        2 => 0,
        3 => lowest + i128::from(random.below(50)),
        _ => -i128::from(random.below(4000)),
    };
    let start = start.clamp(lowest, top - len);
    (Range::new(start, start + len).expect("between the ends of i64"), is_huge && len > 1)
}

pub(crate) fn draw_policy(random: &mut Random, range: Range, is_huge: bool) -> Policy {
    let fixed = if is_huge {
        u64::try_from(range.len()).unwrap_or(u64::MAX) / random.between(2, 80)
    } else {
        random.magnitude(1, 200)
    };
    match random.below(6) {
        0 => Policy::Static,
        1 | 2 => Policy::Fixed(NonZeroU64::new(fixed).unwrap_or(NonZeroU64::MIN)),
        3 => Policy::Guided,
        _ => Policy::Timed,
    }
}

pub(crate) fn draw_cost(random: &mut Random, range: Range, is_huge: bool) -> CostModel {
    let shift = if is_huge { range.len().ilog2().saturating_sub(10) } else { 0 };
    let each_ns = random.magnitude(10, 50_000_000);
    let mut cost = CostModel {
        each_ns,
        shift,
        expensive_every: 0,
        expensive_ns: 0,
        cliff_from: i64::MAX,
        cliff_times: 1,
    };
    if !is_huge && random.once_in(3) {
        cost.expensive_every = random.between(2, 500);
        cost.expensive_ns = random.magnitude(1_000, MOST_EXPENSIVE_NS / 2);
    }
    if random.once_in(4)
        && let Some(whole) = range.interval()
    {
        cost.cliff_from = number_of(random, whole);
        cost.cliff_times = random.magnitude(1, 1000).min(MOST_EXPENSIVE_NS / 2 / each_ns).max(1);
    }
    cost
}

pub(crate) fn draw_deadly(random: &mut Random, range: Range) -> Vec<DeadlyNumber> {
    let Some(whole) = range.interval() else { return Vec::new() };
    if !random.once_in(3) {
        return Vec::new();
    }
    let mut deadly: Vec<DeadlyNumber> = Vec::new();
    let most = if random.once_in(6) { 12 } else { 3 };
    let mut next = whole.first();
    for _ in 0..random.between(1, most) {
        // At random, at an end, or next to the last one.
        let n = match random.below(8) {
            0 => whole.first(),
            1 => whole.last(),
            2 | 3 => next,
            _ => number_of(random, whole),
        };
        next = n.saturating_add(1).min(whole.last());
        let times = if random.once_in(3) { random.between(1, 6) as u32 } else { u32::MAX };
        if deadly.iter().all(|other| other.n != n) {
            deadly.push(DeadlyNumber { n, times });
        }
    }
    deadly
}
