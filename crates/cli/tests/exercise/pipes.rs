//! The exercise with pipes: its answers, the descriptor tables of its processes, and calls that fail.

use crate::LONG;
use crate::support::classroom::{Exercise, in_both_languages};
use crate::support::{children_of, descriptors, kill, start_command, stderr, until};
use evenly_testkit::needs::lacks;
use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

in_both_languages! {
    "exercise":
    ranges_are_divided_among_any_number_of_workers
    bad_arguments_with_pipes_are_refused
    n_workers_have_n_plus_1_pipes_and_two_ends_each
    a_killed_worker_is_named_and_the_answer_withheld
    too_few_descriptors_are_reported
    an_answer_that_cannot_be_written_is_a_failure
    a_call_that_fails_ends_all_processes
}

/// Ends the workers of a primary that is alive, also if a test fails: without their primary they would go on counting.
struct WorkersOf(u32);

impl Drop for WorkersOf {
    fn drop(&mut self) {
        for worker in children_of(self.0) {
            // It may have ended in between.
            let _ = Command::new("kill").args(["-s", "KILL", &worker.to_string()]).output();
        }
    }
}

/// Standard output and error of a run that must end with this status.
fn said(output: &Output, status: i32) -> (String, String) {
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    (String::from_utf8(output.stdout.clone()).unwrap(), stderr(output))
}

fn ranges_are_divided_among_any_number_of_workers(exercise: &Exercise) {
    for (words, answer) in [
        ("", 500_000),
        ("7", 500_000),
        ("3 11", 6),
        ("1 0 0", 0),
        ("5 0 3", 2),
        ("64 -7 1000", 503),
        ("3 -10 -4", 3),
        ("2 9223372036854775797 9223372036854775807", 5),
        ("2 -9223372036854775808 -9223372036854775800", 4),
    ] {
        assert_eq!(
            said(&exercise.run(words), 0),
            (format!("{answer}\n"), String::new()),
            "{words}"
        );
    }
}

fn bad_arguments_with_pipes_are_refused(exercise: &Exercise) {
    for words in
        ["0", "-1", "many", "4 -1", "4 1 0", "4 0 1 2", "4 0 9223372036854775808", "4 0x1 2"]
    {
        let (answer, reason) = said(&exercise.run(words), 2);
        let usage =
            "exercise: usage: exercise [WORKERS [[FIRST] END]], WORKERS >= 1, FIRST <= END\n";
        assert_eq!((answer.as_str(), reason.as_str()), ("", usage), "{words}");
    }
}

fn n_workers_have_n_plus_1_pipes_and_two_ends_each(exercise: &Exercise) {
    let running = exercise.start(&format!("3 {LONG}"));
    let _workers = WorkersOf(running.pid());
    // The caller of the tests may have left descriptors open, which all processes inherit.
    let inherited: BTreeSet<_> =
        descriptors(std::process::id()).into_iter().map(|(_, target)| target).collect();
    let ends = |pid| -> Vec<String> {
        let table = descriptors(pid).into_iter().filter(|(number, _)| *number > 2);
        table.map(|(_, target)| target).filter(|target| !inherited.contains(target)).collect()
    };
    let tables = until("all ends are closed that are not needed", || {
        let workers = children_of(running.pid());
        let tables: Vec<_> = workers.into_iter().map(ends).collect();
        let is_settled = tables.len() == 3 && tables.iter().all(|table| table.len() == 2);
        (is_settled && ends(running.pid()).len() == 1).then_some(tables)
    });
    let results = ends(running.pid()).remove(0);
    assert!(tables.iter().all(|table| table[1] == results), "{tables:?}, primary: {results}");
    let pipes: BTreeSet<_> = tables.into_iter().flatten().collect();
    assert_eq!(pipes.len(), 4, "{pipes:?}");
    assert!(pipes.iter().all(|pipe| pipe.starts_with("pipe:")), "{pipes:?}");
}

fn a_killed_worker_is_named_and_the_answer_withheld(exercise: &Exercise) {
    let running = exercise.start(&format!("2 {LONG}"));
    let guard = WorkersOf(running.pid());
    let workers = until("the workers begin", || {
        let workers = children_of(running.pid());
        (workers.len() == 2).then_some(workers)
    });
    for worker in &workers {
        until("it has its range", || (crate::support::cpu_ticks(*worker) > 1).then_some(()));
        kill("KILL", *worker);
    }
    drop(guard);
    let (answer, reason) = said(&running.output(), 1);
    assert_eq!(answer, "");
    let expected = format!(
        "exercise: worker 1 (pid {}) was killed by signal 9\n\
         exercise: worker 2 (pid {}) was killed by signal 9\n\
         exercise: no answer: 0 results came from 2 workers\n",
        workers[0], workers[1]
    );
    assert_eq!(reason, expected);
}

/// Runs the exercise at the end of a line of the shell.
fn in_shell(line: &str, exercise: &Exercise) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", line]).arg(exercise.path()).stdin(Stdio::null());
    start_command(command).output()
}

fn too_few_descriptors_are_reported(exercise: &Exercise) {
    let output = in_shell("ulimit -n 20; exec \"$0\" 30", exercise);
    let reason = "exercise: no answer: pipe: Too many open files (os error 24)\n";
    assert_eq!(said(&output, 1), (String::new(), reason.to_owned()));
}

fn an_answer_that_cannot_be_written_is_a_failure(exercise: &Exercise) {
    let output = in_shell("exec \"$0\" > /dev/full", exercise);
    let reason = "exercise: no answer: write: No space left on device (os error 28)\n";
    assert_eq!(said(&output, 1), (String::new(), reason.to_owned()));
}

/// Each call of the primary fails once. The workers hold its standard error until they end, so the output is whole only
/// when all have.
fn a_call_that_fails_ends_all_processes(exercise: &Exercise) {
    if lacks(&["strace"]) {
        return;
    }
    for (calls, which, error, reason) in [
        ("pipe,pipe2", 1, "ENFILE", "pipe: Too many open files in system (os error 23)"),
        ("pipe,pipe2", 4, "ENFILE", "pipe: Too many open files in system (os error 23)"),
        ("clone,clone3,fork", 1, "EAGAIN", "fork: Resource temporarily unavailable (os error 11)"),
        ("clone,clone3,fork", 3, "EAGAIN", "fork: Resource temporarily unavailable (os error 11)"),
        ("write", 1, "EPIPE", "write: Broken pipe (os error 32)"),
        ("write", 3, "EPIPE", "write: Broken pipe (os error 32)"),
        ("wait4", 2, "ECHILD", "waitpid: No child processes (os error 10)"),
    ] {
        let fault = format!("inject={calls}:error={error}:when={which}");
        let mut command = Command::new("strace");
        command.args(["-o", "/dev/null", "-e", &fault]).arg(exercise.path());
        command.args(["3", "0", "1000"]).stdin(Stdio::null());
        let (answer, text) = said(&start_command(command).output(), 1);
        assert_eq!(answer, "", "{fault}");
        // A worker that has its range already cannot write its result.
        let (workers, primary): (Vec<_>, Vec<_>) =
            text.lines().partition(|line| line.starts_with("exercise: worker "));
        assert_eq!(primary, [format!("exercise: no answer: {reason}")], "{fault}");
        let is_told = |line: &&str| line.ends_with(": write: Broken pipe (os error 32)");
        assert!(workers.iter().all(is_told), "{fault}: {text}");
    }
}
