//! When what waits is made durable: soon, but not so often that it costs much.

use std::time::Duration;

/// What waits is made durable after so much time at most.
const APART: Duration = Duration::from_millis(100);
/// But a commit is not repeated before so many times the time it took.
const REST: u32 = 10;
/// So many bytes of lines, or so many records, are made durable at once: whoever found them has credit
/// for more, and need not stop.
const MOST_BYTES: usize = 1 << 21;
const MOST_RECORDS: usize = 1 << 16;

/// The times of commits, on the clock of the run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cadence {
    /// Since when something waits, and how much.
    since: Option<Duration>,
    bytes: usize,
    records: usize,
    /// When the next commit may be, if it need not be at once.
    rested: Duration,
}

impl Cadence {
    /// Something more waits.
    pub(super) fn add(&mut self, bytes: usize, now: Duration) {
        self.since.get_or_insert(now);
        self.bytes += bytes;
        self.records += 1;
    }

    /// When the next commit is due.
    pub(super) fn due(&self) -> Option<Duration> {
        let since = self.since?;
        if self.bytes >= MOST_BYTES || self.records >= MOST_RECORDS {
            return Some(since);
        }
        Some((since + APART).max(self.rested))
    }

    /// All that waited is durable.
    pub(super) fn done(&mut self, took: Duration, now: Duration) {
        *self = Self { rested: now + REST * took, ..Self::default() };
    }

    /// It could not be made durable; it is tried again after `rest`.
    pub(super) fn put_off(&mut self, rest: Duration, now: Duration) {
        self.rested = now + rest;
        self.since = Some(now + rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soon_but_not_too_often() {
        let ms = Duration::from_millis;
        let mut cadence = Cadence::default();
        assert_eq!(cadence.due(), None);
        cadence.add(10, ms(5));
        cadence.add(10, ms(50));
        assert_eq!(cadence.due(), Some(ms(105)));
        cadence.done(ms(30), ms(140));
        assert_eq!(cadence.due(), None);
        cadence.add(10, ms(150));
        assert_eq!(cadence.due(), Some(ms(440)));
        cadence.add(MOST_BYTES, ms(160));
        assert_eq!(cadence.due(), Some(ms(150)), "whoever found so much would have to stop");
    }
}
