//! Stuck numbers in the event loop: reports a worker or an agent that stays at one number, and kills the worker where
//! numbers have a time limit.

use super::EventLoop;
use crate::driver::positions::{ObservedPosition, Positions, VisibleState};
use crate::observe::{Observation, Stuck};
use crate::process::sys::position::{self, Position};
use evenly_core::Interval;
use evenly_core::engine::Seat;
use std::time::Duration;

/// A number is stuck only after this many times its usual time.
const TIMES_USUAL: f64 = 10.0;

impl EventLoop<'_> {
    /// The numbers that the worker in a slot is at, as far as its memory says.
    pub(super) fn numbers_of(&self, slot: usize) -> Option<Interval> {
        let position = position::of(self.pool.slots[slot].child.pid()?).ok()?;
        position.is_inside().then(|| self.numbers_at(position)).flatten()
    }

    fn numbers_at(&self, position: Position) -> Option<Interval> {
        let function = &self.job.function;
        let last = if function.says_at() { position.now } else { position.last };
        Interval::new(position.now, last)
    }

    /// Looks where workers and agents are, if it is time to.
    pub(super) fn look_for_the_stuck(&mut self) {
        if !self.positions.is_due() {
            return;
        }
        let mut stuck = Vec::new();
        for seat in self.engine.seats() {
            stuck.extend(match seat {
                Seat::Worker(slot) => self.look_at_worker(slot),
                Seat::Agent(slot) => self.look_at_agent(slot),
            });
        }
        let was_stuck = self.positions.set_any_stuck(!stuck.is_empty());
        if was_stuck || !stuck.is_empty() {
            self.observer.observe(&Observation::Stuck(&stuck));
        }
    }

    /// Whether a worker is stuck; if it has been so for too long, it is killed.
    fn look_at_worker(&mut self, slot: usize) -> Option<Stuck> {
        let now = self.clock.elapsed();
        let place = &self.pool.slots[slot];
        let is_owing = self.engine.owes(slot);
        let is_stopped = place.is_stopped;
        let pid = place.child.pid().filter(|_| is_owing);
        let heard_ns = self.engine.heard_ns(slot);
        let seen = pid.and_then(|pid| match is_stopped {
            true => Positions::look_at_stopped(pid),
            false => self.positions.look_at(pid, heard_ns),
        });
        // A worker may wait for a reader of its lines: that is nothing of its own.
        let may_wait = self.job.aggregate.is_streamed();
        let seen = seen
            .filter(|seen| !may_wait || !matches!(seen, VisibleState::Elsewhere(_, Some(_), _)));
        let ObservedPosition { seen, since, .. } = *self.positions.note(slot, seen, now)?;
        let since = now.saturating_sub(since);
        let numbers = match seen {
            VisibleState::At(_, position) | VisibleState::Stopped(_, position) => {
                self.numbers_at(position)
            }
            _ => None,
        };
        if self.positions.is_too_long(since) {
            self.end_the_stuck(slot, numbers);
        }
        // A stopped worker is reported as silent.
        if is_stopped || since < self.job.worker_settings.stuck_after {
            // Looking up a lease for each of thousands of workers takes milliseconds.
            return None;
        }
        let numbers = numbers.or_else(|| self.engine.lowest_held(slot))?;
        let name = format!("worker {}", slot + 1);
        self.as_stuck(slot, (name, pid?.as_raw_nonzero().get().cast_unsigned()), numbers, since)
    }

    fn look_at_agent(&mut self, slot: usize) -> Option<Stuck> {
        let now = self.clock.elapsed();
        let lowest = self.engine.lowest_held(slot);
        let seen = lowest.map(|lowest| VisibleState::Agent(lowest.first()));
        let since = now.saturating_sub(self.positions.note(slot, seen, now)?.since);
        let agent = self.agents.seen(slot)?;
        let name = (agent.to_string(), agent.pid);
        self.as_stuck(slot, name, lowest?, since)
    }

    /// Describes a worker or an agent that has been at these numbers since then; `None` if that is usual.
    fn as_stuck(
        &mut self,
        slot: usize,
        (name, pid): (String, u32),
        numbers: Interval,
        since: Duration,
    ) -> Option<Stuck> {
        let usual_ns = self.engine.cost_ns(slot, numbers.len()).unwrap_or(0.0);
        let usual = Duration::from_nanos((usual_ns * TIMES_USUAL) as u64);
        if since < self.job.worker_settings.stuck_after.max(usual) {
            return None;
        }
        let is_news = self.positions.post(slot)?.report(since);
        Some(Stuck { worker: slot + 1, pid, name, numbers, since, is_news })
    }

    /// The number for which a worker ended itself by `SIGKILL`, though it could not say so: it had closed the
    /// result pipe, and had been at that number for about as long as a number may take.
    pub(super) fn overdue_at(&self, slot: usize) -> Option<i64> {
        let timeout = self.job.timeout.filter(|_| self.job.function.says_at())?;
        let (n, since) = self.positions.last_inside(slot)?;
        let since = self.clock.elapsed().saturating_sub(since);
        (since >= timeout / 2).then_some(n)
    }

    /// Kills a worker that did not end itself, and says for it at which number it was.
    fn end_the_stuck(&mut self, slot: usize, numbers: Option<Interval>) {
        let n = numbers.filter(|numbers| numbers.len() == 1).map(|numbers| numbers.first());
        self.engine.worker_is_late(slot, n);
        self.pool.slots[slot].child.kill_with_group();
    }
}
