//! Round-trip time of a channel and its retransmission timeout (RFC 6298).

const MILLISECOND: u64 = 1_000_000;

/// Before anything was measured, at least, and at most.
const FIRST_NS: u64 = 200 * MILLISECOND;
const LEAST_NS: u64 = 20 * MILLISECOND;
const MOST_NS: u64 = 2000 * MILLISECOND;

#[derive(Clone, Debug, Default)]
pub(super) struct RoundTripTime {
    /// `None` before anything was measured.
    smoothed_ns: Option<u64>,
    variation_ns: u64,
    shortest_ns: Option<u64>,
    /// How often the timer ran out since something was heard.
    doublings: u32,
}

impl RoundTripTime {
    /// Takes in a round trip that took this long.
    pub(super) fn measured(&mut self, ns: u64) {
        self.shortest_ns = Some(self.shortest_ns.map_or(ns, |shortest_ns| shortest_ns.min(ns)));
        let Some(smoothed_ns) = self.smoothed_ns else {
            (self.smoothed_ns, self.variation_ns) = (Some(ns), ns / 2);
            return;
        };
        self.variation_ns = (3 * self.variation_ns + smoothed_ns.abs_diff(ns)) / 4;
        self.smoothed_ns = Some((7 * smoothed_ns + ns) / 8);
    }

    /// The timer ran out.
    pub(super) fn waited_in_vain(&mut self) {
        self.doublings = (self.doublings + 1).min(16);
    }

    /// How often the timer ran out since something was heard, up to a limit.
    pub(super) fn doublings(&self) -> u32 {
        self.doublings
    }

    /// Something new was heard.
    pub(super) fn heard(&mut self) {
        self.doublings = 0;
    }

    /// What a round trip usually takes, as far as that is known.
    pub(super) fn usual_ns(&self) -> u64 {
        self.smoothed_ns.unwrap_or(0).min(MOST_NS)
    }

    /// What no round trip was shorter than; before anything was measured, nothing is short enough.
    pub(super) fn shortest_ns(&self) -> u64 {
        self.shortest_ns.unwrap_or(u64::MAX)
    }

    /// How long to wait.
    pub(super) fn timeout_ns(&self) -> u64 {
        let once_ns = match self.smoothed_ns {
            None => FIRST_NS,
            Some(smoothed_ns) => smoothed_ns.saturating_add(4 * self.variation_ns.min(MOST_NS)),
        };
        (once_ns.clamp(LEAST_NS, MOST_NS) << self.doublings).min(MOST_NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_follows_what_is_measured() {
        let mut round_trip = RoundTripTime::default();
        assert_eq!(round_trip.timeout_ns(), 200 * MILLISECOND);
        round_trip.measured(40 * MILLISECOND);
        // RFC 6298, 2.2: the first round trip, and four times the half of it.
        assert_eq!(round_trip.timeout_ns(), 120 * MILLISECOND);
        for _ in 0..100 {
            round_trip.measured(40 * MILLISECOND);
        }
        assert_eq!(round_trip.timeout_ns(), 40 * MILLISECOND);
        round_trip.measured(80 * MILLISECOND);
        assert_eq!(round_trip.timeout_ns(), 45 * MILLISECOND + 40 * MILLISECOND);
        for _ in 0..200 {
            round_trip.measured(1000);
        }
        assert_eq!(round_trip.timeout_ns(), 20 * MILLISECOND);
        let doubled: alloc::vec::Vec<u64> = (0..8)
            .map(|_| {
                round_trip.waited_in_vain();
                round_trip.timeout_ns() / MILLISECOND
            })
            .collect();
        assert_eq!(doubled, [40, 80, 160, 320, 640, 1280, 2000, 2000]);
        round_trip.heard();
        assert_eq!(round_trip.timeout_ns(), 20 * MILLISECOND);
        round_trip.measured(u64::MAX / 16);
        assert_eq!(round_trip.timeout_ns(), 2000 * MILLISECOND);
    }
}
