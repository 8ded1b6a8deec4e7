//! Chunk policies: how many numbers to hand out at once.

use crate::chunk_cost::ChunkCost;
use alloc::vec::Vec;
use core::num::NonZeroU64;

/// How the range is cut into chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The exercise of the class: one equal part of the range to each worker.
    Static,
    /// Chunks of this many numbers; the last may be shorter.
    Fixed(NonZeroU64),
    /// What remains, divided by twice the number of workers: long chunks first, single numbers
    /// last (guided self-scheduling, Polychronopoulos and Kuck 1987, with half their share).
    Guided,
    /// Chunks that take [`CHUNK_AIM_NS`] by the measured cost of a number, shorter near the end,
    /// so that all workers finish together.
    #[default]
    Timed,
}

/// What a chunk of the timed policy should take. Long enough that handing it out costs nothing,
/// short enough that progress shows and a lost worker costs little.
pub const CHUNK_AIM_NS: u64 = 100_000_000;

/// The chunk of an agent takes ten times as long as that of a worker: the agent divides it among its own workers.
pub const AGENT_AIMS: u64 = 10;

/// No chunk of the timed policy aims to be shorter near the end: waking a worker costs up to 50 us,
/// and a finish that is uneven by this much is not worth more of them.
const TAIL_CHUNK_NS: f64 = 300_000.0;

/// The fixed cost of a chunk is at most one of this many parts of its time, also if the chunk takes longer than its aim
/// for that.
const FIXED_PARTS: f64 = 16.0;

/// The same where the user has set the aim.
const FIXED_PARTS_OF_TYPED: f64 = 2.0;

/// The same near the end, as far as chunks are not longer than the aim for that.
const FIXED_PARTS_AT_END: f64 = 8.0;

/// Under load, the fixed cost of one chunk is not that of the next. Where the user has set the aim, it is kept also if the
/// numbers of the longest chunk cost this part of its fixed cost.
const HIDDEN: f64 = 0.5;

/// Near the end a chunk takes at most this part of the time that is left for each worker. Workers
/// hold two chunks, so four leave the others enough to fill up with.
const TAIL_SHARE: f64 = 0.25;

/// The next chunk is at most 16 times longer than the longest before: a measurement over few numbers says little.
const GROWTH: u128 = 16;

/// Chunks of one length do not show a fixed cost. Until it is known whether there is any, a chunk is this many times longer
/// than the longest before, if the numbers suffice for that.
const EXPLORE: u128 = 4;

/// Numbers suffice if each worker can have this many of such chunks.
const ENOUGH: u128 = 4;

impl Policy {
    /// The name as on the command line, without a parameter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Fixed(_) => "fixed",
            Self::Guided => "guided",
            Self::Timed => "timed",
        }
    }
}

/// What a chunk of the timed policy should take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aim {
    /// [`CHUNK_AIM_NS`] for a worker, or what the user has set.
    pub(crate) ns: f64,
    /// Whether the user has set it.
    pub(crate) is_typed: bool,
    /// No chunk should take longer, whatever its fixed cost.
    pub(crate) most_ns: f64,
    /// The fewest numbers of a chunk.
    pub(crate) least: u128,
    /// Time between two chunks that the same worker may begin under a rate; 0 without one.
    pub(crate) distance_ns: f64,
}

impl Aim {
    /// The time of a chunk with the end of the range far away.
    pub(crate) fn full_ns(&self, fixed_ns: f64) -> f64 {
        let parts = if self.is_typed { FIXED_PARTS_OF_TYPED } else { FIXED_PARTS };
        let wanted = self.ns.max(fixed_ns * parts).max(self.distance_ns);
        // Where the limit leaves hardly any time for numbers, they take at least as long as the fixed part.
        let most_ns = self.most_ns.max((2.0 * fixed_ns).min(2.0 * self.most_ns));
        wanted.min(most_ns)
    }
}

/// What the size of the next chunk depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizerInput {
    /// Numbers that no worker has been given yet; at least 1.
    pub(crate) remaining: u128,
    /// Into how many shares of this worker's size what remains is divided; at least 1.
    pub(crate) workers: u32,
    /// What a chunk of the timed policy should take.
    pub(crate) aim: Aim,
    /// What a chunk costs, if any was measured.
    pub(crate) cost: Option<ChunkCost>,
    /// Whether chunks of different lengths were measured.
    pub(crate) is_told_apart: bool,
    /// The longest chunk that was measured; 0 before the first.
    pub(crate) longest: u128,
    /// How many numbers this worker does if all workers end at the same time, if that is near.
    pub(crate) share: Option<u128>,
    /// How long a first chunk may be, before anything was measured.
    pub(crate) opening: u128,
}

/// How many of `total` numbers lie before part `part` of `parts` parts that differ by at most one.
pub(crate) fn part_start(total: u128, part: u32, parts: u32) -> u128 {
    total * u128::from(part) / u128::from(parts.max(1))
}

/// A policy at work: it counts the parts of `static`, the rest depends on its input alone.
#[derive(Clone, Debug)]
pub(crate) struct Sizer {
    policy: Policy,
    /// How many numbers the range had at the start, and how many static parts it is cut into.
    total: u128,
    parts: u32,
    /// How many static parts were handed out.
    next_part: u32,
}

impl Sizer {
    pub(crate) fn new(policy: Policy, total: u128, parts: u32) -> Self {
        Self { policy, total, parts: parts.max(1), next_part: 0 }
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// The length of the next chunk, at least 1 and at most `remaining`.
    #[inline]
    pub(crate) fn next(&mut self, input: SizerInput) -> u128 {
        let wanted = match self.policy {
            Policy::Static => self.next_static(),
            Policy::Fixed(len) => u128::from(len.get()),
            Policy::Guided => input.remaining.div_ceil(2 * u128::from(input.workers)),
            Policy::Timed => Self::of_timed(input),
        };
        wanted.clamp(1, input.remaining)
    }

    /// The length of the next chunk of the timed policy.
    pub(crate) fn of_timed(input: SizerInput) -> u128 {
        timed(input).clamp(1, input.remaining)
    }

    /// The next of `parts` parts that differ by at most one; empty ones are passed over.
    fn next_static(&mut self) -> u128 {
        let start_of = |part| part_start(self.total, part, self.parts);
        while self.next_part < self.parts {
            let len = start_of(self.next_part + 1) - start_of(self.next_part);
            self.next_part += 1;
            if len > 0 {
                return len;
            }
        }
        self.total.div_ceil(self.parts.into())
    }
}

/// Whether the next chunk of the timed policy, of at most `most` numbers, is as much longer than the longest before as a
/// chunk may be: what numbers cost does not limit it yet.
pub(crate) fn is_growing(input: SizerInput, most: u128) -> bool {
    let next = timed(input).min(input.remaining).min(most);
    input.longest > 0 && next >= input.longest.saturating_mul(GROWTH)
}

fn timed(input: SizerInput) -> u128 {
    let SizerInput { remaining, aim, longest, .. } = input;
    let workers = f64::from(input.workers);
    let Some(mut cost) = input.cost else {
        return input.opening.max(aim.least);
    };
    if aim.is_typed {
        cost.each_ns = cost.each_ns.max(HIDDEN * cost.fixed_ns / longest.max(1) as f64);
    }
    let full_ns = aim.full_ns(cost.fixed_ns);
    let least_ns = (cost.fixed_ns * FIXED_PARTS_AT_END).max(aim.distance_ns).max(TAIL_CHUNK_NS);
    let left_ns = cost.each_ns * remaining as f64 / workers;
    let mut wanted = cost.numbers_in((left_ns * TAIL_SHARE).max(least_ns).min(full_ns));
    if let Some(share) = input.share {
        // Equal parts of the share, so that no short one is left over.
        let parts = ((share + wanted / 2) / wanted.max(1)).max(1);
        wanted = share.div_ceil(parts).max(cost.numbers_in_fixed());
        if remaining.saturating_sub(wanted) <= cost.numbers_in_fixed() / 2 {
            wanted = remaining;
        }
    }
    if !input.is_told_apart {
        let longer = longest * EXPLORE;
        if longer * ENOUGH * u128::from(input.workers) <= remaining {
            wanted = wanted.max(longer);
        }
    }
    // A rate leaves time for more numbers than a chunk has that is too short.
    let growth = GROWTH.max((aim.distance_ns / cost.of(longest)) as u128);
    wanted.min(longest.max(1).saturating_mul(growth)).max(aim.least)
}

/// When a worker can begin a chunk, and what that costs there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) in_ns: f64,
    pub(crate) cost: ChunkCost,
}

/// How many of `remaining` numbers a worker that is ready now with this cost does, if it and the others do them in one
/// chunk each and end at the same time. Chunks begin at least `distance_ns` after each other.
pub(crate) fn even_share(
    now: ChunkCost,
    mut others: Vec<Ready>,
    remaining: u128,
    distance_ns: f64,
) -> u128 {
    others.sort_unstable_by(|a, b| a.in_ns.total_cmp(&b.in_ns));
    // The end at which the workers so far have done all numbers is (numbers + starts) / speeds.
    let (mut speeds, mut starts) = (1.0 / now.each_ns, now.fixed_ns / now.each_ns);
    let mut end_ns = now.of(remaining);
    for (other, begun) in others.iter().zip(1_u32..) {
        let start_ns = other.in_ns.max(distance_ns * f64::from(begun)) + other.cost.fixed_ns;
        if start_ns >= end_ns {
            break;
        }
        speeds += 1.0 / other.cost.each_ns;
        starts += start_ns / other.cost.each_ns;
        end_ns = (remaining as f64 + starts) / speeds;
    }
    now.numbers_in(end_ns).clamp(1, remaining)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::Pace;
    use proptest::prelude::*;
    use std::vec::Vec;

    const AIM: Aim = Aim {
        ns: CHUNK_AIM_NS as f64,
        is_typed: false,
        most_ns: f64::INFINITY,
        least: 1,
        distance_ns: 0.0,
    };

    fn input(remaining: u128, workers: u32, pace: Option<Pace>, longest: u128) -> SizerInput {
        let cost = pace.map(|pace| ChunkCost { fixed_ns: 0.0, each_ns: pace.cost_ns(1) });
        let (is_told_apart, share, opening) = (true, None, 1);
        SizerInput { remaining, workers, aim: AIM, cost, is_told_apart, longest, share, opening }
    }

    fn cut(policy: Policy, total: u128, workers: u32) -> Vec<u128> {
        let mut sizer = Sizer::new(policy, total, workers);
        let mut remaining = total;
        let mut chunks = Vec::new();
        while remaining > 0 {
            let len = sizer.next(input(remaining, workers, None, 0));
            remaining -= len;
            chunks.push(len);
        }
        chunks
    }

    #[test]
    fn static_gives_each_worker_an_equal_part() {
        assert_eq!(cut(Policy::Static, 10, 4), [2, 3, 2, 3]);
        assert_eq!(cut(Policy::Static, 3, 8), [1, 1, 1]);
        assert_eq!(cut(Policy::Static, 1 << 64, 1), [1 << 64]);
    }

    #[test]
    fn guided_begins_long_and_ends_with_single_numbers() {
        let chunks = cut(Policy::Guided, 1_000_000, 4);
        assert_eq!(chunks[0], 125_000);
        assert_eq!(chunks.last(), Some(&1));
        assert!(chunks.windows(2).all(|pair| pair[0] >= pair[1]));
    }

    #[test]
    fn timed_begins_with_one_number_and_grows_by_the_measured_time() {
        assert_eq!(timed(input(1 << 40, 2, None, 0)), 1);
        let ns_each = Pace::measured(1, 1).unwrap();
        assert_eq!(timed(input(1 << 40, 2, Some(ns_each), 1)), GROWTH);
        assert_eq!(timed(input(1 << 40, 2, Some(ns_each), 1 << 60)), u128::from(CHUNK_AIM_NS));
    }

    #[test]
    fn chunks_grow_until_their_cost_or_a_limit_says_how_long_they_are() {
        let at = |longest| input(1 << 40, 2, Pace::measured(1, 1_000), longest);
        assert!(!is_growing(at(0), u128::MAX));
        assert!(is_growing(at(1), u128::MAX) && is_growing(at(6_000), 96_000));
        // A chunk of 100 ms has 100 000 numbers.
        assert!(!is_growing(at(6_300), u128::MAX) && !is_growing(at(6_000), 95_999));
        assert!(!is_growing(SizerInput { remaining: 15, ..at(1) }, u128::MAX));
        assert!(!is_growing(input(1 << 40, 2, None, 1), u128::MAX));
    }

    #[test]
    fn timed_opens_longer_where_numbers_are_known_to_be_cheap() {
        let cheap = |remaining| SizerInput { opening: 1000, ..input(remaining, 2, None, 0) };
        assert_eq!(timed(cheap(1 << 40)), 1000);
        assert_eq!(Sizer::new(Policy::Timed, 7, 2).next(cheap(7)), 7);
    }

    #[test]
    fn timed_gives_single_numbers_when_each_takes_hours() {
        let two_hours = Pace::measured(1, 7_200_000_000_000).unwrap();
        assert_eq!(Sizer::new(Policy::Timed, 9, 2).next(input(9, 2, Some(two_hours), 4)), 1);
    }

    #[test]
    fn timed_shrinks_near_the_end() {
        let us_each = Pace::measured(1, 1_000).unwrap();
        let last_second = timed(input(100_000, 2, Some(us_each), 1 << 60));
        assert_eq!(last_second, 12_500);
        assert_eq!(timed(input(10, 2, Some(us_each), 1 << 60)), 300);
    }

    proptest! {
        #[test]
        fn static_parts_differ_by_at_most_one(total in 1u128..=1 << 64, workers in 1u32..300) {
            let chunks = cut(Policy::Static, total, workers);
            prop_assert_eq!(chunks.iter().sum::<u128>(), total);
            prop_assert!(chunks.len() <= workers as usize);
            let (least, most) = (chunks.iter().min().unwrap(), chunks.iter().max().unwrap());
            prop_assert!(most - least <= 1);
        }

        #[test]
        fn a_chunk_is_never_empty_and_never_beyond_what_remains(
            remaining in 1u128..=1 << 64, workers in 1u32..5000, cost in 1u64.., numbers in 1u64..,
            longest in 0u128..=1 << 64, fixed in 1u64..,
        ) {
            let fixed = Policy::Fixed(NonZeroU64::new(fixed).unwrap());
            for policy in [Policy::Static, fixed, Policy::Guided, Policy::Timed] {
                let pace = Pace::measured(u128::from(numbers), cost);
                let mut sizer = Sizer::new(policy, remaining, workers);
                let len = sizer.next(input(remaining, workers, pace, longest));
                prop_assert!((1..=remaining).contains(&len));
            }
        }
    }
}
