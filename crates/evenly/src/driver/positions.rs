//! Positions of workers: which number each is at, by the memory of its process, and since when.
//!
//! A worker has a timer of its own (`crash_report`), and times its commands itself. But a function may block its
//! signals, delete the timer, run another program, or close the result pipe. So the primary looks, too: it
//! reads the [position] of each worker from the memory of that process, which needs no help of the worker. What
//! it cannot read there counts as unchanged until the worker sends a frame. A worker that has been in the same
//! position for longer than [`bound`] is killed, and the number is searched as after any other loss; if it is
//! known, it goes out alone.
//!
//! Time during which a worker is stopped is counted by itself: a worker that is stopped at a number for longer than
//! [`bound`] is killed, too. Shorter pauses count for nothing.

use crate::job::Job;
use crate::process::footprint::PeriodicCheck;
use crate::process::sys::position::{self, Position};
use rustix::io::Errno;
use rustix::process::Pid;
use std::time::Duration;

/// Interval of the looks at positions, unless a time limit or a short [`Job::stuck_after`](crate::Job::stuck_after) asks for more.
const PERIOD: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(50);

/// Looks in the time that a number has, and in the time after which it is reported.
const LOOKS: u32 = 4;

/// A worker that runs commands needs this much more, beside the grace, to end one with TERM and KILL.
const FOR_COMMANDS: Duration = Duration::from_secs(10);

/// The visible state of a worker or an agent. If it has changed, the worker or agent has gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VisibleState {
    /// A worker is at work there.
    At(Pid, Position),
    /// A worker is stopped there.
    Stopped(Pid, Position),
    /// A worker waits, or cannot be read; when it was heard last.
    Elsewhere(Pid, Option<Position>, u64),
    /// An agent has done everything below this number.
    Agent(i64),
}

/// Last visible state of a worker or agent, its start, and how long it had lasted at the last report about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObservedPosition {
    pub(super) seen: VisibleState,
    pub(super) since: Duration,
    reported: Duration,
}

impl ObservedPosition {
    /// Notes a report after this time. Whether it is news: the time has at least doubled since the last report.
    pub(super) fn report(&mut self, after: Duration) -> bool {
        let is_news = after >= self.reported * 2;
        if is_news {
            self.reported = after;
        }
        is_news
    }
}

/// The last visible state of each worker and agent, by slot.
#[derive(Debug)]
pub(super) struct Positions {
    check: PeriodicCheck,
    posts: Vec<Option<ObservedPosition>>,
    is_any_stuck: bool,
    /// When the primary kills a worker that is at one number, if numbers have a time limit.
    bound: Option<Duration>,
    /// Whether the kernel lets this process read the memory of its workers (ptrace(2)).
    is_readable: bool,
}

impl Positions {
    pub(super) fn new(job: &Job) -> Self {
        let is_command = job.function.command().is_some();
        // What the command left in the background may have its own grace.
        let grace = if is_command { job.grace.saturating_mul(2) } else { Duration::ZERO };
        let bound = job.timeout.map(|timeout| bound(timeout, is_command).saturating_add(grace));
        let shortest_limit =
            job.timeout.unwrap_or(Duration::MAX).min(job.worker_settings.stuck_after);
        let period = (shortest_limit / LOOKS).clamp(SHORTEST, PERIOD);
        Self {
            check: PeriodicCheck::every(period),
            posts: Vec::new(),
            is_any_stuck: false,
            bound,
            is_readable: false,
        }
    }

    /// Time until the next look.
    pub(super) fn next(&self) -> Duration {
        self.check.next()
    }

    /// Whether it is time to look. The owner looks then.
    pub(super) fn is_due(&mut self) -> bool {
        let mut is_due = false;
        self.check.run_if_due(|| is_due = true);
        is_due
    }

    /// Whether some number was stuck at the last look.
    pub(super) fn is_any_stuck(&self) -> bool {
        self.is_any_stuck
    }

    /// Notes whether some number is stuck; whether it was before.
    pub(super) fn set_any_stuck(&mut self, is_any_stuck: bool) -> bool {
        std::mem::replace(&mut self.is_any_stuck, is_any_stuck)
    }

    /// Whether a worker that was in one position for this long must be killed.
    pub(super) fn is_too_long(&self, since: Duration) -> bool {
        self.bound.is_some_and(|bound| since >= bound)
    }

    /// The last state of a slot.
    pub(super) fn post(&mut self, slot: usize) -> Option<&mut ObservedPosition> {
        self.posts.get_mut(slot)?.as_mut()
    }

    /// The number that the worker in a slot was at when it was seen last, and since when.
    pub(super) fn last_inside(&self, slot: usize) -> Option<(i64, Duration)> {
        let post = (*self.posts.get(slot)?)?;
        match post.seen {
            VisibleState::At(_, position) => Some((position.now, post.since)),
            _ => None,
        }
    }

    /// The state of a worker; `None` if nothing is known about it.
    pub(super) fn look_at(&mut self, pid: Pid, heard_ns: u64) -> Option<VisibleState> {
        match position::of(pid) {
            Ok(position) => {
                self.is_readable = true;
                let is_inside = position.is_inside();
                let elsewhere = VisibleState::Elsewhere(pid, Some(position), heard_ns);
                Some(if is_inside { VisibleState::At(pid, position) } else { elsewhere })
            }
            Err(Errno::SRCH) => None,
            // It runs another program: only its frames show that it goes on.
            Err(cause) if cause == Errno::FAULT || self.is_readable => {
                Some(VisibleState::Elsewhere(pid, None, heard_ns))
            }
            Err(_) => None,
        }
    }

    /// The state of a stopped worker; `None` if it is at no number, or cannot be read.
    pub(super) fn look_at_stopped(pid: Pid) -> Option<VisibleState> {
        let position = position::of(pid).ok().filter(|position| position.is_inside())?;
        Some(VisibleState::Stopped(pid, position))
    }

    /// Notes what is seen of a slot; since when it is the same.
    pub(super) fn note(
        &mut self,
        slot: usize,
        seen: Option<VisibleState>,
        now: Duration,
    ) -> Option<&mut ObservedPosition> {
        if self.posts.len() <= slot {
            self.posts.resize(slot + 1, None);
        }
        let post = &mut self.posts[slot];
        let is_same = seen.is_some() && post.map(|post| post.seen) == seen;
        if !is_same {
            *post =
                seen.map(|seen| ObservedPosition { seen, since: now, reported: Duration::ZERO });
        }
        post.as_mut()
    }
}

/// How long a worker may be at one number before the primary kills it.
fn bound(timeout: Duration, is_command: bool) -> Duration {
    let bound = timeout.saturating_mul(2).max(timeout.saturating_add(Duration::from_secs(1)));
    if is_command { bound.saturating_add(FOR_COMMANDS) } else { bound }
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
