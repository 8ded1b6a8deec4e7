//! Numbers that fail: reported, listed, counted, and left out with `--partial`.

use crate::support::{EVENLY, run, stderr};
use std::process::Command;

const CRASHING: &str = "count test:crash@7,500 0..1000 -j 2 --quiet";

#[test]
fn the_answer_is_withheld_and_each_failure_named_once() {
    let output = run(CRASHING);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    let expected = "\
evenly: n = 7 failed: signal 11 (SIGSEGV); rerun: evenly count 'test:crash@7,500' 7..=7
evenly: n = 500 failed: signal 11 (SIGSEGV); rerun: evenly count 'test:crash@7,500' 500..=500
evenly: 2 numbers failed; the answer is withheld (--partial gives that of the others)
";
    assert_eq!(stderr(&output), expected);
}

#[test]
fn the_line_that_reruns_a_failure_does_that() {
    let said = stderr(&run(CRASHING));
    let line = said.lines().next().unwrap();
    let again = line.split_once("; rerun: ").unwrap().1.replace("evenly ", &format!("{EVENLY} "));
    let output = Command::new("sh").args(["-c", &again]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stderr(&output).contains(line), "{output:?}");
}

#[test]
fn partial_gives_the_answer_over_the_other_numbers() {
    let output = run(&format!("{CRASHING} --partial"));
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, b"499\n", "even but for 500");
    let said = stderr(&output);
    let last = said.lines().last();
    assert_eq!(last, Some("evenly: 2 numbers failed; the answer is that of the others"));
}

#[test]
fn json_carries_the_failures_and_withholds_the_answer() {
    for (partial, answer) in [("", serde_json::Value::Null), (" --partial", "499".into())] {
        let output = run(&format!("{CRASHING} --format json{partial}"));
        assert_eq!(output.status.code(), Some(3));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["answer"], answer);
        assert_eq!(json["complete"], false);
        let failed = |n: &str| {
            let words: Vec<&str> = CRASHING.split(' ').collect();
            let rerun = format!("evenly {} '{}' {n}..={n}", words[0], words[1]);
            serde_json::json!({"first": n, "last": n, "cause": "signal 11", "rerun": rerun})
        };
        assert_eq!(json["failures"], serde_json::json!([failed("7"), failed("500")]));
    }
}

#[test]
fn many_failures_are_listed_up_to_a_hundred() {
    // Not side by side: a worker that never finishes anything is given up.
    let numbers: Vec<String> = (0..103).map(|n| (n * 19).to_string()).collect();
    let words = format!("count test:exit=9@{} 0..2000 --chunk 16 -j 2 -q", numbers.join(","));
    let said = stderr(&run(&words));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 102, "{}", lines[lines.len() - 1]);
    assert!(lines[99].starts_with("evenly: n = 1881 failed: exit 9; rerun: "), "{}", lines[99]);
    assert_eq!(lines[100], "evenly: and 3 more");
    assert!(lines[101].starts_with("evenly: 103 numbers failed; "), "{}", lines[101]);
}

#[test]
fn fewer_retries_lose_fewer_workers() {
    let losses = |retries: u32| {
        let words = format!("count test:crash@500 0..1000 -j 1 --retries {retries}");
        stderr(&run(&words)).lines().filter(|line| line.contains(" reclaimed (")).count()
    };
    let (none, five) = (losses(0), losses(5));
    assert!(none < five, "{none} losses without retries, {five} with five");
}
