//! Commands and coprocesses over sets of items.

use crate::support::{run_words, stderr};

fn printed(words: &[&str]) -> String {
    let output = run_words(words);
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

const ITEMS: &str = "0..10,20..=23,40,45..60";

/// Windows as they are printed, `START END` on a line: no number twice and none left out, and all of them items.
fn check_windows(text: &str) {
    let mut numbers: Vec<i64> = Vec::new();
    for line in text.lines() {
        let (start, end) = line.split_once(' ').unwrap();
        numbers.extend(start.parse::<i64>().unwrap()..end.parse().unwrap());
    }
    numbers.sort_unstable();
    let expected: Vec<i64> = (0..10).chain(20..24).chain([40]).chain(45..60).collect();
    assert_eq!(numbers, expected, "{text}");
}

#[test]
fn a_command_gets_each_number() {
    let script = "echo $EVENLY_INDEX-{}";
    let text = printed(&["run", "3,7,20..30:4", "-k", "-j", "2", "--", "sh", "-c", script]);
    assert_eq!(text, "3-3\n7-7\n20-20\n24-24\n28-28\n");
    let text = printed(
        &["run", "3,7,20", "-k", "--tag", "--", "echo", "x"]
            .map(|word| if word == "x" { "{}" } else { word }),
    );
    assert_eq!(text, "3\t3\n7\t7\n20\t20\n");
    let text = printed(&["find", "0..50:7,100", "-j", "2", "--", "test", "{}", "-gt", "20"]);
    assert_eq!(text, "21\n28\n35\n42\n49\n100\n");
    let text = printed(&["max", "0..50:7", "-j", "2", "--", "sh", "-c", "echo $(({} % 10))"]);
    assert_eq!(text, "9\t49\n");
    let text = printed(&["map", "0..50:7,9", "-j", "2", "--", "echo", "{}"]);
    assert_eq!(text, "0\t0\n7\t7\n9\t9\n14\t14\n21\t21\n28\t28\n35\t35\n42\t42\n49\t49\n");
}

#[test]
fn windows_end_with_their_run() {
    for split in ["timed", "static", "guided", "fixed:1", "fixed:3", "fixed:100"] {
        for workers in ["1", "3"] {
            let words = ["run", ITEMS, "-k", "-j", workers, "--split", split, "--"];
            let text = printed(&[&words[..], &["echo", "{start}", "{end}"]].concat());
            check_windows(&text);
            let count = ["count", ITEMS, "-j", workers, "--split", split, "--"];
            let script = "echo $(({end} - {start}))";
            assert_eq!(printed(&[&count[..], &["sh", "-c", script]].concat()), "30\n");
        }
    }
    // The answer of a window names numbers.
    let script = "echo {start} {start}; test {start} -lt {end}";
    let text = printed(&["max", ITEMS, "--chunk", "4", "-j", "2", "--", "sh", "-c", script]);
    assert_eq!(text, "57\t57\n");
}

#[test]
fn a_coprocess_gets_windows_that_end_with_their_run() {
    let script = "while read s e; do echo $s $e; done";
    for split in ["timed", "fixed:1", "fixed:3", "fixed:100"] {
        let words = ["run", ITEMS, "-k", "-j", "2", "--split", split, "--coprocess", "--"];
        check_windows(&printed(&[&words[..], &["sh", "-c", script]].concat()));
    }
    let script = "while read s e; do echo $((e - s)); done";
    let words =
        ["count", ITEMS, "-j", "2", "--chunk", "1", "--coprocess", "--", "sh", "-c", script];
    assert_eq!(printed(&words), "30\n");
}

#[test]
fn windows_of_items_with_steps_are_refused_before_anything_is_touched() {
    let file = std::env::temp_dir().join(format!("evenly-items-log-{}", std::process::id()));
    let log = file.to_str().unwrap();
    for words in [
        &["run", "0..10:2", "--joblog", log, "--", "echo", "{start}", "{end}"][..],
        &["count", "0..10,20..40:5", "--joblog", log, "--coprocess", "--", "cat"],
    ] {
        let output = run_words(words);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = stderr(&output);
        assert!(said.contains("use {}, which runs the command for each number"), "{said}");
        assert_eq!((said.lines().count(), output.stdout.len()), (1, 0), "{said}");
        assert!(!file.exists());
    }
}

#[test]
fn a_command_that_fails_is_named_by_its_number() {
    let output = run_words(&["run", "3,20..=40:4", "-j", "2", "--", "test", "{}", "-ne", "28"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.contains("n = 28 failed: exit 1") && said.contains(" 28..=28 -- test"), "{said}");
    // What is no answer is shown.
    let script = "test {} -eq 28 && echo x || echo 1";
    let output = run_words(&["sum", "3,20..=40:4", "-j", "2", "--", "sh", "-c", script]);
    assert!(
        stderr(&output).contains("n = 28 failed: printed 'x', which is not an integer"),
        "{output:?}"
    );
}
