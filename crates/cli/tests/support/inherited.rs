//! Ignored and blocked signals that a test binary inherits from its parent.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set in a test binary that was executed again.
pub(crate) const EXECUTED_AGAIN: &str = "EVENLY_TESTS_EXECUTED_AGAIN";

/// SIGPIPE, which Rust ignores in every program and restores in every child, and the two signals that glibc
/// keeps for itself (nptl(7)).
const NOT_OURS: u64 = 1 << (13 - 1) | 3 << (32 - 1);

/// Executes this test binary again by env(1), with every signal unblocked and at its default, if it
/// inherited other settings. Commands inherit them in turn, so tests of signals would depend on how they
/// were started: a script ignores INT and QUIT in what it puts in the background, nohup(1) ignores HUP.
pub(crate) fn with_default_signals() {
    if std::env::var_os(EXECUTED_AGAIN).is_some() || inherited() == 0 {
        return;
    }
    let mut again = Command::new("env");
    let own = std::env::current_exe().unwrap();
    again
        .arg("--default-signal")
        .arg(own)
        .args(std::env::args_os().skip(1))
        .env(EXECUTED_AGAIN, "1");
    let error = again.exec();
    eprintln!("env --default-signal: {error}; signals stay as they were inherited");
}

/// The set of signals that are ignored or blocked (proc_pid_status(5)).
fn inherited() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let sets = status.lines().filter_map(|line| {
        let set = line.strip_prefix("SigBlk:").or_else(|| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(set.trim(), 16).ok()
    });
    sets.fold(0, std::ops::BitOr::bitor) & !NOT_OURS
}
