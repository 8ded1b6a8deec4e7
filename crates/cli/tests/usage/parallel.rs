//! Words of GNU parallel, and names of other tools: each message says what to write here.

use super::support::{VERBS, evenly, run_words, stderr};
use super::{refused, refused_words};
use std::process::Stdio;

#[test]
fn options_of_gnu_parallel_name_their_counterpart() {
    for (call, expected) in [
        ("run -n 2 0..3 -- echo {}", "'-n' of evenly run; here it is --chunk N with {start} and"),
        ("run -n2 0..3 -- echo {}", "'-n2' of evenly run; here it is --chunk N with {start} and"),
        ("run -L1 0..3 -- echo {}", "here it is --chunk N with {start} and {end} in CMD"),
        ("run -I X 0..3 -- echo X", "'-I' of evenly run; here it is {}, the only text"),
        ("run -IX 0..3 -- echo X", "here it is {}, the only text that stands for an item"),
        ("run 0..3 -u -- echo {}", "'-u' of evenly run; here it is --line-buffer"),
        ("run -0 --lines l -- echo {}", "'-0' of evenly run; here it is --lines0 FILE"),
        ("count -0 --lines l -- test {}", "'-0' of evenly count; here it is --lines0 FILE"),
        ("run --null 0..3 -- echo {}", "here it is --lines0 FILE"),
        ("run --colsep , --lines l -- echo {}", "a split in CMD: sh -c 'IFS=,; set -f; set -- $1;"),
        ("run --pipe 0..3 -- cat", "; data is not divided among commands; --lines FILE gives"),
        ("run --pipe --block 1M -- cat", "'--pipe' of evenly run; data is not divided"),
        ("run --retry 3 0..3 -- echo {}", "here it is --retries N: how many more tries"),
        ("run --link --lines l -- echo {}", "here it is paste -d ' ' FILE1 FILE2 | evenly run"),
        ("run --quote 0..3 -- echo {}", "there is no shell, so nothing needs quotes; leave it out"),
        ("run -X 0..3 -- echo {}", "{} is always one item, and xargs itself puts several into"),
        ("run --env A 0..3 -- echo {}", "commands inherit the environment; leave it out"),
        ("run --nice 5 0..3 -- echo {}", "here it is nice -n N evenly …"),
        ("run --array 0..3 -- echo {}", "here it is evenly run 1..=N --as slurm -- ./SCRIPT"),
        ("run --eta 0..3 -- echo {}", "here it is --progress bar, the default on a terminal"),
        ("run --tagstring x 0..3 -- echo {}", "let CMD print any other text: sh -c 'echo"),
        ("run --trim lr --lines l -- echo {}", "here it is sed 's/^ *//; s/ *$//' FILE"),
        ("run --compress 0..3 -- echo {}", "large output waits in files of TMPDIR as it is"),
        ("run --limit x 0..3 -- echo {}", "here it is --load or --memfree"),
        ("run --trc x 0..3 -- echo {}", "no files are copied; an agent works in its own"),
        ("count --group 0..3 -- test {}", "output of commands is never mixed; leave it out"),
        ("count --retry=3 0..3 -- echo {}", "here it is --retries N: how many more tries"),
    ] {
        refused(call, &["unknown option ", expected]);
    }
}

#[test]
fn items_in_several_words_are_put_into_one_or_into_lines() {
    for (call, expected) in [
        (
            "run 1 2 3 -- echo {}",
            "3 words stand for the items of run, which are one word; write 1..=3",
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
        (&["run", "echo", "{}", ":::", "1", "2", "3"][..], "write: evenly run 1..=3 -- echo {}"),
        (&["run", "--", "echo", "{}", ":::", "1", "2"], "write: evenly run 1,2 -- echo {}"),
        (&["run", "echo {}|wc", ":::", "1", "2"], "run 1,2 -- sh -c 'echo $1|wc' sh {}"),
        (
            &["run", "-j4", "echo {} | wc -c", ":::", "a.log", "b"],
            "' a.log b | evenly run -j 4 --lines - -- sh -c 'echo \"$1\" | wc -c' sh {}",
        ),
        (&["run", "echo", "{}", "|", "wc", ":::", "5"], "5..=5 -- sh -c 'echo $1 | wc' sh {}"),
        (&["run", "echo", ":::", "08", "09"], "' 08 09 | evenly run --lines - -- echo {}"),
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

/// A shell turns `*.txt` into several words.
#[test]
fn words_behind_the_file_of_lines_keep_that_file_among_the_items() {
    for (words, expected) in [
        (
            &["run", "-k", "--lines", "d/a b", "d/b", "d/c", "--", "echo", "{}"][..],
            "printf '%s\\n' 'd/a b' d/b d/c | evenly run --lines - -k -- echo {}; for the lines in these files: cat \
             'd/a b' d/b d/c | evenly run --lines - -k -- echo {}",
        ),
        (
            &["run", "--lines=a", "b", "--", "echo", "{}"],
            "printf '%s\\n' a b | evenly run --lines - -- echo {};",
        ),
        (
            &["count", "--lines0", "a", "b", "c", "--", "test", "{}"],
            "printf '%s\\0' a b c | evenly count --lines0 - -- test {};",
        ),
    ] {
        refused_words(words, &["takes one file, and more words follow it;", expected]);
    }
}

#[test]
fn one_word_that_needs_a_shell_is_put_behind_one() {
    for (words, expected) in [
        (
            &["run", "1..=3", "--", "echo {} | wc -c"][..],
            "there is no shell, and 'echo {} | wc -c' is one word; write: -- sh -c 'echo $1 | wc -c' sh {}",
        ),
        (&["run", "1..=3", "--", "echo {}"], "'echo {}' is one word; write: -- echo {}"),
        (&["run", "1..=3", "--", "echo hello"], "'echo hello' is one word; write: -- echo hello"),
        (&["count", "1..=3", "--", "test {} = 2&"], "write: -- sh -c 'test $1 = 2&' sh {}"),
        (&["run", "--lines", "Cargo.toml", "--", "cat {}>x"], "-- sh -c 'cat \"$1\">x' sh {}"),
        (&["run", "--grid", "a=1..3", "--", "echo {a};"], "write: -- sh -c 'echo $1;' sh {a}"),
        (&["run", "1..=3", "--", "A=1 env {}"], "write: -- sh -c 'A=1 env $1' sh {}"),
        (&["run", "1..=3", "echo {}"], "write: evenly run '1..=3' -- echo {}"),
        (&["run", "1..=3", "cd {}; ls"], "write: evenly run '1..=3' -- sh -c 'cd $1; ls' sh {}"),
    ] {
        refused_words(words, &[expected]);
    }
}

#[test]
fn a_command_of_a_shell_is_no_program() {
    for (call, expected) in [
        ("run 0..3 -- cd {}", "no program 'cd' in PATH; it is a command of shells; write: bash -c"),
        ("run 0..3 -- A=1 env {}", "'A=1' in PATH; to set a variable write: env A=1 CMD"),
        ("run 0..3 -- no-f {}", "./no-f, or install it; a function of a shell needs export -f"),
    ] {
        refused(call, &[expected]);
    }
}

#[test]
fn a_command_without_items_or_dashes_is_put_behind_both() {
    for (call, expected) in [
        (
            "run -k echo {}",
            "no items stand before the command echo; write: evenly run -k 1..=9 -- echo {}, or for lines: … | evenly run \
             -k --lines - -- echo {}",
        ),
        ("run wc -c {}", "before the command wc; write: evenly run 1..=9 -- wc -c {}, or for"),
        ("count test {} -gt 4", "write: evenly count 1..=9 -- test {} -gt 4, or for lines: … |"),
        ("run echo", "no items stand before the command echo; write: evenly run 1..=9 -- echo {}"),
        (
            "run --lines names.txt wc -c {}",
            "-- is missing before the command wc; write: evenly run --lines names.txt -- wc -c {}",
        ),
        ("run --grid a=1..3 echo {a}", "write: evenly run --grid 'a=1..3' -- echo '{a}'"),
        ("count --from f test {} -gt 4", "write: evenly count --from f -- test {} -gt 4"),
        ("run --lines f 2.. cat {}", "write: evenly run --lines f 2.. -- cat {}"),
    ] {
        refused(call, &[expected]);
    }
}

#[test]
fn a_command_whose_items_come_through_a_pipe_gets_lines() {
    for (call, expected) in [
        ("run -j 2 echo {}", "… | evenly run -j 2 --lines - -- echo {}"),
        ("run wc -c", "… | evenly run --lines - -- wc -c {}"),
        ("run echo", "… | evenly run --lines - -- echo {}"),
        ("run -- echo {}", "add --lines - before --, as in: … | evenly run --lines - -- echo {}"),
        ("count -- test {} -gt 4", "as in: … | evenly count --lines - -- test {} -gt 4"),
    ] {
        let output = evenly(call).stdin(Stdio::piped()).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{call}: {said}");
        assert!(said.contains("for the lines of standard input "), "{call}: {said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{call}: {said}");
    }
}

#[test]
fn code_that_gets_its_item_as_the_name_of_the_shell_is_said_to() {
    let said = |words: &[&str]| {
        let output = run_words(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        stderr(&output)
    };
    let hint = "{} is $0 here, and $1 is empty; write: sh -c 'echo x$1' sh {}\n";
    let text = said(&["run", "1..=3", "--", "sh", "-c", "echo x$1", "{}"]);
    assert!(text.ends_with(hint), "{text}");
    let chunk = ["run", "1..=3", "--chunk", "2", "--", "bash", "-c", "seq $1", "{start}", "{end}"];
    let text = said(&chunk);
    assert!(text.contains("{start} is $0 here, not $1; write: bash -c 'seq $1' bash"), "{text}");
    for silent in [
        &["run", "1..=3", "--", "sh", "-c", "echo x$1", "sh", "{}"][..],
        &["run", "1..=3", "--", "sh", "-c", "echo x$0", "{}"],
    ] {
        assert_eq!(said(silent), "", "{silent:?}");
    }
}

#[test]
fn placeholders_of_gnu_parallel_name_what_there_is_here() {
    for (mark, expected) in [
        ("{%}", "the number of the worker is EVENLY_WORKER: sh -c"),
        ("{#}", "a number has no other number: {} is n"),
        ("{#:04}", "unknown placeholder '{#:04}'"),
        ("b {1}", "columns of a line are: sh -c 'IFS=,; set -f; set -- $1;"),
    ] {
        refused_words(&["run", "0..3", "--", "echo", "{}", mark], &[expected]);
    }
}

#[test]
fn submitting_commands_of_clusters_have_a_counterpart() {
    for (call, expected) in [
        ("qsub -t 1-10 x", "unknown command 'qsub'; write: evenly run 1..=N --as sge"),
        ("bsub x", "unknown command 'bsub'; write: evenly run 1..=N --as lsf -- ./SCRIPT"),
        ("sem echo", "unknown command 'sem'; there is no job queue across calls"),
    ] {
        refused(call, &[expected]);
    }
}
