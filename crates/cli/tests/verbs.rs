//! Tests of every verb over builtins, against a plain loop.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "verbs/bins.rs"]
mod bins;
#[path = "verbs/expressions.rs"]
mod expressions;
#[path = "verbs/failing.rs"]
mod failing;
#[path = "verbs/first_failures.rs"]
mod first_failures;
#[path = "verbs/plain.rs"]
mod plain;
#[path = "verbs/streams.rs"]
mod streams;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{VERBS, assert_quiet, run, stderr};

const SPLITS: [&str; 6] = ["timed", "static", "guided", "fixed:1", "fixed:7", "fixed:999"];

/// What it wrote to standard output, and its status; nothing must stand on standard error.
fn asked(words: &str) -> (String, i32) {
    let output = run(words);
    assert_quiet(&output, words);
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// The same in JSON: the object.
fn asked_json(words: &str) -> (Value, i32) {
    let (text, status) = asked(&format!("{words} --format json"));
    assert_eq!(text.matches('\n').count(), 1, "{words}: {text}");
    (serde_json::from_str(&text).unwrap(), status)
}

/// What the text of an answer is in the fields `answer` and `n` of JSON.
fn in_json(verb: &str, text: &str) -> (Value, Value) {
    let pairs = || {
        let lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        lines.map(|line| json!(line)).collect::<Vec<_>>()
    };
    match verb {
        "count" | "sum" => (json!(text.trim_end()), Value::Null),
        "mean" => (json!(text.lines().next()), Value::Null),
        "min" | "max" | "any" | "all" => {
            let mut fields = text.trim_end().split('\t').filter(|field| !field.is_empty());
            (json!(fields.next()), json!(fields.next()))
        }
        "hist" | "map" => (json!(pairs()), Value::Null),
        "failures" => (Value::Null, Value::Null),
        _ => (json!(text.lines().collect::<Vec<_>>()), Value::Null),
    }
}

fn agrees(verb: &str, function: &str, start: i64, end: i64, options: &str) {
    let words = format!("{verb} {function} {start}..{end} {options}");
    let expected = plain::answer(verb, function, start..end);
    assert_eq!(asked(&words), expected, "{words}");
    let (object, status) = asked_json(&words);
    assert_eq!(status, expected.1, "{words}");
    let (answer, n) = in_json(verb, &expected.0);
    assert_eq!((&object["answer"], &object["n"]), (&answer, &n), "{words}");
    assert_eq!(object["complete"], true, "{words}");
    assert_eq!(object["failures"], json!([]), "{words}");
    assert_eq!(object["failed"], "0", "{words}");
    assert_eq!(object["command"], *verb.split(' ').next().unwrap(), "{words}");
    assert_eq!(object["range"], json!([start.to_string(), end.to_string()]), "{words}");
}

#[test]
fn every_verb_gives_its_answer_under_every_policy() {
    for verb in VERBS {
        for split in SPLITS {
            for workers in [1, 3] {
                agrees(verb, "even", -700, 600, &format!("--split {split} -j {workers}"));
            }
        }
        agrees(verb, "odd", -700, 600, "--split fixed:7 -j 2");
        agrees(verb, "prime", -10, 3000, "--split fixed:7 -j 2");
    }
}

#[test]
fn an_empty_range_has_an_answer_or_none() {
    for verb in VERBS {
        agrees(verb, "prime", 7, 7, "-j 2");
        let (_, status) = asked(&format!("{verb} prime 7..7"));
        let is_no = matches!(verb, "min" | "max" | "mean" | "find" | "find --first 3" | "any");
        assert_eq!(status, i32::from(is_no), "{verb}");
    }
    for (words, why) in [
        ("min n 7..7", "evenly: there is no min: 7..7 has no numbers\n"),
        ("mean n 7..7", "evenly: there is no mean: 7..7 has no numbers\n"),
        ("mean n 7..7 -q", ""),
        ("max n 7..7 --format json", "evenly: there is no max: 7..7 has no numbers\n"),
    ] {
        assert_eq!(stderr(&run(words)), why, "{words}");
    }
}

#[test]
fn a_single_number_and_the_ends_of_all_numbers() {
    for verb in VERBS {
        agrees(verb, "odd", 7, 8, "-j 2");
        agrees(verb, "even", i64::MAX - 300, i64::MAX, "-j 2 --chunk 7");
        agrees(verb, "even", i64::MIN, i64::MIN + 300, "-j 2 --chunk 7");
    }
    assert_eq!(asked("max even 9223372036854775806..2^63").0, "1\t9223372036854775806\n");
    assert_eq!(asked("find odd 9223372036854775806..2^63").0, "9223372036854775807\n");
}

#[test]
fn the_texts_of_the_contract() {
    for (words, text, status) in [
        ("count even 0..10", "5\n", 0),
        ("sum even 0..10", "5\n", 0),
        ("min even 1..10", "0\t1\n", 0),
        ("max even 1..10", "1\t2\n", 0),
        ("find even 1..6", "2\n4\n", 0),
        ("find prime 24..=28", "", 1),
        ("find prime 1e12..2^63 --first 1", "1000000000039\n", 0),
        ("any prime 24..=28", "false\n", 1),
        ("any prime 24..=29", "true\t29\n", 0),
        ("all odd 1..=2", "false\t2\n", 1),
        ("all odd 1..=1", "true\n", 0),
        ("hist prime 0..10", "0\t6\n1\t4\n", 0),
        ("map even -1..=1", "-1\t0\n0\t1\n1\t0\n", 0),
        ("failures even 0..1000", "", 0),
        ("min even 5..5", "", 1),
        ("mean even 0..3", "0.6666666666666666\n", 0),
        ("mean n 0..10", "4.5\n", 0),
        ("mean n*2**60 1..2", "1.152921504606847e18\n", 0),
        ("mean even 5..5", "", 1),
    ] {
        assert_eq!(asked(words), (text.to_owned(), status), "{words}");
    }
}

#[test]
fn a_deciding_number_ends_any_and_all_early() {
    // Without an early end these ranges take centuries; the deadline makes that a failure.
    assert_eq!(asked("any prime 24..2^63 --deadline 1m").0, "true\t29\n");
    assert_eq!(asked("all prime 2..2^63 --deadline 1m").0, "false\t4\n");
    assert_eq!(asked("find even 1..2^63 --first 5 --deadline 1m").0, "2\n4\n6\n8\n10\n");
    assert_eq!(asked("any prime 24..2^63 --split static -j 2 --deadline 1m").0, "true\t29\n");
}

#[test]
fn workers_that_are_killed_change_nothing() {
    // All verbs at once: most of the time workers sleep.
    std::thread::scope(|scope| {
        for verb in ["sum", "max", "find", "hist", "map"] {
            scope.spawn(|| survives_kills(verb));
        }
    });
}

fn survives_kills(verb: &str) {
    let words = format!("{verb} test:slow=20 0..100_000 -j 2 --chunk 500 -q");
    let mut running = support::start(&words);
    let stdout = running.child().stdout.take().unwrap();
    let reading = std::thread::spawn(move || std::io::read_to_string(stdout).unwrap());
    for _ in 0..3 {
        for worker in running.workers(2) {
            support::kill("KILL", worker);
            std::thread::sleep(std::time::Duration::from_millis(40));
        }
    }
    let output = running.output();
    assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
    assert_eq!(reading.join().unwrap(), plain::answer(verb, "even", 0..100_000).0, "{words}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_verb_is_exact_over_any_range(
        verb in prop::sample::select(VERBS.to_vec()),
        function in prop::sample::select(vec!["even", "odd", "prime"]),
        start in prop_oneof![-5000i64..5000, any::<i32>().prop_map(i64::from)],
        len in 0i64..4000,
        split in prop::sample::select(SPLITS.to_vec()),
        workers in 1u32..5,
    ) {
        agrees(verb, function, start, start + len, &format!("--split {split} -j {workers}"));
    }
}
