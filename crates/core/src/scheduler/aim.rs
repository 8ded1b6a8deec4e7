//! The length of the next chunk of a worker, from what chunks cost so far.

use super::{Counts, Policy, Scheduler};
use crate::chunk_cost::{ChunkCost, Work};
use crate::lease::WorkerId;
use crate::policy::{Aim, Ready, SizerInput, even_share, is_growing};
use alloc::vec::Vec;

/// A chunk with a fixed cost from this on is handed out when its worker is idle. The message takes about 0.1 ms, and a
/// chunk that waits behind another one cannot go to a worker that is idle earlier.
const ALONE_FIXED_NS: f64 = 500_000.0;

/// The same while chunks still grow: the next one should be sized by what this one took. It is the time of the chunk.
const ALONE_GROWING_NS: f64 = 1_000_000.0;

/// An agent divides its chunk among its workers, and each part should be this many times as long as its fixed cost.
const FIXED_PARTS_OF_AGENT: u128 = 4;

impl Scheduler {
    /// Takes in what a worker did.
    #[inline]
    pub(super) fn learn(&mut self, worker: WorkerId, work: Work) {
        let window = &mut self.workers[worker.0 as usize].window;
        self.recent.add(work, window.workers(), self.now_ns);
        if self.sizer.policy() != Policy::Timed || window.is_agent() {
            return;
        }
        let lateness = self.fit.note(work);
        window.took(lateness);
        if work.chunks > 0 {
            self.fit.ended(window.longest());
        }
    }

    /// What a chunk costs on this worker, if any was measured.
    pub(super) fn cost_on(&self, worker: WorkerId) -> Option<ChunkCost> {
        self.workers.get(worker.0 as usize)?.window.cost(self.fit.cost())
    }

    /// Whether it is known what the fixed cost of a chunk is.
    pub(super) fn is_told_apart(&self) -> bool {
        !self.sizes.is_whole || self.sizer.policy() != Policy::Timed || self.fit.is_told_apart()
    }

    /// What the timed policy aims at for this worker.
    fn aim(&self, worker: WorkerId) -> Aim {
        let window = &self.workers[worker.0 as usize].window;
        let mut least: u128 = self.sizes.least.into();
        if window.is_agent() && least > 1 {
            // A part for each of its workers.
            least *= u128::from(window.workers());
        }
        if window.is_agent()
            && let Some(cost) = self.fit.cost()
        {
            let parts = u128::from(window.workers()) * FIXED_PARTS_OF_AGENT;
            least = cost.numbers_in_fixed().saturating_mul(parts).max(least);
        }
        let ns = self.aim_ns(worker) as f64;
        let rate = self.allowance.filter(|allowance| allowance.counts == Counts::Chunks);
        let workers = rate.map_or(0, |_| self.strength);
        Aim {
            ns,
            is_typed: self.sizes.is_aim_typed,
            // An agent's chunk is divided.
            most_ns: if window.is_agent() { f64::INFINITY } else { self.sizes.most_ns as f64 },
            least,
            distance_ns: self.distance_ns * f64::from(workers),
        }
    }

    /// What the policy looks at for the next chunk of this worker, apart from what remains.
    pub(super) fn input(&self, worker: WorkerId) -> SizerInput {
        let window = &self.workers[worker.0 as usize].window;
        SizerInput {
            remaining: self.ledger.remaining(),
            workers: (self.strength / window.workers()).max(1),
            aim: self.aim(worker),
            cost: self.cost_on(worker),
            is_told_apart: self.is_told_apart() || window.is_agent(),
            longest: if window.is_agent() { window.longest() } else { self.fit.longest() },
            share: self.share(worker),
            opening: self.opening,
        }
    }

    /// How many numbers this worker does if all end at the same time, where that is near and chunks have a fixed cost.
    fn share(&self, worker: WorkerId) -> Option<u128> {
        let cost = self.cost_on(worker).filter(|cost| cost.fixed_ns > 0.0)?;
        let remaining = self.ledger.remaining();
        let full_ns = self.aim(worker).full_ns(cost.fixed_ns);
        if remaining == 0
            || cost.each_ns * remaining as f64 > 2.0 * full_ns * f64::from(self.strength)
        {
            return None;
        }
        let others = self.living.iter().filter(|other| **other != worker);
        let others: Vec<Ready> = others.filter_map(|other| self.ready(*other)).collect();
        Some(even_share(
            cost,
            others,
            remaining,
            self.aim(worker).distance_ns / f64::from(self.strength.max(1)),
        ))
    }

    /// When a worker has done what it has in hand, and what chunks cost there.
    fn ready(&self, worker: WorkerId) -> Option<Ready> {
        let state = &self.workers[worker.0 as usize];
        let cost = self.cost_on(worker).filter(|_| state.can_work())?;
        Some(Ready { in_ns: state.window.ready_in_ns(cost, self.now_ns), cost })
    }

    /// Whether the chunks of this worker grow, and it is an agent.
    pub(super) fn is_growing_agent(&self, worker: WorkerId) -> bool {
        let is_agent = self.workers[worker.0 as usize].window.is_agent();
        is_agent
            && self.sizer.policy() == Policy::Timed
            && is_growing(self.input(worker), self.longest_chunk(worker))
    }

    /// Whether a worker should hold no chunk beside the one in work.
    #[inline]
    pub(super) fn should_be_alone(&self, worker: WorkerId) -> bool {
        if self.sizer.policy() != Policy::Timed {
            return false;
        }
        let window = &self.workers[worker.0 as usize].window;
        let Some(cost) = self.fit.cost().filter(|_| !window.is_agent()) else { return false };
        let longest = self.fit.longest();
        let full_ns = self.aim(worker).full_ns(cost.fixed_ns);
        let is_growing = !self.is_told_apart() || cost.of(longest * 2) < full_ns;
        cost.fixed_ns >= ALONE_FIXED_NS || is_growing && cost.of(longest) >= ALONE_GROWING_NS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Aggregate;
    use crate::frame::{Body, Frame, PIPE_FRAME, Packer};
    use crate::range::Range;
    use crate::scheduler::{Action, Capacity, ChunkSizes, SchedulerEvent};
    use core::num::NonZeroU32;

    /// What an agent with two workers is given at a time, from its join until a chunk takes longer than a tenth of a second,
    /// at most ten times: the longest chunk, and how many there are. A number takes `each_ns`.
    fn given(each_ns: u64, sizes: ChunkSizes) -> Vec<(u128, usize)> {
        let range = Range::new(0, 1 << 60).unwrap();
        let mut scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 0).chunks(sizes);
        let worker = WorkerId(0);
        let capacity = Capacity { window: 8192, agent: NonZeroU32::new(2) };
        scheduler.handle(SchedulerEvent::Joined { worker, capacity }, 0).unwrap();
        let (mut now_ns, mut given) = (0, Vec::new());
        loop {
            let mut chunks = Vec::new();
            while let Some(action) = scheduler.poll() {
                if matches!(action, Action::Assign { .. }) {
                    chunks.extend(scheduler.assignments());
                }
            }
            let longest = chunks.iter().map(|chunk| chunk.interval.len()).max().unwrap();
            given.push((longest, chunks.len()));
            if longest * u128::from(each_ns) > 100_000_000 || given.len() > 9 {
                return given;
            }
            let mut packer = Packer::new(worker, PIPE_FRAME);
            let numbers: u128 = chunks.iter().map(|chunk| chunk.interval.len()).sum();
            chunks.iter().for_each(|chunk| packer.answer(chunk.lease, 0));
            let busy_ns = each_ns * numbers as u64;
            packer.seal(busy_ns);
            now_ns += busy_ns;
            for frame in packer.frames() {
                let frame = Frame::whole(frame, PIPE_FRAME).unwrap();
                let Body::Answers(answers) = frame.body else { panic!("{frame:?}") };
                let answered = SchedulerEvent::Answered { worker, busy_ns: frame.busy_ns, answers };
                scheduler.handle(answered, now_ns).unwrap();
            }
        }
    }

    #[test]
    fn an_agent_gets_few_chunks_at_a_time_while_they_grow() {
        for each_ns in [1, 250, 10_000] {
            let given = given(each_ns, ChunkSizes::default());
            assert!(given.len() < 9, "{each_ns}: {given:?}");
            assert!(given.iter().all(|(_, chunks)| *chunks <= 32), "{each_ns}: {given:?}");
            assert!(given.windows(2).all(|two| two[0].0 <= two[1].0), "{each_ns}: {given:?}");
        }
    }

    /// Work for the time of a message to another machine and back.
    #[test]
    fn an_agent_gets_many_chunks_at_a_time_if_they_must_be_short() {
        let given = given(1_000, ChunkSizes { most: 100, ..ChunkSizes::default() });
        assert_eq!(given.last(), Some(&(100, 1000)), "{given:?}");
    }
}
