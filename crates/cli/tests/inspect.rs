//! Tests of `evenly inspect`: commands that it starts, its output, its exit status. The verdicts are tested in
//! `crates/inspect/tests/programs.rs`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use evenly_testkit::needs::lacks;
use std::fs;
use std::process::{Command, Output, Stdio};
use support::{EVENLY, run, run_words, stderr};

/// bash reads what cat writes, and cat reads what bash writes.
const HANGS: &str = "coproc cat; echo begun; read -r line <&${COPROC[0]}";

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_command_that_hangs_is_ended_with_a_verdict() {
    if lacks(&["bash"]) {
        return;
    }
    let output = run_words(&["inspect", "--lang", "en", "--", "bash", "-c", HANGS]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("NEVER ENDS: ") && said.contains("could write"), "{said}");
    // The output of the command is not mixed with the report.
    assert_eq!(stderr(&output), "begun\n");
    let cat = said.lines().find(|line| line.contains(" cat ")).unwrap();
    let pid = cat.split_whitespace().next().unwrap();
    assert!(!fs::exists(format!("/proc/{pid}")).unwrap(), "{pid} is alive");
}

#[test]
fn a_command_that_ends_is_reported_by_its_end() {
    let output = run_words(&["inspect", "--lang", "en", "--", "sh", "-c", "echo out; exit 3"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
    assert_eq!(stderr(&output), "out\nevenly: sh ended with exit status: 3\n");
}

#[test]
fn a_command_that_only_sleeps_is_reported_once_and_goes_on() {
    let output = run_words(&["inspect", "--lang", "en", "--", "sleep", "3"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("Nothing is wrong: sleep").count(), 1, "{said}");
    assert!(said.contains("waits for a timer"), "{said}");
}

#[test]
fn reports_are_json_in_the_language_of_the_environment() {
    if lacks(&["bash"]) {
        return;
    }
    for (language, cause) in [("es_AR.UTF-8", "podría escribir"), ("C", "could write")] {
        let mut command = Command::new(EVENLY);
        command.args(["inspect", "--format", "json", "--", "bash", "-c", HANGS]);
        let output = command.env("LC_ALL", language).stdin(Stdio::null()).output().unwrap();
        let said = stdout(&output);
        assert_eq!(said.lines().count(), 1, "{said}");
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(report["findings"][0]["kind"], "read-each-other", "{said}");
        assert!(report["findings"][0]["cause"].as_str().unwrap().contains(cause), "{said}");
        assert_eq!((&report["wrong"], &report["version"]), (&true.into(), &1.into()));
    }
}

#[test]
fn watch_ends_with_the_process_and_draws_it() {
    let mut sleep = Command::new("sleep").arg("2").spawn().unwrap();
    let picture = std::env::temp_dir().join(format!("evenly-inspect-{}.svg", sleep.id()));
    let mut command = Command::new(EVENLY);
    command.args(["inspect", "--watch", "--lang", "es", "--svg"]).arg(&picture);
    let watch = command.arg(sleep.id().to_string()).stdout(Stdio::piped()).spawn().unwrap();
    sleep.wait().unwrap();
    let output = watch.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("espera un temporizador"), "{}", stdout(&output));
    let drawn = fs::read_to_string(&picture).unwrap();
    fs::remove_file(&picture).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.contains(&format!("sleep {}", sleep.id())));
}

#[test]
fn what_is_no_process_is_refused() {
    for (words, expected) in [
        ("inspect", "PID"),
        ("inspect x", "'x' is not the number of a process"),
        ("inspect 0", "'0' is not the number of a process"),
        ("inspect 2147483647", "no process 2147483647"),
        ("inspect -- ./missing-program", "cannot start ./missing-program"),
        ("inspect 1 -- true", "cannot be used"),
    ] {
        let output = run(words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
}
