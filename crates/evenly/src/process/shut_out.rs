//! Signals that a process has shut out: what the kernel says of those that wait for it (proc_pid_status(5)).

use rustix::process::Pid;
use std::fs::read_to_string;

/// Whether a signal waits for a process that has shut it out, and is not just stopped.
pub(crate) fn shuts_out(signal: i32, pid: Pid) -> bool {
    let status = read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()));
    status.is_ok_and(|status| says_so(&status, signal))
}

fn says_so(status: &str, signal: i32) -> bool {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim_start()
    };
    let has = |name| {
        let signals = u64::from_str_radix(field(name), 16).unwrap_or_default();
        // The first bit is that of signal 1.
        signals >> (signal - 1) & 1 == 1
    };
    !field("State:").starts_with(['T', 't']) && has("ShdPnd:") && has("SigBlk:")
}

#[cfg(test)]
mod tests {
    use super::says_so;

    #[test]
    fn it_waits_and_is_blocked_and_the_process_is_not_stopped() {
        let status = |state: &str, pending: &str, blocked: &str| {
            format!(
                "Name:\tx\nState:\t{state}\nSigPnd:\t0000000000000000\nShdPnd:\t{pending}\n\
                 SigBlk:\t{blocked}\nSigIgn:\t0000000000000000\n"
            )
        };
        let (none, first, last) = ("0000000000000000", "0000000000000001", "8000000000000000");
        assert!(says_so(&status("S (sleeping)", first, first), 1));
        assert!(says_so(&status("R (running)", last, "ffffffffffffffff"), 64));
        assert!(!says_so(&status("S (sleeping)", first, none), 1));
        assert!(!says_so(&status("S (sleeping)", none, first), 1));
        assert!(!says_so(&status("S (sleeping)", first, first), 2));
        assert!(!says_so(&status("T (stopped)", first, first), 1));
        assert!(!says_so("", 1));
    }
}
