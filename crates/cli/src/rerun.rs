//! Shell line that runs some of the numbers of a job again.

use crate::batch::RerunLine;
use crate::intervals::half_open;
use crate::own;
use crate::resume_line::PIPE;
use crate::unit::Unit;
use evenly::function::{Command, Form, Typed};
use evenly::internal::{quoted, shown_text};
use evenly::{Aggregate, Failure, Grid, Interval, Items, Range};
use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;

/// Most pieces of items in a line. A line with more of them names only the lowest and the highest number.
const MOST_PIECES: usize = 100;
/// Most failures that are listed one by one with their texts.
const MOST_APART: usize = 10_000;

/// Builder of these lines for one job.
#[derive(Clone, Debug)]
pub(crate) struct Rerun {
    /// The words before and after the range, quoted for a shell.
    before: String,
    behind: String,
    /// A batch script, which has lines of its own.
    batch: Option<RerunLine>,
    /// The items of the job, if they are not all of a range.
    items: Option<Items>,
    /// The grid, if the numbers are those of its points.
    grid: Option<Rc<Grid>>,
    /// The command whose numbers stand for texts.
    texts: Option<Rc<Command>>,
    /// What one item is called.
    unit: Unit,
    /// The words before and after the items in the line that decides about commands of unknown fate, if a journal is named.
    settle: Option<(String, &'static str)>,
}

impl Rerun {
    pub(crate) fn new(command: &str, function: Typed) -> Self {
        let Typed { before, behind } = function;
        let space = if before.is_empty() { "" } else { " " };
        Self {
            before: format!("{} {command}{space}{before}", own::call()),
            behind,
            batch: None,
            items: None,
            grid: None,
            texts: None,
            unit: Unit::Number,
            settle: None,
        }
    }

    /// Names points of a grid in answers and messages, if there is one.
    pub(crate) fn of_grid(mut self, grid: Option<Rc<Grid>>) -> Self {
        if grid.is_some() {
            self.unit = Unit::Point;
        }
        self.grid = grid;
        self
    }

    /// The grid, if the numbers are those of its points.
    pub(crate) fn grid(&self) -> Option<Rc<Grid>> {
        self.grid.clone()
    }

    /// What a number is called in an answer: the point of that number, or the number itself.
    pub(crate) fn named(&self, n: i64) -> String {
        let point = self.grid.as_ref().and_then(|grid| grid.point(n));
        point.map_or_else(|| n.to_string(), |point| point.to_string())
    }

    /// Names the texts that numbers stand for in the runs of a command, if there are some.
    pub(crate) fn of_texts(mut self, command: Option<Rc<Command>>) -> Self {
        let lines = command.as_ref().and_then(|command| command.lines());
        if lines.is_some_and(|lines| lines.named() == Path::new("-")) {
            // The same lines must come through the pipe.
            self.before.insert_str(0, PIPE);
        }
        if command.as_ref().is_some_and(|command| command.lines().is_some()) {
            self.unit = Unit::Line;
        }
        self.texts = command
            .filter(|command| command.lines().is_some() && command.form() == Form::PerNumber);
        self
    }

    /// Names the journal in which commands of unknown fate are settled.
    pub(crate) fn of_journal(mut self, file: Option<&Path>, aggregate: Aggregate) -> Self {
        let has_values = !matches!(aggregate, Aggregate::Run { .. } | Aggregate::Failures { .. });
        let decision = if has_values { "retry" } else { "done|retry" };
        self.settle =
            file.map(|file| (format!("{} settle {}", own::call(), quoted(file)), decision));
        self
    }

    /// The line that decides about a command of unknown fate, if a journal is named.
    pub(crate) fn settling(&self, interval: Interval) -> Option<String> {
        let (before, decision) = self.settle.as_ref()?;
        Some(format!("{before} {} {decision}", half_open(interval)))
    }

    /// What one item is called.
    pub(crate) fn unit(&self) -> Unit {
        self.unit
    }

    /// Whether numbers stand for texts in the runs of a command.
    pub(crate) fn has_texts(&self) -> bool {
        self.texts.is_some()
    }

    /// All of the text that a number stands for, escaped; of one above 256 KiB the beginning.
    pub(crate) fn whole_text_of(&self, n: i64) -> Option<String> {
        let text = self.texts.as_ref()?.text_of(n)?;
        Some(evenly::printable(&text, usize::MAX))
    }

    /// The text or point that the number of an interval stands for, for a message.
    pub(crate) fn text_of(&self, interval: Interval) -> Option<String> {
        if let Some(grid) = &self.grid {
            let single = Some(interval).filter(|interval| interval.len() == 1)?;
            return Some(grid.point(single.first())?.to_string());
        }
        let command = self.texts.as_ref().filter(|_| interval.len() == 1)?;
        shown_text(command, interval.first())
    }

    /// These failures, each number alone if it stands for a text or point; the lowest of them.
    pub(crate) fn apart<'a>(&self, failures: &'a [Failure]) -> Cow<'a, [Failure]> {
        if self.texts.is_none() && self.grid.is_none() {
            return failures.into();
        }
        let single = |failure: &Failure| {
            let Failure { interval, cause } = *failure;
            let numbers = interval.first()..=interval.last();
            numbers.map(move |n| Failure { interval: Interval::single(n), cause })
        };
        failures.iter().flat_map(single).take(MOST_APART).collect::<Vec<_>>().into()
    }

    /// Builder of lines that submit tasks of a batch script again.
    pub(crate) fn of_batch(batch: RerunLine) -> Self {
        let (before, behind) = (String::new(), String::new());
        Self {
            before,
            behind,
            batch: Some(batch),
            items: None,
            grid: None,
            texts: None,
            unit: Unit::Number,
            settle: None,
        }
    }

    /// Names only these items of an interval.
    pub(crate) fn of_items(mut self, items: &Items) -> Self {
        self.items = items.as_range().is_none().then(|| items.clone());
        self
    }

    /// Adds options, each with a space before it.
    pub(crate) fn with_options(mut self, options: &str) -> Self {
        self.behind.insert_str(0, options);
        self
    }

    /// The line with a range like `0..1000`.
    pub(crate) fn half_open(&self, interval: Interval) -> String {
        if let Some(line) = self.line_of_batch(interval).or_else(|| self.line_of_items(interval)) {
            return line;
        }
        let end = i128::from(interval.last()) + 1;
        format!("{} {}..{end}{}", self.before, interval.first(), self.behind)
    }

    /// The line with a range like `500..=500`.
    pub(crate) fn closed(&self, interval: Interval) -> String {
        let line = self.line_of_batch(interval).or_else(|| self.line_of_items(interval));
        line.unwrap_or_else(|| format!("{} {interval}{}", self.before, self.behind))
    }

    /// The line that runs the tasks of a batch script from the first number to the last, if the job is one.
    fn line_of_batch(&self, interval: Interval) -> Option<String> {
        let batch = self.batch.as_ref()?;
        let all = Items::from(Range::from(interval));
        let listed =
            self.items.as_ref().and_then(|items| Some((items, positions(items, interval)?)));
        let (items, positions) = listed.unwrap_or((&all, interval));
        // Slurm writes A-B:STEP for A..=B:STEP. Indices are not negative.
        let pieces = items.runs(positions).map(|run| run.to_string().replace("..=", "-"));
        let pieces: Vec<String> = pieces.take(MOST_PIECES + 1).collect();
        if pieces.len() <= MOST_PIECES {
            return Some(batch.of_tasks(&pieces.join(",")));
        }
        let whole = format!("{}-{}", interval.first(), interval.last());
        Some(format!("{} # {} of these", batch.of_tasks(&whole), positions.len()))
    }

    /// The line with the items from the first number to the last, if they are not all of the interval.
    fn line_of_items(&self, interval: Interval) -> Option<String> {
        let items = self.items.as_ref()?;
        let positions = positions(items, interval)?;
        if positions.len() == interval.len() {
            return None;
        }
        let Self { before, behind, .. } = self;
        let pieces = items.runs(positions).take(MOST_PIECES + 1).map(|run| run.to_string());
        let pieces: Vec<String> = pieces.collect();
        if pieces.len() > MOST_PIECES {
            return Some(format!("{before} {interval}{behind} # {} of these", positions.len()));
        }
        Some(format!("{before} {}{behind}", pieces.join(",")))
    }
}

/// The positions of the items from one number to another, if both are items.
fn positions(items: &Items, interval: Interval) -> Option<Interval> {
    let ends = items.position_of(interval.first()).zip(items.position_of(interval.last()))?;
    Interval::new(ends.0, ends.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_up_to_the_top() {
        let rerun = Rerun::new("count", function("even"));
        let top = Interval::new(i64::MAX - 1, i64::MAX).unwrap();
        let line = "evenly count even 9223372036854775806..9223372036854775808";
        assert_eq!(rerun.half_open(top), line);
        assert_eq!(rerun.closed(Interval::single(-5)), "evenly count even -5..=-5");
    }

    #[test]
    fn only_the_items_of_an_interval_are_named() {
        let items: Items = "0..=40:4,41..=43,50,1000..=3000:7".parse().unwrap();
        let rerun = Rerun::new("count", function("even")).of_items(&items);
        let line = |first, last| rerun.closed(Interval::new(first, last).unwrap());
        assert_eq!(line(4, 4), "evenly count even 4..=4");
        assert_eq!(line(4, 12), "evenly count even 4..=12:4");
        assert_eq!(line(36, 42), "evenly count even 36,40..=42");
        assert_eq!(line(41, 43), "evenly count even 41..=43");
        assert_eq!(rerun.half_open(Interval::new(42, 50).unwrap()), "evenly count even 42..=43,50");
        let squares = Items::list((0..200).map(|n| n * n)).unwrap();
        let many = Rerun::new("count", function("even")).of_items(&squares);
        let all = many.closed(Interval::new(0, 39_601).unwrap());
        assert_eq!(all, "evenly count even 0..=39601 # 200 of these");
    }

    #[test]
    fn tasks_of_a_batch_script_are_written_as_for_array() {
        let items: Items = "3..=11:4,90..=92,4000000".parse().unwrap();
        let line = |items: &Items, first, last| {
            let lines =
                RerunLine { before: "sbatch".into(), behind: " job".into(), is_array: true };
            let rerun = Rerun::of_batch(lines).of_items(items);
            rerun.half_open(Interval::new(first, last).unwrap())
        };
        assert_eq!(line(&items, 7, 7), "sbatch --array=7 job");
        assert_eq!(line(&items, 7, 4_000_000), "sbatch --array=7-11:4,90-92,4000000 job");
        assert_eq!(line(&Range::new(0, 9).unwrap().into(), 3, 5), "sbatch --array=3-5 job");
    }

    #[test]
    fn a_library_is_two_words_and_the_time_stands_last() {
        let typed = Typed { before: "--lib './my f.so:f'".to_owned(), behind: String::new() };
        let rerun = Rerun::new("count", typed).with_options(" --timeout 1s500ms");
        let line = "evenly count --lib './my f.so:f' 7..=7 --timeout 1s500ms";
        assert_eq!(rerun.closed(Interval::single(7)), line);
    }

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let line = |name| Rerun::new("count", function(name)).closed(Interval::single(7));
        assert_eq!(line("n % 2 == 0"), "evenly count 'n % 2 == 0' 7..=7");
    }

    #[test]
    fn a_command_stands_behind_the_range() {
        let typed = Typed { before: String::new(), behind: " -- ./test {}".to_owned() };
        let rerun = Rerun::new("failures", typed).with_options(" --memory 64M --timeout 2s");
        let line = "evenly failures 7..=7 --memory 64M --timeout 2s -- ./test {}";
        assert_eq!(rerun.closed(Interval::single(7)), line);
    }

    fn function(name: &str) -> Typed {
        let range = evenly::Range::new(0, 10).unwrap();
        let known = evenly::function::named(name);
        known.unwrap_or_else(|| evenly::function::expression(name, range).unwrap().0).typed()
    }
}
