//! Condition of a job (`--where`): which of its numbers are part of the question.

use super::expression::{Expression, UnusableExpression};
use super::{BUILTINS, Function, Kind, at};
use crate::Grid;
use evenly_core::{Arithmetic, Interval};

/// Numbers that are tested at once.
const MOST: usize = 1024;

/// A condition on n. Numbers that do not satisfy it are no part of a [question](super::only_where).
pub struct Condition {
    text: String,
    range: Option<Interval>,
    test: Box<Expression>,
    hints: Vec<String>,
    truths: Vec<i64>,
}

/// Why a condition cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableCondition {
    /// It makes no sense, or fails for every number.
    #[error(transparent)]
    Expression(#[from] UnusableExpression),
    /// It is a number.
    #[error("it gives a number, and a condition is true or false; did you mean '{0} != 0'?")]
    Number(String),
}

/// The numbers of the beginning of an interval that satisfy a condition.
pub(crate) struct Selected<'a> {
    first: i64,
    /// One for each number; 0 if it does not satisfy the condition.
    truths: &'a [i64],
    /// Why the condition has no value for the number behind these.
    pub(crate) failed: Option<Arithmetic>,
}

impl Condition {
    /// Compiles a condition, the name of a builtin or an expression, for the numbers of a range or for all there are.
    /// It must not be applied to other numbers.
    ///
    /// # Errors
    /// If it makes no sense, fails for every number of the range, or is no truth value.
    pub fn new(text: &str, range: Option<Interval>) -> Result<Self, UnusableCondition> {
        let name = text.strip_suffix("(n)").unwrap_or(text);
        let builtin = BUILTINS.iter().find(|builtin| builtin.name == name);
        let text = builtin.map_or(text, |builtin| builtin.name).to_owned();
        let source = builtin.map(|builtin| format!("{}(n)", builtin.name));
        Self::compiled(text.clone(), source.as_ref().unwrap_or(&text), None, range)
    }

    /// Compiles a condition in the variables of a grid, over points by their numbers.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn over(
        grid: &Grid,
        text: &str,
        range: Option<Interval>,
    ) -> Result<Self, UnusableCondition> {
        Self::compiled(text.to_owned(), text, Some(grid), range)
    }

    fn compiled(
        text: String,
        source: &str,
        grid: Option<&Grid>,
        range: Option<Interval>,
    ) -> Result<Self, UnusableCondition> {
        let (test, hints) = Expression::with_hints(source, grid, range)?;
        if test.kind() != Kind::Truth {
            // In one line, as messages are.
            let words: Vec<_> = text.split_whitespace().collect();
            return Err(UnusableCondition::Number(words.join(" ")));
        }
        let test = Box::new(test);
        Ok(Self { text, range, test, hints, truths: vec![0; MOST] })
    }

    /// The condition as it is typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its text as an expression in n.
    pub(super) fn source(&self) -> String {
        self.test.name_for_agents()
    }

    /// The range that it is compiled for.
    pub(super) fn range(&self) -> Option<Interval> {
        self.range
    }

    /// Hints about words that may not mean what the user expects, one line each.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Whether a test can take so long that it says [at] which number it is.
    pub(super) fn says_at(&self) -> bool {
        self.test.says_at()
    }

    /// How many numbers may be handed out at once before anything is known about the cost of the test.
    pub(super) fn opening(&self) -> u64 {
        self.test.opening()
    }

    /// Whether a number satisfies it.
    ///
    /// # Errors
    /// Why it has no value for this number.
    pub fn holds(&mut self, n: i64) -> Result<bool, Arithmetic> {
        let selected = self.select(Interval::single(n));
        selected.failed.map_or(Ok(selected.truths.iter().any(|truth| *truth != 0)), Err)
    }

    /// Tests the first numbers of an interval: at least one.
    pub(crate) fn select(&mut self, interval: Interval) -> Selected<'_> {
        let first = interval.first();
        let most = if self.says_at() { 1 } else { MOST };
        if most == 1 {
            at(first);
        }
        let length = usize::try_from(interval.len()).map_or(most, |length| length.min(most));
        let filled = self.test.truths(interval, &mut self.truths[..length]);
        Selected { first, truths: &self.truths[..filled.numbers], failed: filled.failed }
    }
}

impl Selected<'_> {
    /// The numbers that satisfy the condition, in runs of consecutive ones.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Interval> {
        let mut rest = (self.first, self.truths);
        std::iter::from_fn(move || {
            let (first, truths) = rest;
            let skipped = truths.iter().position(|truth| *truth != 0)?;
            let truths = &truths[skipped..];
            let length = truths.iter().position(|truth| *truth == 0).unwrap_or(truths.len());
            let start = first.wrapping_add_unsigned(skipped as u64);
            rest = (start.wrapping_add_unsigned(length as u64), &truths[length..]);
            Interval::new(start, start.wrapping_add_unsigned(length as u64 - 1))
        })
    }

    /// The numbers that have a truth value, with these values.
    pub(super) fn values(&self) -> Option<(Interval, &[i64])> {
        Some((Interval::new(self.first, self.last()?)?, self.truths))
    }

    /// The last number that was tested and has a truth value; `None` if the first has none.
    pub(crate) fn last(&self) -> Option<i64> {
        let behind = self.truths.len().checked_sub(1)?;
        Some(self.first.wrapping_add_unsigned(behind as u64))
    }

    /// The number for which the condition has no value, with the reason.
    pub(crate) fn failure(&self) -> Option<(i64, Arithmetic)> {
        let n = self.first.wrapping_add_unsigned(self.truths.len() as u64);
        self.failed.map(|why| (n, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_about_a_number_has_one_line() {
        let Err(error) = Condition::new("n\n+ 1", None) else { panic!("it is accepted") };
        assert!(error.to_string().ends_with("did you mean 'n + 1 != 0'?"), "{error}");
    }
}
