//! Tests of `evenly inspect`: commands that it starts, its output, its exit status. The verdicts are tested in
//! `crates/inspect/tests/programs.rs`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use evenly_testkit::needs::lacks;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use support::{EVENLY, foreground, run, run_words, start_command, stderr, until};

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
    assert_eq!(stderr(&output), "out\nevenly: sh ended with status 3\n");
}

/// A child crashes. The parent sees it, and does not wait for it, so that its status stays.
const CRASHES: &str = r#"#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    siginfo_t end;
    pid_t child = fork();
    if (child == 0) raise(SIGSEGV);
    waitid(P_PID, child, &end, WEXITED | WNOWAIT);
    printf("%d\n", child);
}
"#;

#[test]
fn a_process_of_a_command_that_a_signal_ended_is_named() {
    if lacks(&["cc"]) {
        return;
    }
    let folder = std::env::temp_dir().join(format!("evenly-crash-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (source, program) = (folder.join("crash.c"), folder.join("crash"));
    fs::write(&source, CRASHES).unwrap();
    let compiled = Command::new("cc").args(["-w", "-o"]).args([&program, &source]).status();
    assert!(compiled.unwrap().success());
    let program = program.to_str().unwrap();
    let output = run_words(&["inspect", "--lang", "en", "--", program]);
    let said = stderr(&output);
    let pid = said.lines().next().unwrap();
    let expected = format!(
        "{pid}\nevenly: {program} ended with status 0; its process {pid} was ended by signal 11 (SIGSEGV)\n"
    );
    assert_eq!((output.status.code(), &said), (Some(0), &expected));
    fs::remove_dir_all(&folder).unwrap();
    let words = ["inspect", "--lang", "es", "--", "sh", "-c", "kill -SEGV $$"];
    let said = stderr(&run_words(&words));
    assert_eq!(said, "evenly: sh terminó por la señal 11 (SIGSEGV)\n");
}

#[test]
fn a_command_that_only_sleeps_is_reported_once_and_goes_on() {
    let output = run_words(&["inspect", "--lang", "en", "--", "sleep", "3"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("Nothing is wrong: sleep").count(), 1, "{said}");
    assert!(said.contains("waits for a timer"), "{said}");
}

/// A started command of three processes: a shell, one in the background in a session of its own, and `sleep`.
struct Inspected {
    running: support::Running,
    /// The process that reads /proc.
    reader: u32,
    command: Vec<u32>,
}

impl Inspected {
    fn start() -> Self {
        let mut command = foreground("inspect --lang en --");
        let script = "setsid -f sleep 3571; trap '' INT HUP; sleep 3572; :";
        let running = start_command({
            command.args(["sh", "-c", script]);
            command
        });
        let (reader, command) = until("the command and its child run", || {
            let reader = *support::children_of(running.pid()).first()?;
            let command = support::children_of(reader);
            let all = command.iter().flat_map(|pid| support::children_of(*pid));
            let all: Vec<u32> = all.chain(command.iter().copied()).collect();
            let is_asleep = |pid: &&u32| {
                let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                words.starts_with(b"sleep\0")
            };
            let is_there = all.len() == 3 && all.iter().filter(is_asleep).count() == 2;
            is_there.then_some((reader, all))
        });
        Self { running, reader, command }
    }

    /// Waits for the end of the call and of the command.
    fn end(self) -> Output {
        let output = self.running.output();
        until("the command has ended", || {
            let mut all = self.command.iter().chain([&self.reader]);
            all.all(|pid| !support::is_alive(*pid)).then_some(())
        });
        output
    }
}

#[test]
fn a_signal_that_ends_it_ends_its_command() {
    if lacks(&["setsid"]) {
        return;
    }
    // The shell ignores INT and HUP: it gets TERM, which its end needs, or KILL.
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let inspected = Inspected::start();
        support::kill(name, inspected.running.pid());
        let output = inspected.end();
        assert_eq!(output.status.signal(), Some(number), "{output:?}");
        let expected = format!("evenly: stopped by SIG{name}; sh was ended\n");
        assert_eq!(stderr(&output), expected);
    }
}

#[test]
fn a_signal_that_was_ignored_from_the_start_does_not_end_it() {
    let mut command = Command::new("env");
    command.args(["--ignore-signal=HUP", EVENLY, "inspect", "--lang", "en", "--", "cat"]);
    command.stdin(Stdio::piped());
    let mut running = start_command(command);
    let input = running.child().stdin.take();
    let reader =
        until("the reader is there", || support::children_of(running.pid()).first().copied());
    until("the command runs", || support::children_of(reader).first().copied());
    support::kill("HUP", running.pid());
    support::kill("HUP", reader);
    drop(input);
    assert_eq!(running.output().status.code(), Some(0));
}

#[test]
fn killed_it_leaves_no_process_of_its_command() {
    if lacks(&["setsid"]) {
        return;
    }
    // The process of the call, and the one that reads /proc.
    for is_reader in [false, true] {
        let inspected = Inspected::start();
        let killed = if is_reader { inspected.reader } else { inspected.running.pid() };
        support::kill("KILL", killed);
        let output = inspected.end();
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
    }
}

#[test]
fn a_report_that_is_not_read_ends_the_command() {
    let line = format!(
        "{EVENLY} inspect -- sh -c 'echo $$ >&2; sleep 3573; :' | exec true; exit ${{PIPESTATUS[0]}}"
    );
    if lacks(&["bash"]) {
        return;
    }
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(141), "{output:?}");
    let pid: u32 = stderr(&output).trim().parse().unwrap();
    until("the command has ended", || (!support::is_alive(pid)).then_some(()));
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
    let mut sleep = Command::new("sleep").arg("1000").spawn().unwrap();
    let picture = std::env::temp_dir().join(format!("evenly-inspect-{}.svg", sleep.id()));
    let mut command = Command::new(EVENLY);
    command.args(["inspect", "--watch", "--lang", "es", "--svg"]).arg(&picture);
    let mut watch = command.arg(sleep.id().to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let shown = BufReader::new(watch.stdout.take().unwrap());
    let mut lines = shown.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("espera que pase un tiempo")));
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(0));
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
        ("inspect --lang es x", "'x' no es el número de un proceso"),
        ("inspect --lang es 2147483647", "no hay un proceso 2147483647"),
        ("inspect --lang es -- ./missing-program", "no se puede ejecutar ./missing-program"),
    ] {
        let output = run(words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
}
