//! From the arguments of the process to a command, or to one line that says why not.

use crate::arguments::{Arguments, Command};
use crate::exit::Outcome;
use crate::report;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use std::ffi::OsString;

/// Reads the command line. `--help` and `--version` are carried out here.
///
/// # Errors
/// How the process is to end instead.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Outcome> {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => Ok(arguments.command),
        Err(error) => Err(match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                let text = error.render().to_string();
                report::write_out(&text).err().unwrap_or(Outcome::Done)
            }
            _ => Outcome::Usage(one_line(&error)),
        }),
    }
}

/// clap's errors are several lines; ours are one: the thing, the cause, the next step.
fn one_line(error: &clap::Error) -> String {
    let text = |kind| error.get(kind).map(value_text);
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::UnknownArgument if argument == "--first" => {
            return "--first is for find; see evenly find --help".to_owned();
        }
        ErrorKind::UnknownArgument => format!("unexpected argument '{argument}'"),
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("unknown command '{name}'")
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue => {
            let valid = text(ContextKind::ValidValue).unwrap_or_default();
            format!("bad value '{value}' for {argument}: it is one of {valid}")
        }
        ErrorKind::MissingRequiredArgument => format!("{argument} is missing"),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "no command given".to_owned()
        }
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg).unwrap_or_default();
            if other == argument || other.is_empty() {
                format!("{argument} is given twice")
            } else {
                format!("{argument} and {other} cannot be used together")
            }
        }
        ErrorKind::TooManyValues => format!("'{value}' is one value too many for {argument}"),
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
        _ => first_line(error),
    };
    format!("{what}; {}", next_step(error))
}

/// A suggestion if there is one, else where to read on.
fn next_step(error: &clap::Error) -> String {
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(suggestion) = suggested.into_iter().find_map(|kind| error.get(kind)) {
        return format!("did you mean '{}'?", value_text(suggestion));
    }
    // The usage line tells which command was meant.
    let usage = error.get(ContextKind::Usage).map(value_text).unwrap_or_default();
    let commands = Arguments::command();
    let mut names = commands.get_subcommands().map(|command| format!("{} ", command.get_name()));
    let command = names.find(|name| usage.contains(&format!("evenly {name}")));
    format!("see evenly {}--help", command.unwrap_or_default())
}

fn value_text(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(several) => several.join(", "),
        other => other.to_string(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
