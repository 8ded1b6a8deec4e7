//! `--wiring` shows the process of a command before and after execve(2).

use crate::support::{children_of, is_alive, kill, run_words, stderr, until};
use crate::{Stepping, named, run, stages};
use serde_json::Value;

/// The process of a stage with this role.
fn process<'a>(stage: &'a Value, role: &str) -> &'a Value {
    let processes = stage["processes"].as_array().unwrap();
    processes.iter().find(|process| process["role"] == role).unwrap_or_else(|| panic!("{stage:#}"))
}

fn table(process: &Value) -> &[Value] {
    process["descriptors"].as_array().unwrap()
}

/// What a pipe is for, by its descriptor.
fn purpose(stage: &Value, process: &Value, number: u64) -> String {
    let entry = table(process).iter().find(|entry| entry["number"] == number).unwrap();
    let pipes = stage["pipes"].as_array().unwrap();
    let pipe = pipes.iter().find(|pipe| pipe["inode"] == entry["target"]["pipe"]);
    pipe.unwrap_or_else(|| panic!("{number}: {stage:#}"))["purpose"].as_str().unwrap().to_owned()
}

#[test]
fn a_command_has_the_same_pid_before_and_after_execve() {
    let (stages, answer) = stages("count 0..9 -j 2 --wiring --format json -- test {} -gt 4");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["answer"], "4");
    let names: Vec<_> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert!(names.starts_with(&["pipes_made", "forked", "closed", "ranges_sent"]), "{names:?}");
    let (forked, executed) =
        (named(&stages, "command_forked")[0], named(&stages, "command_executed")[0]);
    let (before, after) = (process(forked, "command 1"), process(executed, "command 1"));
    assert_eq!(before["pid"], after["pid"]);
    let worker = process(forked, "worker 1");
    assert_eq!((&before["parent"], &after["parent"]), (&worker["pid"], &worker["pid"]));
    // A copy of the worker, and then another program with three descriptors.
    assert_eq!((&before["program"], &before["program"]), (&worker["program"], &"evenly".into()));
    // The worker has a descriptor more, that of its child (CLONE_PIDFD).
    assert!(table(before).iter().all(|entry| table(worker).contains(entry)), "{forked:#}");
    assert_eq!(table(before).len() + 1, table(worker).len(), "{forked:#}");
    assert_eq!(worker["doing"]["state"], "polling", "{worker}");
    assert_eq!(after["program"], "test");
    let numbers: Vec<_> = table(after).iter().map(|entry| &entry["number"]).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(purpose(executed, after, 2), "errors 1");
    // None of the command's processes is shown later.
    for stage in named(&stages, "write_end_closed") {
        assert_eq!(stage["processes"].as_array().unwrap().len(), 3, "{stage:#}");
    }
}

#[test]
fn output_and_errors_of_a_command_are_named_at_both_stages() {
    let words = ["map", "3..4", "-j", "1", "--wiring", "--format", "json", "--", "echo", "{}"];
    let output = run_words(&words);
    assert!(output.status.success(), "{output:?}");
    let said = stderr(&output);
    let stages: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for stage in ["command_forked", "command_executed"] {
        let stage = named(&stages, stage)[0];
        let purposes: Vec<_> =
            stage["pipes"].as_array().unwrap().iter().map(|pipe| &pipe["purpose"]).collect();
        assert_eq!(purposes, ["to worker 1", "results", "output 1", "errors 1"], "{stage:#}");
    }
    let executed = named(&stages, "command_executed")[0];
    assert_eq!(purpose(executed, process(executed, "command 1"), 1), "output 1");
}

#[test]
fn the_stages_of_a_command_are_told_in_both_languages() {
    for (language, words) in [
        (
            "en",
            ["5. fork(): for its command, worker 1 has", "6. execve(): the same process", ": sh\n"],
        ),
        (
            "es",
            ["5. fork(): para su comando, el worker 1", "6. execve(): el mismo proceso", ": sh\n"],
        ),
    ] {
        let output = run_words(&[
            "count",
            "0..4",
            "-j",
            "2",
            "--wiring",
            "--lang",
            language,
            "--",
            "sh",
            "-c",
            "test $1 -lt 1",
            "sh",
            "{}",
        ]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{output:?}");
        let said = stderr(&output).replace("\n   ", " ");
        for words in words {
            assert!(said.contains(words), "{words} is missing in {said}");
        }
    }
}

#[test]
fn commands_print_the_same_with_and_without_the_stages() {
    for words in ["map 0..20 -j 3 -- echo {}", "count 0..20 -j 1 -- test {} -lt 7"] {
        let (job, command) = words.split_once(" -- ").unwrap();
        let shown = run(&format!("{job} --wiring -- {command}"));
        assert_eq!(shown.stdout, run(words).stdout, "{words}: {shown:?}");
    }
    // The command cannot be executed: there is no second stage.
    let absent = run("count 0..4 -j 1 --wiring -- /no/such/program");
    assert!(!absent.status.success() && !stderr(&absent).contains("execve():"), "{absent:?}");
}

#[test]
fn a_primary_killed_at_the_stages_of_a_command_leaves_no_process() {
    for stage in ["command_forked", "command_executed"] {
        let mut stepping = Stepping::start_words("count 0..9 -j 2", &["sleep", "3574", "{}"]);
        let picture = loop {
            let picture = stepping.picture();
            if picture["stage"] == stage {
                break picture;
            }
            stepping.press_enter();
        };
        let primary = stepping.running.pid();
        let command = process(&picture, "command 1")["pid"].as_u64().unwrap() as u32;
        let mut all = children_of(primary);
        all.push(command);
        // The second worker has a command, too.
        all.extend(children_of(primary).into_iter().flat_map(children_of));
        assert!(all.len() >= 3, "{picture:#}");
        kill("KILL", primary);
        until("no process is left", || all.iter().all(|pid| !is_alive(*pid)).then_some(()));
    }
}
