//! What one item of a job is called in messages.

use evenly::Error;

/// What one item of a job is: a number, or what a number stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    #[default]
    Number,
    /// A line of a file (`--lines`).
    Line,
    /// A point of a grid (`--grid`).
    Point,
}

impl Unit {
    /// The singular for 1, else the plural.
    pub(crate) fn name(self, count: u128) -> &'static str {
        let (one, several) = match self {
            Self::Number => ("number", "numbers"),
            Self::Line => ("line", "lines"),
            Self::Point => ("point", "points"),
        };
        if count == 1 { one } else { several }
    }

    /// As in `1 line` and `4 lines`.
    pub(crate) fn counted(self, count: u128) -> String {
        format!("{count} {}", self.name(count))
    }

    /// The message of an error. The library counts numbers where a run ended early.
    pub(crate) fn error(self, error: &Error) -> String {
        let text = error.to_string();
        match error {
            Error::Deadline { .. } | Error::DeadlineAtJournal { .. } | Error::Halted { .. } => {
                text.replace(" number", &format!(" {}", self.name(1)))
            }
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_early_end_counts_what_the_items_are() {
        let deadline = Duration::from_secs(2);
        let error = Error::Deadline { deadline, covered: 7, total: Some(9) };
        let text = "the deadline of 2 s passed with 7 of 9 lines done";
        assert_eq!(Unit::Line.error(&error), text);
        assert_eq!(Unit::Number.error(&error), error.to_string());
        assert_eq!(Unit::Point.counted(1), "1 point");
    }
}
