//! Messages for usage errors that clap misreports: an unknown option, a command without `--` before it.
//!
//! FUNCTION and RANGE may begin with a minus sign. clap therefore takes an unknown option for one of them,
//! and reports a later word.

use crate::arguments::{Arguments, looks_like_option};
use crate::grid_options;
use crate::items::parse_items;
use crate::parallel_items::{self, begins_items, has_placeholder, option_with_value};
use crate::parallel_options;
use crate::range::parse_range;
use crate::suggestions;
use clap::{Arg, Command, CommandFactory};
use evenly::internal::quoted;
use std::borrow::Cow;
use std::ffi::OsString;

/// What is wrong with options before the command, and the line that is right: `-j 2 count even 0..9`.
pub(crate) fn options_first(words: &[OsString]) -> Option<String> {
    let first = words.first()?.to_str().filter(|word| word.len() > 1 && word.starts_with('-'))?;
    let all = Arguments::command();
    let is_command =
        |word: &OsString| word.to_str().is_some_and(|word| all.find_subcommand(word).is_some());
    let place = words.iter().take_while(|word| *word != "--").position(is_command)?;
    let line: Vec<_> = std::iter::once(&words[place])
        .chain(&words[..place])
        .chain(&words[place + 1..])
        .map(quoted)
        .collect();
    Some(format!(
        "{} stands before the command, and options stand behind it; write: evenly {}",
        evenly::printable(first.as_bytes(), 60),
        line.join(" ")
    ))
}

/// The message for a call of a verb, its name first among the words; `None` if clap's is right.
pub(crate) fn explain(words: &[OsString]) -> Option<String> {
    let mut all = Arguments::command();
    let verb = words.first()?.to_str()?;
    let mut command = all.find_subcommand_mut(verb)?.clone();
    command.build();
    let sorted = Sorted::of(&command, &words[1..]);
    unknown_before_items(&command, &sorted)
        .or_else(|| parallel_items(verb, &words[1..], &sorted))
        .or_else(|| missing_dashes(verb, &words[1..], &sorted))
        .or_else(|| missing_items(verb, &words[1..], &sorted))
        .or_else(|| Some(unknown_option(&command, &sorted.unknown.as_ref()?.1)))
        .or_else(|| Some(without_value(verb, sorted.valueless.as_ref()?)))
        .or_else(|| axis_without_option(&words[1..], &sorted))
        .or_else(|| words_beside_lines(verb, &words[1..], &sorted))
        .or_else(|| words_of_run(verb, &words[1..], &sorted))
        .or_else(|| several_words(&command, &words[1..], &sorted))
}

/// An example of a command whose words are missing.
pub(crate) fn example_of(verb: &str) -> Option<&'static str> {
    Some(match verb {
        "settle" => "evenly settle FILE.journal 400..500 done",
        "verify" => "evenly verify FILE.journal",
        "report" => "evenly report FILE.journal -o report.html",
        "join" => "evenly join tcp:HOST:PORT",
        _ => return None,
    })
}

/// The option among the words that is only used with the missing one.
pub(crate) fn needing(missing: &str, words: &[OsString]) -> Option<&'static str> {
    const PAIRS: [(&str, &str); 6] = [
        ("--retry-failed", "--journal"),
        ("--accept-change", "--journal"),
        ("--resume", "--journal"),
        ("--step", "--wiring"),
        ("--lang", "--wiring"),
        ("--seed", "--sample"),
    ];
    let is_typed = |option: &str| {
        let words = words.iter().take_while(|word| *word != "--");
        words.filter_map(|word| word.to_str()).any(|word| word.split('=').next() == Some(option))
    };
    let pair = PAIRS.iter().find(|(option, other)| missing.starts_with(other) && is_typed(option));
    pair.map(|(option, _)| *option)
}

/// The words of a call by what they are.
#[derive(Default)]
struct Sorted<'a> {
    /// The places of those that are neither options nor their values, up to `--`.
    positional: Vec<usize>,
    /// The first option that the verb does not have, and its place.
    unknown: Option<(usize, Cow<'a, str>)>,
    /// An option without its value, and the word in that place, which begins with a minus sign.
    valueless: Option<(Cow<'a, str>, Cow<'a, str>)>,
    has_dashes: bool,
}

impl<'a> Sorted<'a> {
    fn of(command: &Command, words: &'a [OsString]) -> Self {
        let mut sorted = Self::default();
        let mut awaiting: Option<(Cow<'_, str>, bool)> = None;
        for (place, word) in words.iter().enumerate() {
            if word == "--" {
                sorted.has_dashes = true;
                let awaiting = awaiting.map(|(option, _)| (option, Cow::Borrowed("--")));
                sorted.valueless = sorted.valueless.or(awaiting);
                break;
            }
            let word = word.to_string_lossy();
            if let Some((option, takes_minus)) = awaiting.take() {
                if !takes_minus && word.len() > 1 && word.starts_with('-') {
                    sorted.valueless = sorted.valueless.or(Some((option, word)));
                }
                continue;
            }
            match option(command, &word) {
                Some(Some(known)) if takes_next_word(known) && !has_value(&word) => {
                    let takes_minus =
                        known.is_allow_hyphen_values_set() || known.is_allow_negative_numbers_set();
                    awaiting = Some((word, takes_minus));
                }
                Some(Some(_)) => {}
                Some(None) => sorted.unknown = sorted.unknown.or(Some((place, word))),
                None => sorted.positional.push(place),
            }
        }
        sorted
    }
}

/// Whether the value of an option may be the next word. Of `--shuffle[=SEED]`, it stands in the same word.
fn takes_next_word(option: &Arg) -> bool {
    takes_value(option) && !option.is_require_equals_set()
}

/// The option that a word names: `Some(None)` if the verb does not have it, `None` if it is no option.
fn option<'c>(command: &'c Command, word: &str) -> Option<Option<&'c Arg>> {
    if let Some(name) = word.strip_prefix("--") {
        let name = name.split('=').next().unwrap_or_default();
        let is_it = |arg: &&Arg| {
            arg.get_long() == Some(name)
                || arg.get_all_aliases().unwrap_or_default().contains(&name)
        };
        let known = command.get_arguments().find(is_it);
        return (known.is_some() || looks_like_option(word)).then_some(known);
    }
    let letters = word.strip_prefix('-')?;
    let find = |letter| command.get_arguments().find(|arg| arg.get_short() == Some(letter));
    let known = letters.chars().next().and_then(find);
    let is_word = letters.len() > 1 && letters.chars().all(|letter| letter.is_ascii_alphabetic());
    match known {
        // Of `-kj`, the last one may take a value.
        Some(_) if is_word => Some(letters.chars().last().and_then(find)),
        Some(known) => Some(Some(known)),
        None => (is_word || looks_like_option(word) || is_no_range(command, word)).then_some(None),
    }
}

/// Whether a word like `-n2` or `-0` can only be meant as an option, of a command that takes no FUNCTION.
fn is_no_range(command: &Command, word: &str) -> bool {
    let has_function = command.get_positionals().any(|arg| arg.get_id() == "function");
    !has_function
        && !word.contains("..")
        && (word == "-0" || word[1..].starts_with(|first: char| first.is_ascii_alphabetic()))
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

/// Whether the value of an option is in the same word, as in `--format=json` and `-j4`.
fn has_value(word: &str) -> bool {
    match word.strip_prefix("--") {
        Some(name) => name.contains('='),
        None => !word.ends_with(|letter: char| letter.is_ascii_alphabetic()),
    }
}

/// What to say of an unknown option before all other words, where no items stand before the command: the line for these
/// would repeat the option.
fn unknown_before_items(command: &Command, sorted: &Sorted<'_>) -> Option<String> {
    let (place, option) = sorted.unknown.as_ref()?;
    let is_first = sorted.positional.first().is_some_and(|first| place < first);
    is_first.then(|| unknown_option(command, option))
}

/// What to write in place of items of GNU parallel behind the command, with `--` before it or without.
fn parallel_items(verb: &str, words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    let (options, command) = match words.iter().position(|word| word == "--") {
        Some(dashes) => match words[..dashes].iter().position(begins_items) {
            // `run ::: a b -- CMD`
            Some(items) => {
                let command = [&words[dashes + 1..], &words[items..dashes]].concat();
                return parallel_items::items_behind(verb, &words[..items], &command);
            }
            None => (&words[..dashes], &words[dashes + 1..]),
        },
        None => words.split_at(*sorted.positional.first()?),
    };
    parallel_items::items_behind(verb, options, command)
}

/// Commands that take a journal without an option.
const TAKING_JOURNALS: [&str; 5] = ["resume", "verify", "settle", "status", "report"];

/// Options that give items.
const GIVING_ITEMS: [&str; 4] = ["--lines", "--lines0", "--from", "--grid"];

fn is_range(word: &OsString) -> bool {
    word.to_str().is_some_and(|word| parse_items(word).is_ok())
}

/// What `run 0..3 echo {}` and `run --lines f echo {}` lack. For the other verbs, a placeholder says that a command is
/// meant.
fn missing_dashes(verb: &str, words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    let command = match sorted.positional[..] {
        [range, command, ..] if is_range(&words[range]) => command,
        [command, ..] => {
            option_with_value(&GIVING_ITEMS, &words[..command])?;
            command
        }
        [] => return None,
    };
    let has_placeholder = words[command..].iter().any(has_placeholder);
    if sorted.has_dashes || is_range(&words[command]) || !(verb == "run" || has_placeholder) {
        return None;
    }
    let line = |words: &[OsString]| words.iter().map(quoted).collect::<Vec<_>>().join(" ");
    let (before, behind) = words.split_at(command);
    let has_texts = option_with_value(&["--lines", "--lines0"], before).is_some();
    let is_array = option_with_value(&["--as"], before).is_some();
    let call =
        if is_array { line(behind) } else { parallel_items::command_line(behind, has_texts) };
    Some(format!(
        "-- is missing before the command {}; write: evenly {verb} {} -- {call}",
        quoted(&words[command]),
        line(before)
    ))
}

/// What `run echo {}` lacks: items and `--`. For the other verbs, a placeholder says that a command is meant.
fn missing_items(verb: &str, words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    let first = *sorted.positional.first()?;
    if verb == "join" {
        return None;
    }
    let is_meant = words[first..].iter().any(has_placeholder)
        || (verb == "run" && parallel_items::stdin_has_lines());
    let has_items = sorted.positional.iter().any(|place| is_range(&words[*place]));
    if sorted.has_dashes || has_items || !is_meant {
        return None;
    }
    let (options, command) = words.split_at(first);
    Some(parallel_items::without_items(verb, options, command))
}

/// What to say of several words behind `--lines`.
fn words_beside_lines(verb: &str, words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    let (option, file) = option_with_value(&["--lines", "--lines0"], words)?;
    let typed: Vec<OsString> =
        sorted.positional.iter().map(|place| words[*place].clone()).collect();
    if typed.is_empty() || typed.iter().all(is_range) {
        return None;
    }
    let files: Vec<OsString> = std::iter::once(file.to_owned()).chain(typed).collect();
    let dashes = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (before, command) = words.split_at(dashes);
    let others = before.iter().enumerate().filter(|(place, word)| {
        let is_option = word.to_str().is_some_and(|word| word.split('=').next() == Some(option));
        let is_value = *place > 0 && before[place - 1] == option;
        !is_option && !is_value && !sorted.positional.contains(place)
    });
    let call: Vec<_> = others.map(|(_, word)| word).chain(command).map(quoted).collect();
    Some(parallel_items::beside_lines(verb, option, &files, &call.join(" ")))
}

/// What to say of `b=2..4`, which only the first `--grid` may precede.
fn axis_without_option(words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    let mut typed = sorted.positional.iter().filter_map(|place| words[*place].to_str());
    typed.find_map(grid_options::without_option)
}

/// What to say of several words before the command of `run`: a function, or items that are not one word.
fn words_of_run(verb: &str, words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    if verb != "run" || sorted.positional.len() < 2 {
        return None;
    }
    let typed: Vec<OsString> =
        sorted.positional.iter().map(|place| words[*place].clone()).collect();
    if !typed.iter().any(is_range) {
        return Some(parallel_items::items_in_words(&typed));
    }
    let function = quoted(typed.iter().find(|word| !is_range(word))?);
    Some(format!("run takes no function, and {function} is one word too many; leave it out"))
}

fn without_value(verb: &str, (option, word): &(Cow<'_, str>, Cow<'_, str>)) -> String {
    if word == "--" {
        return format!("{option} needs a value before --; see evenly {verb} --help");
    }
    let word = quoted(&**word);
    format!("{option} needs a value; if {word} is meant as its value, write {option}={word}")
}

/// What to say of an expression that is not quoted, or a range in two words.
fn several_words(command: &Command, words: &[OsString], sorted: &Sorted<'_>) -> Option<String> {
    let words: Vec<&str> =
        sorted.positional.iter().map(|place| words[*place].to_str()).collect::<Option<_>>()?;
    let ([function @ .., start, "to" | "-" | "..", end] | [function @ .., start, end]) = &words[..]
    else {
        return None;
    };
    let verb = command.get_name();
    let has_function = command.get_positionals().any(|arg| arg.get_id() == "function");
    if function.is_empty() || sorted.has_dashes || !has_function {
        return None;
    }
    if parse_items(end).is_ok() {
        let function = words[..words.len() - 1].join(" ");
        return Some(format!(
            "{} words are given for FUNCTION and RANGE; quote the function, as in: evenly {verb} {} {end}",
            words.len(),
            quoted(function)
        ));
    }
    let range = format!("{start}..={end}");
    parse_range(&range).is_ok().then(|| {
        let function = quoted(function.join(" "));
        format!("{start} and {end} are two words; a range is one: evenly {verb} {function} {range}")
    })
}

fn unknown_option(command: &Command, typed: &str) -> String {
    let verb = command.get_name();
    let typed = typed.split('=').next().unwrap_or_default();
    let typed = evenly::printable(typed.as_bytes(), 60);
    let name = typed.trim_start_matches('-');
    // `-n2` and `-IX` are options with their values, and `-tag` is a word.
    let is_short = !typed.starts_with("--") && !name.chars().all(|c| c.is_ascii_lowercase());
    let name = if is_short { &name[..name.chars().next().map_or(0, char::len_utf8)] } else { name };
    let unknown = format!("unknown option '{typed}' of evenly {verb}");
    if (verb, name) == ("join", "allow") {
        return format!(
            "{unknown}; it is an option of agent, and with join the command stands behind --: evenly join ADDRESS -- CMD"
        );
    }
    let has = |long: &str| command.get_arguments().any(|arg| arg.get_long() == Some(long));
    let has_workers = has("workers");
    if has("first") && ["limit", "max", "max-count", "head", "top", "count"].contains(&name) {
        return format!("{unknown}; here it is --first K");
    }
    if name == "json" && has("format") {
        return format!("{unknown}; here it is --format json");
    }
    if has_workers && ["-n1", "-N1"].contains(&&*typed) {
        return format!("{unknown}; {{}} is always one item; leave it out");
    }
    if TAKING_JOURNALS.contains(&verb) && strsim::jaro_winkler(name, "journal") > 0.9 {
        return format!("{unknown}; the journal is a word of its own: evenly {verb} FILE");
    }
    // Verbs that run commands.
    if has_workers && let Some(counterpart) = parallel_options::counterpart(name) {
        return format!("{unknown}; here it is {counterpart}");
    }
    if has_workers && let Some(cause) = parallel_options::without_counterpart(name) {
        return format!("{unknown}; {cause}");
    }
    let others = Arguments::command();
    let others: Vec<&str> = others
        .get_subcommands()
        .filter(|other| {
            let mut other = (*other).clone();
            other.build();
            typed.starts_with("--") && option(&other, &typed).is_some_and(|known| known.is_some())
        })
        .map(Command::get_name)
        .collect();
    match others[..] {
        [] => {}
        [.., _, _, _, _, _] => {
            return format!(
                "{unknown}; it is an option of {}, {} and others",
                others[0], others[1]
            );
        }
        _ => return format!("{unknown}; it is an option of {}", others.join(", ")),
    }
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let names = shown.flat_map(|arg| {
        arg.get_long().into_iter().chain(arg.get_all_aliases().unwrap_or_default())
    });
    match suggestions::closest(name, names).filter(|_| name.len() > 1) {
        Some(close) => format!("{unknown}; did you mean '--{close}'?"),
        None => elsewhere(name).map_or_else(
            || format!("{unknown}; see evenly {verb} --help"),
            |(close, other)| format!("{unknown}; did you mean '--{close}' of evenly {other}?"),
        ),
    }
}

/// An option of another verb that was probably meant, and that verb.
fn elsewhere(name: &str) -> Option<(String, String)> {
    let mut all = Arguments::command();
    all.build();
    all.get_subcommands().filter(|_| name.len() > 1).find_map(|command| {
        let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let names = shown.filter_map(Arg::get_long);
        let close = suggestions::closest(name, names)?;
        Some((close.to_owned(), command.get_name().to_owned()))
    })
}
