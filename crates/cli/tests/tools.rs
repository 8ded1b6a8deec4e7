//! Tests that need a tool or a right that not every machine has. A test whose tool is missing says
//! so and counts as ignored; with `EVENLY_REQUIRE=1`, as in CI, missing is failing.

mod support;

use libtest_mimic::{Arguments, Failed};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use support::{EVENLY, needing, stderr};

fn main() {
    let trials = vec![
        needing(&["strace"], "system_calls_are_those_of_the_board", system_calls),
        needing(&["strace"], "no_mapping_is_shared_for_writing", shared_mappings),
        needing(&["setpriv", "prlimit", "root"], "few_processes_mean_few_workers", few_processes),
        needing(
            &["setpriv", "prlimit", "root"],
            "more_than_1024_pipes_of_a_plain_user",
            many_pipes,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Runs a job under strace and gives the lines of its trace.
fn trace(calls: &str, words: &str) -> Result<Vec<String>, Failed> {
    let directory =
        std::env::temp_dir().join(format!("evenly-trace-{}-{calls:.8}", std::process::id()));
    let path = directory.with_extension("strace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none", "-e", &format!("trace={calls}"), "-o"])
        .arg(&path)
        .arg(EVENLY)
        .args(words.split_whitespace())
        .stdin(Stdio::null())
        .output()?;
    if output.stdout != b"500\n" {
        return Err(format!("wrong answer: {output:?}").into());
    }
    let trace = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    Ok(trace.lines().map(str::to_owned).collect())
}

/// For n workers: n+1 pipes, n forks, no exec but the one that started the program.
fn system_calls() -> Result<(), Failed> {
    let calls =
        "pipe,pipe2,fork,vfork,clone,clone3,execve,execveat,socketpair,socket,memfd_create,shmget";
    for split in ["static", "timed", "fixed:1"] {
        let trace = trace(calls, &format!("count even 0..1000 -j 3 --split {split}"))?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &trace {
            let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
            let name = call.split('(').next().unwrap_or_default();
            if !call.starts_with('<') && !call.starts_with('+') {
                *counts.entry(name).or_default() += 1;
            }
            let is_thread = call.contains("CLONE_VM") || call.contains("CLONE_THREAD");
            if is_thread {
                return Err(format!("shares its memory: {line}").into());
            }
        }
        let forks: usize =
            ["fork", "clone", "clone3"].iter().filter_map(|name| counts.get(name)).sum();
        let is_right = counts.get("pipe2") == Some(&4)
            && forks == 3
            && counts.get("execve") == Some(&1)
            && counts.values().sum::<usize>() == 4 + 3 + 1;
        if !is_right {
            return Err(format!("{split}: {counts:?}\n{}", trace.join("\n")).into());
        }
    }
    Ok(())
}

/// Nothing travels but through pipes: there is no shared mapping that anybody may write.
fn shared_mappings() -> Result<(), Failed> {
    let trace = trace("mmap,mremap,shmat", "count even 0..1000 -j 3")?;
    for line in &trace {
        if line.contains("MAP_SHARED") && line.contains("PROT_WRITE") || line.contains("shmat(") {
            return Err(line.clone().into());
        }
    }
    if trace.len() < 3 { Err("strace saw nothing".into()) } else { Ok(()) }
}

/// A user that nothing else runs as, so that its limits are this test's alone.
const LONELY_USER: &str = "61234";

/// A copy of the binary where a plain user can reach it, removed when it is dropped.
struct Reachable(std::path::PathBuf);

impl Reachable {
    fn new(name: &str) -> Result<Self, Failed> {
        let path = std::env::temp_dir().join(format!("evenly-{name}-{}", std::process::id()));
        std::fs::copy(EVENLY, &path)?;
        Ok(Self(path))
    }

    fn as_plain_user(&self, limit: &str, words: &str) -> Result<std::process::Output, Failed> {
        let user = ["--reuid", LONELY_USER, "--regid", LONELY_USER, "--clear-groups"];
        let mut command = Command::new("setpriv");
        command.args(user).args(["prlimit", limit]).arg(&self.0).args(words.split_whitespace());
        Ok(command.stdin(Stdio::null()).current_dir("/").output()?)
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn few_processes() -> Result<(), Failed> {
    let binary = Reachable::new("nproc")?;
    let output = binary.as_plain_user("--nproc=5", "count even 0..1000 -j 9")?;
    let said = stderr(&output);
    let is_right = output.stdout == b"500\n" && said.contains("workers instead of 9: fork: ");
    if !is_right || said.matches('\n').count() != 1 {
        return Err(format!("{output:?}").into());
    }
    let output = binary.as_plain_user("--nproc=1", "count even 0..1000 -j 9")?;
    let said = stderr(&output);
    let is_right = output.status.code() == Some(2) && output.stdout.is_empty();
    if !is_right || !said.contains("ulimit -u") || said.matches('\n').count() != 1 {
        return Err(format!("{output:?}").into());
    }
    Ok(())
}

/// Beyond pipe-user-pages-soft a plain user's pipes shrink (pipe(7)); the answer does not care.
fn many_pipes() -> Result<(), Failed> {
    let binary = Reachable::new("pipes")?;
    let output = binary.as_plain_user("--nofile=8192", "count even 0..1000 -j 1500 --chunk 1")?;
    if output.stdout == b"500\n" && output.stderr.is_empty() {
        Ok(())
    } else {
        Err(format!("{output:?}").into())
    }
}
