//! Parser of the command line, and the one-line form of clap's errors.

use crate::arguments::{Arguments, CliCommand};
use crate::exit::ExitOutcome;
use crate::own;
use crate::report;
use crate::shuffle_option;
use crate::suggestions;
use crate::usage_errors;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use evenly::internal::quoted;
use std::ffi::OsString;

/// Reads the command line. `--help` and `--version` are carried out here.
///
/// # Errors
/// How the process is to end instead.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<CliCommand, ExitOutcome> {
    let mut arguments = arguments.peekable();
    let first = arguments.next();
    // The arguments of a batch script are its own.
    let is_sbatch = arguments.peek().is_some_and(|verb| verb == "sbatch");
    let arguments = first.into_iter().chain(arguments);
    let words = if is_sbatch { arguments.collect() } else { help(apart(joined(arguments))) };
    match Arguments::try_parse_from(&words) {
        Ok(arguments) => Ok(arguments.command),
        Err(error) => Err(match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                let text = page(error.kind(), &error.render().to_string());
                report::write_out(&text).err().unwrap_or(ExitOutcome::Done)
            }
            _ => ExitOutcome::Usage(refusal(&error, &words)),
        }),
    }
}

/// A page of help, or the version, as this program has it.
fn page(kind: ErrorKind, text: &str) -> String {
    match own::name() {
        Some(name) if kind == ErrorKind::DisplayVersion => {
            format!("{name} ({})\n", text.trim_end())
        }
        Some(_) if text.contains("[FUNCTION]") || text.contains("\nQuestions:\n") => {
            let page = own::named_page(text);
            let (before, behind) = page.split_at(page.find("Examples:\n").unwrap_or(page.len()));
            format!("{before}{}{behind}", own::help())
        }
        Some(_) => own::named_page(text),
        None => text.to_owned(),
    }
}

/// Takes `help count` for `count --help`.
fn help(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "help") && words.len() <= 3 {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Joins `--shuffle` with the seed behind it. clap would take any word behind it, also the range.
fn joined(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut arguments = arguments.peekable();
    let mut is_behind = false;
    std::iter::from_fn(move || {
        let argument = arguments.next()?;
        is_behind |= argument == "--";
        let is_option = argument.to_str().is_some_and(shuffle_option::is_bare);
        let seed = arguments.next_if(|next| {
            is_option && !is_behind && next.to_str().is_some_and(shuffle_option::is_seed)
        });
        let Some(seed) = seed else { return Some(argument) };
        let mut joined = argument;
        joined.push("=");
        joined.push(seed);
        Some(joined)
    })
}

/// Takes `-j4` apart. Where a word may still be a function or a range, which may begin with a minus sign,
/// clap takes it for one: it only knows flags without a value by their letters.
fn apart(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all = Vec::new();
    let mut is_behind = false;
    for argument in arguments {
        is_behind |= argument == "--";
        match argument.to_str().filter(|_| !is_behind).and_then(workers_at_once) {
            Some((flags, value)) => all.extend([flags.into(), value.into()]),
            None => all.push(argument),
        }
    }
    all
}

/// The flags and the value in words like `-j4`, `-j=50%`, `-kj4`.
fn workers_at_once(word: &str) -> Option<(&str, &str)> {
    let (flags, value) = word.split_at(word.find('j')? + 1);
    let letters = flags.strip_prefix('-')?.strip_suffix('j')?;
    let value = value.strip_prefix('=').unwrap_or(value);
    let is_it = letters.chars().all(|flag| "kqv".contains(flag)) && !value.is_empty();
    let number = value.strip_prefix(['+', '-']).unwrap_or(value);
    (is_it && number.starts_with(|digit: char| digit.is_ascii_digit())).then_some((flags, value))
}

/// The one line for an error, of which clap may not know the cause.
fn refusal(error: &clap::Error, words: &[OsString]) -> String {
    let is_misplaced = matches!(
        error.kind(),
        ErrorKind::UnknownArgument
            | ErrorKind::ValueValidation
            | ErrorKind::TooManyValues
            | ErrorKind::MissingRequiredArgument
    ) || (error.kind() == ErrorKind::InvalidValue
        && error.get(ContextKind::InvalidValue).is_none_or(|value| value_text(value).is_empty()));
    if error.kind() == ErrorKind::InvalidUtf8
        && let Some(word) = words.iter().find(|word| word.to_str().is_none())
    {
        return format!("the argument {} is not valid UTF-8; see evenly --help", quoted(word));
    }
    if let Some(refusal) = usage_errors::options_first(words.get(1..).unwrap_or_default()) {
        return refusal;
    }
    usage_errors::explain(words.get(1..).unwrap_or_default())
        .filter(|_| is_misplaced)
        .unwrap_or_else(|| one_line(error, words))
}

/// clap's errors are several lines; ours are one: the thing, the cause, the next step.
fn one_line(error: &clap::Error, words: &[OsString]) -> String {
    let text = |kind| error.get(kind).map(value_text);
    let argument = text(ContextKind::InvalidArg).unwrap_or_default().replace(['<', '>'], "");
    // Without the value that it may have.
    let argument = argument.split_once("[=").map_or(&*argument, |(name, _)| name);
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::UnknownArgument => format!("unexpected argument '{argument}'"),
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            if let Some(call) = suggestions::call(&name) {
                return format!("unknown command '{name}'; {call}");
            }
            if let Some(verb) = suggestions::verb(&name) {
                return format!("unknown command '{name}'; did you mean '{verb}'?");
            }
            format!("unknown command '{name}'")
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value"),
        ErrorKind::InvalidValue => {
            let valid = text(ContextKind::ValidValue).unwrap_or_default();
            format!("bad value '{value}' for {argument}: it is one of {valid}")
        }
        ErrorKind::ValueValidation => format!("unexpected argument '{value}'"),
        ErrorKind::MissingRequiredArgument => match usage_errors::needing(argument, words) {
            Some(option) => format!("{option} is only used with {argument}, which is missing"),
            None => {
                let verb = words.get(1).and_then(|word| word.to_str());
                let is = if argument.contains(", ") { "are" } else { "is" };
                if let Some(example) = verb.and_then(usage_errors::example_of) {
                    return format!("{argument} {is} missing; as in: {example}");
                }
                format!("{argument} {is} missing")
            }
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "no command given".to_owned()
        }
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg).unwrap_or_default().replace(['<', '>'], "");
            if argument.is_empty() {
                format!("there is a word too many after {other}")
            } else if other == argument || other.is_empty() {
                format!("{argument} is given twice")
            } else {
                format!("{argument} and {other} cannot be used together")
            }
        }
        ErrorKind::TooManyValues => format!("'{value}' is one value too many for {argument}"),
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
        _ => first_line(error),
    };
    format!("{what}; {}", next_step(error, words))
}

/// A suggestion if there is one, else where to read on.
fn next_step(error: &clap::Error, words: &[OsString]) -> String {
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(suggestion) = suggested.into_iter().find_map(|kind| error.get(kind)) {
        return format!("did you mean '{}'?", value_text(suggestion));
    }
    let commands = Arguments::command();
    let verb = words.get(1).and_then(|word| word.to_str());
    let verb = verb.filter(|name| commands.find_subcommand(name).is_some());
    format!("see evenly {}--help", verb.map_or_else(String::new, |name| format!("{name} ")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_may_stand_behind_shuffle() {
        let words = |line: &str| {
            let words = joined(line.split(' ').map(OsString::from));
            words.map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        for (typed, meant) in [
            ("run --shuffle 7 0..20 -- echo {}", "run --shuffle=7 0..20 -- echo {}"),
            ("run --shuf 0..20 -- echo {}", "run --shuf 0..20 -- echo {}"),
            ("count even 0..9 --shuffle", "count even 0..9 --shuffle"),
            ("run 0..2 -- shuf --shuffle 7", "run 0..2 -- shuf --shuffle 7"),
            ("sum --shuffle=3 n 0..9", "sum --shuffle=3 n 0..9"),
            ("sum --shuffle n 0..9", "sum --shuffle n 0..9"),
        ] {
            assert_eq!(words(typed), meant);
        }
    }

    #[test]
    fn workers_may_stand_close_to_their_flag() {
        let words = |line: &str| {
            let words = apart(line.split(' ').map(OsString::from));
            words.into_iter().map(|word| word.into_string().unwrap()).collect::<Vec<_>>().join(" ")
        };
        for (typed, meant) in [
            ("count -j4 even 0..9", "count -j 4 even 0..9"),
            ("run -kj=50% 0..9 -- make -j4", "run -kj 50% 0..9 -- make -j4"),
            ("count even 0..9 -j+1", "count even 0..9 -j +1"),
            ("count even 0..9 -qj-1", "count even 0..9 -qj -1"),
            ("sum -n -5..5 -j 2", "sum -n -5..5 -j 2"),
            ("count --joblog=j1 -jx", "count --joblog=j1 -jx"),
        ] {
            assert_eq!(words(typed), meant);
        }
    }
}
