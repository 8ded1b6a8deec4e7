//! How far a run is, and how long it will take.

use super::{Progress, Scheduler};
use crate::interval::Interval;
use crate::lease::WorkerId;
use crate::pace::Pace;

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
        Progress {
            total: self.total,
            covered,
            per_second: pace.map(|pace| 1e9 / pace.cost_ns(1)),
            seconds_left: pace.map(|pace| pace.cost_ns(self.total - covered) / 1e9),
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
        Some(window.pace()?.cost_ns(numbers) * f64::from(window.workers()))
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
