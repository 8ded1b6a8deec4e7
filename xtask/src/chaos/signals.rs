//! Signals that the faults send, without those that the parent of xtask ignores.

use std::fs;

use rustix::process::Signal;

/// Signals that end a worker, besides SIGKILL.
const FATAL: [Signal; 6] =
    [Signal::SEGV, Signal::ABORT, Signal::BUS, Signal::TERM, Signal::HUP, Signal::PIPE];

/// Signals that ask a primary to end.
const INTERRUPTS: [Signal; 2] = [Signal::INT, Signal::TERM];

/// The signals that are not ignored. The parent of xtask may ignore some, as a shell does with SIGINT in the background
/// and nohup with SIGHUP; children inherit that (execve(2)).
pub(crate) struct Signals {
    pub(crate) fatal: Vec<Signal>,
    pub(crate) interrupts: Vec<Signal>,
    pub(crate) has_hangup: bool,
}

impl Signals {
    pub(crate) fn that_arrive() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self::without(ignored(&status))
    }

    fn without(ignored: u64) -> Self {
        // For a child Rust stops ignoring SIGPIPE, which it does itself.
        let arrives =
            |signal: &Signal| *signal == Signal::PIPE || ignored >> (signal.as_raw() - 1) & 1 == 0;
        Self {
            fatal: FATAL.into_iter().filter(arrives).collect(),
            interrupts: INTERRUPTS.into_iter().filter(arrives).collect(),
            has_hangup: arrives(&Signal::HUP),
        }
    }
}

/// The mask of ignored signals from `/proc/PID/status`; bit 0 is signal 1.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// The name of a signal that is sent here.
pub(crate) fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::KILL => "SIGKILL",
        Signal::STOP => "SIGSTOP",
        Signal::CONT => "SIGCONT",
        Signal::TSTP => "SIGTSTP",
        Signal::SEGV => "SIGSEGV",
        Signal::ABORT => "SIGABRT",
        Signal::BUS => "SIGBUS",
        Signal::TERM => "SIGTERM",
        Signal::HUP => "SIGHUP",
        Signal::PIPE => "SIGPIPE",
        Signal::INT => "SIGINT",
        _ => "another",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_not_relied_on() {
        let signals = Signals::without(ignored("Name:\tx\nSigIgn:\t0000000000001003\n"));
        // 1 is SIGHUP, 2 SIGINT, 13 SIGPIPE.
        assert!(!signals.has_hangup);
        assert_eq!(signals.interrupts, [Signal::TERM]);
        assert!(!signals.fatal.contains(&Signal::HUP) && signals.fatal.contains(&Signal::PIPE));
        assert_eq!(Signals::without(ignored("")).fatal.len(), FATAL.len());
    }

    #[test]
    fn every_signal_has_a_name() {
        assert!(FATAL.iter().chain(&INTERRUPTS).all(|signal| name(*signal) != "another"));
    }
}
