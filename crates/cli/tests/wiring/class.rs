//! `--wiring=class`: the exercise of the class is shown as text and as JSON, and leaves no process.

use crate::support::{self, EVENLY, foreground, run, start_command, stderr, until};
use crate::{named, pipes, stages, text};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

#[test]
fn the_exercise_of_the_class_is_seen_from_outside() {
    let said = text("count even 0..100 -j 2 --wiring=class", 80);
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let calls = [
        "pipe()",
        "fork()",
        "close()",
        "read()",
        "write()",
        "read()",
        "write()",
        "read()",
        "exit()",
        "end of file",
        "wait()",
    ];
    let mut rest = &said[..];
    for (number, call) in (1..).zip(calls) {
        let heading = format!("\n{number}. {call}: ");
        rest = rest.split_once(&heading).unwrap_or_else(|| panic!("{heading} in {said}")).1;
        let stage = rest.split_once(&format!("\n{}. ", number + 1)).map_or(rest, |(own, _)| own);
        let primary = stage.lines().find(|line| line.contains("primary  "));
        match number {
            4 => assert_eq!(stage.matches("blocked in read of").count(), 2, "{stage}"),
            // Two numbers of 8 bytes to each worker, then one of 8 bytes from each.
            5 => assert_eq!(stage.matches("0 → 16 of").count(), 2, "{stage}"),
            6 | 8 => assert!(primary.unwrap().contains("blocked in read of"), "{stage}"),
            7 => assert_eq!(stage.matches("0 → 16 of").count(), 1, "{stage}"),
            9 => assert!(stage.contains("results has 0 write ends open"), "{stage}"),
            10 => assert_eq!(stage.matches("dead, not yet waited for").count(), 2, "{stage}"),
            _ => {}
        }
    }
    for other in ["signalfd", "eventpoll", "running", "unknown"] {
        assert!(!said.contains(other), "{other} in {said}");
    }
}

#[test]
fn the_exercise_as_json_has_every_stage_and_an_object_as_answer() {
    let (stages, answer) = stages("count even 0..99 -j 3 --wiring=class --format json --lang es");
    let names: Vec<_> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    let first = ["pipes_made", "forked", "closed", "workers_read", "ranges_sent"];
    let read = ["primary_reads", "results", "primary_reads_on"];
    let end = ["worker_ended", "worker_ended", "worker_ended", "end_of_file", "waited"];
    assert_eq!(names, [&first[..], &read, &end].concat());
    let sent = named(&stages, "ranges_sent")[0];
    let waiting: Vec<_> = pipes(sent).iter().map(|pipe| &pipe["bytes_waiting"]).collect();
    assert_eq!(waiting, [16, 16, 16, 0]);
    assert_eq!(sent["processes"][2]["range"], serde_json::json!(["33", "65"]));
    let reads = &named(&stages, "primary_reads")[0]["processes"][0];
    assert_eq!((&reads["role"], &reads["doing"]["state"]), (&"primary".into(), &"reading".into()));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let expected = serde_json::json!({
        "version": 1, "command": "count", "function": "even", "range": ["0", "99"],
        "answer": "50", "complete": true, "workers": 3,
    });
    assert_eq!(answer, expected);

    let failed = run("count 100/n>3 -5..5 -j 2 --wiring=class --format json");
    assert_eq!(failed.status.code(), Some(4), "{failed:?}");
    let answer: Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!((&answer["answer"], &answer["complete"]), (&Value::Null, &false.into()));
    assert!(answer["error"].as_str().unwrap().contains("no answer"), "{answer}");
}

#[test]
fn the_exercise_counts_like_the_job() {
    for words in ["count prime -10..1000 -j 3", "count even 0..2 -j 4", "count 'n%7==3' 5..5 -j 1"]
    {
        let words = words.replace('\'', "");
        let output = run(&format!("{words} --wiring=class"));
        assert!(output.status.success(), "{words}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), support::answer(&words), "{words}");
    }
    let failed = run("count 100/n>3 -5..5 -j 2 --wiring=class");
    assert_eq!((failed.status.code(), &failed.stdout[..]), (Some(4), &b""[..]), "{failed:?}");
    assert!(stderr(&failed).contains("n = 0 has no value"), "{failed:?}");
}

#[test]
fn the_exercise_with_many_workers_is_short_and_a_closed_pipe_ends_it_quietly() {
    let said = text("count even 0..100 -j 40 --wiring=class", 80);
    assert!(said.lines().count() < 500, "{said}");
    let line = format!(
        "{EVENLY} count even 0..9 -j 2 --wiring=class 2> /dev/null | true; exit ${{PIPESTATUS[0]}}"
    );
    let output = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(141), "{output:?}");
}

#[test]
fn the_exercise_refuses_what_it_does_not_have() {
    for words in [
        "sum n 0..9",
        "count even 0..9 --journal never.journal",
        "count even 0..9:3",
        "count 0..9 -- test {} -gt 4",
    ] {
        let (before, behind) = words.split_once(" -- ").unwrap_or((words, ""));
        let dashes = if behind.is_empty() { String::new() } else { format!(" -- {behind}") };
        let output = run(&format!("{before} --wiring=class{dashes}"));
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        assert!(stderr(&output).contains("--wiring=class does not have"), "{words}: {output:?}");
    }
}

#[test]
fn a_killed_primary_of_the_exercise_ends_it_and_leaves_no_process() {
    let mut command = foreground("count even 0..100 -j 2 --wiring=class --step");
    command.stdin(Stdio::piped());
    let mut running = start_command(command);
    let mut enter = running.child().stdin.take().unwrap();
    enter.write_all(b"\n\n\n").unwrap();
    let primary = until("the primary of the exercise is there", || {
        support::children_of(running.pid()).first().copied()
    });
    let workers = until("it has workers", || {
        Some(support::children_of(primary)).filter(|workers| workers.len() == 2)
    });
    support::kill("KILL", primary);
    drop(enter);
    let output = running.output();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(stderr(&output).contains("killed by signal 9"), "{output:?}");
    until("the workers are gone", || {
        workers.iter().all(|pid| !support::is_alive(*pid)).then_some(())
    });
}
