//! The window of a worker: how many chunks it may hold at once, by what they cost.
//!
//! A worker that holds one chunk sits idle for a whole round trip after it; a worker that holds a
//! thousand long ones keeps them from others. So it holds two, one in work and one ready, and more
//! only as long as all of them together take [`WINDOW_NS`]. An agent holds one for each of its workers
//! and one ready.

use crate::pace::Pace;
use crate::policy::{AGENT_AIMS, Policy};

/// What the chunks of a window take together, at most, if they are more than the least. Many times
/// a round trip (50 us where a wake-up is slow), and nothing that one would notice at the end.
const WINDOW_NS: f64 = 4_000_000.0;
/// The same for an agent: the round trip is that of a network, and behind it is a whole machine.
const AGENT_WINDOW_NS: f64 = 100_000_000.0;

/// How much a worker may have in hand, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The most chunks that it may hold at once: what its pipe has room for.
    pub window: usize,
    /// How many workers it stands for, if it is an agent.
    pub agent: Option<core::num::NonZeroU32>,
}

impl Capacity {
    /// A worker whose pipe has room for `window` chunks.
    #[must_use]
    pub const fn worker(window: usize) -> Self {
        Self { window, agent: None }
    }

    /// How many workers that is.
    pub(super) fn workers(self) -> u32 {
        self.agent.map_or(1, core::num::NonZeroU32::get)
    }
}

#[derive(Debug)]
pub(super) struct Window {
    capacity: Capacity,
    /// How many chunks it may hold now, and how many it holds.
    size: usize,
    in_flight: usize,
    pace: Option<Pace>,
    /// Numbers that were finished but whose time was not told yet.
    unmeasured: u128,
    longest: u128,
    /// The length of the last chunk that was lent.
    last_len: u128,
}

impl Window {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self { capacity, size: 1, in_flight: 0, pace: None, unmeasured: 0, longest: 0, last_len: 1 }
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
    pub(super) fn lent(&mut self, len: u128) {
        self.in_flight += 1;
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
    pub(super) fn lent_run(&mut self, count: usize, len: u128) {
        self.lent(len);
        self.in_flight += count - 1;
    }

    /// How many chunks of this length take no more time than a window should.
    #[inline]
    fn fits(&self, len: u128) -> usize {
        let window_ns = if self.capacity.agent.is_some() { AGENT_WINDOW_NS } else { WINDOW_NS };
        self.pace.map_or(1, |pace| (window_ns / pace.cost_ns(len)) as usize)
    }

    #[inline]
    pub(super) fn settled(&mut self, chunks: usize, numbers: u128, busy_ns: u64) {
        self.in_flight -= chunks;
        self.unmeasured += numbers;
        if busy_ns > 0
            && let Some(newer) = Pace::measured(self.unmeasured, busy_ns)
        {
            self.pace = Some(self.pace.map_or(newer, |pace| pace.then(newer)));
            self.unmeasured = 0;
        }
    }

    /// Decides how many chunks it may hold now; `waiting` is its even share of what remains.
    #[inline]
    pub(super) fn open(&mut self, policy: Policy, waiting: u128) {
        let fits = match (policy, self.pace) {
            // The class: one range to each worker, and no more. And where nothing is known yet, another
            // chunk may be hours of work that another worker would do at once.
            (Policy::Static, _) => 1,
            (_, None) => self.workers() as usize,
            (_, Some(_)) => {
                let share = waiting / self.last_len + 1;
                let share = usize::try_from(share).unwrap_or(usize::MAX);
                self.fits(self.last_len).max(self.least()).min(share)
            }
        };
        self.size = fits.clamp(1, self.capacity.window.max(1));
    }

    /// As few as can be in work at once.
    pub(super) fn hold_no_more_than_begin(&mut self) {
        self.size = self.size.min(self.workers() as usize);
    }

    /// The fewest chunks that keep it at work, whatever they cost.
    fn least(&self) -> usize {
        self.workers() as usize + 1
    }

    /// Forgets chunks that were taken back.
    pub(super) fn clear(&mut self) {
        self.in_flight = 0;
        self.unmeasured = 0;
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

    const FAR: u128 = 1 << 60;

    #[test]
    fn cheap_chunks_open_it_wide_and_dear_ones_close_it() {
        let mut window = Window::new(Capacity::worker(1000));
        window.open(Policy::Timed, FAR);
        assert_eq!(window.size, 1);
        window.lent(1);
        window.settled(1, 1, 10);
        window.open(Policy::Timed, FAR);
        assert_eq!(window.size, 1000);
        for _ in 0..40 {
            window.lent(1);
            window.settled(1, 1, 1_000_000_000);
        }
        window.open(Policy::Timed, FAR);
        assert_eq!(window.size, 2);
    }

    #[test]
    fn it_closes_when_chunks_grow() {
        let mut window = Window::new(Capacity::worker(1000));
        window.lent(1000);
        window.settled(1, 1000, 10_000);
        window.open(Policy::Timed, FAR);
        assert_eq!(window.size, 400);
        window.lent(16_000);
        assert_eq!(window.size, 25);
        window.lent(16_000_000);
        assert_eq!(window.room(), 0);
    }

    #[test]
    fn near_the_end_it_takes_no_more_than_its_share() {
        let mut window = Window::new(Capacity::worker(1000));
        window.lent(1);
        window.settled(1, 1, 10);
        window.open(Policy::Guided, 4);
        assert_eq!(window.size, 5);
    }

    #[test]
    fn numbers_without_a_time_are_measured_with_the_next() {
        let mut window = Window::new(Capacity::worker(8));
        window.settled(0, 900, 0);
        assert_eq!(window.pace(), None);
        window.settled(0, 100, 5_000);
        assert_eq!(window.pace(), Pace::measured(1_000, 5_000));
    }

    #[test]
    fn static_holds_one_part() {
        let mut window = Window::new(Capacity::worker(1000));
        window.open(Policy::Static, FAR);
        assert_eq!(window.size, 1);
        assert!(window.runs_low());
        window.lent(1);
        assert!(!window.runs_low() && window.room() == 0);
    }
}
