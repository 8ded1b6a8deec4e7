//! Events as JSON: their shape, and what each says of a loss and a failure.

use super::*;
use evenly::observe::{Early, Reason};
use evenly::{Cause, Failure, Interval};

fn rerun() -> Rerun {
    Rerun::new("count", evenly::function::named("even").unwrap().typed())
}

fn json(observation: &Observation<'_>) -> String {
    let event = {
        let context = Context { rerun: rerun(), has_end: true, failed: 7 };
        event(observation, &context).unwrap()
    };
    serde_json::to_string(&EventLine { version: VERSION, time_s: 1.5, event }).unwrap()
}

#[test]
fn each_event_is_one_object_with_its_version_and_time() {
    for (observation, expected) in [
        (
            Observation::WorkerStarted { worker: 1, pid: 7 },
            r#""worker_started","worker":1,"pid":7"#,
        ),
        (Observation::Paused, r#""paused""#),
        (
            Observation::Recovered(Failure {
                interval: Interval::single(-7),
                cause: Cause::Signal(11),
            }),
            r#""recovered","n":"-7","first":"-7","last":"-7","cause":"signal 11","rerun":"evenly count even -7..=-7""#,
        ),
        (Observation::Resumed(Duration::from_millis(2500)), r#""resumed","pause_s":2.5"#),
        (Observation::JournalBegun { path: Path::new("a/b") }, r#""journal_begun","path":"a/b""#),
        (Observation::EndsEarly(Early::Deadline), r#""ends_early","why":"deadline""#),
    ] {
        let expected = format!(r#"{{"version":1,"time_s":1.5,"event":{expected}}}"#);
        assert_eq!(json(&observation), expected);
    }
}

#[test]
fn a_loss_says_how_the_worker_ended_and_what_it_held() {
    let lost = |end, reason| {
        let reclaimed = (2, 1 << 64);
        json(&Observation::WorkerLost { worker: 2, pid: 9, end, reason, reclaimed })
    };
    let by_signal = lost(evenly::ProcessEnd::Signal(9), None);
    assert!(by_signal.contains(r#""signal":9,"reason":null,"chunks":2"#), "{by_signal}");
    assert!(by_signal.contains(r#""numbers":"18446744073709551616""#), "{by_signal}");
    let by_status = lost(evenly::ProcessEnd::Exit(101), Some(Reason::Garbage));
    assert!(by_status.contains(r#""exit":101,"reason":"it may"#), "{by_status}");
}

#[test]
fn a_failure_has_the_shape_of_the_answer() {
    let interval = Interval::single(-500);
    let failed = json(&Observation::Quarantined(Failure { interval, cause: Cause::Signal(11) }));
    let expected = r#""event":"failed","first":"-500","last":"-500","cause":"signal 11","rerun":"evenly count even -500..=-500"}"#;
    assert!(failed.ends_with(expected), "{failed}");
}

#[test]
fn progress_counts_in_strings() {
    let progress = Progress {
        total: 1 << 64,
        covered: (1 << 64) - 1,
        per_second: Some(2.5),
        seconds_left: None,
        workers: 6,
        agents: 2,
    };
    let text = json(&Observation::Progress(progress));
    assert!(text.contains(r#""covered":"18446744073709551615""#), "{text}");
    assert!(text.contains(r#""failed":"7""#), "{text}");
    assert!(
        text.contains(r#""per_second":2.5,"seconds_left":null,"workers":6,"agents":2"#),
        "{text}"
    );
}
