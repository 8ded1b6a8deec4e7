//! The line that does some of the numbers again, as one would type it into a shell.

use evenly::Interval;
use std::borrow::Cow;

/// Such lines for one job.
#[derive(Clone, Debug)]
pub(crate) struct Rerun {
    /// All of the line but the range, quoted where a shell needs it.
    words: String,
}

impl Rerun {
    pub(crate) fn new(command: &str, function: &str) -> Self {
        // Only a NUL cannot be quoted, and no argument of a process has one.
        let function = shlex::try_quote(function).unwrap_or(Cow::Borrowed(function));
        Self { words: format!("evenly {command} {function}") }
    }

    /// With the range as in `0..1000`.
    pub(crate) fn half_open(&self, interval: Interval) -> String {
        format!("{} {}..{}", self.words, interval.first(), i128::from(interval.last()) + 1)
    }

    /// With the range as in `500..=500`.
    pub(crate) fn closed(&self, interval: Interval) -> String {
        format!("{} {interval}", self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_up_to_the_top() {
        let rerun = Rerun::new("count", "even");
        let top = Interval::new(i64::MAX - 1, i64::MAX).unwrap();
        let line = "evenly count even 9223372036854775806..9223372036854775808";
        assert_eq!(rerun.half_open(top), line);
        assert_eq!(rerun.closed(Interval::single(-5)), "evenly count even -5..=-5");
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let line = |function| Rerun::new("count", function).closed(Interval::single(7));
        assert_eq!(line("n % 2 == 0"), "evenly count 'n % 2 == 0' 7..=7");
    }
}
