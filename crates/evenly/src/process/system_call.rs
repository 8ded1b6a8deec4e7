//! System calls that a worker reports by number when they fail.

use rustix::io::Errno;

/// A system call of a worker that can fail, by its number in the worker's farewell frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SystemCall(pub(crate) u32);

impl SystemCall {
    pub(crate) const PRCTL: Self = Self(0);
    pub(crate) const SETPGID: Self = Self(1);
    pub(crate) const DUP: Self = Self(2);
    pub(crate) const CLOSE_RANGE: Self = Self(3);
    pub(crate) const SETRLIMIT: Self = Self(4);
    pub(crate) const SIGPROCMASK: Self = Self(5);
    pub(crate) const KILL: Self = Self(6);
    pub(crate) const READ: Self = Self(7);
    pub(crate) const WRITE: Self = Self(8);
    pub(crate) const POLL: Self = Self(9);
    pub(crate) const SIGALTSTACK: Self = Self(10);
    pub(crate) const SIGACTION: Self = Self(11);
    pub(crate) const TIMER_CREATE: Self = Self(12);
    pub(crate) const TIMER_SETTIME: Self = Self(13);
    pub(crate) const SIGNALFD: Self = Self(14);
    pub(crate) const PIPE: Self = Self(15);
    pub(crate) const CLONE: Self = Self(16);
    pub(crate) const EXECVE: Self = Self(17);
    pub(crate) const WAITID: Self = Self(18);
    /// No call: the coprocess sent an answer to a number that it was not asked for.
    pub(crate) const ANSWER: Self = Self(19);
    pub(crate) const DLOPEN: Self = Self(20);
    /// The directory of an array task.
    pub(crate) const MKDIR: Self = Self(21);
    /// No single call: a result file of a command could not be written.
    pub(crate) const RESULT_FILE: Self = Self(22);
    /// No single call: the file with a long output of a command could not be read.
    pub(crate) const OUTPUT_FILE: Self = Self(23);
    /// The file of the lines (`--lines`); ESTALE if it has changed.
    pub(crate) const LINE: Self = Self(24);

    /// Its name in the manual.
    pub(crate) fn name(self) -> &'static str {
        const NAMES: [&str; 25] = [
            "prctl",
            "setpgid",
            "dup",
            "close_range",
            "setrlimit",
            "sigprocmask",
            "kill",
            "read",
            "write",
            "poll",
            "sigaltstack",
            "sigaction",
            "timer_create",
            "timer_settime",
            "signalfd",
            "pipe2",
            "clone",
            "execve",
            "waitid",
            "an answer of the coprocess",
            "dlopen",
            "mkdir (TMPDIR)",
            "a result file",
            "a file with output (TMPDIR)",
            "read (--lines)",
        ];
        NAMES.get(self.0 as usize).copied().unwrap_or("a call")
    }
}

/// Pairs an error with the system call that returned it.
pub(crate) fn in_call(call: SystemCall) -> impl Fn(Errno) -> (SystemCall, Errno) {
    move |cause| (call, cause)
}
