//! Calls of people who know other tools, or mistyped: the whole line that each gets.

use super::support::{evenly, run_words, stderr};
use std::process::Stdio;

/// Each call is refused with this line.
fn each_gets(cases: &[(&[&str], &str)]) {
    for (words, expected) in cases {
        let output = run_words(words);
        assert_eq!(stderr(&output), format!("evenly: {expected}\n"), "{words:?}");
        assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]), "{words:?}");
    }
}

#[test]
fn items_of_other_tools_get_the_items_of_this_one() {
    const PARALLEL: &str = "of GNU parallel, and here the items stand before --; write:";
    each_gets(&[
        (
            &["run", ":::", "a", "b"],
            &format!(
                "':::' is {PARALLEL} printf '%s\\n' a b | evenly run --lines - -- sh -c 'eval \"$1\"' sh {{}}"
            ),
        ),
        (&["run", ":::", "4", "6"], &format!("':::' is {PARALLEL} evenly run 4,6 -- CMD {{}}")),
        (
            &["run", "echo", "{2}{1}", ":::", "1", "2", ":::", "7", "9"],
            &format!(
                "':::' is {PARALLEL} evenly run --grid a=1,2 --grid b=7,9 -- echo '{{b}}{{a}}'"
            ),
        ),
        (
            &["run", ":::", "a", "b", "--", "echo", "{}"],
            &format!("':::' is {PARALLEL} printf '%s\\n' a b | evenly run --lines - -- echo {{}}"),
        ),
        (
            &["run", "-k", ":::", "4", "6", "--", "echo", "{}"],
            &format!("':::' is {PARALLEL} evenly run -k 4,6 -- echo {{}}"),
        ),
        (
            &["run", "0-9%2", "--", "echo", "{}"],
            "bad range '0-9%2': it has no '..'; did you mean 0..=9 with -j 2?",
        ),
        (
            &["run", "1,3,7-9%2", "--", "echo", "{}"],
            "bad item '7-9%2': it is no range; did you mean 7..=9 with -j 2?",
        ),
        (&["run", "{1..3}", "--", "echo", "{}"], "bad range '{1..3}': did you mean 1..=3?"),
        (&["count", "prime", "[1,100]"], "bad range '[1,100]': did you mean 1..=100?"),
        (
            &["count", "prime", "10^6"],
            "bad range '10^6': it has no '..'; write START..END (END excluded) or START..=LAST, as 1..=10^6, or \
             10^6..=10^6 for this one number",
        ),
        (
            &["count", "prime", "1", "to", "100"],
            "1 and 100 are two words; a range is one: evenly count prime 1..=100",
        ),
        (
            &["run", "--grid", "n=", "--", "echo", "{}"],
            "bad value 'n=' for --grid: its values are missing, as in a=0..10 or b=1,2,5",
        ),
        (
            &["run", "0..=3", "--as", "slurm", "./task.sh"],
            "-- is missing before the command ./task.sh; write: evenly run '0..=3' --as slurm -- ./task.sh",
        ),
    ]);
}

#[test]
fn commands_of_other_tools_get_the_words_of_this_one() {
    each_gets(&[
        (
            &["run", "0..3", "--", "sh -c 'echo $1' sh {}"],
            "there is no shell, and \"sh -c 'echo \"'$1'\"' sh {}\" is one word; write: -- sh -c 'echo $1' sh {}",
        ),
        (
            &["run", "0..3", "--", "sh -c \"echo $1\" sh {}"],
            "there is no shell, and 'sh -c \"echo $1\" sh {}' is one word; write: -- sh -c 'echo $1' sh {}",
        ),
        (
            &["run", "0..3", "--", "echo", "{= $_ *= 2 =}"],
            "{= … =} is Perl of GNU parallel; compute in a shell: sh -c 'echo $(($1 * 2))' sh {}",
        ),
        (
            &["run", "0..3", "--", "echo", "{1}"],
            "unknown placeholder '{1}' in 'echo '{1}''; the placeholders are {} for each n, and {start} and {end} for a \
             chunk, with zeros {n:04}, {start:04} and {end:04}, with --lines also {n} {#} {.} {/} {//} {/.}, and with \
             --grid a=… also {a}; the item is {}, with --grid a=1..=3 --grid b=10,20 it is {a} {b}; columns of a line \
             are: sh -c 'IFS=,; set -f; set -- $1; echo \"$2\"' sh {}; braces of a program's text can go into a script \
             file",
        ),
        (
            &["scancel", "1"],
            "unknown command 'scancel'; write: kill PID; evenly status has the PID",
        ),
        (&["squeue"], "unknown command 'squeue'; write: evenly status"),
        (
            &["prod", "n", "1..5"],
            "unknown command 'prod'; no command multiplies over a range; an expression does: product(d in 1..=n, d)",
        ),
        (
            &["run", "1..=3", "--", "sh", "env.sh"],
            "'sh env.sh' has no place for a number; write {} where it goes, {start} and {end} for a command that does a \
             whole chunk, or use --coprocess, or --as slurm for a script that reads a variable",
        ),
        (&["version"], "unknown command 'version'; write: evenly --version"),
    ]);
    let output = run_words(&["run", "1..=1", "--", "echo", "{}", ">", "f"]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"1 > f\n"[..]));
    assert_eq!(
        stderr(&output),
        "evenly: there is no shell, and '>' is a word for echo; if it is meant for a shell, write: -- sh -c 'echo $1 > f' sh \
         {}\n"
    );
}

/// An option that is unknown is said first: the line for the items would repeat it.
#[test]
fn an_unknown_option_comes_before_missing_items() {
    for (call, expected) in [
        (
            "run -I{} echo {}",
            "'-I{}' of evenly run; here it is {}, the only text that stands for an item",
        ),
        ("run -P4 echo {}", "'-P4' of evenly run; here it is -j N"),
        ("run -n1 echo", "'-n1' of evenly run; {} is always one item; leave it out"),
        (
            "run --bar echo {}",
            "'--bar' of evenly run; here it is --progress bar, the default on a terminal",
        ),
    ] {
        let output = evenly(call).stdin(Stdio::piped()).output().unwrap();
        assert_eq!(stderr(&output), format!("evenly: unknown option {expected}\n"), "{call}");
    }
}

#[test]
fn misplaced_and_mistyped_options_get_the_right_one() {
    each_gets(&[
        (
            &["resume", "--jornal", "j"],
            "unknown option '--jornal' of evenly resume; the journal is a word of its own: evenly resume FILE",
        ),
        (
            &["verify", "--journal", "j"],
            "unknown option '--journal' of evenly verify; the journal is a word of its own: evenly verify FILE",
        ),
        (
            &["find", "even", "0..10", "--limit", "3"],
            "unknown option '--limit' of evenly find; here it is --first K",
        ),
        (
            &["join", "tcp:127.0.0.1:7099", "--allow", "x {}"],
            "unknown option '--allow' of evenly join; it is an option of agent, and with join the command stands behind \
             --: evenly join ADDRESS -- CMD",
        ),
        (
            &["max", "n", "1..5", "--json"],
            "unknown option '--json' of evenly max; here it is --format json",
        ),
        (
            &["run", "0..3", "--threads", "2", "--", "echo", "{}"],
            "unknown option '--threads' of evenly run; here it is -j N",
        ),
        (
            &["run", "0..3", "-j", "two", "--", "echo", "{}"],
            "bad value 'two' for --workers: 'two' is not a whole number; write a number, as 4, 50% or +1",
        ),
        (
            &["run", "0..3", "--retries", "--", "true", "{}"],
            "--retries needs a value before --; see evenly run --help",
        ),
        (
            &["settle"],
            "JOURNAL, ITEMS, DECISION are missing; as in: evenly settle FILE.journal 400..500 done",
        ),
        (
            &["settle", "j", "0..5"],
            "DECISION is missing; as in: evenly settle FILE.journal 400..500 done",
        ),
    ]);
}

#[test]
fn real_values_are_asked_for_by_a_command_or_a_library() {
    const REALS: &str =
        "for real values give a command that prints decimals, or --lib FILE.so:SYMBOL:f64";
    each_gets(&[
        (
            &["sum", "sin(n)", "0..10"],
            &format!(
                "bad expression 'sin(n)': column 1: unknown function 'sin'; an expression has integers only; {REALS}"
            ),
        ),
        (
            &["sum", "1.0/n", "1..10"],
            &format!(
                "bad expression '1.0/n': column 1: '1.0' is not a whole number; an expression has integers only: 10 * n > 5 \
                 stands for n > 0.5; {REALS}"
            ),
        ),
    ]);
}

/// The lines of a call, its status, and the last line of its messages.
fn ends(words: &[&str]) -> (String, Option<i32>, String) {
    let output = run_words(words);
    let said = stderr(&output).lines().last().unwrap_or_default().to_owned();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code(), said)
}

/// `0 numbers not done` would say that nothing is left out.
#[test]
fn lines_withheld_behind_a_failure_are_named() {
    const WITHHELD: &str = "evenly: 1 number failed; stopped at the failure of n = 0; the lines above it are withheld; \
                            --partial prints them";
    let (lines, status, said) = ends(&["map", "100/n", "-3..=3"]);
    assert_eq!((&*lines, status, &*said), ("-3\t-33\n-2\t-50\n-1\t-100\n", Some(3), WITHHELD));
    let (lines, status, said) = ends(&["find", "100/n > 0", "-3..=3"]);
    assert_eq!((&*lines, status, &*said), ("", Some(3), WITHHELD));
    let (lines, status, said) = ends(&["map", "100/n", "-2..=0"]);
    let last = "evenly: 1 number failed; stopped at the failure of n = 0";
    assert_eq!((&*lines, status, &*said), ("-2\t-50\n-1\t-100\n", Some(3), last));
}

/// The sums of parts do not help where the value of one number is too large.
#[test]
fn a_sum_that_is_too_large_gets_its_parts_only_if_they_can_help() {
    const SUM: &str = "evenly: the sum does not fit 128 bits";
    let (lines, _, said) = ends(&["sum", "n ** 20", "0..80"]);
    let parts = "; there is no answer; ask for the sums of parts of the range";
    assert_eq!((&*lines, said), ("", format!("{SUM}{parts}")));
    let (lines, _, said) = ends(&["sum", "n ** 20", "0..10000"]);
    let failed = ", even without the n that failed; there is no answer";
    assert_eq!((&*lines, said), ("", format!("{SUM}{failed}")));
}
