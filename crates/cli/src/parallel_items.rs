//! Items where GNU parallel takes them, or in several words, for messages that say what to write here.

use crate::shell_words;
use evenly::internal::quoted;
use rustix::fs::FileType;
use std::ffi::{OsStr, OsString};

/// What to write for lists whose first items belong together, and their second ones.
pub(crate) const LINKED: &str =
    "it is paste -d ' ' FILE1 FILE2 | evenly run --lines - -- sh -c 'set -f; set -- $1; …' sh {}";

/// Whether a word begins the items of GNU parallel.
pub(crate) fn begins_items(word: &OsString) -> bool {
    [":::", "::::", ":::+", "::::+"].iter().any(|source| word == source)
}

/// What to say of items behind the command, as in `echo {} ::: 1 2 3`, and what to write; `None` if there are none.
pub(crate) fn items_behind(
    verb: &str,
    options: &[OsString],
    command: &[OsString],
) -> Option<String> {
    let source = command.iter().find(|word| begins_items(word))?.to_string_lossy();
    if command.iter().any(|word| word == ":::+" || word == "::::+") {
        return Some(format!("':::+' is of GNU parallel; here {LINKED}"));
    }
    let mut lists = command.split(begins_items);
    let command = lists.next()?;
    let lists: Vec<&[OsString]> = lists.collect();
    let lines = |before: String, file: &str| (before, format!("--lines {file}"), true);
    let command = here_marks(command, lists.len());
    let (before, items, has_texts) = match &lists[..] {
        [[file]] if source.starts_with("::::") => lines(String::new(), &quoted(file)),
        [numbers] if are_numbers(numbers) => (String::new(), list(numbers), false),
        [words] => lines(format!("printf '%s\\n' {} | ", line(words)), "-"),
        lists if lists.len() <= 5 && lists.iter().all(|numbers| are_numbers(numbers)) => {
            let axes = lists.iter().zip('a'..);
            let axes = axes.map(|(numbers, name)| format!("--grid {name}={}", values(numbers)));
            (String::new(), axes.collect::<Vec<_>>().join(" "), false)
        }
        _ => {
            return Some(format!(
                "'{source}' is of GNU parallel, and here the items stand before --; of combinations of words, write \
                 each into a line of a file for --lines FILE"
            ));
        }
    };
    let command = match &command[..] {
        // Without a command, GNU parallel takes each word for a command line.
        [] if has_texts => "sh -c 'eval \"$1\"' sh {}".to_owned(),
        [] => "CMD {}".to_owned(),
        command => command_line(command, has_texts),
    };
    let options = with_blanks(options);
    Some(format!(
        "'{source}' is of GNU parallel, and here the items stand before --; write: {before}evenly {verb} \
         {options}{items} -- {command}"
    ))
}

/// The words of a command with the marks that stand here for `{1}` and `{2}` of GNU parallel, beside this many lists.
fn here_marks(command: &[OsString], lists: usize) -> Vec<OsString> {
    let here = |word: &OsString| {
        let Some(word) = word.to_str() else { return word.clone() };
        let names = (1..=lists.min(5)).zip('a'..);
        let replaced = names.fold(word.to_owned(), |word, (place, name)| {
            let mark = if lists == 1 { "{}".to_owned() } else { format!("{{{name}}}") };
            word.replace(&format!("{{{place}}}"), &mark)
        });
        replaced.into()
    };
    command.iter().map(here).collect()
}

/// What to say of items in several words, as in `run a b -- CMD`.
pub(crate) fn items_in_words(words: &[OsString]) -> String {
    let cause = format!("{} words stand for the items of run, which are one word", words.len());
    if are_numbers(words) {
        return format!("{cause}; write {}", list(words));
    }
    let words = line(words);
    format!(
        "{cause} of numbers; for these words write: printf '%s\\n' {words} | evenly run --lines - -- CMD"
    )
}

/// What to say of a command without items, as in `run echo {}`.
pub(crate) fn without_items(verb: &str, options: &[OsString], command: &[OsString]) -> String {
    let first = command.first().map(quoted).unwrap_or_default();
    let options = with_blanks(options);
    let of_lines = command_line(command, true);
    if stdin_has_lines() {
        return format!(
            "no items stand before the command {first}; for the lines of standard input write: … | evenly {verb} \
             {options}--lines - -- {of_lines}"
        );
    }
    let of_numbers = command_line(command, false);
    format!(
        "no items stand before the command {first}; write: evenly {verb} {options}1..=9 -- {of_numbers}, or for \
         lines: … | evenly {verb} {options}--lines - -- {of_lines}"
    )
}

/// What to say of words beside the one file of `--lines`, as a shell makes them of `--lines *.txt`.
pub(crate) fn beside_lines(verb: &str, option: &str, words: &[OsString], call: &str) -> String {
    let end = if option == "--lines0" { "\\0" } else { "\\n" };
    let words = line(words);
    format!(
        "{option} takes one file, and more words follow it; for these words as items write: printf '%s{end}' {words} \
         | evenly {verb} {option} - {call}; for the lines in these files: cat {words} | evenly {verb} {option} - {call}"
    )
}

/// The first of these options among the words, with its value.
pub(crate) fn option_with_value<'w>(
    names: &[&'static str],
    words: &'w [OsString],
) -> Option<(&'static str, &'w OsStr)> {
    let before = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words[..before].iter().enumerate().find_map(|(place, word)| {
        let text = word.to_str()?;
        let name = *names.iter().find(|name| text.split('=').next() == Some(name))?;
        match text.split_once('=') {
            Some((_, value)) => Some((name, OsStr::new(value))),
            None => Some((name, words.get(place + 1)?)),
        }
    })
}

/// Whether standard input is a pipe or a file, whose lines may be meant as items.
pub(crate) fn stdin_has_lines() -> bool {
    let kind =
        rustix::fs::fstat(rustix::stdio::stdin()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::RegularFile | FileType::Socket))
}

/// Whether a word has a placeholder.
pub(crate) fn has_placeholder(word: &OsString) -> bool {
    let word = word.to_string_lossy();
    ["{}", "{start}", "{end}", "{n}", "{.}", "{/}", "{//}", "{/.}"]
        .iter()
        .any(|mark| word.contains(mark))
}

/// A command of GNU parallel, which joins its words for a shell and appends the item.
pub(crate) fn command_line(words: &[OsString], has_texts: bool) -> String {
    let is_operator = |word: &OsString| {
        ["|", "||", ";", "&", "&&", ">", ">>", "<", "2>"].iter().any(|operator| word == operator)
    };
    let has_mark = words.iter().any(|word| word.to_string_lossy().contains('{'));
    if words.len() == 1 || words.iter().any(is_operator) {
        let text: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        let text = text.join(" ") + if has_mark { "" } else { " {}" };
        if let Some(right) = shell_words::instead_of(&text, has_texts) {
            return right;
        }
    }
    line(words) + if has_mark { "" } else { " {}" }
}

fn line(words: &[OsString]) -> String {
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// The words, each with a blank behind it.
fn with_blanks(words: &[OsString]) -> String {
    words.iter().map(|word| format!("{} ", quoted(word))).collect()
}

/// Whether all are numbers, as they would be printed: of `08` the zero would be lost.
fn are_numbers(words: &[OsString]) -> bool {
    let is_number = |word: &OsString| {
        let text = word.to_str()?;
        Some(text.parse::<i64>().ok()?.to_string() == text)
    };
    !words.is_empty() && words.iter().all(|word| is_number(word) == Some(true))
}

/// Numbers as items; one alone is no set as it is typed.
fn list(numbers: &[OsString]) -> String {
    match numbers {
        [one] => format!("{0}..={0}", one.to_string_lossy()),
        several => values(several),
    }
}

/// Numbers as a list, or as a range if each is one more than the last.
fn values(numbers: &[OsString]) -> String {
    let texts: Vec<_> = numbers.iter().map(|number| number.to_string_lossy()).collect();
    let parsed: Vec<i64> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    let is_run = parsed.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    match &texts[..] {
        [first, _, .., last] if is_run => format!("{first}..={last}"),
        _ => texts.join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_behind_the_command_are_put_before_it() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (options, command, expected) in [
            ("-k", "echo {} ::: 1 2 3", "evenly run -k 1..=3 -- echo {}"),
            ("-k", "echo {} ::: 3 7 12", "evenly run -k 3,7,12 -- echo {}"),
            (
                "-k",
                "echo {} ::: 08 09",
                "printf '%s\\n' 08 09 | evenly run -k --lines - -- echo {}",
            ),
            ("-k", "cd {} && ls ::: 1 2", "run -k 1,2 -- sh -c 'cd $1 && ls' sh {}"),
            ("-k", "gzip < > f.gz ::: a", "--lines - -- sh -c 'gzip < > f.gz \"$1\"' sh {}"),
            ("-k", "echo ::: 7", "evenly run -k 7..=7 -- echo {}"),
            ("-k", "echo {} ::: a b", "printf '%s\\n' a b | evenly run -k --lines - -- echo {}"),
            ("-k", "wc -l {} :::: f", "evenly run -k --lines f -- wc -l {}"),
            ("-k", "echo {1} ::: 4 5", "evenly run -k 4,5 -- echo {}"),
            (
                "-k",
                "echo {1}{2} ::: 1 2 ::: 3",
                "evenly run -k --grid a=1,2 --grid b=3 -- echo '{a}{b}'",
            ),
            ("-k", "echo {1} ::: 1 2 :::+ 3 4", "here it is paste -d ' ' FILE1 FILE2 | evenly run"),
            (
                "-k",
                "::: ls date",
                "printf '%s\\n' ls date | evenly run -k --lines - -- sh -c 'eval \"$1\"' sh {}",
            ),
            ("-k", "::: 1 2", "evenly run -k 1,2 -- CMD {}"),
            ("-k", "echo {1} ::: a b ::: 3", "each into a line of a file for --lines FILE"),
        ] {
            let text = items_behind("run", &words(options), &words(command)).unwrap();
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(items_behind("run", &[], &words("echo :")), None);
    }
}
