//! `--events`: one JSON object on each line, from the start of the run to its end.

use crate::support::{evenly, kill, run, start, stderr, until};
use crate::{Scratch, full_pipe};
use serde_json::Value;
use std::process::Stdio;

/// The events of a whole file, each checked for what all have.
fn events(text: &str) -> Vec<Value> {
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut before = 0.0;
    for event in &events {
        assert_eq!(event["version"], 1, "{event}");
        let time = event["time_s"].as_f64().unwrap();
        assert!(time >= before, "{event}");
        before = time;
    }
    events
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

#[test]
fn a_job_from_start_to_finish() {
    let file = Scratch::new("finish");
    run(&format!("count even 0..1000 -j 2 --events {}", file.name()));
    let events = events(&file.text());
    assert_eq!(names(&events), ["started", "worker_started", "worker_started", "finished"]);
    let started = &events[0];
    assert_eq!(started["command"], "count");
    assert_eq!(started["function"], "even");
    assert_eq!(started["range"], serde_json::json!(["0", "1000"]));
    assert_eq!(started["workers"], 2);
    assert!(started["unix_time_s"].as_f64().unwrap() > 1.6e9);
    let finished = &events[3];
    assert_eq!(finished["answer"], "500");
    assert_eq!(finished["complete"], true);
    assert_eq!(finished["failed"], "0");
    assert_eq!(finished["status"], 0);
}

#[test]
fn events_report_losses_and_failures() {
    let file = Scratch::new("losses");
    run(&format!("count test:crash@500 0..1000 -j 2 -q --events {}", file.name()));
    let events = events(&file.text());
    let lost = events.iter().find(|event| event["event"] == "worker_lost").unwrap();
    assert_eq!(lost["signal"], 11);
    assert!(lost["numbers"].as_str().unwrap().parse::<u64>().unwrap() > 0, "{lost}");
    let failed = events.iter().find(|event| event["event"] == "failed").unwrap();
    assert_eq!((&failed["first"], &failed["last"]), (&"500".into(), &"500".into()));
    assert_eq!(failed["cause"], "signal 11");
    let finished = events.last().unwrap();
    assert_eq!(finished["event"], "finished");
    assert_eq!((&finished["answer"], &finished["status"]), (&Value::Null, &3.into()));
    assert_eq!(finished["failed"], "1");
}

#[test]
fn an_early_end_says_why_and_with_which_status() {
    let file = Scratch::new("early");
    run(&format!("count prime 0..1e13 -j 2 --deadline 100ms --events {}", file.name()));
    let of_deadline = events(&file.text());
    let why = of_deadline.iter().find(|event| event["event"] == "ends_early").unwrap();
    assert_eq!(why["why"], "deadline");
    let ended = of_deadline.last().unwrap();
    assert_eq!((&ended["event"], &ended["status"]), (&"ended".into(), &124.into()));

    let file = Scratch::new("interrupted");
    let running = start(&format!("count prime 0..1e13 -j 2 --events {}", file.name()));
    running.workers(2);
    kill("TERM", running.pid());
    running.output();
    let of_signal = events(&file.text());
    let ended = of_signal.last().unwrap();
    assert_eq!((&ended["event"], &ended["status"]), (&"ended".into(), &143.into()));
    assert!(ended["error"].as_str().unwrap().contains("SIGTERM"), "{ended}");
}

#[test]
fn a_lost_worker_is_reported_while_the_job_runs() {
    let file = Scratch::new("while");
    let running = start(&format!("count prime 0..1e13 -j 2 -q --events {}", file.name()));
    let victim = running.workers(2)[1];
    kill("KILL", victim);
    until("the file has the loss", || {
        file.text().contains(r#""event":"worker_lost""#).then_some(())
    });
    until("the file has progress", || file.text().contains(r#""event":"progress""#).then_some(()));
    kill("TERM", running.pid());
    running.output();
    let events = events(&file.text());
    let lost = events.iter().find(|event| event["event"] == "worker_lost").unwrap();
    assert_eq!((&lost["pid"], &lost["signal"]), (&victim.into(), &9.into()));
    assert_eq!(lost["worker"], 2);
}

#[test]
fn a_log_can_be_written_to_standard_error() {
    let output = run("count even 0..1000 -j 1 --events /dev/stderr");
    assert_eq!(output.stdout, b"500\n");
    assert_eq!(names(&events(&stderr(&output))), ["started", "worker_started", "finished"]);
}

#[test]
fn a_reader_that_takes_nothing_does_not_stop_the_run() {
    let (_reader, writer) = full_pipe();
    let mut command = evenly("count even 0..1e6 -j 2 --chunk 100 --joblog /dev/stderr");
    let running = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"500000\n");
    assert_eq!(output.status.code(), Some(4));
}
