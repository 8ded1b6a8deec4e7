//! Whether this process can be forked: it has one thread, or its other threads wait for this one.

use crate::process::limits;
use rustix::io::Errno;
use std::io;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

/// Threads of this process, as far as a fork depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    One,
    /// Every other thread waits without a limit in futex(2), in which a thread waits for the end of another, for a message
    /// or for a lock. Only this thread can wake one of them. So a lock that one of them holds stays taken until
    /// this thread acts, and a forked copy of this thread is as free as this thread. The main thread of a
    /// libtest binary waits so with `--test-threads=1`, and so do the threads of an idle pool of rayon.
    OthersWait,
    Several(u64),
}

/// Times that threads which are about to wait or to end are looked at, and the time between.
const LOOKS: u32 = 3;
const PATIENT_LOOKS: u32 = 2000;
const INTERVAL: Duration = Duration::from_millis(1);

/// Looks at the threads of this process. With `is_patient`, threads that are about to wait or to end have more time for it.
pub(super) fn threads(is_patient: bool) -> Result<Threads, Errno> {
    let mut looks = if is_patient { PATIENT_LOOKS } else { LOOKS };
    loop {
        let count = limits::threads()?;
        if count <= 1 {
            // /proc may not tell; then the fork of a worker names the cause.
            return Ok(Threads::One);
        }
        // A thread that another one woke while this thread looked has run since the first look.
        let first = others();
        let state = first.as_ref().map_or(State::Blocks, |threads| common_state(threads));
        if state == State::Waits && first == others() {
            return Ok(Threads::OthersWait);
        }
        looks -= 1;
        if state == State::Blocks || looks == 0 {
            return Ok(Threads::Several(count));
        }
        sleep(INTERVAL);
    }
}

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits in futex(2), without a limit.
    Waits,
    /// It is in another system call.
    Blocks,
    /// It is in no system call, or about to end.
    Runs,
}

/// Another thread of this process at one moment.
#[derive(Debug, PartialEq, Eq)]
struct Other {
    directory: PathBuf,
    state: State,
    /// How often it has left a processor.
    switches: String,
}

/// The other threads; `None` if /proc does not tell.
fn others() -> Option<Vec<Other>> {
    let this = rustix::thread::gettid().as_raw_nonzero().to_string();
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let others = tasks.flatten().filter(|task| task.file_name() != this.as_str());
    Some(others.map(|task| other(task.path())).collect())
}

/// Looks at a thread (proc(5), `syscall` and `status`).
fn other(directory: PathBuf) -> Other {
    let state = match std::fs::read_to_string(directory.join("syscall")) {
        Ok(text) => state(&text),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => State::Blocks,
        Err(_) => State::Runs,
    };
    let status = std::fs::read_to_string(directory.join("status")).unwrap_or_default();
    let switches = status.lines().filter(|line| line.contains("ctxt_switches")).collect();
    Other { directory, state, switches }
}

/// That of all: one that blocks decides, then one that runs.
fn common_state(threads: &[Other]) -> State {
    let is_any = |state| threads.iter().any(|thread| thread.state == state);
    if is_any(State::Blocks) {
        State::Blocks
    } else if is_any(State::Runs) {
        State::Runs
    } else {
        State::Waits
    }
}

/// Reads the number of a system call and its arguments.
fn state(text: &str) -> State {
    const COMMAND: u64 = 0x7f;
    let mut words = text.split_ascii_whitespace();
    let Some(call) = words.next().and_then(|word| word.parse::<i64>().ok()) else {
        return State::Runs;
    };
    let number = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    let arguments: Vec<u64> = words.filter_map(number).collect();
    match arguments[..] {
        // A thread that spins yields its processor in between (sched_yield(2)).
        _ if call < 0 || call == libc::SYS_sched_yield => State::Runs,
        // The address, the command, the value, and the limit of time.
        [_, command, _, 0, ..] if call == libc::SYS_futex && is_wait(command & COMMAND) => {
            State::Waits
        }
        _ => State::Blocks,
    }
}

fn is_wait(command: u64) -> bool {
    [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET]
        .iter()
        .any(|wait| u64::try_from(*wait) == Ok(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wait_without_a_limit_is_a_wait() {
        let futex = libc::SYS_futex;
        assert_eq!(
            state(&format!("{futex} 0x7f 0x80 0x2 0x0 0x0 0x0 0x7ffe 0x7f00")),
            State::Waits
        );
        assert_eq!(
            state(&format!("{futex} 0x7f 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7f00")),
            State::Waits
        );
        let limited = format!("{futex} 0x7f 0x189 0x0 0x7ffd 0x0 0xffffffff 0x7ffe 0x7f00");
        assert_eq!(state(&limited), State::Blocks);
        assert_eq!(
            state(&format!("{futex} 0x7f 0x81 0x1 0x0 0x0 0x0 0x7ffe 0x7f00")),
            State::Blocks
        );
        assert_eq!(state("running\n"), State::Runs);
        assert_eq!(state("-1 0x7ffe 0x7f00"), State::Runs);
    }
}
