//! Options of GNU parallel that have another name or form here, for the message about an unknown option.

use evenly::internal::quoted;
use std::ffi::OsString;

/// What to type here in place of an option of GNU parallel, named without its minus signs.
pub(crate) fn counterpart(option: &str) -> Option<&'static str> {
    Some(match option {
        "resume-failed" => {
            "--journal FILE --resume --retry-failed, or evenly resume FILE --retry-failed"
        }
        "delay" => "--max-rate: 200/m for --delay 0.3",
        "P" | "max-procs" => "-j N",
        "bar" => "--progress bar",
        "eta" => "--progress plain",
        "max-args" | "max-replace-args" | "N" | "n" | "L" | "l" | "max-lines" => {
            "--chunk N with {start} and {end} in CMD"
        }
        "I" | "i" | "replace" => "{}, the only text that stands for an item",
        "u" | "ungroup" | "linebuffer" | "lb" => "--line-buffer",
        "C" | "colsep" => "a split in CMD: sh -c 'IFS=,; set -f; set -- $1; echo \"$2\"' sh {}",
        "d" | "delimiter" => "tr ';' '\\n' < FILE | evenly … --lines -",
        "header" => "--lines FILE 2.. -- CMD, which leaves out the first line",
        "retry" => "--retries N: how many more tries",
        "tagstring" => "--tag",
        "files" => "--results DIR",
        "term-seq" | "termseq" => "--grace D",
        "halt-on-error" => "--halt",
        "workdir" | "wd" => "sh -c 'cd DIR && …' sh {} as CMD",
        "link" | "xapply" => LINKED.trim_start_matches("it is "),
        "nice" => "nice -n N evenly …",
        "a" | "arg-file" => "--lines FILE",
        "0" | "null" => "--lines0 FILE",
        "S" | "sshlogin" | "slf" | "sshloginfile" => {
            "--on ssh:HOST/WORKERS, or --on @FILE with hosts"
        }
        _ => return None,
    })
}

/// What to say of an option of GNU parallel that has no counterpart.
pub(crate) fn without_counterpart(option: &str) -> Option<&'static str> {
    Some(match option {
        "pipe" | "block" | "pipepart" | "pipe-part" | "spreadstdin" | "cat" | "fifo" => {
            "data is not divided among commands; --lines FILE gives each line as an argument"
        }
        "sem" | "semaphore" => "there is no job queue across calls",
        "transfer" | "transferfile" | "return" | "cleanup" | "basefile" => {
            "no files are copied; an agent works in its own directory"
        }
        "tmux" | "interactive" | "p" => "commands have no terminal",
        "will-cite" | "citation" | "bibtex" => "there is no such notice; leave it out",
        _ => return None,
    })
}

/// What to write for lists whose first items belong together, and their second ones.
const LINKED: &str =
    "it is paste -d ' ' FILE1 FILE2 | evenly run --lines - -- sh -c 'set -f; set -- $1; …' sh {}";

/// Whether a word begins the items of GNU parallel.
fn begins_items(word: &OsString) -> bool {
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
    let command = line(lists.next()?);
    let lists: Vec<&[OsString]> = lists.collect();
    let (before, items) = match &lists[..] {
        [[file]] if source.starts_with("::::") => {
            (String::new(), format!("--lines {}", quoted(file)))
        }
        [numbers] if are_numbers(numbers) => (String::new(), list(numbers)),
        [words] => (format!("printf '%s\\n' {} | ", line(words)), "--lines -".to_owned()),
        lists if lists.len() <= 5 && lists.iter().all(|numbers| are_numbers(numbers)) => {
            let axes = lists.iter().zip('a'..);
            let axes =
                axes.map(|(numbers, name)| format!("--grid {name}={}", line_with(numbers, ",")));
            (String::new(), axes.collect::<Vec<_>>().join(" "))
        }
        _ => {
            return Some(format!(
                "'{source}' is of GNU parallel, and here the items stand before --; of combinations of words, write \
                 each into a line of a file for --lines FILE (docs/from-parallel.md)"
            ));
        }
    };
    let mark = if command.contains('{') { "" } else { " {}" };
    let options: String = options.iter().map(|word| format!("{} ", quoted(word))).collect();
    Some(format!(
        "'{source}' is of GNU parallel, and here the items stand before --; write: {before}evenly {verb} \
         {options}{items} -- {command}{mark}"
    ))
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

fn line(words: &[OsString]) -> String {
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn line_with(words: &[OsString], between: &str) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    words.join(between)
}

fn are_numbers(words: &[OsString]) -> bool {
    !words.is_empty()
        && words.iter().all(|word| word.to_str().is_some_and(|word| word.parse::<i64>().is_ok()))
}

/// Numbers as items; one alone is no set as it is typed.
fn list(numbers: &[OsString]) -> String {
    match numbers {
        [one] => format!("{0}..={0}", one.to_string_lossy()),
        several => line_with(several, ","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Arguments;
    use clap::CommandFactory;

    #[test]
    fn no_option_of_run_has_a_counterpart() {
        let mut all = Arguments::command();
        all.build();
        let run = all.find_subcommand("run").unwrap();
        for option in run.get_arguments().filter_map(clap::Arg::get_long) {
            assert_eq!(counterpart(option), None, "--{option}");
        }
    }

    #[test]
    fn items_behind_the_command_are_put_before_it() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (options, command, expected) in [
            ("-k", "echo {} ::: 1 2 3", "evenly run -k 1,2,3 -- echo {}"),
            ("-k", "echo ::: 7", "evenly run -k 7..=7 -- echo {}"),
            ("-k", "echo {} ::: a b", "printf '%s\\n' a b | evenly run -k --lines - -- echo {}"),
            ("-k", "wc -l {} :::: f", "evenly run -k --lines f -- wc -l {}"),
            ("-k", "echo {1} ::: 1 2 ::: 3", "evenly run -k --grid a=1,2 --grid b=3 -- echo {1}"),
            ("-k", "echo {1} ::: 1 2 :::+ 3 4", "here it is paste -d ' ' FILE1 FILE2 | evenly run"),
            ("-k", "echo {1} ::: a b ::: 3", "each into a line of a file for --lines FILE"),
        ] {
            let text = items_behind("run", &words(options), &words(command)).unwrap();
            let text = text.replace("'{1}'", "{1}");
            assert!(text.contains(expected), "{text}");
        }
        assert_eq!(items_behind("run", &[], &words("echo :")), None);
    }

    #[test]
    fn an_option_that_is_named_exists() {
        let mut all = Arguments::command();
        all.build();
        let run = all.find_subcommand("run").unwrap();
        for option in [
            "a",
            "null",
            "delay",
            "resume-failed",
            "bar",
            "eta",
            "N",
            "n",
            "u",
            "retry",
            "header",
            "tagstring",
            "files",
            "S",
        ] {
            let text = counterpart(option).unwrap();
            let named = text.split_whitespace().next().unwrap().trim_start_matches('-');
            let named = named.trim_end_matches(':');
            let has_it = run.get_arguments().any(|arg| arg.get_long() == Some(named));
            assert!(has_it, "{option}: {text}");
        }
    }
}
