//! Journals of runs whose function is a command.

use crate::house::{House, finish, refused};
use std::process::{Command, Output};

fn call(house: &House, words: &str, command: &[&str]) -> Command {
    let mut call = house.other(&format!("{words} --progress none --"));
    call.args(command);
    call
}

fn said(output: &Output) -> (Option<i32>, &str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A chunk may have no smallest value, and all of them may have none.
pub(crate) fn no_value_is_an_answer() {
    let house = House::new();
    let command = ["sh", "-c", "echo -", "sh", "{start}", "{end}"];
    let none = finish(call(&house, "min 0..20 --chunk 5 --journal j", &command));
    assert_eq!(said(&none).0, Some(1), "{none:?}");
    let again = finish(house.other("resume j"));
    assert_eq!(said(&again), said(&none));
    assert_eq!(said(&finish(house.other("verify j"))).0, Some(0));
}

/// Its answers are not to be gone on with.
pub(crate) fn a_coprocess_that_says_too_much() {
    let house = House::new();
    // The first line is the answer to the last but one, and there is one too many in the end.
    let script =
        "while read start end; do echo $start; test $start = 60 && echo 7; sleep 0.01; done";
    let words = "sum 0..100 -j 1 --chunk 1 --journal j --coprocess";
    let stopped = finish(call(&house, words, &["sh", "-c", script]));
    let (status, answer, why) = said(&stopped);
    assert_eq!((status, answer), (Some(4), ""), "{why}");
    assert!(why.contains("cannot be trusted") && !why.contains("to go on"), "{why}");
    for words in ["resume j", "verify j", "verify j --merge k"] {
        refused(&finish(house.other(words)), 5, &["'j'", "cannot be trusted"]);
    }
    refused(&finish(call(&house, "sum 0..100 --journal j --resume", &["echo", "{}"])), 5, &["'j'"]);
}

/// Another process that reads the journal at the end of the run does not keep records out of it.
pub(crate) fn locked_at_the_end() {
    let house = House::new();
    let lock = "import sqlite3, time
journal = sqlite3.connect('j', isolation_level=None)
journal.execute('BEGIN IMMEDIATE')
open('locked', 'w')
for _ in range(30000):
    if 'is locked by another program' in open('said').read(): break
    time.sleep(0.01)
journal.execute('ROLLBACK')";
    let script =
        "if [ $0 = 1 ]; then python3 -c \"$1\" & until [ -e locked ]; do sleep 0.01; done; fi";
    for verb in ["run", "count"] {
        let _ = std::fs::remove_file(house.path("j"));
        let _ = std::fs::remove_file(house.path("locked"));
        let words = format!("{verb} 0..3 -j 1 --chunk 1 --journal j");
        // Outside of the command's session, which ends with it.
        let script = script.replace("python3", "setsid python3");
        let mut run = call(&house, &words, &["sh", "-c", &script, "{}", lock]);
        let run = run.stderr(std::fs::File::create(house.path("said")).unwrap()).output().unwrap();
        let messages = std::fs::read_to_string(house.path("said")).unwrap();
        assert_eq!(said(&run).0, Some(0), "{messages}");
        assert!(messages.contains("is locked by another program"), "{messages}");
        let verified = finish(house.other("verify j"));
        assert_eq!(said(&verified).0, Some(0), "{verified:?}");
    }
}

/// What failed above the number that decides does not matter, to the run and to `verify`.
pub(crate) fn failures_above_what_decides() {
    let house = House::new();
    let script = "case $0 in 3) sleep 0.5; exit 0;; 8) exit 7;; *) exit 1;; esac";
    let run = finish(call(
        &house,
        "any 0..20 -j 2 --no-status 1 --journal j",
        &["sh", "-c", script, "{}"],
    ));
    assert_eq!(said(&run), (Some(0), "true\t3\n", ""), "{run:?}");
    let verified = finish(house.other("verify j"));
    let (status, text, why) = said(&verified);
    assert_eq!((status, why), (Some(0), ""), "{text}");
    assert!(text.contains("failed\t0\n") && text.contains("missing\t0\n"), "{text}");
}
