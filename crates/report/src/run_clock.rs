//! The time axis of a page: the calls of a job one after the other, without the time between them.

use crate::growing_bins::BinCell;

/// One call of the program.
#[derive(Debug)]
struct CallTime {
    /// When it began, in microseconds since 1970.
    unix: i128,
    /// Where it begins on the axis, in microseconds.
    offset: i128,
    length: i128,
}

/// The calls so far. All times are microseconds.
#[derive(Debug, Default)]
pub(crate) struct RunClock {
    calls: Vec<CallTime>,
}

impl RunClock {
    /// Another call began.
    pub(crate) fn begin_call(&mut self, unix: i128) {
        self.calls.push(CallTime { unix, offset: self.length(), length: 0 });
    }

    /// The place on the axis of a time since the start of the last call.
    pub(crate) fn at(&mut self, since_start: i128) -> i128 {
        let since_start = since_start.max(0);
        let Some(call) = self.calls.last_mut() else { return since_start };
        call.length = call.length.max(since_start);
        call.offset + since_start
    }

    /// The place on the axis of a time since 1970.
    pub(crate) fn at_unix(&self, unix: i128) -> i128 {
        let index = self.calls.partition_point(|call| call.unix <= unix);
        let Some(call) = self.calls.get(index.saturating_sub(1)) else { return 0 };
        call.offset + (unix - call.unix).clamp(0, call.length)
    }

    /// The same for the last call, which is extended by it.
    pub(crate) fn extend_to_unix(&mut self, unix: i128) -> i128 {
        let began = self.calls.last().map_or(unix, |call| call.unix);
        self.at(unix - began)
    }

    pub(crate) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    pub(crate) fn length(&self) -> i128 {
        self.calls.last().map_or(0, |call| call.offset + call.length)
    }

    /// When the first call began, in microseconds since 1970.
    pub(crate) fn began(&self) -> Option<i128> {
        self.calls.first().map(|call| call.unix)
    }

    /// Where calls after the first begin, at most `most` of them.
    pub(crate) fn starts_of_later_calls(&self, most: usize) -> impl Iterator<Item = i128> {
        self.calls.iter().skip(1).take(most).map(|call| call.offset)
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.len()
    }
}

/// What happened in a bin of time.
#[derive(Debug, Default)]
pub(crate) struct TimeCell {
    /// Numbers that were done, by the job log or the windows.
    pub(crate) done: f64,
    /// Numbers that were settled, by the progress in events.
    pub(crate) covered: f64,
    /// Microseconds of all workers in chunks that counted, and in chunks that did not.
    pub(crate) useful: f64,
    pub(crate) wasted: f64,
    /// Microseconds of all workers.
    pub(crate) alive: f64,
    pub(crate) losses: f64,
    pub(crate) failed: f64,
}

impl BinCell for TimeCell {
    fn join(&mut self, other: Self) {
        self.done += other.done;
        self.covered += other.covered;
        self.useful += other.useful;
        self.wasted += other.wasted;
        self.alive += other.alive;
        self.losses += other.losses;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_two_calls_is_left_out() {
        let mut clock = RunClock::default();
        clock.begin_call(1_000_000);
        assert_eq!((clock.at(500), clock.at(200)), (500, 200));
        clock.begin_call(9_000_000);
        assert_eq!((clock.at(0), clock.at(100)), (500, 600));
        assert_eq!(clock.length(), 600);
        for (unix, place) in
            [(0, 0), (1_000_100, 100), (5_000_000, 500), (9_000_050, 550), (99_000_000, 600)]
        {
            assert_eq!(clock.at_unix(unix), place, "{unix}");
        }
    }
}
