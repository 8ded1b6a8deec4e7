//! Causes of failures in messages, with the names of signals.
//!
//! Answers, JSON, events and job logs keep the short form (`signal 11`), which programs compare.

use evenly::Cause;
use rustix::process::Signal;

/// Signals that end a process unless it handles them (signal(7)), and those that stop it.
const NAMES: [(Signal, &str); 25] = [
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::USR1, "SIGUSR1"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::USR2, "SIGUSR2"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
    (Signal::STOP, "SIGSTOP"),
    (Signal::TSTP, "SIGTSTP"),
    (Signal::TTIN, "SIGTTIN"),
    (Signal::TTOU, "SIGTTOU"),
    (Signal::XCPU, "SIGXCPU"),
    (Signal::XFSZ, "SIGXFSZ"),
    (Signal::VTALARM, "SIGVTALRM"),
    (Signal::PROF, "SIGPROF"),
    (Signal::POWER, "SIGPWR"),
    (Signal::SYS, "SIGSYS"),
];

/// `signal 11 (SIGSEGV)` for a signal with a name; every other cause as it is.
pub(crate) fn named(cause: &Cause) -> String {
    let name = match cause {
        Cause::Signal(number) => NAMES.iter().find(|(signal, _)| signal.as_raw() == *number),
        _ => None,
    };
    name.map_or_else(|| cause.to_string(), |(_, name)| format!("{cause} ({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_its_name_and_other_causes_are_unchanged() {
        let causes = [Cause::Signal(11), Cause::Signal(19), Cause::Signal(40), Cause::Exit(11)];
        let named = causes.map(|cause| named(&cause));
        assert_eq!(named, ["signal 11 (SIGSEGV)", "signal 19 (SIGSTOP)", "signal 40", "exit 11"]);
    }
}
