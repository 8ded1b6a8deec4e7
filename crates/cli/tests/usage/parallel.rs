//! Words of GNU parallel, and names of other tools: each message says what to write here.

use super::support::VERBS;
use super::{refused, refused_words};

#[test]
fn options_of_gnu_parallel_name_their_counterpart() {
    for (call, expected) in [
        ("run -n 2 0..3 -- echo {}", "'-n' of evenly run; here it is --chunk N with {start} and"),
        ("run -n2 0..3 -- echo {}", "'-n2' of evenly run; here it is --chunk N with {start} and"),
        ("run -L1 0..3 -- echo {}", "here it is --chunk N with {start} and {end} in CMD"),
        ("run -I X 0..3 -- echo X", "'-I' of evenly run; here it is {}, the only text"),
        ("run -IX 0..3 -- echo X", "here it is {}, the only text that stands for an item"),
        ("run 0..3 -u -- echo {}", "'-u' of evenly run; here it is --line-buffer (docs/"),
        ("run -0 --lines l -- echo {}", "'-0' of evenly run; here it is --lines0 FILE ("),
        ("count -0 --lines l -- test {}", "'-0' of evenly count; here it is --lines0 FILE ("),
        ("run --null 0..3 -- echo {}", "here it is --lines0 FILE ("),
        ("run --colsep , --lines l -- echo {}", "a split in CMD: sh -c 'IFS=,; set -f; set -- $1;"),
        ("run --pipe 0..3 -- cat", "; data is not divided among commands; --lines FILE gives"),
        ("run --pipe --block 1M -- cat", "'--pipe' of evenly run; data is not divided"),
        ("run --retry 3 0..3 -- echo {}", "here it is --retries N: how many more tries ("),
        ("run --link --lines l -- echo {}", "here it is paste -d ' ' FILE1 FILE2 | evenly run"),
        ("count --retry=3 0..3 -- echo {}", "here it is --retries N: how many more tries ("),
    ] {
        refused(call, &["unknown option ", expected]);
    }
}

#[test]
fn items_in_several_words_are_put_into_one_or_into_lines() {
    for (call, expected) in [
        (
            "run 1 2 3 -- echo {}",
            "3 words stand for the items of run, which are one word; write 1,2,3",
        ),
        ("run a b -- echo {}", "write: printf '%s\\n' a b | evenly run --lines - -- CMD"),
        ("run a -- echo {}", "; items that are words are lines: --lines FILE"),
        ("run even 0..3 -- echo {}", "run takes no function, and even is one word too many"),
    ] {
        refused(call, &[expected]);
    }
}

/// Lists of `:::+` are no grid: their first items belong together.
#[test]
fn linked_lists_are_no_combinations() {
    let call = "run -- echo {1} {2} ::: 1 2 :::+ 3 4";
    refused(call, &["':::+' is of GNU parallel; here it is paste -d ' ' FILE1 FILE2 | evenly run"]);
}

#[test]
fn items_behind_the_command_are_put_before_it() {
    for (words, expected) in [
        (&["run", "echo", "{}", ":::", "1", "2", "3"][..], "write: evenly run 1,2,3 -- echo {}"),
        (&["run", "--", "echo", "{}", ":::", "1", "2"], "write: evenly run 1,2 -- echo {}"),
        (&["run", "-j", "2", "echo", ":::", "5"], "write: evenly run -j 2 5..=5 -- echo {}"),
        (&["run", "cat", "{}", "::::", "f"], "write: evenly run --lines f -- cat {}"),
        (&["run", "-k", "--", "cat", ":::", "a b", "c"], "| evenly run --lines - -- cat {}"),
        (&["failures", "--", "test", "{}", ":::", "1", "2"], "evenly failures 1,2 -- test {}"),
    ] {
        refused_words(
            words,
            &["' is of GNU parallel, and here the items stand before --;", expected],
        );
    }
}

#[test]
fn other_names_of_commands_are_understood() {
    for (typed, meant) in [
        ("avg", "mean"),
        ("Average", "mean"),
        ("filter", "find"),
        ("parallel", "run"),
        ("every", "all"),
    ] {
        let expected = format!("unknown command '{typed}'; did you mean '{meant}'?");
        refused(&format!("{typed} n 0..3"), &[&expected]);
    }
}

#[test]
fn missing_items_can_be_given_in_several_ways() {
    for verb in VERBS.into_iter().chain(["run"]) {
        let expected = "<RANGE> is missing; write the numbers, as 0..1000, or give the items by --from, --grid or";
        refused(&format!("{verb} -- echo {{}}"), &[expected]);
    }
}
