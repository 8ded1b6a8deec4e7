//! Effect of failed numbers on the answer of each verb: withheld, left out, listed, or none.

use crate::support::{run, stderr};
use serde_json::{Value, json};

const CRASHING: &str = "test:crash@7,500 0..1000 -j 2 --quiet";

/// Evens in a range but for 500, a line each.
fn evens(start: i64, end: i64) -> String {
    (start..end).filter(|n| n % 2 == 0 && *n != 500).map(|n| format!("{n}\n")).collect()
}

/// What it wrote, its status, and the last line that it said.
fn asked(words: &str) -> (String, i32, String) {
    let output = run(words);
    let said = stderr(&output).lines().last().unwrap_or_default().to_owned();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap(), said)
}

fn object(words: &str) -> Value {
    let (text, ..) = asked(&format!("{words} --format json"));
    assert_eq!(text.matches('\n').count(), 1, "{words}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_answer_over_all_is_withheld() {
    for verb in ["count", "sum", "min", "max", "hist"] {
        let (text, status, said) = asked(&format!("{verb} {CRASHING}"));
        assert_eq!((text.as_str(), status), ("", 3), "{verb}");
        assert!(said.starts_with("evenly: 2 numbers failed; the answer is withheld"), "{said}");
        let object = object(&format!("{verb} {CRASHING}"));
        assert_eq!((&object["answer"], &object["complete"]), (&Value::Null, &false.into()));
        assert_eq!((&object["n"], &object["failed"]), (&Value::Null, &"2".into()));
    }
}

#[test]
fn partial_gives_the_value_over_the_other_numbers() {
    for (verb, expected) in [
        ("count", "499\n"),
        ("sum", "499\n"),
        ("min", "0\t1\n"),
        ("max", "1\t0\n"),
        ("hist", "0\t499\n1\t499\n"),
    ] {
        let (text, status, said) = asked(&format!("{verb} {CRASHING} --partial"));
        assert_eq!((text.as_str(), status), (expected, 3), "{verb}");
        assert_eq!(said, "evenly: 2 numbers failed; the answer is that of the others");
    }
}

#[test]
fn each_failure_is_named_with_a_line_that_reruns_it() {
    for verb in ["sum", "find", "map", "hist"] {
        let said = stderr(&run(&format!("{verb} {CRASHING} --partial")));
        let line = format!(
            "evenly: n = 7 failed: signal 11 (SIGSEGV); rerun: evenly {verb} 'test:crash@7,500' 7..=7"
        );
        assert_eq!(said.lines().next(), Some(line.as_str()));
        assert_eq!(said.lines().count(), 3, "{said}");
    }
}

#[test]
fn lines_end_before_the_lowest_that_failed() {
    let (text, status, said) = asked(&format!("find {CRASHING}"));
    assert_eq!((text, status), (evens(0, 7), 3));
    assert!(
        said.starts_with("evenly: 1 number failed; stopped at the failure of n = 7; "),
        "{said}"
    );
    let ends = [
        " not done; --partial goes on",
        "; stopped at the failure of n = 7; the lines above it are withheld; --partial prints them",
    ];
    assert!(ends.iter().any(|end| said.ends_with(end)), "{said}");
    let (text, status, _) = asked(&format!("map {CRASHING}"));
    let expected: String = (0..7).map(|n| format!("{n}\t{}\n", 1 - n % 2)).collect();
    assert_eq!((text, status), (expected, 3));
    let object = object(&format!("find {CRASHING}"));
    assert_eq!(object["answer"], json!(["0", "2", "4", "6"]));
    assert_eq!(object["complete"], false);
    assert_eq!(
        object["failures"][0],
        json!({"first": "7", "last": "7", "cause": "signal 11", "rerun": "evenly find 'test:crash@7,500' 7..=7"})
    );
}

#[test]
fn partial_leaves_out_failures_and_continues() {
    let (text, status, said) = asked(&format!("find {CRASHING} --partial"));
    assert_eq!((text, status), (evens(0, 1000), 3));
    assert_eq!(said, "evenly: 2 numbers failed; the answer is that of the others");
    let (text, status, _) = asked(&format!("map {CRASHING} --partial"));
    assert_eq!((text.lines().count(), status), (998, 3));
    let object = object(&format!("find {CRASHING} --partial"));
    assert_eq!(object["answer"].as_array().unwrap().len(), 499);
    assert_eq!(object["failures"].as_array().unwrap().len(), 2);
}

#[test]
fn a_failure_above_the_deciding_number_does_not_count() {
    for (words, expected, code) in [
        ("any test:crash@500 1..1000", "true\t2\n", 0),
        ("all test:crash@500 0..1000", "false\t1\n", 1),
        ("find test:crash@500 0..1000 --first 2", "0\n2\n", 0),
    ] {
        for split in ["timed", "static", "fixed:10"] {
            let (text, status, _) = asked(&format!("{words} -j 2 -q --split {split}"));
            assert_eq!((text.as_str(), status), (expected, code), "{words} {split}");
        }
    }
}

#[test]
fn a_failure_below_the_deciding_number_withholds_the_answer() {
    for (words, part) in [
        ("any test:crash@1 1..1000", "true\t2\n"),
        ("all test:crash@0 0..1000", "false\t1\n"),
        ("find test:crash@1 1..1000 --first 2", "2\n4\n"),
    ] {
        let (text, status, _) = asked(&format!("{words} -j 2 -q"));
        assert_eq!((text.as_str(), status), ("", 3), "{words}");
        let (text, status, _) = asked(&format!("{words} -j 2 -q --partial"));
        assert_eq!((text.as_str(), status), (part, 3), "{words}");
    }
}

#[test]
fn failures_are_the_answer_of_failures() {
    let (text, status, said) = asked(&format!("failures {CRASHING}"));
    assert_eq!((text.as_str(), status, said.as_str()), ("7\tsignal 11\n500\tsignal 11\n", 1, ""));
    let object = object("failures test:exit=9@7,8,500 0..1000 -j 2 -q --retries 0");
    let failed = |first: &str, last: &str| {
        let rerun = format!("evenly failures 'test:exit=9@7,8,500' {first}..={last}");
        json!({"first": first, "last": last, "cause": "exit 9", "rerun": rerun})
    };
    assert_eq!(object["failures"], json!([failed("7", "8"), failed("500", "500")]));
    assert_eq!((&object["complete"], &object["failed"]), (&true.into(), &"3".into()));
    assert_eq!(object.get("answer"), None);
    // Each has its line with -v, not only the lowest.
    let said = stderr(&run("failures test:exit=9@7,500 0..1000 -j 2 -v --retries 0"));
    for n in [7, 500] {
        let line = format!(
            "evenly: n = {n} failed: exit 9; rerun: evenly failures 'test:exit=9@7,500' {n}..={n}"
        );
        assert_eq!(said.lines().filter(|it| *it == line).count(), 1, "{said}");
    }
}
