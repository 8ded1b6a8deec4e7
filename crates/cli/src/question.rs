//! Resolver of FUNCTION and RANGE: builtin, expression, library or command, or a message with the right form.

use crate::arguments::JobArguments;
use crate::command::{self, CommandOptions, Meaning};
use crate::condition;
use crate::function_names::{applied, builtin, is_unknown_name, own_function_in, unknown_function};
use crate::item_options::{GivenItems, ItemArguments, ItemSource};
use crate::items::{parse_items, span};
use crate::{lines, own, parallel_items, shared_library, shell_words};
use evenly::function::{self, Function, Kind, UnusableExpression};
use evenly::internal::quoted;
use evenly::journal::PartOfItems;
use evenly::{Aggregate, Grid, Items, Range};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A function that suits the command, and its items.
pub(crate) struct Question {
    pub(crate) items: Items,
    /// Which part of which items these are, if they are a part.
    pub(crate) part: Option<PartOfItems>,
    pub(crate) function: Box<dyn Function>,
    /// The grid, if the items are numbers of its points.
    pub(crate) grid: Option<Rc<Grid>>,
    /// Hints about words that may not mean what the user expects, one line each.
    pub(crate) hints: Vec<String>,
    /// Why a journal is not continued: its job has more lines.
    pub(crate) other_lines: Option<String>,
}

impl Question {
    /// Understands the two words.
    ///
    /// # Errors
    /// One line that says what is wrong and how it is written.
    pub(crate) fn resolve(
        aggregate: Aggregate,
        arguments: &JobArguments,
        manner: CommandOptions,
    ) -> Result<Self, String> {
        let question = Self::of_every_number(aggregate, arguments, manner)?;
        match &arguments.items.condition {
            Some(typed) => question.only_where(aggregate, arguments, typed),
            None => Ok(question),
        }
    }

    /// Leaves out the numbers that do not satisfy the condition of `--where`.
    fn only_where(
        self,
        aggregate: Aggregate,
        arguments: &JobArguments,
        typed: &str,
    ) -> Result<Self, String> {
        let Self { items, part, function, grid, mut hints, other_lines } = self;
        condition::check_options(aggregate, arguments, typed, &items)?;
        let condition = condition::resolve(typed, grid.as_deref(), span(&items))?;
        hints.extend(condition.hints().iter().map(|hint| format!("--where: {hint}")));
        let function = function::only_where(function, condition, aggregate)
            .map_err(|error| error.to_string())?;
        Ok(Self { items, part, function, grid, hints, other_lines })
    }

    /// Understands the two words as a question about all numbers of the items.
    fn of_every_number(
        aggregate: Aggregate,
        arguments: &JobArguments,
        manner: CommandOptions,
    ) -> Result<Self, String> {
        let JobArguments { function, range, lib, .. } = arguments;
        let command = aggregate.name();
        if let Some(refusal) = of_parallel(command, arguments) {
            return Err(refusal);
        }
        let lines = lines::of_job(arguments)?;
        let (typed, source) = match &lines {
            Some(lines)
                if function.is_none() && range.is_none() && arguments.items.from.is_none() =>
            {
                (None, ItemSource::Lines(lines))
            }
            _ => arguments.items.source(command, function.as_deref(), range.as_deref())?,
        };
        if !arguments.cmd.is_empty() {
            let GivenItems { items, grid, hint, zeros } = arguments.items.read(&source)?;
            // Those of a journal are compared with its fingerprint.
            let is_recorded = arguments.items.recorded.is_some();
            let items = match &lines {
                Some(lines) if !is_recorded => lines::chosen(lines, items)?,
                _ => items,
            };
            let recorded = lines.as_ref().filter(|_| is_recorded);
            let other_lines =
                recorded.and_then(|lines| lines::check_recorded(lines, &items, arguments).err());
            let (items, part) = arguments.items.part_of(items)?;
            // An array has the tasks of all parts.
            let whole = part.as_ref().map_or(&items, PartOfItems::whole);
            let has_lines = lines.is_some();
            let words = (typed, whole, Meaning { lines, grid: grid.clone() });
            let function = command::resolve(aggregate, arguments, words, manner)?;
            let of_shell = Some(&arguments.cmd).filter(|_| !arguments.coprocess);
            let of_shell = of_shell.and_then(|cmd| shell_words::hint(cmd, has_lines));
            let of_zeros = zeros.filter(|_| grid.is_none() && !has_lines);
            let of_zeros = of_zeros.and_then(|typed| zeros_hint(&typed, &arguments.cmd));
            let hints = hint.into_iter().chain(of_shell).chain(of_zeros).collect();
            return Ok(Self { items, part, function, grid, hints, other_lines });
        }
        let range = &*source.words();
        if let Some(missing) = command::missing(aggregate, arguments, range) {
            return Err(missing);
        }
        if let Some(spec) = lib {
            let items = (&arguments.items, source);
            return Self::of_library((spec, &arguments.depends), typed, items);
        }
        if let Some(file) = arguments.depends.first() {
            return Err(format!(
                "--depends {} is about a command or a library, and here is neither; leave it out",
                quoted(file)
            ));
        }
        let Some(typed) = typed else { return Err(one_is_missing(aggregate, &source)) };
        if parse_items(typed).is_ok() {
            return Err(if source.is_sound() {
                format!("{typed} and {range} are two ranges; {}", with_function(aggregate, range))
            } else if range.starts_with(['/', '.']) {
                // No expression begins so, and the path of a program may.
                let program = quoted(range);
                format!(
                    "-- is missing before the command {program}; \
                     write: evenly {command} {typed} -- {program} {{}}"
                )
            } else {
                let function = quoted(range);
                format!(
                    "function and range are swapped; write: evenly {command} {function} {typed}"
                )
            });
        }
        // An expression is understood over its range; a name that there is not is wrong over any.
        if is_unknown_name(typed) && arguments.items.grid.is_empty() {
            return Err(unknown_function(typed));
        }
        let GivenItems { items, grid, hint, .. } = arguments.items.read(&source)?;
        let (items, part) = arguments.items.part_of(items)?;
        let (function, mut hints) = match &grid {
            Some(grid) => function::expression_over(grid, typed, span(&items))
                .map_err(|error| bad_expression(typed, &error))?,
            None => resolve_function(typed, span(&items))?,
        };
        hints.extend(hint);
        if aggregate.wants_truth() && function.kind() == Kind::Integer {
            let applied = if grid.is_some() { typed } else { function.name() };
            return Err(no_truth_value(command, applied));
        }
        Ok(Self { items, part, function, grid, hints, other_lines: None })
    }
}

impl Question {
    /// Understands a function of a library, beside which there is no other.
    fn of_library(
        (spec, depends): (&str, &[PathBuf]),
        function: Option<&str>,
        (items, source): (&ItemArguments, ItemSource<'_>),
    ) -> Result<Self, String> {
        if let Some(function) = function {
            let (spec, function) = (quoted(spec), quoted(function));
            return Err(format!(
                "--lib {spec} is the function, and {function} is one too many; leave one of them out"
            ));
        }
        if !items.grid.is_empty() {
            return Err(format!(
                "--grid gives variables to an expression or a command, and --lib {} takes n alone; leave one of them out",
                quoted(spec)
            ));
        }
        let GivenItems { items: whole, hint, .. } = items.read(&source)?;
        let (items, part) = items.part_of(whole)?;
        let function = shared_library::load(spec, depends)?;
        let hints = hint.into_iter().collect();
        Ok(Self { items, part, function, grid: None, hints, other_lines: None })
    }
}

/// What to say of a number that begins with a zero where a command gets it by `{}`.
fn zeros_hint(typed: &str, command: &[OsString]) -> Option<String> {
    let width = typed.len();
    command.iter().any(|word| word.to_string_lossy().contains("{}")).then(|| {
        format!(
            "{typed} is a number, which {{}} gives without zeros; write {{n:0{width}}} for {width} digits, or --lines for \
             the words as they are"
        )
    })
}

/// What to say of the words of GNU parallel that clap takes: `-0`, and `:::` behind `--` without other items.
fn of_parallel(command: &str, arguments: &JobArguments) -> Option<String> {
    let JobArguments { function, range, items, .. } = arguments;
    let has_null = function.as_deref() == Some("-0") || range.as_deref() == Some("-0");
    if has_null && !arguments.cmd.is_empty() {
        return Some(format!("unknown option '-0' of evenly {command}; here it is --lines0 FILE"));
    }
    let named = [(&arguments.lines, "--lines"), (&arguments.lines0, "--lines0")];
    let lines = named.into_iter().find_map(|(file, option)| Some((file.as_ref()?, option)));
    let is_word = |word: &&String| {
        let is_range =
            word.contains("..") || word.starts_with(|first: char| first.is_ascii_digit());
        parse_items(word).is_err() && (!is_range || Path::new(word).exists())
    };
    let words: Vec<&String> = function.iter().chain(range).filter(is_word).collect();
    if let Some((file, option)) = lines
        && !words.is_empty()
        && !arguments.cmd.is_empty()
    {
        let files = std::iter::once(file.into()).chain(words.into_iter().map(OsString::from));
        let cmd: Vec<_> = arguments.cmd.iter().map(quoted).collect();
        let (files, call) = (files.collect::<Vec<_>>(), format!("-- {}", cmd.join(" ")));
        return Some(parallel_items::beside_lines(command, option, &files, &call));
    }
    let has_items =
        range.is_some() || lines.is_some() || items.from.is_some() || !items.grid.is_empty();
    if has_items {
        return None;
    }
    let has_no_function = function.is_none() && !arguments.cmd.is_empty();
    parallel_items::items_behind(command, &[], &arguments.cmd).or_else(|| {
        (has_no_function && parallel_items::stdin_has_lines()).then(|| {
            format!(
                "<RANGE> is missing; for the lines of standard input add --lines - before --, as in: … | evenly {command} \
                 --lines - -- {}",
                parallel_items::command_line(&arguments.cmd, true)
            )
        })
    })
}

/// A builtin by its name, or applied to n, which is the same; else an expression, with what may not be
/// meant as it is written.
fn resolve_function(typed: &str, range: Range) -> Result<(Box<dyn Function>, Vec<String>), String> {
    if let Some(function) = builtin(typed) {
        return Ok((function, vec![]));
    }
    function::expression(&applied(typed), range).map_err(|error| bad_expression(typed, &error))
}

fn bad_expression(typed: &str, error: &UnusableExpression) -> String {
    let typed_shown = evenly::printable(typed.as_bytes(), 200);
    match own_function_in(typed) {
        Some(own) => format!(
            "bad expression '{typed_shown}': expressions cannot call '{own}', a function of this program; use it alone, or \
             register a function that calls it"
        ),
        None => format!("bad expression '{typed_shown}': {error}"),
    }
}

fn no_truth_value(command: &str, function: &str) -> String {
    if own::function(function).is_some() {
        return format!(
            "'{function}' gives a number, and {command} asks whether something is true; register a function that \
             returns bool"
        );
    }
    // It binds weaker than anything that gives a number, but for a whole `if`.
    let condition = if function.trim_start().starts_with("if") {
        format!("({function}) != 0")
    } else {
        format!("{function} != 0")
    };
    format!(
        "'{function}' gives a number, and {command} asks whether something is true; \
         did you mean '{condition}'?"
    )
}

/// What to say where one word was given for two.
fn one_is_missing(aggregate: Aggregate, given: &ItemSource<'_>) -> String {
    let command = aggregate.name();
    let words = given.words();
    if given.is_sound() || words.contains("..") {
        return format!("no function given for {words}; {}", with_function(aggregate, &words));
    }
    let function = quoted(&*words);
    format!("no range given; as in: evenly {command} {function} 0..1000")
}

/// A call of the command with a function.
fn with_function(aggregate: Aggregate, range: &str) -> String {
    let command = aggregate.name();
    let function = match aggregate {
        Aggregate::Failures { .. } => "'100 / n'",
        _ if aggregate.wants_truth() => "even",
        _ => "'n * n'",
    };
    let hint = "evenly functions lists more";
    format!("as in: evenly {command} {function} {range} ({hint})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_where_a_truth_value_is_needed_can_be_compared() {
        let hint = no_truth_value("find", "n % 7");
        assert!(hint.ends_with("did you mean 'n % 7 != 0'?"), "{hint}");
        let hint = no_truth_value("find", "if even(n) { n } else { 0 }");
        assert!(hint.ends_with("'(if even(n) { n } else { 0 }) != 0'?"), "{hint}");
    }
}
