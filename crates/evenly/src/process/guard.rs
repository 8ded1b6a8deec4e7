//! Guard: the parent of a process that starts others. It kills them if that process is killed.

use super::orphans::Orphans;
use super::signals::{Signal, raise_again, read_signal};
use super::sys::{self, SavedAction, SignalSet};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{self as unix, Pid, WaitId, WaitIdOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// The first descriptor behind standard input, output and error.
const FIRST_STRAY: i32 = 3;
/// Status of the child if the guard was killed before the child could ask for a signal in that case.
const STATUS_TERMINATED: i32 = 128 + libc::SIGTERM;

/// Returns in a forked child, and leaves the process of the caller behind as its guard.
///
/// The guard passes on the signals that ask for the end, and ends as the child ends. If a signal kills the child, the
/// guard kills every descendant that is left, and calls `clean_up`. If the guard is killed, the child gets `SIGTERM`. The
/// guard keeps no descriptor of the caller, so that no pipe has one more end.
///
/// # Errors
/// A system call that failed. Then the caller is its only process, and has no guard.
pub fn continue_guarded(clean_up: impl FnOnce()) -> io::Result<()> {
    // A blocked signal is queued even where it is ignored (signalfd(2)).
    let mut heeded = Signal::ENDS.to_vec();
    heeded.retain(|signal| !sys::is_ignored(*signal));
    heeded.push(libc::SIGCHLD);
    // A process that ignores SIGCHLD, as some parents leave it, gets no status of its children.
    let action = SavedAction::default(libc::SIGCHLD);
    let mask = sys::block_signals(SignalSet::of(&heeded))?;
    let child = forked(&heeded, clean_up);
    if child.is_err() {
        action.restore();
    }
    // Restoring what was in force before cannot fail: the call has no other error.
    let _ = sys::set_signal_mask(mask);
    child
}

/// Forks; returns in the child only, or if that fails.
fn forked(heeded: &[i32], clean_up: impl FnOnce()) -> io::Result<()> {
    let signals = sys::signal_descriptor(SignalSet::of(heeded))?;
    let orphans = Orphans::adopt().map_err(|(_, cause)| cause)?;
    let guard = unix::getpid();
    // The copy goes on as the program, with the allocator that fork(3) leaves usable. The process of the caller is
    // the one that leaves by `exit_now`.
    if let Some(child) = sys::fork()? {
        watch(child, &signals, orphans, clean_up);
    }
    unix::set_parent_process_death_signal(Some(unix::Signal::TERM))?;
    if unix::getppid() != Some(guard) {
        sys::exit_now(STATUS_TERMINATED);
    }
    Ok(())
}

/// Waits for the child, and ends as it ended.
fn watch(child: Pid, signals: &OwnedFd, orphans: Orphans, clean_up: impl FnOnce()) -> ! {
    // That they stay open disturbs only a look at them.
    let _ = close_all_but(signals);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let status = loop {
        match retry_on_intr(|| unix::waitid(WaitId::Pid(child), options)) {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            // There is no such child any more: nothing is left to guard.
            Err(_) => sys::exit_now(STATUS_TERMINATED),
        }
        // An interrupted wait is one more look.
        let _ = poll(&mut [PollFd::new(signals, PollFlags::IN)], None);
        while let Ok(Some(signal)) = read_signal(signals) {
            let passed_on = unix::Signal::from_named_raw(signal.number());
            if let Some(passed_on) = passed_on.filter(|_| signal.asks_for_the_end()) {
                // It may have ended meanwhile, and is not reaped.
                let _ = unix::kill_process(child, passed_on);
            }
        }
    };
    if let Some(signal) = status.terminating_signal() {
        drop(orphans);
        clean_up();
        raise_again(Signal::of(signal));
    }
    sys::exit_now(status.exit_status().unwrap_or(STATUS_TERMINATED))
}

/// Closes every descriptor but one, and opens the standard ones on `/dev/null`.
fn close_all_but(kept: &OwnedFd) -> Result<(), Errno> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    drop(null);
    let kept = kept.as_raw_fd();
    if kept > FIRST_STRAY {
        sys::close_range(FIRST_STRAY, kept - 1)?;
    }
    sys::close_range(kept.max(FIRST_STRAY - 1) + 1, i32::MAX)
}
