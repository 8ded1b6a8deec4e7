//! `failures --first K`: the K lowest numbers that fail, and no work above them.

use crate::support::{run, run_words, stderr};
use serde_json::{Value, json};

/// Numbers that end in 7 divide by zero.
const FAILING: &str = "100/(n%10-7)";

fn listed(count: i64) -> String {
    (0..count).map(|index| format!("{}\tdivision by zero\n", 10 * index + 7)).collect()
}

#[test]
fn the_lowest_k_are_printed_for_every_split() {
    for split in ["timed", "static", "guided", "fixed:1", "fixed:9", "fixed:500"] {
        for workers in [1, 3] {
            for first in [1, 2, 13] {
                let words = format!(
                    "failures {FAILING} 0..1000 --first {first} -j {workers} --split {split} -q"
                );
                let output = run(&words);
                assert_eq!(output.status.code(), Some(1), "{words}: {output:?}");
                assert_eq!(String::from_utf8(output.stdout).unwrap(), listed(first), "{words}");
            }
        }
    }
}

/// The whole range would take decades.
#[test]
fn a_range_that_has_no_end_in_practice_ends_at_the_kth_failure() {
    let output = run(&format!("failures {FAILING} 0..2^63 --first 300 -j 2"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = stderr(&output);
    assert!(said.starts_with("evenly: 300 numbers failed (--first 300); one alone: "), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), listed(300));
}

#[test]
fn fewer_failures_than_k_are_all_printed() {
    for (range, status, count) in [("0..50", 1, 5), ("8..17", 0, 0), ("0..0", 0, 0)] {
        let output = run(&format!("failures {FAILING} {range} --first 9 -j 2 -q"));
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), listed(count));
    }
}

#[test]
fn json_names_k_and_has_k_failures() {
    let output = run(&format!("failures {FAILING} 0..1e12 --first 2 -j 2 --format json"));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["first"], &object["failed"]), (&json!("2"), &json!("2")), "{object}");
    assert_eq!(
        (&object["complete"], &object["failures"][1]["first"]),
        (&json!(true), &json!("17"))
    );
    assert_eq!(object["failures"].as_array().unwrap().len(), 2, "{object}");
}

/// Commands start far above the second failure before it is known, but not over all of the range.
#[test]
fn commands_of_numbers_below_the_kth_failure_are_all_run_and_few_above() {
    let log = std::env::temp_dir().join(format!("evenly-first-failures-{}", std::process::id()));
    let script = "echo $1 >> $0; test $(($1 % 50)) != 33";
    let log_name = log.to_str().unwrap();
    let words = [
        "failures", "0..1e9", "--first", "2", "-j", "2", "-q", "--", "sh", "-c", script, log_name,
        "{}",
    ];
    let output = run_words(&words);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"33\texit 1\n83\texit 1\n");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    let mut started: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    started.sort_unstable();
    assert!(started.iter().copied().take(84).eq(0..84), "{started:?}");
    assert!(started.len() < 10_000, "{}", started.len());
}

#[test]
fn a_window_that_fails_is_cut_at_the_kth_number() {
    let window = ["sh", "-c", "test $0 -lt 300", "{start}", "{end}"];
    let words = ["failures", "0..1000", "--first", "5", "-j", "2", "--chunk", "100", "-q", "--"];
    let output = run_words(&[&words[..], &window[..]].concat());
    let expected: String = (300..305).map(|n| format!("{n}\texit 1\n")).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

/// The second line is that of 5, and 7 was in the same report.
#[test]
fn a_failure_above_the_last_line_of_find_first_does_not_count() {
    let function = "if n == 7 { 1 / (n - 7) == 1 } else { n == 3 || n == 5 || n == 8 }";
    let output = run_words(&["find", function, "0..9", "--first", "2", "--chunk", "4", "-j", "1"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert_eq!(output.stdout, b"3\n5\n");
}

#[test]
fn a_number_that_is_no_count_is_refused() {
    for bad in ["0", "-1", "x", "1.5"] {
        let output = run(&format!("failures {FAILING} 0..9 --first {bad}"));
        assert_eq!(output.status.code(), Some(2), "{bad}");
        assert!(stderr(&output).contains("--first"), "{bad}: {}", stderr(&output));
    }
}
