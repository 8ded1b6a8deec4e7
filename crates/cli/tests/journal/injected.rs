//! Rows 16 and 20: the primary is killed at, or gets an error from, each system call on the journal.

use crate::house::{House, finish};
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

/// About five commits, each of some calls.
const WORDS: &str = "test:slow=200 0..4000 -j 2 --chunk 100 --journal j --resume";

/// The calls by which SQLite and we touch the files.
const CALLS: [&str; 6] = ["pwrite64", "fsync", "ftruncate", "unlink", "fcntl", "flock"];

/// How often a run makes each of them.
fn counted() -> Vec<(&'static str, usize)> {
    let house = House::new();
    let trace = vec!["-e".to_owned(), format!("trace={}", CALLS.join(","))];
    let output = finish(house.traced(&trace, "count", WORDS));
    assert_eq!(output.stdout, b"2000\n", "{output:?}");
    let trace = std::fs::read_to_string(house.path("trace")).unwrap();
    let count = |call: &str| trace.lines().filter(|l| l.starts_with(&format!("{call}("))).count();
    let counts: Vec<_> = CALLS.into_iter().map(|call| (call, count(call))).collect();
    let made = |call| counts.iter().any(|(one, count)| *one == call && *count > 0);
    assert!(["pwrite64", "fsync", "ftruncate", "unlink"].into_iter().all(made), "{counts:?}");
    counts
}

/// Runs with this done to the nth call; then goes on with what is left, which must be exact.
fn inject(call: &str, nth: usize, what: &str, judge: &dyn Fn(&Output)) {
    let house = House::new();
    let inject = format!("inject={call}:{what}:when={nth}");
    let options = ["-e".to_owned(), format!("trace={call}"), "-e".to_owned(), inject.clone()];
    let output = finish(house.traced(&options, "count", WORDS));
    judge(&output);
    house.is_left_by_all();
    // A whole answer is not taken back.
    if output.status.success() {
        assert_eq!(output.stdout, b"2000\n", "{inject}: {output:?}");
    }
    let words = WORDS.split_once(' ').unwrap();
    let again = finish(house.call("count", words.0, words.1));
    assert_eq!(again.stdout, b"2000\n", "{inject}, then resumed: {again:?}");
    assert!(again.status.success(), "{inject}: {again:?}");
    let verified = finish(house.other("verify j"));
    assert!(verified.status.success(), "{inject}: {verified:?}");
}

/// At the nth call, where `step` leaves out most of them.
fn each_call(step: usize, mut each: impl FnMut(&str, usize)) {
    for (call, count) in counted() {
        // The first of each kind, and then some, the last among them.
        let some = (1..=count).filter(|nth| *nth == 1 || *nth == count || nth % step == 0);
        some.for_each(|nth| each(call, nth));
    }
}

fn killed(step: usize) {
    each_call(step, |call, nth| {
        inject(call, nth, "signal=KILL", &|output| {
            // The last calls of a run may not come as often as another time.
            let ended = output.status.signal() == Some(9) || output.status.success();
            assert!(ended, "{call} {nth}: {output:?}");
        });
    });
}

fn failing(step: usize) {
    let errors = |call: &str| match call {
        "pwrite64" => &["ENOSPC", "EIO"][..],
        "flock" => &["ENOLCK"],
        _ => &["EIO"],
    };
    each_call(step, |call, nth| {
        for error in errors(call) {
            inject(call, nth, &format!("error={error}"), &|output| {
                let said = String::from_utf8_lossy(&output.stderr);
                // What only tidies up may fail.
                if output.status.success() {
                    return;
                }
                // A call that is not about the journal has a line and a status of its own.
                let is_journal = output.status.code() == Some(5) && said.contains("journal '");
                let is_other = call == "fcntl" && output.status.code().is_some();
                assert!(is_journal || is_other, "{call} {nth} {error}: {output:?}");
                assert!(output.stdout.is_empty(), "{call} {nth} {error}: {output:?}");
            });
        }
    });
}

pub(crate) fn killed_at_some_calls() {
    killed(23);
}

pub(crate) fn killed_at_every_call() {
    killed(1);
}

pub(crate) fn errors_at_some_calls() {
    failing(29);
}

pub(crate) fn errors_at_every_call() {
    failing(1);
}
