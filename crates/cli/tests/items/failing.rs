//! Numbers of a set of items that fail: named as numbers, wherever they are named.

use crate::support::{kill, run, run_words, start, stderr};
use serde_json::{Value, json};
use std::fs;

#[test]
fn numbers_that_fail_are_named_with_their_rerun_lines() {
    let output = run("sum 100/(n-8) 0..20:4");
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), &b""[..]));
    let said = stderr(&output);
    assert!(said.contains("n = 8 failed: division by zero") && said.contains(" 8..=8"), "{said}");

    let output = run("failures 100/(n%8) 0..33:4,3,5 -q");
    let expected = [0, 8, 16, 24, 32].map(|n| format!("{n}\tdivision by zero\n")).concat();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);

    let output = run("map 100/(n%8) 4,7,8,16 --partial -q");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "4\t25\n7\t14\n");
    let output = run("map 100/(n%8) 4,7,8,9 -q");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "4\t25\n7\t14\n");

    let output = run("count 100/(n%8)>0 0..100:8,3 --format json -q");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed = object["failures"].as_array().unwrap();
    assert_eq!((failed.len(), &object["failed"]), (13, &json!("13")));
    assert_eq!(failed[1]["first"], "8", "{object}");
    assert_eq!(failed[1]["last"], "8", "{object}");
}

/// The function names a number, the worker its position, and the primary the number again.
#[test]
fn a_number_that_crashes_is_named() {
    for (fault, said) in
        [("crash", "signal 11"), ("panic", "panic"), ("kill", "signal 9"), ("exit=7", "exit")]
    {
        let words = format!("count test:{fault}@5,44,47 5,7,20..=60:4,1000 -j 2 --retries 0");
        let output = run(&words);
        assert_eq!(output.status.code(), Some(3), "{words}: {output:?}");
        let text = stderr(&output);
        assert!(text.contains("n = 5") && text.contains("n = 44"), "{text}");
        assert!(text.contains(said) && !text.contains("n = 47"), "{text}");
    }
    let output = run("failures test:crash@5,44,47 5,7,20..=60:4,1000 -j 2 -q");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "5\tsignal 11\n44\tsignal 11\n");
}

#[test]
fn a_number_that_takes_too_long_is_named() {
    let output = run("failures test:hang@44 5,7,20..=60:4 -j 2 --timeout 200ms -q");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "44\ttimeout\n");
    let output = run("failures test:shut-out@44 5,7,20..=60:4 -j 2 --timeout 200ms -q");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "44\ttimeout\n");
}

#[test]
fn workers_that_are_killed_change_nothing() {
    let running = start("sum test:slow=20 0..300_000:3 -j 2 --chunk 500 -q");
    for _ in 0..3 {
        for worker in running.workers(2) {
            kill("KILL", worker);
            std::thread::sleep(std::time::Duration::from_millis(40));
        }
    }
    let output = running.output();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "50000\n");
}

#[test]
fn logs_events_and_wiring_name_numbers() {
    let directory =
        evenly_testkit::directory::in_memory().join(format!("evenly-items-{}", std::process::id()));
    fs::create_dir(&directory).unwrap();
    let (log, events) = (directory.join("log"), directory.join("events"));
    let words = ["count", "test:crash@1008", "3,1000..1020:4", "-j", "1", "--chunk", "4", "-q"];
    let files = ["--joblog", log.to_str().unwrap(), "--events", events.to_str().unwrap()];
    let output = run_words(&[&words[..], &files].concat());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("evenly count test:crash@1008 1012..=1016:4\n"), "{log}");
    let events = fs::read_to_string(events).unwrap();
    let events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["items"], "3,1000..=1016:4");
    let numbers = |name: &str| -> Vec<i64> {
        let all = events.iter().filter_map(|event| event.get(name)?.as_str()?.parse().ok());
        all.collect()
    };
    for name in ["first", "last", "n"] {
        for n in numbers(name) {
            assert!(n == 3 || (1000..1020).contains(&n), "{name} {n}");
        }
    }
    assert!(numbers("n").contains(&1008) || numbers("first").contains(&1008), "{events:?}");
    fs::remove_dir_all(&directory).unwrap();

    let output = run("count even 1000..1040:4 -j 2 --wiring --format json");
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(r#"["1000","1016"]"#), "{text}");
}
