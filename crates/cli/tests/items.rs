//! Tests of sets of items that are not one range: every verb against a plain loop, failures, commands, journals.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "items/commands.rs"]
mod commands;
#[path = "items/directory.rs"]
mod directory;
#[path = "items/failing.rs"]
mod failing;
#[path = "items/file.rs"]
mod file;
#[path = "items/grid.rs"]
mod grid;
#[path = "items/journal.rs"]
mod journal;
#[path = "items/open_ended.rs"]
mod open_ended;
#[path = "verbs/plain.rs"]
#[expect(dead_code, reason = "a part of it is for the tests of the verbs")]
mod plain;
#[path = "items/sample.rs"]
mod sample;
mod support;

use evenly_testkit::Random;
use std::collections::BTreeSet;
use support::{VERBS, assert_quiet, run, stderr};

/// What a function gives for a number.
type Value = fn(i64) -> i64;

/// Functions as they are typed, and what they give.
const FUNCTIONS: [(&str, Value); 3] = [
    ("even", |n| i64::from(n % 2 == 0)),
    ("prime", |n| i64::from(n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0))),
    ("n*n%7==2||n<-20", |n| i64::from(n * n % 7 == 2 || n < -20)),
];

/// A random set as it is typed, and its numbers.
fn random_items(random: &mut Random) -> (String, Vec<i64>) {
    let mut numbers = BTreeSet::new();
    let mut pieces = Vec::new();
    for _ in 0..random.between(1, 6) {
        let first = random.below(400) as i64 - 100;
        let more = random.below(200) as i64;
        let step = random.pick(&[1, 1, 2, 3, 4, 7, 50]);
        let end = first + more;
        let (text, end, step) = match random.below(5) {
            0 => (format!("{first}"), first + 1, 1),
            1 => (format!("{first}..{end}"), end, 1),
            2 => (format!("{first}..={end}:{step}"), end + 1, step),
            3 => (format!("{first}..+{more}:{step}"), end, step),
            _ => (format!("{first}..{end}:{step}"), end, step),
        };
        numbers.extend((first..end).step_by(step as usize));
        pieces.push(text);
    }
    // A number alone is no set as it is typed.
    if pieces.len() == 1 && !pieces[0].contains("..") {
        pieces.push(pieces[0].clone());
    }
    (pieces.join(","), numbers.into_iter().collect())
}

#[test]
fn every_verb_over_any_items_gives_the_answer_of_a_plain_loop() {
    let mut random = Random::new(0x6974_656d);
    for round in 0..60 {
        let (items, numbers) = random_items(&mut random);
        let verb = VERBS[round % VERBS.len()];
        let (function, value) = random.pick(&FUNCTIONS);
        let split = random.pick(&["timed", "static", "guided", "fixed:1", "fixed:7"]);
        let expected = plain::answer_by(verb, value, &numbers.iter().copied());
        for workers in [1, 2, 7] {
            let words = format!("{verb} {function} {items} -j {workers} --split {split}");
            let output = run(&words);
            assert_quiet(&output, &words);
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!((text, output.status.code().unwrap()), expected, "{words}");
        }
    }
}

#[test]
fn the_texts_of_the_contract() {
    for (words, text) in [
        ("count even 0..100:4", "25\n"),
        ("sum n 0..10,50..=60:2,15", "390\n"),
        ("map n*n 12,3,7,3", "3\t9\n7\t49\n12\t144\n"),
        ("find even 1e15..+7:3", "1000000000000000\n1000000000000006\n"),
        ("max n%7 0..100:4,1000..1010", "6\t20\n"),
        ("min -n 5..=5", "-5\t5\n"),
        ("any n>50 0..100:9", "true\t54\n"),
        ("hist even 3,7,12,20..30:3", "0\t4\n1\t3\n"),
        ("count even 5..5,7..7", "0\n"),
        ("count even 5..5:3", "0\n"),
        ("sum n -2^63..2^63:18446744073709551615", "-1\n"),
        ("find n>0 -2^63..+5,2^63..2^63,9223372036854775807", "9223372036854775807\n"),
    ] {
        let output = run(words);
        assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), text, "{words}: {output:?}");
        assert_eq!(stderr(&output), "", "{words}");
    }
    // More positions than 2^63.
    let output = run("find odd -2^63..0,1..2^63 --first 1 -j 2");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "-9223372036854775807\n");
}

#[test]
fn bad_items_are_refused_with_one_line() {
    for (items, expected) in [
        ("0..10:0", "bad step '0' in '0..10:0': it is from 1 to 2^64-1"),
        ("0..10,9..5", "bad range '9..5': it is reversed; did you mean 5..=9?"),
        ("3,2^63", "bad item '2^63': it does not fit a signed 64-bit integer"),
        ("0..1e12:4,0..1e12:6", "use fewer ranges or steps"),
    ] {
        let output = run(&format!("count even {items}"));
        assert_eq!(output.status.code(), Some(2), "{items}");
        let said = stderr(&output);
        assert!(said.contains(expected) && said.lines().count() == 1, "{items}: {said}");
    }
}

#[test]
fn json_and_dry_run_name_the_items() {
    let output = run("max n%10 0..100:4,7 --format json");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["range"], serde_json::json!(["0", "97"]));
    assert_eq!(object["items"], "0,4,7..=8,12..=96:4");
    assert_eq!((&object["answer"], &object["n"]), (&"8".into(), &"8".into()));
    let output = run("count even 0..100:4 -j 2 --split static --dry-run");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("for 25 numbers, n in 0..=96:4\n"), "{text}");
    assert!(text.contains("worker 1: 12 numbers from 0 to 44\n"), "{text}");
    let output = run("count even 0..10 --format json");
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object.get("items"), None);
}
