//! The window of a worker: how many chunks it may hold at once, by what they cost.
//!
//! A worker that holds one chunk sits idle for a whole round trip after it; a worker that holds a
//! thousand long ones keeps them from others. So it holds two, one in work and one ready, and more
//! only as long as all of them together take [`WINDOW_NS`]. An agent holds one for each of its workers
//! and one ready.

use super::recent::Recent;
use crate::chunk_cost::{ChunkCost, Work};
use crate::pace::Pace;
use crate::policy::{AGENT_AIMS, Policy};

/// What the chunks of a window take together, at most, if they are more than the least. Many times
/// a round trip (50 us where a wake-up is slow), and nothing that one would notice at the end.
const WINDOW_NS: f64 = 4_000_000.0;
/// The same for an agent: the round trip is that of a network, and behind it is a whole machine.
const AGENT_WINDOW_NS: f64 = 100_000_000.0;

/// Chunks for each worker of an agent as long as they grow. More would not say better what numbers cost, and each costs
/// the primary some 60 ns: with 100 000 agents, thousands of chunks for each would keep it busy for minutes.
const LEARNING_CHUNKS: usize = 16;

/// A single report says at most that a worker takes this many times as long as the average.
const MOST_SLOWNESS: f64 = 4.0;

/// How much a worker may have in hand, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The most chunks that it may hold at once.
    pub window: usize,
    /// How many workers it stands for, if it is an agent.
    pub agent: Option<core::num::NonZeroU32>,
}

impl Capacity {
    /// A worker that may hold `window` chunks.
    #[must_use]
    pub const fn worker(window: usize) -> Self {
        Self { window, agent: None }
    }

    /// How many workers that is.
    pub(super) fn workers(self) -> u32 {
        self.agent.map_or(1, core::num::NonZeroU32::get)
    }
}

/// A worker's even share of what waits for workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// Numbers that no worker was given yet.
    pub(super) numbers: u128,
    /// Chunks that were taken back. They go out as they are.
    pub(super) returned: usize,
}

#[derive(Debug)]
pub(super) struct Window {
    capacity: Capacity,
    /// How many chunks it may hold now, and how many it holds.
    size: usize,
    in_flight: usize,
    /// Time for each number, whatever the fixed cost of chunks.
    pace: Option<Pace>,
    /// How many times as long as the average worker it takes.
    slowness: f64,
    /// What was finished but whose time was not told yet.
    unmeasured: Work,
    recent: Recent,
    /// Numbers of chunks in hand that are not finished.
    in_hand: u128,
    /// When it reported last, or got a chunk after it had none.
    since_ns: u64,
    longest: u128,
    /// The length of the last chunk that was lent.
    last_len: u128,
}

impl Window {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            size: 1,
            in_flight: 0,
            pace: None,
            slowness: 1.0,
            unmeasured: Work::default(),
            recent: Recent::default(),
            in_hand: 0,
            since_ns: 0,
            longest: 0,
            last_len: 1,
        }
    }

    /// Whether it is that of an agent.
    pub(super) fn is_agent(&self) -> bool {
        self.capacity.agent.is_some()
    }

    /// How many more chunks it may hold now.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.size.saturating_sub(self.in_flight)
    }

    /// Whether at least half of the window is free. Topping up chunk by chunk would cost a system
    /// call for each; by halves, thousands travel in one.
    #[inline]
    pub(super) fn runs_low(&self) -> bool {
        self.in_flight <= self.size / 2
    }

    #[inline]
    pub(super) fn lent(&mut self, len: u128, now_ns: u64) {
        if self.in_flight == 0 {
            (self.in_hand, self.since_ns) = (0, now_ns);
        }
        self.in_flight += 1;
        self.in_hand += len;
        if len > self.last_len {
            // It was opened for shorter ones.
            self.size = self.size.min(self.fits(len).max(self.least()));
        }
        self.last_len = len;
        if len > self.longest {
            self.longest = len;
        }
    }

    /// How many chunks of this length it takes before its size must be looked at again.
    #[inline]
    pub(super) fn room_for(&self, len: u128) -> usize {
        if len > self.last_len { 1 } else { self.room() }
    }

    /// Notes that chunks of one length were lent, as many as it has [room for](Self::room_for).
    #[inline]
    pub(super) fn lent_run(&mut self, count: usize, len: u128, now_ns: u64) {
        self.lent(len, now_ns);
        self.in_flight += count - 1;
        self.in_hand += len * (count as u128 - 1);
    }

    /// How many chunks of this length take no more time than a window should.
    #[inline]
    fn fits(&self, len: u128) -> usize {
        let window_ns = if self.capacity.agent.is_some() { AGENT_WINDOW_NS } else { WINDOW_NS };
        self.pace.map_or(1, |pace| (window_ns / pace.cost_ns(len)) as usize)
    }

    /// Notes what was finished at `now_ns`. If its time is known, the result is all work since the last time.
    #[inline]
    pub(super) fn settled(
        &mut self,
        chunks: usize,
        numbers: u128,
        busy_ns: u64,
        now_ns: u64,
    ) -> Option<Work> {
        self.in_flight -= chunks;
        self.in_hand = self.in_hand.saturating_sub(numbers);
        // Chunks that end without a number were given back or are not wanted: no command was run for them.
        self.unmeasured.chunks += if numbers > 0 { chunks as u64 } else { 0 };
        self.unmeasured.numbers += numbers;
        if busy_ns == 0 {
            return None;
        }
        self.since_ns = now_ns;
        let newer = Pace::measured(self.unmeasured.numbers, busy_ns)?;
        self.pace = Some(self.pace.map_or(newer, |pace| pace.then(newer)));
        let work = Work { busy_ns: busy_ns as f64, reports: 1, ..self.unmeasured };
        self.recent.add(work, self.workers(), now_ns);
        self.unmeasured = Work::default();
        Some(work)
    }

    /// Its work in the last part of the run.
    pub(super) fn recent_work(&self) -> Work {
        self.recent.work().map_or_else(Work::default, |(work, _)| work)
    }

    /// Notes numbers of a chunk in hand that it does not have to do any more.
    pub(super) fn relieved(&mut self, numbers: u128) {
        self.in_hand = self.in_hand.saturating_sub(numbers);
    }

    /// Notes how many times as long as expected a report of this worker took.
    pub(super) fn took(&mut self, lateness: f64) {
        let newer = lateness.min(MOST_SLOWNESS);
        self.slowness += (newer - self.slowness) * 0.5;
    }

    /// What a chunk costs on this worker; `average` is that of all workers, where that is known.
    ///
    /// Without a fixed part, its own pace says it better than that of all: it follows a cost that changes along the range.
    pub(super) fn cost(&self, average: Option<ChunkCost>) -> Option<ChunkCost> {
        let own = self.pace.map(|pace| ChunkCost { fixed_ns: 0.0, each_ns: pace.cost_ns(1) });
        match average.filter(|_| !self.is_agent()) {
            Some(average) if average.fixed_ns > 0.0 => Some(average.times(self.slowness)),
            average => own.or(average),
        }
    }

    /// Time until it has finished what it has in hand, if chunks cost that much.
    pub(super) fn ready_in_ns(&self, cost: ChunkCost, now_ns: u64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let whole_ns = cost.fixed_ns * self.in_flight as f64 + cost.each_ns * self.in_hand as f64;
        (whole_ns - self.elapsed_ns(now_ns)).max(0.0)
    }

    /// Expected time until it has finished what it has in hand. Work that is late is expected to take as long again as it
    /// is late.
    pub(super) fn left_ns(&self, cost: ChunkCost, now_ns: u64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let workers = f64::from(self.workers());
        let numbers_ns = cost.each_ns * self.in_hand as f64 / workers;
        let whole_ns = cost.fixed_ns * self.in_flight as f64 + numbers_ns;
        (whole_ns - self.elapsed_ns(now_ns)).abs()
    }

    /// Time since its last report, if it has something in hand.
    pub(super) fn elapsed_ns(&self, now_ns: u64) -> f64 {
        if self.is_empty() { 0.0 } else { now_ns.saturating_sub(self.since_ns) as f64 }
    }

    /// Decides how many chunks it may hold now. A worker that should be `alone` holds no chunk beside the one in work.
    #[inline]
    pub(super) fn open(&mut self, policy: Policy, waiting: Waiting, is_alone: bool) {
        let fits = match (policy, self.pace) {
            // The class: one range to each worker, and no more. And where nothing is known yet, another
            // chunk may be hours of work that another worker would do at once.
            (Policy::Static, _) => 1,
            (_, None) => self.workers() as usize,
            (_, Some(_)) => {
                let share = waiting.numbers / self.last_len + waiting.returned as u128 + 1;
                let share = usize::try_from(share).unwrap_or(usize::MAX);
                let least = if is_alone { self.workers() as usize } else { self.least() };
                self.fits(self.last_len).max(least).min(share)
            }
        };
        self.size = fits.clamp(1, self.capacity.window.max(1));
    }

    /// As few as can be in work at once.
    pub(super) fn hold_no_more_than_begin(&mut self) {
        self.size = self.size.min(self.workers() as usize);
    }

    /// As many as say what numbers cost.
    pub(super) fn hold_few_to_learn(&mut self) {
        self.size = self.size.min(self.workers() as usize * LEARNING_CHUNKS);
    }

    /// The fewest chunks that keep it at work, whatever they cost.
    fn least(&self) -> usize {
        self.workers() as usize + 1
    }

    /// Forgets chunks that were taken back.
    pub(super) fn clear(&mut self) {
        (self.in_flight, self.in_hand) = (0, 0);
        self.unmeasured = Work::default();
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight == 0
    }

    pub(super) fn pace(&self) -> Option<Pace> {
        self.pace
    }

    /// How many workers it stands for.
    pub(super) fn workers(&self) -> u32 {
        self.capacity.workers()
    }

    /// What a chunk of the timed policy should take, where that is so long for a worker.
    pub(super) fn aim_ns(&self, chunk_ns: u64) -> u64 {
        if self.capacity.agent.is_some() { chunk_ns.saturating_mul(AGENT_AIMS) } else { chunk_ns }
    }

    pub(super) fn longest(&self) -> u128 {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Waiting = Waiting { numbers: 1 << 60, returned: 0 };

    #[test]
    fn cheap_chunks_open_it_wide_and_dear_ones_close_it() {
        let mut window = Window::new(Capacity::worker(1000));
        window.open(Policy::Timed, FAR, false);
        assert_eq!(window.size, 1);
        window.lent(1, 0);
        window.settled(1, 1, 10, 0);
        window.open(Policy::Timed, FAR, false);
        assert_eq!(window.size, 1000);
        for _ in 0..40 {
            window.lent(1, 0);
            window.settled(1, 1, 1_000_000_000, 0);
        }
        window.open(Policy::Timed, FAR, false);
        assert_eq!(window.size, 2);
    }

    #[test]
    fn it_closes_when_chunks_grow() {
        let mut window = Window::new(Capacity::worker(1000));
        window.lent(1000, 0);
        window.settled(1, 1000, 10_000, 0);
        window.open(Policy::Timed, FAR, false);
        assert_eq!(window.size, 400);
        window.lent(16_000, 0);
        assert_eq!(window.size, 25);
        window.lent(16_000_000, 0);
        assert_eq!(window.room(), 0);
    }

    #[test]
    fn near_the_end_it_takes_no_more_than_its_share() {
        let mut window = Window::new(Capacity::worker(1000));
        window.lent(1, 0);
        window.settled(1, 1, 10, 0);
        window.open(Policy::Guided, Waiting { numbers: 4, returned: 0 }, false);
        assert_eq!(window.size, 5);
        window.open(Policy::Guided, Waiting { numbers: 4, returned: 30 }, false);
        assert_eq!(window.size, 35);
    }

    #[test]
    fn numbers_without_a_time_are_measured_with_the_next() {
        let mut window = Window::new(Capacity::worker(8));
        window.settled(0, 900, 0, 0);
        assert_eq!(window.pace(), None);
        window.settled(0, 100, 5_000, 0);
        assert_eq!(window.pace(), Pace::measured(1_000, 5_000));
    }

    #[test]
    fn static_holds_one_part() {
        let mut window = Window::new(Capacity::worker(1000));
        window.open(Policy::Static, FAR, false);
        assert_eq!(window.size, 1);
        assert!(window.runs_low());
        window.lent(1, 0);
        assert!(!window.runs_low() && window.room() == 0);
    }
}
