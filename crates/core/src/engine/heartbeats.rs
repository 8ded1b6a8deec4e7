//! Heartbeats of a primary: one to each seated agent at a fixed interval.

use super::output::{EngineOutput, Seat};
use crate::supervisor::Supervisor;
use alloc::collections::VecDeque;

/// Interval of heartbeats unless [`Primary::set_heartbeat`](super::Primary::set_heartbeat) sets another.
pub const HEARTBEAT_NS: u64 = 1_000_000_000;

/// When agents get heartbeats.
#[derive(Debug)]
pub(super) struct Heartbeats {
    interval_ns: u64,
    /// `None` while no agent has a seat.
    next_ns: Option<u64>,
}

impl Heartbeats {
    pub(super) const fn new() -> Self {
        Self { interval_ns: HEARTBEAT_NS, next_ns: None }
    }

    pub(super) fn set_interval(&mut self, interval_ns: u64) {
        self.interval_ns = interval_ns;
    }

    /// Begins with the first agent.
    pub(super) fn agent_joined(&mut self, now_ns: u64) {
        self.next_ns.get_or_insert(now_ns.saturating_add(self.interval_ns));
    }

    /// When the next heartbeats are due.
    pub(super) const fn next_due_ns(&self) -> Option<u64> {
        self.next_ns
    }

    /// Adds a heartbeat for each agent if they are due.
    #[inline]
    pub(super) fn poll(
        &mut self,
        supervisor: &Supervisor,
        now_ns: u64,
        outputs: &mut VecDeque<EngineOutput>,
    ) {
        if self.next_ns.is_none_or(|next_ns| now_ns < next_ns) {
            return;
        }
        let before = outputs.len();
        outputs.extend(
            supervisor.agents().map(|slot| EngineOutput::Heartbeat { seat: Seat::Agent(slot) }),
        );
        let has_agents = outputs.len() > before;
        self.next_ns = has_agents.then(|| now_ns.saturating_add(self.interval_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Aggregate;
    use crate::engine::Primary;
    use crate::policy::Policy;
    use crate::range::Range;
    use crate::scheduler::Scheduler;
    use core::num::NonZeroU32;
    use std::vec::Vec;

    const SECOND: u64 = 1_000_000_000;

    fn heartbeats(engine: &mut Primary, now_ns: u64) -> Vec<usize> {
        let mut slots = Vec::new();
        while let Some(output) = engine.poll(now_ns).unwrap() {
            if let EngineOutput::Heartbeat { seat } = output {
                slots.push(seat.slot());
            }
        }
        slots
    }

    #[test]
    fn each_seated_agent_gets_a_heartbeat_per_interval_and_no_worker_does() {
        let range = Range::new(0, 1000).unwrap();
        let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 1);
        let mut engine = Primary::new(scheduler, Aggregate::Count, 1);
        engine.set_silence(60 * SECOND);
        engine.set_heartbeat(2 * SECOND);
        engine.worker_joined(0, 8, 0).unwrap();
        assert_eq!(heartbeats(&mut engine, 9 * SECOND), []);
        let workers = NonZeroU32::new(2).unwrap();
        assert_eq!(engine.agent_joined(workers, 8, 9 * SECOND), Ok(1));
        assert_eq!(engine.agent_joined(workers, 8, 10 * SECOND), Ok(2));
        assert_eq!(heartbeats(&mut engine, 10 * SECOND), []);
        assert_eq!(engine.next_due_ns(), Some(11 * SECOND));
        assert_eq!(heartbeats(&mut engine, 11 * SECOND), [1, 2]);
        assert_eq!(heartbeats(&mut engine, 12 * SECOND), []);
        engine.agent_ended(1, false, 12 * SECOND).unwrap();
        assert_eq!(heartbeats(&mut engine, 13 * SECOND), [2]);
        engine.agent_ended(2, false, 14 * SECOND).unwrap();
        assert_eq!(heartbeats(&mut engine, 15 * SECOND), []);
        assert_ne!(engine.next_due_ns(), Some(17 * SECOND), "nothing is due without agents");
    }
}
