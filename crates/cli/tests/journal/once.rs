//! `--at-most-once` with a journal: over a run and its resumptions, a command is started at most once, and each n is
//! done or of unknown fate at the end.

use crate::house::{House, finish};
use crate::support::{children_of, kill, stderr, until};
use evenly_testkit::Random;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::Duration;

const END: i64 = 240;

/// Notes its number in one write to the end of a file, takes its time, and prints a line.
const NOTES: &str = "echo {} >> started; sleep 0.03; echo {} >> ended; echo {}";
const CHUNK: &str = "for n in $(seq {start} $(({end} - 1))); do echo $n; done >> started; sleep 0.15; \
                     for n in $(seq {start} $(({end} - 1))); do echo $n; done >> ended; \
                     echo $(({end} - {start}))";

fn call(house: &House, words: &str, script: &str) -> Command {
    let mut command = house.other(&format!("{words} --at-most-once --journal j --resume --"));
    command.args(["sh", "-c", script]);
    command
}

/// The numbers in the whole lines of a file, in the order of the lines.
fn numbers(house: &House, name: &str) -> Vec<i64> {
    let text = std::fs::read_to_string(house.path(name)).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn distinct(numbers: &[i64]) -> BTreeSet<i64> {
    let set: BTreeSet<i64> = numbers.iter().copied().collect();
    assert_eq!(set.len(), numbers.len(), "started twice: {numbers:?}");
    set
}

/// What the journal says: how many are done, failed, and missing.
fn verified(house: &House) -> [i64; 3] {
    let output = finish(house.other("verify j --format json"));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    ["done", "failed", "missing"].map(|name| said[name].as_str().unwrap().parse().unwrap())
}

/// The invariant, over any number of kills of the primary and of workers:
/// 1. no n is started twice;
/// 2. done + unknown is the range, when the last run is over, and nothing is missing;
/// 3. every n that is done was started and ended; every n that was started is done or unknown.
pub(crate) fn killed_at_random() {
    let mut random = Random::new(0x6f6e_6365);
    for (words, script) in [
        (format!("run 0..{END} -j 3"), NOTES),
        (format!("map 0..{END} -j 3 --partial"), NOTES),
        (format!("sum 0..{END} -j 3 --partial --chunk 7"), CHUNK),
    ] {
        let house = House::new();
        let mut kills = 0;
        for _ in 0..8 {
            let mut first = call(&house, &words, script);
            let mut child = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            for _ in 0..random.below(3) {
                std::thread::sleep(Duration::from_millis(20 + random.below(100)));
                let workers = children_of(child.id());
                if !workers.is_empty() {
                    kill("KILL", workers[random.below(workers.len() as u64) as usize]);
                }
            }
            std::thread::sleep(Duration::from_millis(random.below(150)));
            child.kill().unwrap();
            kills += u32::from(child.wait().unwrap().code().is_none());
            house.is_left_by_all();
            distinct(&numbers(&house, "started"));
        }
        let last = finish(call(&house, &words, script));
        let started = distinct(&numbers(&house, "started"));
        let ended = distinct(&numbers(&house, "ended"));
        let [done, unknown, missing] = verified(&house);
        assert_eq!((done + unknown, missing), (END, 0), "{last:?}");
        assert_eq!(last.status.code(), Some(if unknown > 0 { 4 } else { 0 }), "{last:?}");
        assert!(ended.len() as i64 >= done && ended.is_subset(&started), "{last:?}");
        assert!(started.len() as i64 >= done, "{last:?}");
        let never: i64 = (0..END).filter(|n| !started.contains(n)).count() as i64;
        assert!(never <= unknown, "neither started nor unknown: {last:?}");
        assert!(kills >= 3 && unknown > 0, "{kills} kills, {unknown} unknown: too few to tell");
        // Again nothing is started, unless that is wanted.
        let again = finish(call(&house, &words, script));
        assert_eq!(again.status.code(), Some(4), "{again:?}");
        assert_eq!(numbers(&house, "started").len(), started.len());
        let on_purpose = finish(house.other("resume j --retry-failed"));
        assert_eq!(on_purpose.status.code(), Some(0), "{on_purpose:?}");
        assert_eq!(verified(&house), [END, 0, 0]);
    }
}

/// What was at work when all was killed: named, not started again, and a failure for `verify`.
pub(crate) fn what_had_begun_is_listed() {
    let house = House::new();
    let script = "echo {} >> started; if test {} = 5; then sleep 100; fi";
    let mut first = call(&house, "count 0..12 -j 1 --partial", script);
    let mut child = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("5 is started", || numbers(&house, "started").contains(&5).then_some(()));
    child.kill().unwrap();
    child.wait().unwrap();
    house.is_left_by_all();
    assert_eq!(verified(&house), [5, 1, 6]);
    let rest = finish(call(&house, "count 0..12 -j 1 --partial", script));
    let said = stderr(&rest);
    assert_eq!((rest.status.code(), &*rest.stdout), (Some(4), &b"11\n"[..]), "{said}");
    assert!(said.contains("evenly: n = 5: its command may have been started and "), "{said}");
    assert!(said.contains("evenly resume j --retry-failed"), "{said}");
    assert_eq!(distinct(&numbers(&house, "started")).len(), 12);
}

/// An interrupted run returns the numbers that it has not begun, and the resumed run begins them.
pub(crate) fn what_is_given_back_is_not_unknown() {
    let house = House::new();
    let mut first = call(&house, &format!("count 0..{END} -j 3"), NOTES);
    let child = first.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("some are done", || (numbers(&house, "ended").len() > 20).then_some(()));
    kill("TERM", child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), None, "{output:?}");
    let rest = finish(call(&house, &format!("count 0..{END} -j 3"), NOTES));
    assert_eq!((rest.status.code(), rest.stdout), (Some(0), format!("{END}\n").into_bytes()));
    assert_eq!(distinct(&numbers(&house, "started")).len() as i64, END);
}
