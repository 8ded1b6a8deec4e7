//! Real processes that hang: each C program and each pipeline gets its verdict, as an unprivileged user.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "programs/hanging.rs"]
mod hanging;
#[path = "programs/ssh.rs"]
mod ssh;
#[path = "programs/yama.rs"]
mod yama;

use evenly_inspect::{Language, Look};
use evenly_testkit::needs::needing;
use hanging::{Hanging, directory, unprivileged};
use libtest_mimic::Failed;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Each program with the name of its verdict, and what the cause has to say.
const PROGRAMS: &[(&str, &str, &[&str])] = &[
    ("own_write_end", "own-write-end", &["reads fd 3 (pipe, empty)", "its own fd 4"]),
    ("sibling_ends", "inherited-write-ends", &["reads fd", "itself fd", "never ends"]),
    ("no_wait", "not-waited-for", &["2 zombies", "waits for a signal"]),
    ("long_writes", "long-writes", &["100000 bytes", "2 processes", "4096"]),
    ("wait_before_read", "wait-before-read", &["waits for a child", "65536 of 65536", "fd 3"]),
    ("both_fill", "both-fill", &["writes fd 4 (pipe, 65", "writes fd 6 (pipe, full", "could read"]),
    ("pipe_after_fork", "pipe-made-after-fork", &["No other process has this pipe", "fork()"]),
    ("range_pipes_open", "read-each-other", &["could write", "Each waits for the other"]),
    ("hidden_end", "hidden-write-end", &["SCM_RIGHTS"]),
    ("full_queue", "full-queue", &["2 connections wait", "listen() allowed 1", "to connect"]),
    ("two_locks", "thread-deadlock", &["waits for thread"]),
];

/// Name, needed programs, script, name of the verdict, and what the cause has to say.
type Pipeline =
    (&'static str, &'static [&'static str], &'static str, &'static str, &'static [&'static str]);

/// Shell scripts that hang.
const PIPELINES: &[Pipeline] = &[
    (
        "a_daemon_that_inherited_the_output",
        &["bash"],
        "(sleep 60 &) | cat",
        "inherited-output",
        &["cat", "sleep", "fd 1"],
    ),
    (
        "a_process_substitution_that_outlives_tee",
        &["bash"],
        "seq 3 | tee >(exec sleep 60) | cat",
        "inherited-output",
        &["cat", "sleep", "fd 1"],
    ),
    (
        "a_command_substitution_with_a_background_job",
        &["bash"],
        "answer=$(sleep 60 & echo started); echo $answer",
        "inherited-output",
        &["bash", "sleep"],
    ),
    (
        "popen_without_communicate",
        &["/usr/bin/python3"],
        "exec /usr/bin/python3 -c 'import subprocess as s; s.Popen([\"seq\", \"100000\"], stdout=s.PIPE).wait()'",
        "wait-before-read",
        &["seq", "65536 of 65536"],
    ),
    (
        "a_git_hook_that_starts_a_daemon",
        &["git"],
        "export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git init -q --bare server; \
         printf '#!/bin/sh\nsleep 60 &\n' > server/hooks/post-receive; chmod +x server/hooks/post-receive; \
         git init -q work; cd work; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a; \
         exec git push -q ../server HEAD:refs/heads/main",
        "inherited-output",
        &["git-receive-pac", "sleep", "fd 1, 2"],
    ),
    (
        "a_lost_token_of_make",
        &["make", "sed", "dd"],
        "printf 'all:\\n\\t+@sh ./job\\n' > Makefile; exec make -j2",
        "lost-token",
        &["dd", "make"],
    ),
    (
        "a_fifo_without_a_partner",
        &["mkfifo"],
        "mkfifo fifo; exec cat fifo",
        "fifo-partner",
        &["/fifo to read"],
    ),
    (
        "a_lock_that_another_holds",
        &["flock"],
        "flock file sleep 60 & sleep 0.3; flock file true",
        "lock-held",
        &["flock", "held by"],
    ),
    (
        "a_reader_that_is_gone",
        &["bash"],
        "sleep 60 | true",
        "reader-gone",
        &["no reader", "SIGPIPE"],
    ),
    (
        "a_stopped_process",
        &["bash"],
        "sleep 60 & sleep 0.3; kill -STOP $!; wait",
        "stopped",
        &["sleep"],
    ),
    (
        "output_in_a_buffer",
        &["grep"],
        "{ seq 5000; sleep 60; } | grep 77 | cat",
        "buffered",
        &["A guess", "grep", "wrote none"],
    ),
    (
        "a_coprocess_that_each_side_reads",
        &["bash"],
        "coproc cat; read -r line <&${COPROC[0]}",
        "read-each-other",
        &["bash", "cat"],
    ),
    (
        "a_wait_before_the_end_is_closed",
        &["bash"],
        "coproc cat; wait $COPROC_PID",
        "wait-before-close",
        &["bash", "cat"],
    ),
];

/// The recipe of the makefile: it takes tokens of the jobserver and returns none.
const JOB: &str = r#"auth=$(echo "$MAKEFLAGS" | sed 's/.*--jobserver-auth=\([^ ]*\).*/\1/')
case $auth in
fifo:*) exec dd bs=1 count=9 of=/dev/null < "${auth#fifo:}" ;;
*) exec dd bs=1 count=9 of=/dev/null < "/proc/self/fd/${auth%,*}" ;;
esac
"#;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words.get(1).is_some_and(|word| word == "--inspect") {
        let pids: BTreeSet<u32> = words[2..].iter().map(|word| word.parse().unwrap()).collect();
        let look = Look::at(&pids).unwrap();
        std::io::stdout().write_all(look.json(Language::English).as_bytes()).unwrap();
        return;
    }
    let mut trials = Vec::new();
    for &(name, kind, says) in PROGRAMS {
        let test = move || gets(&Hanging::program(name), kind, says);
        trials.push(needing(&["cc", "setpriv"], &format!("program_{name}"), test));
    }
    for &(name, needs, script, kind, says) in PIPELINES {
        let needs: Vec<&str> = needs
            .iter()
            .copied()
            .filter(|need| !need.starts_with('/'))
            .chain(["bash", "setpriv"])
            .collect();
        let has_python = fs::exists("/usr/bin/python3").unwrap_or(false);
        let test = move || gets(&Hanging::script(script), kind, says);
        if has_python || !script.contains("python3") {
            trials.push(needing(&needs, &format!("pipeline_{name}"), test));
        }
    }
    type Test = fn() -> Result<(), Failed>;
    let others: [(&str, &[&str], Test); 8] = [
        ("pipeline_ssh_with_a_background_job", ssh::NEEDS, ssh::with_a_background_job),
        ("system_calls_that_may_not_be_read_are_said_once", yama::NEEDS, yama::hidden_calls),
        ("a_correct_program_gets_no_verdict", &["cc", "setpriv"], correct),
        ("a_sleeping_writer_is_no_mistake", &["bash", "setpriv"], sleeping),
        ("an_inspected_pipeline_keeps_its_descriptors_and_ends", &["bash", "setpriv"], undisturbed),
        ("the_reader_of_the_report_gets_no_verdict", &["bash", "setpriv"], reader_of_the_report),
        ("the_ends_of_a_pipe_are_those_that_lsof_lists", &["cc", "lsof", "setpriv"], lsof),
        ("a_busy_pipeline_gets_no_verdict", &["bash", "setpriv"], busy),
    ];
    trials.extend(others.into_iter().map(|(name, needs, test)| needing(needs, name, test)));
    let conclusion = libtest_mimic::run(&evenly_testkit::harness::arguments(8), trials);
    hanging::tidy_up();
    conclusion.exit();
}

/// Inspects as an unprivileged user.
fn inspect(pid: u32) -> Value {
    inspect_by(&mut unprivileged(&directory().join("inspect")), pid)
}

/// Inspects by a command that gets the words of this test binary.
fn inspect_by(command: &mut Command, pid: u32) -> Value {
    let output = command.arg("--inspect").arg(pid.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{text}"))
}

fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().into_iter().flatten()
}

/// Waits until the verdict is this one, and checks its sentences.
fn gets(hanging: &Hanging, kind: &str, says: &[&str]) -> Result<(), Failed> {
    let mut last = Value::Null;
    for _ in 0..300 {
        last = inspect(hanging.pid());
        if let Some(found) = findings(&last).find(|one| one["kind"] == kind) {
            let cause = found["cause"].as_str().unwrap_or_default();
            // The last process of a program may not have come to its place yet.
            if says.iter().all(|part| cause.contains(part)) {
                let remedy = found["remedy"].as_str().unwrap_or_default();
                assert!(remedy.len() > 20, "{remedy}");
                let is_noted = ["hidden-write-end", "lock-held", "buffered"].contains(&kind);
                assert_eq!(last["wrong"], !is_noted, "{last:#}");
                return Ok(());
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("not {kind} with {says:?}: {last:#}").into())
}

fn correct() -> Result<(), Failed> {
    let hanging = Hanging::program("correct");
    let sleeps = |report: &Value| report.to_string().contains("sleeps until a time");
    for _ in 0..300 {
        let report = inspect(hanging.pid());
        if sleeps(&report) {
            assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
            assert_eq!(report["wrong"], false);
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("the slow child never slept".into())
}

fn sleeping() -> Result<(), Failed> {
    let hanging = Hanging::script("sleep 60 | cat");
    for _ in 0..300 {
        let report = inspect(hanging.pid());
        let waits = report["waits"].to_string();
        if waits.contains("waits for a timer") && report.to_string().contains("reads fd 0") {
            assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("sleep and cat never waited".into())
}

fn undisturbed() -> Result<(), Failed> {
    let mut hanging = Hanging::start("sleep 3 | cat; echo end", Stdio::piped());
    std::thread::sleep(Duration::from_millis(500));
    let report = inspect(hanging.pid());
    let pids: Vec<u64> = report["processes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|process| process["pid"].as_u64())
        .filter(|&pid| pid != u64::from(std::process::id()))
        .collect();
    let tables = || -> Vec<BTreeSet<String>> {
        let table = |pid: &u64| {
            let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            let name = |entry: fs::DirEntry| {
                let link = fs::read_link(entry.path()).unwrap_or_default();
                format!("{} {}", entry.file_name().to_string_lossy(), link.display())
            };
            entries.map(name).collect()
        };
        pids.iter().map(table).collect()
    };
    let before = tables();
    for _ in 0..5 {
        inspect(hanging.pid());
    }
    assert_eq!(tables(), before);
    // The reader gets its end of file, although it was inspected.
    let mut said = String::new();
    hanging.output().read_to_string(&mut said)?;
    assert_eq!(said, "end\n");
    Ok(())
}

/// The only write end of the pipe of `tail` is that of the inspecting process.
fn reader_of_the_report() -> Result<(), Failed> {
    let program = directory().join("inspect").display().to_string();
    let script = format!("sleep 0.5; {program} --inspect $$ | tail -n 1");
    let mut hanging = Hanging::start(&script, Stdio::piped());
    let mut said = String::new();
    hanging.output().read_to_string(&mut said)?;
    let report: Value = serde_json::from_str(&said)?;
    assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
    Ok(())
}

/// Both sides wait most of the time, and never at the same time.
fn busy() -> Result<(), Failed> {
    let hanging = Hanging::script("cat /dev/zero | dd bs=777 2> /dev/null | cat > /dev/null");
    for _ in 0..20 {
        let report = inspect(hanging.pid());
        assert!(findings(&report).all(|one| one["never_wakes"] == false), "{report:#}");
    }
    Ok(())
}

/// The ends of the pipe of answers, of which the parent reads fd 3.
fn lsof() -> Result<(), Failed> {
    let hanging = Hanging::program("range_pipes_open");
    gets(&hanging, "read-each-other", &["could write"])?;
    let pid = hanging.pid();
    let report = inspect(pid);
    let ends = |channel: &Value, side: &str| -> BTreeSet<(u64, u64)> {
        let all = channel[side].as_array().into_iter().flatten();
        all.map(|end| (end["pid"].as_u64().unwrap(), end["fd"].as_u64().unwrap())).collect()
    };
    let own = (u64::from(pid), 3);
    let channels = report["channels"].as_array().into_iter().flatten();
    let mut answers = channels.filter(|channel| ends(channel, "readers").contains(&own));
    let answers = answers.next().ok_or("no pipe at fd 3")?;
    let found: BTreeSet<_> = &ends(answers, "readers") | &ends(answers, "writers");

    let mut command = unprivileged(Path::new("lsof"));
    let output =
        command.args(["+E", "-a", "-d", "3", "-Fpfn", "-p"]).arg(pid.to_string()).output()?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let head = format!("p{pid}\n");
    let mut section = listed.split(head.as_str()).skip(1);
    let name =
        section.next().and_then(|text| text.lines().find_map(|line| line.strip_prefix("npipe ")));
    let end = |word: &str| {
        let mut parts = word.split(',');
        let pid = parts.next().unwrap().parse().unwrap();
        let fd = parts.next_back().unwrap().trim_end_matches(|one: char| one.is_alphabetic());
        (pid, fd.parse().unwrap())
    };
    let mut expected: BTreeSet<(u64, u64)> =
        name.ok_or(listed.clone())?.split(' ').map(end).collect();
    expected.insert(own);
    assert_eq!(found, expected, "{listed}");
    Ok(())
}
