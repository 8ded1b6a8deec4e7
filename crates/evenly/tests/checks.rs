//! `evenly::check` with variables of the environment: each test starts itself again with other variables.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::HashSet;
use std::fs::{OpenOptions, read_to_string, remove_file};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The file for the numbers that a test has tested, where it runs with variables.
const LOG: &str = "EVENLY_TEST_LOG";

fn note(n: u64) {
    let path = std::env::var_os(LOG).unwrap();
    let mut log = OpenOptions::new().append(true).create(true).open(path).unwrap();
    // In one write: workers append to the same file.
    log.write_all(format!("{n}\n").as_bytes()).unwrap();
}

fn numbers(log: &Path) -> Vec<u64> {
    let text = read_to_string(log).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// Runs a test of this file alone with these variables: whether it passed, what it wrote, and the numbers that it tested.
fn run(test: &str, variables: &[(&str, &str)]) -> (bool, String, Vec<u64>) {
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("checks-{test}"));
    let _ = remove_file(&log);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(LOG, &log);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), text, numbers(&log))
}

fn is_started_again() -> bool {
    std::env::var_os(LOG).is_some()
}

const TOTAL: u64 = 1 << 40;

#[test]
fn a_budget_tests_a_sample_that_its_seed_repeats() {
    if is_started_again() {
        evenly::check(0..TOTAL, |n| {
            std::thread::sleep(Duration::from_millis(1));
            note(n);
        });
        return;
    }
    let test = "a_budget_tests_a_sample_that_its_seed_repeats";
    let began = Instant::now();
    let (is_passed, text, first) = run(test, &[("EVENLY_BUDGET", "400ms")]);
    assert!(is_passed && began.elapsed() < Duration::from_secs(30), "{text}");
    let said = text.lines().find(|line| line.starts_with("evenly::check at ")).unwrap();
    let share = format!(" tested {} of {TOTAL} numbers (0.00000", first.len());
    assert!(said.contains(&share), "{said}");
    let (_, seed) = said.split_once("EVENLY_SEED=").unwrap();
    let (_, _, again) = run(test, &[("EVENLY_BUDGET", "400ms"), ("EVENLY_SEED", seed)]);
    // One of both runs has gone further. What it began first is what the other one has tested, but for the chunks at the end.
    let [first, again] = [first, again].map(HashSet::<u64>::from_iter);
    let fewer = first.len().min(again.len());
    assert!(fewer > 10 && first.intersection(&again).count() > fewer / 2, "{text}");
    assert!(first.iter().any(|n| *n > TOTAL / 2) && first.iter().any(|n| *n < TOTAL / 2));
    let (_, text, _) = run(test, &[("EVENLY_BUDGET", "soon")]);
    assert!(text.contains("EVENLY_BUDGET is 'soon', and not a time above 0, such as"), "{text}");
    let (is_passed, text, tested) = run(test, &[("EVENLY_SEED", seed)]);
    let expected = format!("EVENLY_SEED is '{seed}', and EVENLY_BUDGET is not set: ");
    assert!(!is_passed && tested.is_empty() && text.contains(&expected), "{text}");
    assert!(text.contains(") panicked at crates/evenly/tests/checks.rs:"), "{text}");
}

#[test]
fn a_budget_that_is_enough_tests_all_numbers_of_a_part() {
    if is_started_again() {
        evenly::check(0..1000_u64, note);
        return;
    }
    let test = "a_budget_that_is_enough_tests_all_numbers_of_a_part";
    let variables = [("EVENLY_BUDGET", "1h"), ("EVENLY_PART", "2/4"), ("EVENLY_SEED", "5")];
    let (is_passed, text, mut tested) = run(test, &variables);
    assert!(
        is_passed && text.contains("tested 250 of 250 numbers (100 %) in a budget of 3600s; "),
        "{text}"
    );
    assert!(text.contains("EVENLY_SEED=5"), "{text}");
    assert!(!tested.is_sorted());
    tested.sort_unstable();
    assert!(tested.into_iter().eq(250..500));
}

#[test]
fn a_failure_in_a_budget_names_the_lowest_number_and_the_seed() {
    if is_started_again() {
        evenly::check(0..1000_u64, |n| {
            assert!(n != 700, "no {n}");
            if n % 100 == 77 { Err("ends in 77") } else { Ok(()) }
        });
        return;
    }
    let test = "a_failure_in_a_budget_names_the_lowest_number_and_the_seed";
    let (is_passed, text, _) = run(test, &[("EVENLY_BUDGET", "1h"), ("EVENLY_SEED", "9")]);
    let message = format!(
        "n = 77: ends in 77\n10 other numbers failed\nthis one alone: EVENLY_ONLY=77 cargo test {test}\n\
         tested 1000 of 1000 numbers (100 %) in a budget of 3600s; the same order again: EVENLY_SEED=9"
    );
    assert!(!is_passed && text.contains(&message), "{text}");
    let alone = [("EVENLY_BUDGET", "1h"), ("EVENLY_ONLY", "700")];
    let (is_passed, text, _) = run(test, &alone);
    assert!(
        !is_passed && text.contains("n = 700: panicked at") && text.contains("no 700"),
        "{text}"
    );
}

/// What checks said that they tested.
fn said(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| line.starts_with("evenly::check at "));
    lines.map(|line| line.split_once(" tested ").unwrap().1).collect()
}

#[test]
fn a_check_over_less_than_its_range_says_so() {
    if is_started_again() {
        evenly::check(0..10_u64, note);
        evenly::check(0..1000_u64, note);
        return;
    }
    let test = "a_check_over_less_than_its_range_says_so";
    let (is_passed, text, tested) = run(test, &[("EVENLY_ONLY", "700")]);
    assert!(is_passed && tested == [700], "{text}");
    let [none, one] = ["no number of 0..10", "n = 700 of 1000 numbers"]
        .map(|what| format!("{what}, because EVENLY_ONLY=700 is set"));
    assert_eq!(said(&text), [&*none, &*one], "{text}");
    let variables = [("EVENLY_PART", "1/16"), ("EVENLY_BUDGET", "1h"), ("EVENLY_SEED", "5")];
    let (is_passed, text, tested) = run(test, &variables);
    assert!(is_passed && tested.len() == 62, "{text}");
    let all = "in a budget of 3600s; the same order again: EVENLY_SEED=5";
    let lines = [
        "no number of 0..10, because EVENLY_PART=1/16 is set".to_owned(),
        "62 of 1000 numbers, 0..62, because EVENLY_PART=1/16 is set".to_owned(),
        format!("62 of 62 numbers (100 %) {all}"),
    ];
    assert_eq!(said(&text), lines, "{text}");
    let (is_passed, text, tested) = run(test, &[]);
    // The second start for the second check does the first one, too.
    let tested: HashSet<u64> = tested.into_iter().collect();
    assert!(is_passed && tested.len() == 1000 && said(&text).is_empty(), "{text}");
}

#[test]
fn the_panic_of_a_number_is_printed_once_and_that_of_many_numbers_a_few_times() {
    let test = "the_panic_of_a_number_is_printed_once_and_that_of_many_numbers_a_few_times";
    if let Some(most) = std::env::var_os("EVENLY_TEST_PANICS") {
        let most: u32 = most.to_str().unwrap().parse().unwrap();
        let failed = |n| assert!(n == 0 || n > most, "not wanted: {n}");
        let failures = evenly::over(0..100_u32).workers(2).failures(failed).unwrap();
        assert_eq!(failures.len(), most as usize);
        assert!(failures.iter().all(|failed| failed.to_string().contains("not wanted: ")));
        return;
    }
    for (panics, most_printed) in [(1, 1), (60, 5)] {
        let panics = panics.to_string();
        let variables = [("EVENLY_TEST_PANICS", &*panics), ("RUST_BACKTRACE", "0")];
        let (is_passed, text, _) = run(test, &variables);
        let printed = text.matches("not wanted: ").count();
        assert!(is_passed && (1..=most_printed).contains(&printed), "{panics}: {text}");
    }
}
