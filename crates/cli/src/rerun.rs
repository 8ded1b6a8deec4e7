//! The line that does some of the numbers again, as one would type it into a shell.

use evenly::Interval;
use std::borrow::Cow;
use std::time::Duration;

/// Such lines for one job.
#[derive(Clone, Debug)]
pub(crate) struct Rerun {
    /// All of the line but the range, quoted where a shell needs it.
    words: String,
    /// What stands behind the range.
    options: String,
}

impl Rerun {
    pub(crate) fn new(command: &str, function: &str) -> Self {
        // Only a NUL cannot be quoted, and no argument of a process has one.
        let quoted = |word| shlex::try_quote(word).unwrap_or(Cow::Borrowed(word));
        let function = match function.strip_prefix("--lib ") {
            Some(spec) => format!("--lib {}", quoted(spec)),
            None => quoted(function).into_owned(),
        };
        Self { words: format!("evenly {command} {function}"), options: String::new() }
    }

    /// The same for numbers that may take so long.
    pub(crate) fn within(mut self, timeout: Option<Duration>) -> Self {
        if let Some(timeout) = timeout {
            let timeout = humantime::format_duration(timeout).to_string().replace(' ', "");
            self.options = format!(" --timeout {timeout}");
        }
        self
    }

    /// With the range as in `0..1000`.
    pub(crate) fn half_open(&self, interval: Interval) -> String {
        let (words, options) = (&self.words, &self.options);
        format!("{words} {}..{}{options}", interval.first(), i128::from(interval.last()) + 1)
    }

    /// With the range as in `500..=500`.
    pub(crate) fn closed(&self, interval: Interval) -> String {
        format!("{} {interval}{}", self.words, self.options)
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
    fn a_library_is_two_words_and_the_time_stands_last() {
        let rerun =
            Rerun::new("count", "--lib ./my f.so:f").within(Some(Duration::from_millis(1500)));
        let line = "evenly count --lib './my f.so:f' 7..=7 --timeout 1s500ms";
        assert_eq!(rerun.closed(Interval::single(7)), line);
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let line = |function| Rerun::new("count", function).closed(Interval::single(7));
        assert_eq!(line("n % 2 == 0"), "evenly count 'n % 2 == 0' 7..=7");
    }
}
