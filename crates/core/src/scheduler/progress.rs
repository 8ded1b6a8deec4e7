//! Progress and remaining time of a run.

use super::{Counts, Policy, Progress, Scheduler};
use crate::chunk_cost::{ChunkCost, Work};
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::pace::Pace;
use crate::policy::{Sizer, SizerInput};

/// Workers that are at work for a smaller part of the time than this say nothing about the time that is left.
const LEAST_UTILIZATION: f64 = 0.05;

/// No time is predicted if the greatest is more than this many times the least.
const VAGUE: f64 = 1.3;

/// What is known of one worker counts as much as the average of all after this many reports.
const PRIOR_REPORTS: f64 = 2.0;

/// Rounds in which chunks are long; those before the last ones are taken as one.
const STEADY: u128 = 8;

/// Enough for chunks that grow and become short again.
const MOST_ROUNDS: usize = 200;

/// From this many numbers for each worker on, the rate of the run says more than the time that each number took.
const ENOUGH: u128 = 4;

impl Scheduler {
    /// How far the run is at `now_ns`.
    #[must_use]
    pub fn progress(&self, now_ns: u64) -> Progress {
        let covered = self.ledger.covered().len() + self.ledger.waived();
        // Where a rate limits what begins, that it is done quickly says little.
        let is_early =
            self.allowance.is_none() && self.meter.total() < ENOUGH * u128::from(self.strength);
        let by_workers = if is_early { self.pace_of_workers() } else { None };
        let pace = by_workers.or_else(|| self.meter.pace(now_ns));
        let (workers, agents) = self.staff();
        Progress {
            workers,
            agents,
            total: self.total,
            covered,
            per_second: pace.map(|pace| 1e9 / pace.cost_ns(1)),
            seconds_left: self.left_ns(now_ns).map(|ns| ns / 1e9),
        }
    }

    /// The lowest chunk in the hands of a worker, without what is covered.
    #[must_use]
    pub(crate) fn lowest_held(&self, worker: WorkerId) -> Option<Interval> {
        self.leases.lowest_of(worker)
    }

    /// Expected time for this many numbers, in nanoseconds, from those that a worker has done; of an agent, on
    /// one of its workers.
    pub(crate) fn cost_ns(&self, worker: WorkerId, numbers: u128) -> Option<f64> {
        let window = &self.workers.get(worker.0 as usize)?.window;
        Some(self.cost_on(worker)?.of(numbers) * f64::from(window.workers()))
    }

    /// Expected time until the end, in nanoseconds; `None` before the first reports have shown what chunks cost.
    ///
    /// All workers finish what they have in hand, and the rest in chunks as the policy cuts them, at the average cost of
    /// the last part of the run.
    fn left_ns(&self, now_ns: u64) -> Option<f64> {
        let (work, since_ns) = self.recent.work()?;
        if !self.is_told_apart() && self.ledger.remaining() > 0 {
            return None;
        }
        let (least, most) = self.fit.bounds().unwrap_or_else(|| {
            let each_ns = work.busy_ns / work.numbers as f64;
            let cost = ChunkCost { fixed_ns: 0.0, each_ns };
            (cost, cost)
        });
        let least_ns = self.left_at_ns(least, (work, since_ns), now_ns)?;
        let most_ns = self.left_at_ns(most, (work, since_ns), now_ns)?;
        (most_ns <= VAGUE * least_ns).then_some((least_ns + most_ns) / 2.0)
    }

    /// The same for one cost of a chunk. Each worker takes as many times longer than that as it did in the last part of
    /// the run. That includes the few numbers that take much longer than most.
    fn left_at_ns(
        &self,
        cost: ChunkCost,
        (work, since_ns): (Work, u64),
        now_ns: u64,
    ) -> Option<f64> {
        let expected_ns = cost.of_work(work);
        let factor = work.busy_ns / expected_ns;
        let prior_ns = PRIOR_REPORTS * expected_ns / work.reports as f64;
        let (mut workers, mut speed, mut in_hand, mut longest_ns, mut busy_ns) =
            (0.0, 0.0, 0.0, 0.0_f64, 0.0);
        let states = self.living.iter().map(|worker| &self.workers[worker.0 as usize]);
        for window in states.filter(|state| state.can_work()).map(|state| &state.window) {
            let strength = f64::from(window.workers());
            let own = window.recent_work();
            let factor = (own.busy_ns + factor * prior_ns) / (cost.of_work(own) + prior_ns);
            let left_ns = window.left_ns(cost.times(factor), now_ns);
            workers += strength;
            speed += strength / factor;
            in_hand += left_ns * strength / factor;
            longest_ns = longest_ns.max(left_ns);
            busy_ns += window.elapsed_ns(now_ns) * strength;
        }
        if workers == 0.0 {
            return None;
        }
        let (rest_ns, chunks) = self.rest(cost);
        let left_ns = ((in_hand + rest_ns) / speed).max(longest_ns);
        match self.allowance.map(|allowance| allowance.counts) {
            Some(Counts::Chunks) => Some(left_ns.max(chunks * self.distance_ns)),
            Some(Counts::Numbers) => Some(left_ns),
            // Workers may wait: for messages, for a reader of their lines, for replacements.
            None => {
                let passed_ns = now_ns.saturating_sub(since_ns).max(1) as f64;
                let utilization = (work.busy_ns + busy_ns) / (workers * passed_ns);
                Some(left_ns / utilization.clamp(LEAST_UTILIZATION, 1.0))
            }
        }
    }

    /// The time of all chunks that no worker has in hand, and their number.
    fn rest(&self, cost: ChunkCost) -> (f64, f64) {
        let mut remaining = self.ledger.remaining() + self.ledger.returned();
        let local = self.living.iter().find(|one| !self.workers[one.0 as usize].window.is_agent());
        let Some(worker) = local.filter(|_| self.sizer.policy() == Policy::Timed) else {
            return (cost.each_ns * remaining as f64, 0.0);
        };
        let mut input = SizerInput { cost: Some(cost), share: None, ..self.input(*worker) };
        let most = self.longest_chunk(*worker);
        let strength = u128::from(self.strength.max(1));
        let (mut ns, mut chunks) = (0.0, 0.0);
        for _ in 0..MOST_ROUNDS {
            if remaining == 0 {
                break;
            }
            input.remaining = remaining;
            let len = Sizer::of_timed(input).min(most).min(remaining.div_ceil(strength));
            let is_steady = len <= input.longest && remaining / strength / len > 2 * STEADY;
            let rounds = if is_steady { remaining / strength / len - STEADY } else { 1 };
            input.longest = input.longest.max(len);
            ns += cost.of(len) * (rounds * strength) as f64;
            chunks += (rounds * strength) as f64;
            remaining = remaining.saturating_sub(len * rounds * strength);
        }
        (ns + cost.each_ns * remaining as f64, chunks)
    }

    /// The pace of all workers together, by what numbers took those that have finished some. When the first
    /// of a few long ones is done, the others have as much behind them.
    fn pace_of_workers(&self) -> Option<Pace> {
        let windows = || {
            let states = self.living.iter().map(|worker| &self.workers[worker.0 as usize]);
            states.filter(|state| state.can_work()).map(|state| &state.window)
        };
        // An agent's time is that of all its workers at once.
        let per_second = windows().filter_map(|window| Some(1e9 / window.pace()?.cost_ns(1)));
        let (mut rate, mut measured, mut all) = (per_second.sum::<f64>(), 0_u32, 0_u32);
        for window in windows() {
            all += window.workers();
            measured += if window.pace().is_some() { window.workers() } else { 0 };
        }
        if measured == 0 {
            return None;
        }
        rate *= f64::from(all) / f64::from(measured);
        Pace::measured(1, (1e9 / rate) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Capacity, SchedulerEvent};
    use super::*;
    use crate::aggregate::{Aggregate, Value};
    use crate::interval::Interval;
    use crate::lease::WorkerId;
    use crate::partial::Partial;
    use crate::policy::Policy;
    use crate::range::Range;

    #[test]
    fn from_the_first_of_many_long_numbers_on_it_is_known_how_long_it_takes() {
        const SECOND: u64 = 1_000_000_000;
        let range = Range::new(0, 800).unwrap();
        let mut scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 8);
        for worker in 0..8 {
            let capacity = Capacity::worker(100);
            scheduler
                .handle(SchedulerEvent::Joined { worker: WorkerId(worker), capacity }, 0)
                .unwrap();
        }
        assert_eq!(scheduler.progress(SECOND).seconds_left, None);
        let mut first = None;
        while let Some(Action::Assign { worker }) = scheduler.poll() {
            if worker == WorkerId(3) {
                first = Some(scheduler.assignments()[0]);
            }
        }
        let done = first.unwrap();
        let partial = Partial::over(Interval::single(done.interval.first()), Value::Count(1));
        let (worker, lease, busy_ns) = (WorkerId(3), done.lease, 10 * SECOND);
        scheduler
            .handle(SchedulerEvent::Partly { worker, lease, busy_ns, partial }, 10 * SECOND)
            .unwrap();
        // A hundred for each, ten seconds each.
        let left = scheduler.progress(10 * SECOND).seconds_left.unwrap();
        assert!((990.0..=1010.0).contains(&left), "{left}");
    }
}
