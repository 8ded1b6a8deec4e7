//! Signals of the calling program: its handlers, its mask and its children are after a call as they were before.
#![expect(unsafe_code, reason = "a handler is set by signal(2)")]
#![expect(clippy::print_stdout, reason = "a test without a harness prints for its reader")]

use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The signals that a call takes from the process while it runs.
const TAKEN: [i32; 7] = [
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGTSTP,
    libc::SIGCONT,
    libc::SIGUSR1,
    libc::SIGCHLD,
];

/// How often the handler was called for each signal.
static CALLS: [AtomicU32; 65] = [const { AtomicU32::new(0) }; 65];

extern "C" fn handler(signal: i32) {
    if let Some(calls) = usize::try_from(signal).ok().and_then(|signal| CALLS.get(signal)) {
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

fn calls(signal: i32) -> u32 {
    CALLS[usize::try_from(signal).expect("signals have positive numbers")].load(Ordering::Relaxed)
}

fn raise(signal: i32) {
    // SAFETY: the handler for the signal only adds to a number.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

fn call() {
    assert_eq!(evenly::count(0..1000_u32, |n| n % 2 == 0).ok(), Some(500));
    assert!(evenly::over(0..10_u32).retries(0).count(|n| n > 5 || std::process::abort()).is_err());
}

/// The signals that are blocked, ignored and handled.
fn dispositions() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("/proc is there");
    let is_of_signals = |line: &&str| ["SigBlk", "SigIgn", "SigCgt"].contains(&&line[..6]);
    status.lines().filter(is_of_signals).map(str::to_owned).collect()
}

/// Each signal is handled after a call as before, and the children of the program are its own.
fn check(way: &str, mut child: Child) {
    let before = dispositions();
    call();
    assert_eq!(dispositions(), before, "{way}");
    for signal in TAKEN {
        let calls_before = calls(signal);
        raise(signal);
        assert_eq!(calls(signal), calls_before + 1, "{way}: signal {signal}");
    }
    assert!(child.kill().is_ok() && child.wait().is_ok(), "{way}");
    println!("{way} ... ok");
}

fn sleeper() -> Child {
    Command::new("sleep").arg("600").spawn().expect("sleep is there")
}

fn main() {
    evenly::init();
    let handler = handler as extern "C" fn(i32);
    for signal in TAKEN {
        // SAFETY: the handler calls only what a handler may call (signal-safety(7)).
        let before = unsafe { libc::signal(signal, handler as libc::sighandler_t) };
        assert_ne!(before, libc::SIG_ERR);
    }
    check("a call in a process with one thread", sleeper());
    std::thread::spawn(|| std::thread::sleep(Duration::from_secs(600)));
    check("a call in a process with threads", sleeper());
}
