//! Flaky numbers: a try failed and a later one passed. They are counted once each, and named.

use crate::Scratch;
use crate::support::{run_words, stderr};
use serde_json::{Value, json};
use std::process::Output;

/// Fails at the first try of 3, 8, 13 and 18, and at every try of 5.
const SCRIPT: &str =
    "[ $1 = 5 ] && exit 9; [ $EVENLY_ATTEMPT = 1 ] && [ $(($1 % 5)) = 3 ] && exit 7; exit 0";

fn asked(verb: &str, options: &[&str]) -> Output {
    asked_by("2", verb, options)
}

fn asked_by(workers: &str, verb: &str, options: &[&str]) -> Output {
    let command = ["-j", workers, "--retries", "2", "--", "sh", "-c", SCRIPT, "sh", "{}"];
    run_words(&[&[verb, "0..20"], options, &command[..]].concat())
}

const LINE: &str = "evenly: 4 numbers are flaky: a try failed, and a later one passed: \
                    n = 3 (exit 7), n = 8 (exit 7), n = 13 (exit 7), n = 18 (exit 7)";

#[test]
fn one_line_counts_and_names_the_numbers_that_passed_at_a_later_try() {
    for verb in ["run", "failures", "count"] {
        let output = asked(verb, &[]);
        let said = stderr(&output);
        assert_eq!(said.lines().filter(|line| *line == LINE).count(), 1, "{verb}: {said}");
        assert!(!asked(verb, &["-q"]).stderr.starts_with(b"evenly: 4"), "{verb}");
    }
    let verbose = stderr(&asked("run", &["-v"]));
    let line =
        "evenly: n = 13 is flaky: exit 7, then passed; rerun: evenly run --retries 2 13..=13 ";
    assert!(verbose.contains(line) && verbose.contains(LINE), "{verbose}");
}

#[test]
fn json_lists_them_and_a_number_that_fails_at_each_try_is_not_among_them() {
    let object: Value =
        serde_json::from_slice(&asked("count", &["--format", "json"]).stdout).unwrap();
    assert_eq!((&object["flaky_numbers"], &object["failed"]), (&json!("4"), &json!("1")));
    let flaky = object["flaky"].as_array().unwrap();
    let firsts: Vec<&Value> = flaky.iter().map(|one| &one["first"]).collect();
    assert_eq!(firsts, ["3", "8", "13", "18"]);
    assert_eq!((&flaky[0]["last"], &flaky[0]["cause"]), (&json!("3"), &json!("exit 7")));
    assert!(
        flaky[0]["rerun"].as_str().unwrap().starts_with("evenly count --retries 2 3..=3 "),
        "{object}"
    );
    let none = run_words(&["count", "even", "0..9", "--format", "json"]);
    let none: Value = serde_json::from_slice(&none.stdout).unwrap();
    assert_eq!((&none["flaky"], &none["flaky_numbers"]), (&json!([]), &json!("0")));
}

#[test]
fn events_have_each_and_the_count() {
    let events = Scratch::new("events");
    asked("run", &["--events", events.name()]);
    let text = events.text();
    let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut recovered: Vec<i64> = all
        .iter()
        .filter(|event| event["event"] == "recovered")
        .map(|event| event["n"].as_str().unwrap().parse().unwrap())
        .collect();
    recovered.sort_unstable();
    assert_eq!(recovered, [3, 8, 13, 18]);
    assert_eq!(all.last().unwrap()["flaky_numbers"], "4", "{text}");
}

/// A window is flaky as a whole. One that is halved was not tried again.
#[test]
fn windows_of_commands_and_coprocesses_are_flaky_as_a_whole() {
    let of_window = "[ $EVENLY_ATTEMPT = 1 ] && [ $1 = 10 ] && exit 7; exit 0";
    let command = ["--", "sh", "-c", of_window, "sh", "{start}", "{end}"];
    let words = ["run", "0..40", "--chunk", "10", "--retries", "1", "-j", "2"];
    let expected = "evenly: 10 numbers are flaky: a try failed, and a later one passed: n in 10..=19 (exit 7)\n";
    assert_eq!(stderr(&run_words(&[&words[..], &command].concat())), expected);
    let once = Scratch::new("once");
    let script = "while read a b; do [ $a = 10 ] && ! [ -e $0 ] && : > $0 && exit 7; echo 1; done";
    let command = ["--coprocess", "--", "sh", "-c", script, once.name()];
    let words = ["sum", "0..40", "--chunk", "10", "--retries", "1", "-j", "1"];
    let output = run_words(&[&words[..], &command].concat());
    assert_eq!(output.stdout, b"4\n", "{output:?}");
    let halved = "[ $(($2 - $1)) -gt 5 ] && exit 7; echo 1";
    let command = ["--", "sh", "-c", halved, "sh", "{start}", "{end}"];
    let words = ["sum", "0..40", "--chunk", "10", "--retries", "1", "-j", "2"];
    let output = run_words(&[&words[..], &command].concat());
    assert_eq!((output.stdout, output.stderr), (b"8\n".to_vec(), vec![]));
}

#[test]
fn a_run_that_ends_early_lists_them_too() {
    // One worker does the lowest fifteen, however busy the machine is.
    let output = asked_by("1", "run", &["--halt", "soon,done=15"]);
    let said = stderr(&output);
    assert!(
        said.contains(" numbers are flaky: a try failed, and a later one passed: n = 3 "),
        "{said}"
    );
    let output = asked_by("1", "count", &["--halt", "soon,done=15", "--format", "json"]);
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["complete"], &object["flaky"][0]["first"]), (&json!(false), &json!("3")));
}

#[test]
fn a_test_report_has_them_as_passed_with_the_failed_try() {
    let report = Scratch::new("report.xml");
    asked("run", &["--junit", report.name()]);
    let text = report.text();
    assert_eq!(
        text.matches("<flakyFailure message=\"exit 7\" type=\"exit\"/></testcase>").count(),
        4
    );
    assert!(text.contains("tests=\"20\" failures=\"1\""), "{text}");
}

/// Numbers of a set are named, not their positions.
#[test]
fn numbers_of_a_set_are_flaky_by_their_number() {
    let command = ["-j", "2", "--retries", "1", "--", "sh", "-c", SCRIPT, "sh", "{}"];
    let output = run_words(&[&["run", "0..=100:4,203"], &command[..]].concat());
    let expected = "evenly: 6 numbers are flaky: a try failed, and a later one passed: n = 8 (exit 7), \
        n = 28 (exit 7), n = 48 (exit 7), n = 68 (exit 7), n = 88 (exit 7), n = 203 (exit 7)\n";
    assert_eq!(stderr(&output), expected);
}

/// The first run has the flaky numbers 3 and 8 and is killed; the report of the resumed run has them beside its own.
#[test]
fn a_journal_keeps_them_for_the_report_of_a_resumed_run_and_for_verify() {
    let directory = Scratch::new("journal");
    let path = format!("{}.d", directory.name());
    std::fs::create_dir(&path).unwrap();
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(crate::support::EVENLY);
        command.args(words).current_dir(&path).output().unwrap()
    };
    // Number 12 kills the primary as soon as the journal has both.
    let script = format!(
        "test $1 -lt 12 -o -e go || {{
            for try in $(seq 200); do {} verify j | grep -q '^flaky.8' && break; sleep 0.1; done
            read a b c primary rest < /proc/$PPID/stat; kill -9 $primary; }}; {SCRIPT}",
        crate::support::EVENLY
    );
    let command = ["-j", "1", "--retries", "2", "--", "sh", "-c", &script, "sh", "{}"];
    let killed = run(&[&["run", "0..20", "--journal", "j"], &command[..]].concat());
    assert_eq!(killed.status.code(), None, "{killed:?}");
    let listed = |output: &Output| {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("flaky\t"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = listed(&run(&["verify", "j"]));
    assert_eq!(first, ["3..4\texit 7", "8..9\texit 7"]);
    std::fs::write(format!("{path}/go"), "").unwrap();
    let resumed = run(&["resume", "j"]);
    assert!(stderr(&resumed).lines().any(|line| line == LINE), "{resumed:?}");
    let all = ["3..4\texit 7", "8..9\texit 7", "13..14\texit 7", "18..19\texit 7"];
    assert_eq!(listed(&run(&["verify", "j"])), all);
    let object = run(&["verify", "j", "--format", "json"]);
    let object: Value = serde_json::from_slice(&object.stdout).unwrap();
    assert_eq!(object["flaky"][3], json!({"first": "18", "last": "18", "cause": "exit 7"}));
    std::fs::remove_dir_all(&path).unwrap();
}
