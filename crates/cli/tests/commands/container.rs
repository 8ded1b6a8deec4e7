//! A primary as process 1 of a container, which inherits every orphan.

use crate::support::process::Process;
use crate::support::{children_of, kill, until};
use crate::yard::Yard;
use std::process::Command;

/// Processes that other programs started in the container are not killed.
pub(crate) fn what_others_started_is_left_alone() {
    let yard = Yard::new();
    let mut command = yard.inside_of("unshare --pid --fork --kill-child --mount-proc");
    let script =
        "setsid sleep 1000 & echo $0 >> tried; [ $(wc -l < tried) -gt 2 ] || sleep 1000; echo $0";
    command.args("run 0..1 -j 1 --progress none -- sh -c".split(' ')).args([script, "{}"]);
    let running = Process::start(command);
    yard.until_lines("tried", 1);
    let first = until("there is the first", || children_of(running.pid()).first().copied());
    let target = first.to_string();
    let elsewhere = ["--target", &target, "--pid", "--mount", "sh", "-c", "sleep 1000 & echo done"];
    assert!(Command::new("nsenter").args(elsewhere).status().unwrap().success());
    let other = until("it has come to the first", || {
        children_of(first).into_iter().find(|pid| command_line(*pid).starts_with(b"sleep"))
    });
    for n in 1..=2 {
        yard.until_lines("tried", n);
        let worker = until("the first has a worker", || {
            children_of(first).into_iter().find(|pid| command_line(*pid) == command_line(first))
        });
        kill("KILL", worker);
        yard.until_lines("tried", n + 1);
        assert!(children_of(first).contains(&other), "after {n}");
    }
    yard.ended(running).answers("0\n");
}

/// The words of a process. A worker has those of its primary; orphans that the primary has not ended yet
/// are its children, too, and have others.
fn command_line(pid: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}
