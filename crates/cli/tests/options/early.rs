//! `--deadline`, `--halt` and `--verbose`.

use crate::Scratch;
use crate::support::{answer, run, run_words, start, stderr, until};

#[test]
fn a_deadline_ends_the_run_with_status_124_and_one_line() {
    let output = run("count prime 0..1e13 -j 2 --deadline 200ms");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(124), "{said}");
    assert!(output.stdout.is_empty());
    assert!(said.starts_with("evenly: the deadline of 0.2 s passed with "), "{said}");
    let end = " of 10000000000000 numbers done; there is no answer, and nothing is kept: --journal FILE keeps what is \
               done for evenly resume FILE\n";
    assert!(said.ends_with(end), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_deadline_that_does_not_pass_changes_nothing() {
    assert_eq!(answer("count even 0..1000 --deadline 1h30m"), "500\n");
}

#[test]
fn halt_ends_the_run_at_the_given_count() {
    for spec in ["now,done=1", "soon,done=1", "now,success=5", "soon,success=1e3", "-1", "-2"] {
        let output = run(&format!("count prime 0..1e13 -j 2 --halt {spec}"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{spec}: {said}");
        assert!(output.stdout.is_empty(), "{spec}");
        assert!(said.starts_with("evenly: halted by --halt "), "{spec}: {said}");
        assert_eq!(said.lines().count(), 1, "{spec}: {said}");
    }
}

#[test]
fn a_halt_condition_that_is_not_met_ends_nothing() {
    for spec in ["never", "0", "now,fail=1", "2", "5%", "soon,fail=100%"] {
        assert_eq!(answer(&format!("count even 0..1000 --halt {spec}")), "500\n", "{spec}");
    }
}

/// As in GNU parallel: no command begins after the one that meets the condition.
#[test]
fn one_worker_begins_no_command_after_a_halt() {
    for (spec, expected) in [
        ("soon,fail=1", 5),
        ("now,fail=1", 5),
        ("soon,success=3", 3),
        ("soon,done=5", 5),
        ("now,done=60", 60),
    ] {
        let log = Scratch::new("begun");
        let script = format!("echo {{}} >> {}; test {{}} -ne 4", log.path().display());
        let mut words = vec!["run", "0..100", "-j", "1", "--halt", spec, "--", "sh", "-c"];
        words.push(&script);
        let output = run_words(&words);
        assert_eq!(output.status.code(), Some(4), "{spec}: {}", stderr(&output));
        let begun = std::fs::read_to_string(log.path()).unwrap();
        assert_eq!(begun.lines().count(), expected, "{spec}: {}", stderr(&output));
    }
}

#[test]
fn a_halt_reports_the_numbers_that_caused_it() {
    let output = run("count test:crash@500 0..1e13 --chunk 1e6 -j 2 --halt now,fail=1 --quiet");
    let said = stderr(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(output.status.code(), Some(4), "{said}");
    let [failed, halted] = lines[..] else { panic!("{said}") };
    assert!(failed.starts_with("evenly: n = 500 failed: signal 11 (SIGSEGV); rerun: "), "{said}");
    assert!(
        halted.starts_with(
            "evenly: halted by --halt now,fail=1 (1 number failed; to do the rest, use --halt never instead): "
        ),
        "{said}"
    );
    let rest = " numbers done, 1 of them failed; there is no answer";
    assert!(halted.ends_with(rest), "{said}");
}

#[test]
fn verbose_says_which_workers_start_and_why_it_ends() {
    let output = run("count even 0..1000 -j 2 --verbose");
    let said = stderr(&output);
    assert_eq!(output.stdout, b"500\n");
    // Two lines of the table of machines follow.
    assert_eq!(said.lines().count(), 4, "{said}");
    for (line, worker) in said.lines().zip(["worker 1 (pid ", "worker 2 (pid "]) {
        assert!(line.starts_with(&format!("evenly: {worker}")) && line.ends_with(" started"));
    }
    let said = stderr(&run("count prime 0..1e13 -j 1 -v --deadline 100ms"));
    assert!(said.contains("evenly: ends early: deadline; the workers finish"), "{said}");
}

#[test]
fn a_second_of_a_bar_or_of_events_makes_plain_lines_no_more_frequent() {
    let events = super::Scratch::new("plain");
    let words = "count test:slow=1000 0..5000 -j 2 --progress plain --events";
    let running = start(&format!("{words} {}", events.name()));
    until("progress is an event", || events.text().contains(r#""event":"progress""#).then_some(()));
    let output = running.output();
    assert_eq!(output.stdout, b"2500\n");
    assert_eq!(stderr(&output), "", "plain lines come every 30 s");
}
