//! Answers of every verb over expressions, against the same functions in Rust.

use crate::support::{EVENLY, stderr};
use crate::{SPLITS, asked_json, plain};
use proptest::prelude::*;
use std::ops::Range;
use std::process::Command;

/// What it writes, and its status.
fn asked(words: &[&str]) -> (String, i32) {
    let output = Command::new(EVENLY).args(words).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

type Loop = fn(i64) -> i64;

/// Numbers, with the same in Rust.
const NUMBERS: [(&str, Loop); 7] = [
    ("n", |n| n),
    ("-n", |n| -n),
    ("n * n - 40 * n", |n| n * n - 40 * n),
    ("n mod 7 - 3", |n| n.rem_euclid(7) - 3),
    ("if even(n) { n / 2 } else { 3 * n + 1 }", |n| if n % 2 == 0 { n / 2 } else { 3 * n + 1 }),
    ("let m = abs(n) mod 50; sum(d in 1..=m if m % d == 0, d * n)", |n| {
        let m = n.abs() % 50;
        (1..=m).filter(|d| m % d == 0).map(|d| d * n).sum()
    }),
    ("digit_sum(n) * popcount(abs(n))", |n| {
        digit_sum(n) * i64::from(n.unsigned_abs().count_ones())
    }),
];

/// Truth values, with the same in Rust.
const TRUTHS: [(&str, Loop); 5] = [
    ("n % 7 == 3 && n % 11 == 1", |n| i64::from(n % 7 == 3 && n % 11 == 1)),
    ("-n > 100 || n > 100", |n| i64::from(-n > 100 || n > 100)),
    ("isqrt(abs(n)) ** 2 == n", |n| i64::from(n >= 0 && n.isqrt().pow(2) == n)),
    ("any(d in 2..=isqrt(abs(n)), n % d == 0)", |n| {
        i64::from((2..=n.abs().isqrt()).any(|d| n % d == 0))
    }),
    ("gcd(n, 30) == 1", |n| i64::from(n % 2 != 0 && n % 3 != 0 && n % 5 != 0)),
];

fn digit_sum(n: i64) -> i64 {
    n.unsigned_abs().to_string().bytes().map(|digit| i64::from(digit - b'0')).sum()
}

fn agrees(verb: &str, (source, value): (&str, Loop), range: Range<i64>, options: &[&str]) {
    let written = format!("{}..{}", range.start, range.end);
    let words: Vec<&str> = verb.split(' ').chain([source, written.as_str(), "-q"]).collect();
    let words = [words.as_slice(), options].concat();
    assert_eq!(asked(&words), plain::answer_by(verb, value, &range), "{words:?}");
}

#[test]
fn every_verb_gives_its_answer_over_numbers_and_truth_values() {
    for verb in crate::support::VERBS {
        for truth in TRUTHS {
            agrees(verb, truth, -300..500, &["-j", "2", "--chunk", "37"]);
        }
    }
    for verb in ["sum", "min", "max", "hist", "map", "failures"] {
        for number in NUMBERS {
            agrees(verb, number, -300..500, &["-j", "2", "--chunk", "37"]);
        }
    }
}

#[test]
fn a_name_of_one_value_is_applied_to_n() {
    assert_eq!(asked(&["max", "digits", "0..=1000"]), ("4\t1000\n".to_owned(), 0));
    assert_eq!(asked(&["sum", "n", "-5..=5"]), ("0\n".to_owned(), 0));
}

#[test]
fn a_sum_beyond_128_bits_has_no_answer() {
    let most = "85070591730234615865843651857942052864"; // 2 ** 126
    assert_eq!(asked(&["sum", "2 ** 126", "0..1"]), (format!("{most}\n"), 0));
    let output = Command::new(EVENLY).args(["sum", "2 ** 126", "0..2"]).output().unwrap();
    let said = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(4), b"".as_slice()));
    assert!(said.starts_with("evenly: the sum does not fit 128 bits"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_number_without_a_value_costs_no_worker() {
    let (text, status) = asked(&["failures", "100 / (n - 7) / (n - 8)", "0..20"]);
    assert_eq!((text.as_str(), status), ("7\tdivision by zero\n8\tdivision by zero\n", 1));
    let (text, status) = asked(&["map", "100 / n", "-2..3", "-q"]);
    assert_eq!((text.as_str(), status), ("-2\t-50\n-1\t-100\n", 3));
    let (text, status) = asked(&["map", "100 / n", "-2..3", "-q", "--partial"]);
    assert_eq!((text.as_str(), status), ("-2\t-50\n-1\t-100\n1\t100\n2\t50\n", 3));
    let output = Command::new(EVENLY).args(["sum", "100 / n", "0..5"]).output().unwrap();
    let expected = "\
evenly: n = 0 failed: division by zero; rerun: evenly sum '100 / n' 0..=0
evenly: 1 number failed; the answer is withheld (--partial gives that of the others)
";
    assert_eq!((stderr(&output).as_str(), output.status.code()), (expected, Some(3)));
    // The line that runs the number again fails in the same way, though it fails for every n of its range.
    let again = Command::new(EVENLY).args(["sum", "100 / n", "0..=0"]).output().unwrap();
    assert_eq!((stderr(&again).as_str(), again.status.code()), (expected, Some(3)));
}

#[test]
fn many_failures_stop_it_and_failures_does_not() {
    let (text, status) = asked(&["count", "1 / (n % 2) == 1", "0..1e6", "-q"]);
    assert_eq!((text.as_str(), status), ("", 4));
    let (text, status) = asked(&["count", "1 / (n % 2) == 1", "0..1e5", "-q", "--halt", "never"]);
    assert_eq!((text.as_str(), status), ("", 3));
    let (text, status) = asked(&["failures", "1 / (n % 2)", "0..1e5"]);
    assert_eq!((text.lines().count(), status), (50_000, 1));
}

#[test]
fn a_histogram_with_too_many_values_has_no_answer() {
    let output = Command::new(EVENLY).args(["hist", "n", "0..3e6"]).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("1048576 different values"), "{said}");
    assert!(output.stdout.is_empty());
}

/// The other numbers keep their value, though the loop of one has 10^18 rounds.
#[test]
fn a_number_whose_loop_takes_too_long_is_named() {
    let source = "count(d in 0..if n == 3 { 10 ** 18 } else { n }, d % 7 == n) == 77";
    let words = ["failures", source, "0..6", "--timeout", "1s", "--retries", "0", "-j", "2"];
    let (text, status) = asked(&words);
    assert_eq!((text.as_str(), status), ("3\ttimeout\n", 1));
}

#[test]
fn an_expression_stands_in_json_as_it_was_typed() {
    let (object, _) = asked_json("sum n*n 0..4");
    assert_eq!((&object["function"], &object["answer"]), (&"n*n".into(), &"14".into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_verb_is_exact_over_any_expression(
        verb in prop::sample::select(vec!["sum", "min", "max", "hist", "map"]),
        function in prop::sample::select([NUMBERS.as_slice(), &TRUTHS].concat()),
        start in -100_000i64..100_000,
        len in 0i64..3000,
        split in prop::sample::select(SPLITS.to_vec()),
        workers in prop::sample::select(vec!["1", "2", "3"]),
    ) {
        agrees(verb, function, start..start + len, &["--split", split, "-j", workers]);
    }
}
