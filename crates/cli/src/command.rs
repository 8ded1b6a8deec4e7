//! Resolver of the command behind `--` and of the options that concern it.

use crate::arguments::JobArguments;
use crate::array;
use crate::limits::is_of_median;
use crate::number::parse_number;
use crate::output_options::OutputOptions;
use crate::{parallel_items, shell_words};
use evenly::function::{Command, Form, Function, Lines, StartLimits, UnusableCommand};
use evenly::{Aggregate, Grid, Items};
use std::ffi::OsString;
use std::num::NonZeroU8;
use std::rc::Rc;

/// Settings of a command from options outside `JobArguments`.
#[derive(Clone, Debug)]
pub(crate) struct CommandOptions {
    /// What happens to its output.
    pub(crate) output: OutputOptions,
    /// When it may start.
    pub(crate) start_limits: StartLimits,
    /// How many times a failed command is run again (`--retries`).
    pub(crate) repeats: u8,
}

/// What a number stands for, beside itself.
pub(crate) struct Meaning {
    /// A line of a file.
    pub(crate) lines: Option<Rc<Lines>>,
    /// A point of a grid.
    pub(crate) grid: Option<Rc<Grid>>,
}

/// Refuses options that give n another meaning than a point of a grid.
fn check_grid(arguments: &JobArguments) -> Result<(), String> {
    let others = [
        (arguments.coprocess, "--coprocess"),
        (arguments.as_kind.is_some(), "--as"),
        (arguments.lines.is_some(), "--lines"),
        (arguments.lines0.is_some(), "--lines0"),
    ];
    match others.into_iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, other)) => {
            Err(format!("--grid and {other} are two meanings of n; leave one of them out"))
        }
    }
}

/// Builds the function that runs the command of these arguments.
///
/// # Errors
/// One line with the reason: the command cannot be run, or an option does not fit it.
pub(crate) fn resolve(
    aggregate: Aggregate,
    arguments: &JobArguments,
    (function, items, meaning): (Option<&str>, &Items, Meaning),
    manner: CommandOptions,
) -> Result<Box<dyn Function>, String> {
    if arguments.coprocess && arguments.at_most_once {
        return Err(
            "--at-most-once is for commands that end; a coprocess gets a line again that it did \
                    not answer, and must itself know what it has done; leave one of them out"
                .to_owned(),
        );
    }
    if arguments.lib.is_some() {
        return Err(
            "--lib and the command behind -- are two functions; leave one of them out".to_owned()
        );
    }
    if let Some(function) = function {
        return Err(format!(
            "'{function}' and the command behind -- are two functions; leave one of them out"
        ));
    }
    let words = arguments.cmd.clone();
    let Meaning { lines, grid } = meaning;
    if grid.is_some() {
        check_grid(arguments)?;
    }
    if !arguments.coprocess
        && arguments.batch.is_none()
        && let Some(refusal) = shell_words::refusal(&words, lines.is_some())
    {
        return Err(refusal);
    }
    let command = match (arguments.as_kind.as_deref(), lines) {
        _ if arguments.coprocess => Command::coprocess(words),
        _ if arguments.batch.is_some() => batch(words, arguments),
        (_, Some(lines)) => Command::of_lines(words, lines),
        (Some(kind), None) => Command::array(words, array::resolve(kind, items, arguments)?),
        (None, None) => match grid {
            Some(grid) => Command::of_grid(words, grid),
            None => Command::new(words),
        },
    };
    let mut command = command.map_err(|error| error.to_string())?.repeats(manner.repeats);
    if let Some(typed) = &arguments.no_status {
        let is_asked = aggregate.wants_truth() && command.form() == Form::PerNumber;
        if !is_asked {
            return Err(
                "--no-status is for count, find, any and all of a command that is run for each n"
                    .to_owned(),
            );
        }
        command = command.no_status(
            parse_status(typed)
                .map_err(|cause| format!("bad value '{typed}' for --no-status: {cause}"))?,
        );
    }
    command = command
        .depends(&arguments.depends)
        .map_err(|error| format!("bad value for --depends: {error}"))?;
    if let Some(given) = arguments.call.start.given() {
        if arguments.coprocess {
            return Err(format!(
                "{given} is for commands that start for each n or chunk; a coprocess starts once; leave one of them out"
            ));
        }
        command = command.start_limits(manner.start_limits);
    }
    if is_of_median(arguments.call.limits.timeout.as_ref()) {
        if arguments.coprocess {
            return Err("--timeout in percent is for commands that end, and a coprocess goes on; \
                        write a time, as --timeout 30s"
                .to_owned());
        }
        if arguments.call.has_agents() {
            return Err("--timeout in percent follows the commands of this machine, and agents \
                        have none of it; write a time, as --timeout 30s, or leave out --listen and --on"
                .to_owned());
        }
    }
    command = manner.output.apply(command, arguments.call.has_agents())?;
    if arguments.call.verbose {
        command = command.show_failed_attempts();
    }
    if arguments.at_most_once {
        command = command.at_most_once();
    }
    if arguments.call.has_agents() {
        command.check_for_agents().map_err(|error| error.to_string())?;
    }
    let is_counted_here = command.form() != Form::PerNumber && arguments.call.max_rate.is_some();
    if is_counted_here && arguments.call.has_agents() {
        return Err("--max-rate counts the chunks of this machine, and agents divide theirs; \
                    leave out --listen and --on, or use {} for single n"
            .to_owned());
    }
    Ok(command.into_function())
}

/// The batch script of these arguments.
fn batch(words: Vec<OsString>, arguments: &JobArguments) -> Result<Command, UnusableCommand> {
    let Some(batch) = &arguments.batch else { return Command::new(words) };
    Command::batch(words, batch.job.clone(), batch.script.clone())
}

/// The message for a call without a command that has an option which needs one.
pub(crate) fn missing(
    aggregate: Aggregate,
    arguments: &JobArguments,
    range: &str,
) -> Option<String> {
    if let Aggregate::Run { .. } = aggregate {
        if range.starts_with(|first: char| first.is_alphabetic() || "./{".contains(first))
            && !range.contains("..")
        {
            return Some(parallel_items::without_items("run", &[], &[range.into()]));
        }
        return Some(format!("no command is given to run; as in: evenly run {range} -- echo {{}}"));
    }
    let about = [
        (arguments.coprocess, "--coprocess"),
        (arguments.as_kind.is_some(), "--as"),
        (arguments.no_status.is_some(), "--no-status"),
        (arguments.at_most_once, "--at-most-once"),
        (arguments.call.limits.grace.is_some(), "--grace"),
        (is_of_median(arguments.call.limits.timeout.as_ref()), "--timeout P%"),
        (arguments.call.start.load.is_some(), "--load"),
        (arguments.call.start.memfree.is_some(), "--memfree"),
    ];
    let (_, option) = about.into_iter().find(|(is_given, _)| *is_given)?;
    let command = aggregate.name();
    Some(format!(
        "{option} needs a command behind --; as in: evenly {command} {option} … {range} -- CMD"
    ))
}

fn parse_status(text: &str) -> Result<NonZeroU8, String> {
    let status = u8::try_from(parse_number(text)?).ok().and_then(NonZeroU8::new);
    status.ok_or_else(|| "it is from 1 to 255, and 0 is yes".to_owned())
}

/// Parses a rate into starts per second: `10/s`, `100/m`, `5000/h`, `0.5/s`, `10`.
///
/// # Errors
/// Says what is wrong with it and how it is written.
pub(crate) fn parse_rate(text: &str) -> Result<f64, String> {
    const HINT: &str = "rates are written as 10/s, 0.5/s, 100/m or 5000/h";
    let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("'{unit}' is none of s, m and h; {HINT}")),
    };
    let count = match parse_number(count) {
        Ok(whole) => whole as f64,
        Err(_) => count.parse().map_err(|_| format!("'{count}' is no number; {HINT}"))?,
    };
    let per_second: f64 = count / seconds;
    let is_possible = (1e-6..=1e9).contains(&per_second);
    is_possible
        .then_some(per_second)
        .ok_or_else(|| format!("it is from 1e-6 to 1e9 a second; {HINT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_so_many_a_second() {
        for (text, per_second) in [
            ("10/s", 10.0),
            ("10", 10.0),
            ("0.5/s", 0.5),
            ("120/m", 2.0),
            ("7200/h", 2.0),
            ("1e3/s", 1e3),
        ] {
            assert_eq!(parse_rate(text), Ok(per_second), "{text}");
        }
        for text in ["", "/s", "0/s", "-1/s", "5/d", "x/s", "nan", "inf/s", "1e30"] {
            assert!(parse_rate(text).unwrap_err().contains("10/s"), "{text}");
        }
    }
}
