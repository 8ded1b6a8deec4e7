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
