//! The audit of windows, and `evenly settle`: decisions about windows whose commands a killed run had begun.

use crate::house::{House, finish, refused};
use crate::support::{stderr, until};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

/// Notes its window; the windows from 400 to 600 rest until the file `go` is there.
const SCRIPT: &str = "echo $1..$2 >> started; if test $1 -ge 400 && test $1 -lt 600; then \
                      until test -e go; do sleep 0.02; done; fi";

const RUN: &str = "run 0..1000 -j 2 --chunk 100 --at-most-once --journal j";

fn call(house: &House, words: &str, script: &str) -> Command {
    let mut command = house.other(words);
    command.args(["--", "sh", "-c", script, "sh", "{start}", "{end}"]);
    command
}

fn text(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.path(name)).unwrap_or_default()
}

fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Kills the primary while the windows 400..500 and 500..600 are at work.
fn kill_in_windows(house: &House, words: &str, script: &str) {
    let mut run = call(house, words, script);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("both windows are started", || {
        let started = text(house, "started");
        ["400..500\n", "500..600\n"].iter().all(|one| started.contains(one)).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    house.is_left_by_all();
}

/// Window, attempt and outcome of each row of the audit.
fn audit(house: &House) -> Vec<String> {
    let output = finish(house.other("verify j --windows"));
    let mut lines = said(&output).lines();
    assert_eq!(lines.next(), Some("# window\tattempt\tbegan\tended\tend"), "{output:?}");
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [window, attempt, began, ended, end] = columns[..] else { panic!("{line}") };
            for time in [began, ended] {
                let is_time = time.len() == 24 && time.starts_with("20") && time.ends_with('Z');
                assert!(time == "-" || is_time, "{line}");
            }
            assert!(began == "-" || ended == "-" || began <= ended, "{line}");
            format!("{window} {attempt} {end}")
        })
        .collect()
}

/// After kill -9 one window is settled as done and the other is started again, and no other one twice.
pub(crate) fn windows_of_unknown_fate_are_settled_one_by_one() {
    let house = House::new();
    kill_in_windows(&house, RUN, SCRIPT);
    let verified = finish(house.other("verify j"));
    assert!(said(&verified).contains("failure\t400..500\tunknown\nfailure\t500..600\tunknown\n"));
    assert!(stderr(&verified).contains("evenly settle j ITEMS done|retry"), "{verified:?}");
    // A resumed run does the others, and names each window by itself.
    let resumed = finish(house.other("resume j"));
    let named = stderr(&resumed);
    assert_eq!(resumed.status.code(), Some(4), "{named}");
    let journal = house.path("j").canonicalize().unwrap();
    for (window, items) in [("400..=499", "400..500"), ("500..=599", "500..600")] {
        let line = format!(
            "evenly: n in {window}: its command may have been started and its end is unknown; it is not started again; \
             find out what it did, then: evenly settle {} {items} done|retry\n",
            journal.display()
        );
        assert!(named.contains(&line), "{named}");
    }
    assert!(
        named.contains("/j ITEMS done|retry; to start all of them again: evenly resume "),
        "{named}"
    );
    let object = finish(house.other("verify j --format json"));
    let object: serde_json::Value = serde_json::from_slice(&object.stdout).unwrap();
    let window = |first: &str, last: &str| serde_json::json!({"first": first, "last": last, "cause": "unknown"});
    let expected = serde_json::json!([window("400", "499"), window("500", "599")]);
    assert_eq!(object["failures"], expected);

    for items in ["400..550", "0..100", "450..460", "599..1000"] {
        let list = "these are 400..500, 500..600";
        refused(&finish(house.other(&format!("settle j {items} done"))), 2, &[items, list]);
    }
    refused(&finish(house.other("settle j 5..5 done")), 2, &["is empty"]);
    let done = finish(house.other("settle j 400..=499 done"));
    assert_eq!((said(&done), done.status.code()), ("400..500\tdone\n", Some(0)), "{done:?}");
    assert!(stderr(&done).contains("1 window of unknown fate is left"), "{done:?}");
    let retry = finish(house.other("settle j 450..700 retry"));
    assert_eq!((said(&retry), retry.status.code()), ("500..600\tretry\n", Some(0)), "{retry:?}");
    assert_eq!(stderr(&retry), "evenly: to start them again: evenly resume j\n");
    let nothing = finish(house.other("settle j 400..600 retry"));
    assert_eq!(
        (nothing.status.code(), &*stderr(&nothing)),
        (
            Some(2),
            "evenly: nothing to settle: journal 'j' has no windows of unknown fate, and none that failed\n"
        )
    );

    std::fs::write(house.path("go"), "").unwrap();
    let last = finish(house.other("resume j"));
    assert_eq!((last.status.code(), stderr(&last)), (Some(0), String::new()));
    let mut started: BTreeMap<String, usize> = BTreeMap::new();
    text(&house, "started")
        .lines()
        .for_each(|line| *started.entry(line.to_owned()).or_default() += 1);
    assert_eq!(started.len(), 10, "{started:?}");
    for (window, times) in started {
        assert_eq!(times, if window == "500..600" { 2 } else { 1 }, "{window}");
    }
    let mut expected: Vec<String> =
        (0..10).map(|k| format!("{}..{} 1 exit 0", 100 * k, 100 * k + 100)).collect();
    expected[4] = "400..500 1 unknown".to_owned();
    expected.insert(5, "400..500 - settled done".to_owned());
    expected.insert(6, "500..600 1 unknown".to_owned());
    expected.insert(7, "500..600 - settled retry".to_owned());
    assert_eq!(audit(&house), expected);
    let object = finish(house.other("verify j --windows --format json"));
    assert_eq!(object.status.code(), Some(0), "{object:?}");
    let object: serde_json::Value = serde_json::from_slice(&object.stdout).unwrap();
    let rows = object["windows"].as_array().unwrap();
    assert_eq!((rows.len(), &object["complete"]), (expected.len(), &true.into()));
    assert_eq!((&rows[0]["first"], &rows[0]["last"]), (&"0".into(), &"99".into()));
    assert_eq!(
        (&rows[5]["end"], &rows[5]["began"]),
        (&"settled done".into(), &serde_json::Value::Null)
    );
}

/// Items of `settle` may be a list or a stepped set, over a journal of such items.
pub(crate) fn items_that_are_settled_may_be_a_list_or_have_a_step() {
    let house = House::new();
    let script = "echo $1 >> started; test $1 -lt 400 || test -e go || sleep 100";
    let mut run = house.other("run 0..1000:10 -j 2 --at-most-once --journal j");
    run.args(["--", "sh", "-c", script, "sh", "{}"]);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("two are started", || {
        let started = text(&house, "started");
        ["400\n", "410\n"].iter().all(|one| started.contains(one)).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    house.is_left_by_all();
    let refusal = "these are 400..401, 410..411";
    refused(&finish(house.other("settle j 1,395..400,411 done")), 2, &["1,395..=399,411", refusal]);
    refused(&finish(house.other("settle j 1,x done")), 2, &["bad item 'x'"]);
    let done = finish(house.other("settle j 380..401:20,1e6 done"));
    assert_eq!(said(&done), "400..401\tdone\n", "{done:?}");
    let retry = finish(house.other("settle j 5,410 retry"));
    assert_eq!(said(&retry), "410..411\tretry\n", "{retry:?}");
    std::fs::write(house.path("go"), "").unwrap();
    assert_eq!(finish(house.other("resume j")).status.code(), Some(0));
}

/// A failed window is settled without --retry-failed for all: one is started again, one counts as done, one stays failed.
pub(crate) fn a_failed_window_is_settled_by_itself() {
    let house = House::new();
    let script = "echo $1..$2 >> started; test -e good || test $1 -lt 20";
    let run = finish(call(&house, "run 0..50 -j 2 --chunk 10 --journal j", script));
    assert_eq!(run.status.code(), Some(3), "{run:?}");
    let list = "these are 20..30, 30..40, 40..50";
    refused(&finish(house.other("settle j 20..35 done")), 2, &["20..35", list]);
    let done = finish(house.other("settle j 20..30 done"));
    assert_eq!(said(&done), "20..30\tdone\n");
    assert_eq!(stderr(&done), "evenly: 1 of these had failed and now counts as done\n");
    let retry = finish(house.other("settle j 40..=49 retry"));
    assert_eq!(said(&retry), "40..50\tretry\n", "{retry:?}");
    assert_eq!(stderr(&retry), "evenly: to start them again: evenly resume j\n");
    std::fs::write(house.path("good"), "").unwrap();
    let resumed = finish(house.other("resume j"));
    assert_eq!(resumed.status.code(), Some(3), "{resumed:?}");
    assert!(stderr(&resumed).contains("30..=39"), "{resumed:?}");
    let started = text(&house, "started");
    let times = |window: &str| started.lines().filter(|line| *line == window).count();
    assert_eq!(["20..30", "30..40", "40..50"].map(times), [1, 1, 2]);
    let rows = audit(&house);
    for row in ["20..30 - settled done", "40..50 - settled retry", "40..50 1 exit 0"] {
        assert!(rows.iter().any(|one| one == row), "{row}: {rows:?}");
    }
}

/// A number of `sum` has a value, which only its command can print.
pub(crate) fn values_are_not_settled_as_done() {
    let house = House::new();
    let words = RUN.replace("run", "sum");
    let script = format!("{SCRIPT}; echo $(($2 - $1))");
    kill_in_windows(&house, &words, &script);
    let done = finish(house.other("settle j 400..600 done"));
    refused(&done, 2, &["is of sum", "settle it as retry"]);
    let retry = finish(house.other("settle j 400..600 retry"));
    assert_eq!(said(&retry), "400..500\tretry\n500..600\tretry\n", "{retry:?}");
    std::fs::write(house.path("go"), "").unwrap();
    let last = finish(house.other("resume j"));
    assert_eq!((said(&last), last.status.code()), ("1000\n", Some(0)), "{last:?}");
}

/// The audit has each attempt with its outcome, and other kinds of command have none.
pub(crate) fn the_audit_has_each_attempt_of_each_window() {
    let house = House::new();
    let script = "case $1 in 0) exit 3;; 10) kill -9 $$;; 20) sleep 100;; \
                  30) test $EVENLY_ATTEMPT -gt 1 || kill -9 $PPID; sleep 0.1;; esac";
    let run = call(&house, "run 0..50 -j 1 --chunk 10 --timeout 1s --journal j", script);
    assert_eq!(finish(run).status.code(), Some(3));
    let rows = audit(&house);
    for row in [
        "0..10 1 exit 3",
        "10..20 1 signal 9",
        "20..30 1 timeout",
        "30..40 1 lost",
        "30..40 2 exit 0",
    ] {
        assert_eq!(rows.iter().filter(|one| *one == row).count(), 1, "{row}: {rows:?}");
    }
    let last = rows.last().unwrap();
    assert!(last.starts_with("40..50 ") && last.ends_with(" exit 0"), "{rows:?}");
    // The failed windows have another row when they are tried again.
    let again = finish(house.other("resume j --retry-failed --timeout 100ms"));
    assert_eq!(again.status.code(), Some(3), "{again:?}");
    let failed = audit(&house).into_iter().filter(|row| row == "0..10 1 exit 3").count();
    assert_eq!(failed, 2);
    let mut each = house.other("run 0..5 --journal each -- true {}");
    assert!(each.status().unwrap().success());
    let none = finish(house.other("verify each --windows"));
    assert_eq!(said(&none), "# window\tattempt\tbegan\tended\tend\n", "{none:?}");
}

/// A worker that is lost leaves each window that it may have begun: unknown, by itself, and with its times.
pub(crate) fn a_window_of_a_lost_worker_is_unknown_by_itself() {
    let house = House::new();
    let script = "case $1 in 20|30) kill -9 $PPID; sleep 100;; esac";
    let words = "run 0..60 -j 1 --chunk 10 --at-most-once --journal j";
    let run = finish(call(&house, words, script));
    let named = stderr(&run);
    assert_eq!(run.status.code(), Some(4), "{named}");
    for window in ["20..=29", "30..=39"] {
        assert!(
            named.contains(&format!("evenly: n in {window}: its command may have ")),
            "{named}"
        );
    }
    let output = finish(house.other("verify j --windows"));
    let unknown: Vec<&str> =
        said(&output).lines().filter(|row| row.ends_with("\tunknown")).collect();
    assert_eq!(unknown.len(), 2, "{output:?}");
    assert!(unknown.iter().all(|row| !row.contains("\t-\t")), "{unknown:?}");
    let settled = finish(house.other("settle j 0..60 done"));
    assert_eq!(said(&settled), "20..30\tdone\n30..40\tdone\n", "{settled:?}");
    assert_eq!(finish(house.other("resume j")).status.code(), Some(0));
}

/// A byte of the audit that is another one is damage, to each reader of the journal.
pub(crate) fn a_damaged_audit_is_refused() {
    let house = House::new();
    kill_in_windows(&house, RUN, SCRIPT);
    assert_eq!(audit(&house).len(), 6);
    let sound = std::fs::read(house.path("j")).unwrap();
    let word = b"exit 0";
    let places: Vec<usize> =
        (0..sound.len() - word.len()).filter(|at| sound[*at..].starts_with(word)).collect();
    assert_eq!(places.len(), 4);
    for at in places {
        let mut bytes = sound.clone();
        bytes[at + 5] = b'1';
        std::fs::write(house.path("j"), &bytes).unwrap();
        for words in ["verify j --windows", "verify j", "resume j", "settle j 400..500 done"] {
            refused(&finish(house.other(words)), 5, &["'j'", "table window, row "]);
        }
        assert_eq!(std::fs::read(house.path("j")).unwrap(), bytes);
    }
}

/// While a run has the journal, nothing is decided in it.
pub(crate) fn a_journal_in_use_is_not_settled() {
    let house = House::new();
    kill_in_windows(&house, RUN, SCRIPT);
    std::fs::remove_file(house.path("started")).unwrap();
    let mut resumed = house.other("resume j --retry-failed");
    let mut child = resumed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("a window rests", || text(&house, "started").contains("400..500\n").then_some(()));
    refused(&finish(house.other("settle j 400..500 done")), 5, &["'j'"]);
    std::fs::write(house.path("go"), "").unwrap();
    assert!(child.wait().unwrap().success());
    refused(&finish(house.other("settle k 400..500 done")), 5, &["'k'"]);
}

/// Killed at any system call on the journal, it has decided about both windows or about none.
pub(crate) fn killed_at_every_call_it_has_decided_or_not() {
    let house = House::new();
    kill_in_windows(&house, RUN, SCRIPT);
    let sound = std::fs::read(house.path("j")).unwrap();
    let (mut decided, mut killed) = (0, 0);
    for syscall in ["openat", "pwrite64", "fsync", "ftruncate", "unlink", "flock"] {
        for nth in 1.. {
            for file in ["j-journal", "j.lock"] {
                let _ = std::fs::remove_file(house.path(file));
            }
            std::fs::write(house.path("j"), &sound).unwrap();
            let inject = format!("inject={syscall}:signal=KILL:when={nth}");
            let options = ["-e".to_owned(), format!("trace={syscall}"), "-e".to_owned(), inject];
            let output = finish(house.traced(&options, "settle", "j 400..600 done"));
            let verified = finish(house.other("verify j --format json"));
            let object: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
            let state = ["done", "failed"].map(|name| object[name].as_str().unwrap().to_owned());
            let is_decided = state == ["600", "0"];
            assert!(is_decided || state == ["400", "200"], "{syscall} {nth}: {state:?}");
            decided += usize::from(is_decided);
            if output.status.success() {
                assert!(is_decided, "{output:?}");
                break;
            }
            assert_eq!(output.status.signal(), Some(9), "{output:?}");
            killed += 1;
        }
    }
    assert!(killed > 15 && decided > 6, "{killed} killed, {decided} decided");
}
