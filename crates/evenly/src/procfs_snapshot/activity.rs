//! What a process is doing, from its state and from the system call it is blocked in.
//!
//! No answer is ever an error: where the kernel does not tell, the answer is only less exact.

use super::Activity;

/// What a system call that blocks means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockingCall {
    Read,
    Write,
    Poll(&'static str),
    Wait,
}

/// System call numbers (syscalls(2)); each architecture has its own.
#[cfg(target_arch = "x86_64")]
pub(super) const CALLS: &[(u64, BlockingCall)] = &[
    (0, BlockingCall::Read),                 // read
    (19, BlockingCall::Read),                // readv
    (45, BlockingCall::Read),                // recvfrom
    (47, BlockingCall::Read),                // recvmsg
    (1, BlockingCall::Write),                // write
    (20, BlockingCall::Write),               // writev
    (44, BlockingCall::Write),               // sendto
    (46, BlockingCall::Write),               // sendmsg
    (232, BlockingCall::Poll("epoll_wait")), // epoll_wait
    (281, BlockingCall::Poll("epoll_wait")), // epoll_pwait
    (441, BlockingCall::Poll("epoll_wait")), // epoll_pwait2
    (7, BlockingCall::Poll("poll")),         // poll
    (271, BlockingCall::Poll("poll")),       // ppoll
    (23, BlockingCall::Poll("select")),      // select
    (270, BlockingCall::Poll("select")),     // pselect6
    (61, BlockingCall::Wait),                // wait4
    (247, BlockingCall::Wait),               // waitid
    (56, BlockingCall::Poll("clone")),       // clone, with CLONE_VFORK
    (58, BlockingCall::Poll("vfork")),       // vfork
];

/// System call numbers (syscalls(2)); each architecture has its own.
#[cfg(target_arch = "aarch64")]
pub(super) const CALLS: &[(u64, BlockingCall)] = &[
    (63, BlockingCall::Read),                // read
    (65, BlockingCall::Read),                // readv
    (207, BlockingCall::Read),               // recvfrom
    (212, BlockingCall::Read),               // recvmsg
    (64, BlockingCall::Write),               // write
    (66, BlockingCall::Write),               // writev
    (206, BlockingCall::Write),              // sendto
    (211, BlockingCall::Write),              // sendmsg
    (22, BlockingCall::Poll("epoll_wait")),  // epoll_pwait
    (441, BlockingCall::Poll("epoll_wait")), // epoll_pwait2
    (73, BlockingCall::Poll("poll")),        // ppoll
    (72, BlockingCall::Poll("select")),      // pselect6
    (260, BlockingCall::Wait),               // wait4
    (95, BlockingCall::Wait),                // waitid
    (220, BlockingCall::Poll("clone")),      // clone, with CLONE_VFORK
];

/// Elsewhere the place in the kernel has to do.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) const CALLS: &[(u64, BlockingCall)] = &[];

/// Kernel functions in which a process sleeps (proc_pid_wchan(5)), where they tell the call. Names
/// differ between versions of the kernel, and a restarted call shows up here only.
const PLACES: &[(&str, BlockingCall)] = &[
    ("pipe_read", BlockingCall::Read),
    ("anon_pipe_read", BlockingCall::Read),
    ("fifo_pipe_read", BlockingCall::Read),
    ("pipe_write", BlockingCall::Write),
    ("anon_pipe_write", BlockingCall::Write),
    ("fifo_pipe_write", BlockingCall::Write),
    ("ep_poll", BlockingCall::Poll("epoll_wait")),
    ("do_epoll_wait", BlockingCall::Poll("epoll_wait")),
    ("do_poll", BlockingCall::Poll("poll")),
    ("do_sys_poll", BlockingCall::Poll("poll")),
    ("do_select", BlockingCall::Poll("select")),
    ("do_wait", BlockingCall::Wait),
    ("do_wait4", BlockingCall::Wait),
    ("kernel_wait4", BlockingCall::Wait),
    ("do_waitid", BlockingCall::Wait),
    ("kernel_clone", BlockingCall::Poll("clone")),
    ("wait_for_vfork_done", BlockingCall::Poll("clone")),
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

fn blocked_in(call: BlockingCall, descriptor: Option<i32>) -> Activity {
    match call {
        BlockingCall::Read => Activity::Reading { descriptor },
        BlockingCall::Write => Activity::Writing { descriptor },
        BlockingCall::Poll(call) => Activity::Polling { call },
        BlockingCall::Wait => Activity::WaitingForChild,
    }
}

/// A first argument as a descriptor. The kernel shows the whole register; an `int` is its lower
/// half; the upper half is not specified.
fn descriptor(argument: &str) -> Option<i32> {
    let register = u64::from_str_radix(argument.strip_prefix("0x")?, 16).ok()?;
    i32::try_from(register & 0xffff_ffff).ok()
}
