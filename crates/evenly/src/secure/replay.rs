//! Replay window: which counters of a session have been received (RFC 6479).
//!
//! The seal of a message holds for its counter, however often it comes, so the receiver must
//! remember the counters. Those of the last 2048 are remembered one by one; what is older
//! is refused, though it may not have come: a sender repeats it under a new counter.

/// How many counters up to the highest one are remembered.
pub(crate) const WINDOW: u64 = 2048;

const BITS: u64 = u64::BITS as u64;
/// One word more than the window takes, so that a whole word can be cleared when the first counter in it
/// comes (RFC 6479, section 2).
const WORDS: usize = (WINDOW / BITS) as usize + 1;

/// The counters that have come. A counter is taken only after its message was opened, so a
/// forged message cannot move the window.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    /// The highest that has come, plus one.
    next: u64,
    /// By counter: word `counter / 64` modulo their number, bit `counter % 64`.
    words: [u64; WORDS],
}

impl Replay {
    pub(crate) fn new() -> Self {
        Self { next: 0, words: [0; WORDS] }
    }

    /// Whether a counter would be higher than any that has come.
    pub(crate) fn is_newest(&self, counter: u64) -> bool {
        counter >= self.next
    }

    /// Takes a counter, unless it has come before or is too old to tell.
    #[must_use]
    pub(crate) fn take(&mut self, counter: u64) -> bool {
        if counter >= self.next {
            self.advance(counter);
        } else if self.next - counter > WINDOW {
            return false;
        }
        let word = &mut self.words[(counter / BITS) as usize % WORDS];
        let bit = 1 << (counter % BITS);
        let is_first = *word & bit == 0;
        *word |= bit;
        is_first
    }

    /// Clears the words that begin to stand for others.
    fn advance(&mut self, counter: u64) {
        let last = counter / BITS;
        let cleared = match self.next.checked_sub(1) {
            Some(highest) => highest / BITS + 1..last + 1,
            None => 0..last + 1,
        };
        for word in cleared.rev().take(WORDS) {
            self.words[word as usize % WORDS] = 0;
        }
        self.next = counter.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_counter_is_taken_once() {
        let mut replay = Replay::new();
        for counter in 0..5 * WINDOW {
            assert!(replay.is_newest(counter));
            assert!(replay.take(counter));
            assert!(!replay.take(counter) && !replay.is_newest(counter));
        }
        for counter in 0..5 * WINDOW {
            assert!(!replay.take(counter));
        }
    }

    #[test]
    fn the_window_is_2048_counters_to_the_last_one() {
        let mut replay = Replay::new();
        assert!(replay.take(10_000));
        assert!(!replay.take(10_000 - WINDOW));
        assert!(replay.take(10_001 - WINDOW));
        assert!(replay.take(10_001));
        assert!(!replay.take(10_001 - WINDOW));
        assert!(replay.take(10_002 - WINDOW));
    }

    #[test]
    fn it_goes_up_to_the_highest_counter_there_is() {
        let mut replay = Replay::new();
        assert!(replay.take(0));
        assert!(replay.take(u64::MAX - 1));
        assert!(!replay.take(u64::MAX - 1) && !replay.take(0));
        assert!(replay.take(u64::MAX - 2) && !replay.take(u64::MAX - 2));
    }

    proptest! {
        /// Against a set of all counters that have come.
        #[test]
        fn nothing_is_taken_twice_and_nothing_new_is_refused(
            steps in prop::collection::vec((any::<bool>(), 0..3 * WINDOW), 1..600)
        ) {
            let (mut replay, mut seen, mut highest) = (Replay::new(), BTreeSet::new(), 0_u64);
            for (is_ahead, by) in steps {
                let counter = if is_ahead { highest + by / 20 } else { highest.saturating_sub(by) };
                let is_old = !seen.is_empty() && counter + WINDOW < highest + 1;
                prop_assert_eq!(replay.is_newest(counter), seen.is_empty() || counter > highest);
                prop_assert_eq!(replay.take(counter), !is_old && seen.insert(counter));
                highest = highest.max(counter);
            }
        }
    }
}
