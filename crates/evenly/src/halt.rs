//! When a job ends early by itself: after so many numbers failed, succeeded, or were done.

/// What to wait for, and how fast to end then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Halt {
    /// Whether workers may finish the numbers that they are at.
    pub when: When,
    /// Which numbers count.
    pub why: Why,
    /// How many of them.
    pub after: After,
}

/// How fast a job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once: the workers are killed.
    Now,
    /// When the workers have finished the numbers that they are at.
    Soon,
}

/// Which numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Those that failed.
    Fail,
    /// Those that have a value.
    Success,
    /// Both.
    Done,
}

/// How many numbers it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum After {
    /// So many, at least one.
    Numbers(u128),
    /// So many percent of the range, but at least three numbers.
    Percent(f64),
}

/// After so many failures a job ends unless something else is said: somebody should look at them.
const FAILURES: u128 = 10_000;

impl Default for Halt {
    fn default() -> Self {
        Self { when: When::Soon, why: Why::Fail, after: After::Numbers(FAILURES) }
    }
}

impl Halt {
    /// Whether it has happened, with so many of `total` numbers failed and covered, failed ones
    /// included.
    #[must_use]
    pub fn has_happened(&self, failed: u128, covered: u128, total: u128) -> bool {
        let happened = match self.why {
            Why::Fail => failed,
            Why::Success => covered - failed,
            Why::Done => covered,
        };
        match self.after {
            After::Numbers(numbers) => happened >= numbers.max(1),
            // Fewer than three say nothing about a percentage.
            After::Percent(percent) => {
                happened >= 3.min(total) && happened as f64 >= total as f64 * percent / 100.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_counts_its_own() {
        let halt = |why, after| Halt { when: When::Now, why, after };
        let three = After::Numbers(3);
        assert!(!halt(Why::Fail, three).has_happened(2, 10, 100));
        assert!(halt(Why::Fail, three).has_happened(3, 10, 100));
        assert!(!halt(Why::Success, three).has_happened(8, 10, 100));
        assert!(halt(Why::Done, three).has_happened(0, 3, 100));
    }

    #[test]
    fn a_percentage_is_of_the_range_and_of_three_at_least() {
        let halt = Halt { when: When::Soon, why: Why::Fail, after: After::Percent(5.0) };
        assert!(!halt.has_happened(4, 50, 100));
        assert!(halt.has_happened(5, 50, 100));
        assert!(!halt.has_happened(2, 2, 10));
        assert!(halt.has_happened(3, 3, 10));
    }

    #[test]
    fn the_default_waits_for_ten_thousand_failures() {
        assert!(!Halt::default().has_happened(9_999, 1 << 60, 1 << 64));
        assert!(Halt::default().has_happened(10_000, 10_000, 1 << 64));
    }
}
