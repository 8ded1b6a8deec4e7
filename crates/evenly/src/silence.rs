//! Limit of silence: the one setting from which all times follow after which a process or a connection without a
//! sign of life counts as lost.

use std::time::Duration;

/// Heartbeats in one limit of silence.
const HEARTBEATS: u32 = 5;

/// Limits of silence after which a connection is given up.
const LIMITS_OF_A_CONNECTION: u32 = 3;

/// Shortest limit of silence that a [`Job`](crate::Job) or a `Join` (feature `sockets`) takes.
pub const MIN_SILENCE: Duration = Duration::from_millis(100);

/// Longest limit of silence that a [`Job`](crate::Job) or a `Join` (feature `sockets`) takes.
pub const MAX_SILENCE: Duration = Duration::from_secs(3600);

/// The limit of silence of a job or an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence(Duration);

impl Silence {
    /// The nearest limit from [`MIN_SILENCE`] to [`MAX_SILENCE`].
    pub(crate) fn new(limit: Duration) -> Self {
        Self(limit.clamp(MIN_SILENCE, MAX_SILENCE))
    }

    /// After this time a stopped worker, or an agent from which no frame comes, loses its chunks to others. A
    /// peer that has connected sends its hello, and its first frame, within this time.
    pub(crate) fn limit(self) -> Duration {
        self.0
    }

    /// The limit in nanoseconds.
    pub(crate) fn limit_ns(self) -> u64 {
        self.0.as_nanos() as u64
    }

    /// Interval of the heartbeats that a primary and its agents send each other.
    pub(crate) fn heartbeat(self) -> Duration {
        self.0 / HEARTBEATS
    }

    /// After this time a connection from which nothing comes is given up.
    pub(crate) fn of_connection(self) -> Duration {
        self.0 * LIMITS_OF_A_CONNECTION
    }
}

impl Default for Silence {
    /// 5 s.
    fn default() -> Self {
        Self(Duration::from_nanos(evenly_core::seats::SILENCE_NS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_outside_the_range_becomes_the_nearest_inside() {
        assert_eq!(Silence::new(Duration::ZERO).limit(), MIN_SILENCE);
        assert_eq!(Silence::new(Duration::MAX).limit(), MAX_SILENCE);
        assert_eq!(Silence::new(Duration::from_secs(1)).limit(), Duration::from_secs(1));
    }

    #[test]
    fn an_agent_is_silent_after_5_s_and_its_connection_is_given_up_after_15_s() {
        let silence = Silence::default();
        let times = [silence.heartbeat(), silence.limit(), silence.of_connection()];
        assert_eq!(times, [1, 5, 15].map(Duration::from_secs));
        assert_eq!(silence.limit_ns(), evenly_core::seats::SILENCE_NS);
    }
}
