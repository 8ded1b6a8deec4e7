//! What a process is doing, from its state and from the system call it is blocked in.
//!
//! No answer is ever an error: where the kernel does not tell, the answer is only less exact.

use super::Activity;

/// What a system call that blocks means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Read,
    Write,
    Poll(&'static str),
    Wait,
}

/// System call numbers (syscalls(2)); each architecture has its own.
#[cfg(target_arch = "x86_64")]
pub(super) const CALLS: &[(u64, Call)] = &[
    (0, Call::Read),                 // read
    (19, Call::Read),                // readv
    (45, Call::Read),                // recvfrom
    (47, Call::Read),                // recvmsg
    (1, Call::Write),                // write
    (20, Call::Write),               // writev
    (44, Call::Write),               // sendto
    (46, Call::Write),               // sendmsg
    (232, Call::Poll("epoll_wait")), // epoll_wait
    (281, Call::Poll("epoll_wait")), // epoll_pwait
    (441, Call::Poll("epoll_wait")), // epoll_pwait2
    (7, Call::Poll("poll")),         // poll
    (271, Call::Poll("poll")),       // ppoll
    (23, Call::Poll("select")),      // select
    (270, Call::Poll("select")),     // pselect6
    (61, Call::Wait),                // wait4
    (247, Call::Wait),               // waitid
];

/// System call numbers (syscalls(2)); each architecture has its own.
#[cfg(target_arch = "aarch64")]
pub(super) const CALLS: &[(u64, Call)] = &[
    (63, Call::Read),                // read
    (65, Call::Read),                // readv
    (207, Call::Read),               // recvfrom
    (212, Call::Read),               // recvmsg
    (64, Call::Write),               // write
    (66, Call::Write),               // writev
    (206, Call::Write),              // sendto
    (211, Call::Write),              // sendmsg
    (22, Call::Poll("epoll_wait")),  // epoll_pwait
    (441, Call::Poll("epoll_wait")), // epoll_pwait2
    (73, Call::Poll("poll")),        // ppoll
    (72, Call::Poll("select")),      // pselect6
    (260, Call::Wait),               // wait4
    (95, Call::Wait),                // waitid
];

/// Elsewhere the place in the kernel has to do.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) const CALLS: &[(u64, Call)] = &[];

/// Kernel functions in which a process sleeps (proc_pid_wchan(5)), where they tell the call. Names
/// differ between versions of the kernel, and a restarted call shows up here only.
const PLACES: &[(&str, Call)] = &[
    ("pipe_read", Call::Read),
    ("anon_pipe_read", Call::Read),
    ("fifo_pipe_read", Call::Read),
    ("pipe_write", Call::Write),
    ("anon_pipe_write", Call::Write),
    ("fifo_pipe_write", Call::Write),
    ("ep_poll", Call::Poll("epoll_wait")),
    ("do_epoll_wait", Call::Poll("epoll_wait")),
    ("do_poll", Call::Poll("poll")),
    ("do_sys_poll", Call::Poll("poll")),
    ("do_select", Call::Poll("select")),
    ("do_wait", Call::Wait),
    ("do_wait4", Call::Wait),
    ("kernel_wait4", Call::Wait),
    ("do_waitid", Call::Wait),
];

/// What the process is doing, if its state is this letter of proc_pid_stat(5).
pub(super) fn of(pid: u32, state: u8) -> Activity {
    match state {
        b'R' => Activity::Running,
        // The call of a stopped process is the one it will go back to, so the state decides.
        b'T' | b't' => Activity::Stopped,
        b'Z' => Activity::Zombie,
        b'X' | b'x' => Activity::Gone,
        _ => {
            let read = |file| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
            asleep(read("syscall").as_deref(), || read("wchan"))
        }
    }
}

/// What a sleeping process waits for, from the texts of proc_pid_syscall(5) and proc_pid_wchan(5);
/// `None` stands for a file that we may not read.
pub(super) fn asleep(syscall: Option<&str>, wchan: impl FnOnce() -> Option<String>) -> Activity {
    let mut words = syscall.unwrap_or_default().split_ascii_whitespace();
    let first = words.next();
    if first == Some("running") {
        return Activity::Running; // it woke up while we looked
    }
    // -1: blocked, but not in a system call (a page that has to be fetched, say).
    let number = first.and_then(|number| number.parse::<u64>().ok());
    let argument = words.next().and_then(descriptor);
    let known = CALLS.iter().find(|(call, _)| Some(*call) == number);
    if let Some(&(_, call)) = known {
        return blocked_in(call, argument);
    }
    let place = wchan().filter(|place| !matches!(place.as_str(), "" | "0"));
    let known = PLACES.iter().find(|(name, _)| place.as_deref() == Some(name));
    match (known, place, number) {
        (Some(&(_, call)), ..) => blocked_in(call, None),
        (None, Some(detail), _) => Activity::Sleeping { detail },
        (None, None, Some(number)) => {
            Activity::Sleeping { detail: format!("system call {number}") }
        }
        (None, None, None) => Activity::Sleeping { detail: String::new() },
    }
}

fn blocked_in(call: Call, descriptor: Option<i32>) -> Activity {
    match call {
        Call::Read => Activity::Reading { descriptor },
        Call::Write => Activity::Writing { descriptor },
        Call::Poll(call) => Activity::Polling { call },
        Call::Wait => Activity::WaitingForChild,
    }
}

/// A first argument as a descriptor. The kernel shows the whole register; an `int` is its lower
/// half, and nobody promises anything about the upper one.
fn descriptor(argument: &str) -> Option<i32> {
    let register = u64::from_str_radix(argument.strip_prefix("0x")?, 16).ok()?;
    i32::try_from(register & 0xffff_ffff).ok()
}
