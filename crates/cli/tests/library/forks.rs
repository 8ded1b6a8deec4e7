//! Functions that fork: a child never answers for its worker.

use crate::support::stderr;
use crate::{built, lib};
use std::process::Output;

/// Each function forks at every number, or at 250 alone.
const FORKS: &str = "#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
int64_t child_returns(int64_t n) { pid_t child = fork(); if (child) waitpid(child, 0, 0); return 1; }
int64_t child_is_left_alone(int64_t n) { fork(); return 1; }
int64_t child_of_bare_clone(int64_t n) {
    long child = syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
    if (child) waitpid((pid_t)child, 0, 0);
    return 1; }
int64_t child_crashes(int64_t n) { pid_t child = fork(); if (!child) abort(); waitpid(child, 0, 0); return 1; }
int64_t child_leaves(int64_t n) { pid_t child = fork(); if (!child) exit(3); waitpid(child, 0, 0); return 1; }
int64_t parent_leaves(int64_t n) { if (n == 250 && fork()) _exit(5); return 1; }
";

/// One answer for each number, whatever the child does, and in chunks of any length.
pub(crate) fn a_forked_child_does_not_answer_for_its_worker() {
    built("forks.so", FORKS);
    for function in [
        "child_returns",
        "child_is_left_alone",
        "child_of_bare_clone",
        "child_crashes",
        "child_leaves",
    ] {
        for split in ["fixed:1", "fixed:7", "static"] {
            let function = format!("forks.so:{function}");
            let output = lib("sum", &function, &["0..500", "-j", "2", "--split", split]);
            assert_eq!(told(&output), (Some(0), "500\n".into(), "".into()), "{function} {split}");
        }
    }
}

/// The worker is lost at that number, and its child does not go on in its place.
pub(crate) fn a_child_that_outlives_its_worker_does_not_go_on() {
    built("forks.so", FORKS);
    let output = lib("failures", "forks.so:parent_leaves", &["0..500", "-j", "2", "-q"]);
    assert_eq!(told(&output), (Some(1), "250\texit 5\n".into(), "".into()));
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), stdout, stderr(output))
}
