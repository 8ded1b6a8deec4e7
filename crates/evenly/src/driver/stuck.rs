//! Workers and agents that stay at one number: the primary names the number, and ends the worker where a number
//! has a time limit.
//!
//! A worker has a timer of its own (`last_gasp`), and times its commands itself. But a function may block its
//! signals, delete the timer, run another program, or close the result pipe. So the primary looks, too: it
//! reads the [position] of each worker from the memory of that process, which takes nothing of the worker. What
//! it cannot read there counts as unchanged until the worker says something. A worker that has been in the same
//! position for longer than [`bound`] is killed, and the number is searched as after any other loss; if it is
//! known, it goes out alone.
//!
//! Time during which a worker is stopped does not count.

use super::event_loop::EventLoop;
use crate::job::Job;
use crate::observe::{Observation, Reason, Stuck};
use crate::process::footprint::Watch;
use crate::process::sys::position::{self, Position};
use evenly_core::{Cause, Interval};
use rustix::io::Errno;
use rustix::process::Pid;
use std::time::Duration;

/// Interval of the looks at positions, unless a time limit or a short [`Job::stuck_after`](crate::Job::stuck_after) asks for more.
const PERIOD: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(50);

/// Looks in the time that a number has, and in the time after which it is reported.
const LOOKS: u32 = 4;

/// A number is stuck only after this many times its usual time.
const TIMES_USUAL: f64 = 10.0;

/// A worker that runs commands needs this much more, beside the grace, to end one with TERM and KILL.
const FOR_COMMANDS: Duration = Duration::from_secs(10);

/// What can be seen of a worker or an agent. It has gone on if this has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// A worker is at work there.
    At(Pid, Position),
    /// A worker waits, or cannot be read; when it was heard last.
    Elsewhere(Pid, Option<Position>, u64),
    /// An agent has done everything below this number.
    Agent(i64),
}

/// Since when something has been seen, and how long that was when it was said last.
#[derive(Clone, Copy, Debug)]
struct Post {
    seen: Seen,
    since: Duration,
    told: Duration,
}

/// How long each worker and agent has been where it is, by slot.
#[derive(Debug)]
pub(super) struct Posts {
    watch: Watch,
    posts: Vec<Option<Post>>,
    stuck: Vec<Stuck>,
    /// When the primary kills a worker that is at one number, if numbers have a time limit.
    bound: Option<Duration>,
    /// Whether the kernel lets this process read the memory of its workers (ptrace(2)).
    is_readable: bool,
}

impl Posts {
    pub(super) fn new(job: &Job) -> Self {
        let is_command = job.function.command().is_some();
        // What the command left in the background may have its own grace.
        let grace = if is_command { job.grace.saturating_mul(2) } else { Duration::ZERO };
        let bound = job.timeout.map(|timeout| bound(timeout, is_command).saturating_add(grace));
        let shortest_limit = job.timeout.unwrap_or(Duration::MAX).min(job.stuck_after);
        let period = (shortest_limit / LOOKS).clamp(SHORTEST, PERIOD);
        Self {
            watch: Watch::every(period),
            posts: Vec::new(),
            stuck: Vec::new(),
            bound,
            is_readable: false,
        }
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Whether some number was stuck at the last look.
    pub(super) fn is_any_stuck(&self) -> bool {
        !self.stuck.is_empty()
    }

    /// Where a worker is. `None`: nothing can be said about it.
    fn look_at(&mut self, pid: Pid, heard_ns: u64) -> Option<Seen> {
        match position::of(pid) {
            Ok(position) => {
                self.is_readable = true;
                let is_inside = position.is_inside();
                let elsewhere = Seen::Elsewhere(pid, Some(position), heard_ns);
                Some(if is_inside { Seen::At(pid, position) } else { elsewhere })
            }
            Err(Errno::SRCH) => None,
            // It runs another program: what it says is all that can be known.
            Err(cause) if cause == Errno::FAULT || self.is_readable => {
                Some(Seen::Elsewhere(pid, None, heard_ns))
            }
            Err(_) => None,
        }
    }

    /// Notes what is seen of a slot; since when it is the same.
    fn note(&mut self, slot: usize, seen: Option<Seen>, now: Duration) -> Option<&mut Post> {
        if self.posts.len() <= slot {
            self.posts.resize(slot + 1, None);
        }
        let post = &mut self.posts[slot];
        let is_same = seen.is_some() && post.map(|post| post.seen) == seen;
        if !is_same {
            *post = seen.map(|seen| Post { seen, since: now, told: Duration::ZERO });
        }
        post.as_mut()
    }
}

/// How long a worker may be at one number before the primary kills it.
fn bound(timeout: Duration, is_command: bool) -> Duration {
    let bound = timeout.saturating_mul(2).max(timeout.saturating_add(Duration::from_secs(1)));
    if is_command { bound.saturating_add(FOR_COMMANDS) } else { bound }
}

impl EventLoop<'_> {
    /// The numbers that the worker in a slot is at, as far as its memory says.
    pub(super) fn numbers_of(&self, slot: usize) -> Option<Interval> {
        let position = position::of(self.pool.slots[slot].child.pid()?).ok()?;
        position.is_inside().then(|| self.numbers_at(position)).flatten()
    }

    fn numbers_at(&self, position: Position) -> Option<Interval> {
        let function = &self.job.function;
        let last = if function.says_at() { position.n } else { position.last };
        Interval::new(position.n, last)
    }

    /// Looks where workers and agents are, if it is time to.
    pub(super) fn look_for_the_stuck(&mut self) {
        let mut watch = self.posts.watch;
        watch.look(|| self.look());
        self.posts.watch = watch;
    }

    fn look(&mut self) {
        let was_stuck = self.posts.is_any_stuck();
        let mut stuck = Vec::new();
        for slot in 0..self.engine.supervisor().seats() {
            let is_here = slot < self.pool.slots.len();
            let found = if is_here { self.look_at_worker(slot) } else { self.look_at_agent(slot) };
            stuck.extend(found);
        }
        self.posts.stuck = stuck;
        if was_stuck || self.posts.is_any_stuck() {
            self.observer.observe(&Observation::Stuck(&self.posts.stuck));
        }
    }

    /// Whether a worker is stuck; if it has been so for too long, it is killed.
    fn look_at_worker(&mut self, slot: usize) -> Option<Stuck> {
        let now = self.clock.elapsed();
        let place = &self.pool.slots[slot];
        let is_owing = self.engine.supervisor().owes(slot);
        let pid = place.child.pid().filter(|_| is_owing && !place.is_stopped);
        let heard_ns = self.engine.supervisor().heard_ns(slot);
        let seen = pid.and_then(|pid| self.posts.look_at(pid, heard_ns));
        // A worker may wait for a reader of its lines: that is nothing of its own.
        let may_wait = self.job.aggregate.is_streamed();
        let seen = seen.filter(|seen| !may_wait || !matches!(seen, Seen::Elsewhere(_, Some(_), _)));
        let Post { seen, since, .. } = *self.posts.note(slot, seen, now)?;
        let since = now.saturating_sub(since);
        let numbers = match seen {
            Seen::At(_, position) => self.numbers_at(position),
            _ => None,
        };
        if self.posts.bound.is_some_and(|bound| since >= bound) {
            self.end_the_stuck(slot, numbers);
        }
        if since < self.job.stuck_after {
            // Looking up a lease for each of thousands of workers takes milliseconds.
            return None;
        }
        let numbers = numbers.or_else(|| self.engine.supervisor().lowest_held(slot))?;
        let name = format!("worker {}", slot + 1);
        self.as_stuck(slot, (name, pid?.as_raw_nonzero().get().cast_unsigned()), numbers, since)
    }

    fn look_at_agent(&mut self, slot: usize) -> Option<Stuck> {
        let now = self.clock.elapsed();
        let lowest = self.engine.supervisor().lowest_held(slot);
        let seen = lowest.map(|lowest| Seen::Agent(lowest.first()));
        let since = now.saturating_sub(self.posts.note(slot, seen, now)?.since);
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
        let usual_ns = self.engine.supervisor().cost_ns(slot, numbers.len()).unwrap_or(0.0);
        let usual = Duration::from_nanos((usual_ns * TIMES_USUAL) as u64);
        if since < self.job.stuck_after.max(usual) {
            return None;
        }
        let post = self.posts.posts[slot].as_mut()?;
        let is_news = since >= post.told * 2;
        if is_news {
            post.told = since;
        }
        Some(Stuck { worker: slot + 1, pid, name, numbers, since, is_news })
    }

    /// The number for which a worker ended itself by `SIGKILL`, though it could not say so: it had closed the
    /// result pipe, and had been at that number for about as long as a number may take.
    pub(super) fn overdue_at(&self, slot: usize) -> Option<i64> {
        let timeout = self.job.timeout.filter(|_| self.job.function.says_at())?;
        let post = (*self.posts.posts.get(slot)?)?;
        let since = self.clock.elapsed().saturating_sub(post.since);
        match post.seen {
            Seen::At(_, position) if since >= timeout / 2 => Some(position.n),
            _ => None,
        }
    }

    /// Kills a worker that did not end itself, and says for it at which number it was.
    fn end_the_stuck(&mut self, slot: usize, numbers: Option<Interval>) {
        let n = numbers.filter(|numbers| numbers.len() == 1).map(|numbers| numbers.first());
        if let Some(n) = n {
            self.engine.supervisor_mut().gasp_for(slot, n, Cause::Timeout);
        }
        let place = &mut self.pool.slots[slot];
        place.reason = Some(Reason::Timeout { n });
        place.child.kill_with_group();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_two_times_the_timeout_and_a_second_more_at_least() {
        let seconds = Duration::from_secs;
        assert_eq!(bound(Duration::from_millis(100), false), Duration::from_millis(1100));
        assert_eq!(bound(seconds(30), false), seconds(60));
        assert_eq!(bound(seconds(30), true), seconds(70));
    }
}
