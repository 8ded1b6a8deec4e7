//! Draw of the at-most-once setting, and the extra time that such a run takes.

use super::RunPlan;
use crate::options::{SimOptions, SimTransport};
use crate::plan::cost_model::number_of;
use crate::plan::once_setting::AtMostOnce;
use evenly_core::scheduler::Counts;
use evenly_core::{Interval, Range, Scheduler};
use evenly_testkit::random::Random;

/// Longer ranges are not looked at number by number.
const LONGEST: u128 = 1 << 20;

impl RunPlan {
    /// Decides whether anything may be done twice, by a generator of its own.
    pub(crate) fn draw_once(&mut self, random: &mut Random, options: &SimOptions) {
        let is_wanted = options.once.unwrap_or(random.once_in(4));
        let is_long = self.range.len() > LONGEST;
        if !is_wanted || self.transport == SimTransport::Raw || is_long && options.once.is_none() {
            return;
        }
        if let Some(whole) = self.range.interval().filter(|_| is_long) {
            let first = number_of(random, whole).min(whole.last() - 3000).max(whole.first());
            let len = random.between(1, 3000);
            let (first, len) = (i128::from(first), i128::from(len));
            self.range = Range::new(first, first + len).unwrap_or(Range::EMPTY);
        }
        let range = self.range.interval();
        self.deadly
            .retain(|deadly| range.is_some_and(|all| all.contains(Interval::single(deadly.n))));
        let counts = if random.once_in(2) { Counts::Numbers } else { Counts::Chunks };
        self.once = Some(AtMostOnce { counts, is_whole: random.once_in(2) });
    }

    /// A scheduler that knows of it.
    pub(crate) fn once(&self, scheduler: Scheduler) -> Scheduler {
        match self.once {
            Some(once) => scheduler.at_most_once(once.counts),
            None => scheduler,
        }
    }

    /// Numbers that a worker takes at once, if it would take `len`.
    pub(crate) fn slice_len(&self, len: u64) -> u64 {
        if self.once.is_some_and(|once| once.is_whole) { u64::MAX } else { len }
    }

    /// How much longer a run takes that goes on number by number, or chunk by chunk.
    pub(crate) fn once_ns(&self) -> u64 {
        let Some(_) = self.once else { return 0 };
        let far_ns = if self.agents.machines.is_empty() && self.transport == SimTransport::Pipes {
            0
        } else {
            200_000_000 + 4 * self.agents.latency_ns
        };
        let trip_ns = 3 * self.engine_settings.sync_ns(self.sync_ns) + 8 * self.turn_ns + far_ns;
        self.range.len() as u64 * trip_ns
    }
}
