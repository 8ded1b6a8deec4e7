//! Early end of a run: what asks for it, and how long workers may take over the numbers that they are at.
//!
//! To end early is to *drain*: nothing more is assigned, what no worker has counted is withdrawn, and each worker
//! finishes the number that it is at. The end of the grace ends the run at once.

/// Default grace of a drain after a signal or a halt.
pub const DRAIN_NS: u64 = 5_000_000_000;

/// Grace of a drain after the deadline.
pub const DRAIN_AT_DEADLINE_NS: u64 = 500_000_000;

/// A drain that takes longer than this is reported.
const PATIENCE_NS: u64 = 500_000_000;

/// Reason for which a run ends before every number is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainReason {
    /// A signal with this number asked for it.
    Signal(i32),
    /// The time for the whole run is over.
    Deadline,
    /// The condition of a [`Halt`](super::halt::Halt) is met.
    Halt,
}

/// A drain in progress.
#[derive(Clone, Copy, Debug)]
struct Draining {
    why: DrainReason,
    until_ns: u64,
    /// When to report that it takes long; `None` once that is reported.
    patience_ns: Option<u64>,
}

/// The deadline of a run, and its drain.
#[derive(Debug)]
pub(super) struct Drain {
    /// Grace after a signal or a halt.
    grace_ns: u64,
    deadline_ns: Option<u64>,
    draining: Option<Draining>,
}

/// An expired timer of the drain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DrainTimer {
    /// The deadline has passed; the run should drain.
    Deadline,
    /// The drain takes long.
    TakesLong(DrainReason),
    /// The grace is over.
    Over(DrainReason),
}

impl Default for Drain {
    fn default() -> Self {
        Self { grace_ns: DRAIN_NS, deadline_ns: None, draining: None }
    }
}

impl Drain {
    pub(super) fn set_grace(&mut self, grace_ns: u64) {
        self.grace_ns = grace_ns;
    }

    pub(super) fn set_deadline(&mut self, deadline_ns: Option<u64>) {
        self.deadline_ns = deadline_ns;
    }

    pub(super) fn begin(&mut self, why: DrainReason, now_ns: u64) {
        let is_deadline = why == DrainReason::Deadline;
        let grace_ns = if is_deadline { DRAIN_AT_DEADLINE_NS } else { self.grace_ns };
        self.draining = Some(Draining {
            why,
            until_ns: now_ns.saturating_add(grace_ns),
            patience_ns: Some(now_ns.saturating_add(PATIENCE_NS)),
        });
    }

    /// Why the run drains, if it does.
    pub(super) fn why(&self) -> Option<DrainReason> {
        self.draining.map(|draining| draining.why)
    }

    /// What is due now.
    #[inline]
    pub(super) fn poll(&mut self, now_ns: u64) -> Option<DrainTimer> {
        let Some(draining) = &mut self.draining else {
            return (self.deadline_ns? <= now_ns).then_some(DrainTimer::Deadline);
        };
        if draining.until_ns <= now_ns {
            return Some(DrainTimer::Over(draining.why));
        }
        draining.patience_ns.take_if(|patience_ns| *patience_ns <= now_ns)?;
        Some(DrainTimer::TakesLong(draining.why))
    }

    /// When something is due next.
    pub(super) fn next_due_ns(&self) -> Option<u64> {
        match self.draining {
            Some(draining) => Some(draining.patience_ns.unwrap_or(draining.until_ns)),
            None => self.deadline_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_deadline_drains_for_half_a_second() {
        let mut drain = Drain::default();
        assert_eq!((drain.poll(u64::MAX), drain.next_due_ns()), (None, None));
        drain.set_deadline(Some(SECOND));
        assert_eq!((drain.poll(SECOND - 1), drain.next_due_ns()), (None, Some(SECOND)));
        assert_eq!(drain.poll(SECOND), Some(DrainTimer::Deadline));
        drain.begin(DrainReason::Deadline, SECOND);
        assert_eq!(drain.poll(SECOND), None);
        assert_eq!(
            drain.poll(SECOND + DRAIN_AT_DEADLINE_NS),
            Some(DrainTimer::Over(DrainReason::Deadline))
        );
    }

    #[test]
    fn a_drain_that_takes_long_is_reported_once() {
        let mut drain = Drain::default();
        drain.begin(DrainReason::Halt, 0);
        assert_eq!(drain.next_due_ns(), Some(PATIENCE_NS));
        assert_eq!(drain.poll(PATIENCE_NS), Some(DrainTimer::TakesLong(DrainReason::Halt)));
        assert_eq!(drain.poll(DRAIN_NS - 1), None);
        assert_eq!(drain.next_due_ns(), Some(DRAIN_NS));
        assert_eq!(drain.poll(DRAIN_NS), Some(DrainTimer::Over(DrainReason::Halt)));
    }
}
