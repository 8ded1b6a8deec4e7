//! A copy of this process that does the job of one call: forked where that is safe, or in a second start at its call.

use super::descriptors;
use super::helper::{Helper, STATUS_NOT_BEGUN};
use super::occurrence::Occurrence;
use super::outcome::{OutcomeReader, OutcomeWriter, Process, channel, send_all, tag};
use super::place::Place;
use super::threads::Threads;
use super::token::Wanted;
use crate::error::{Error, system};
use crate::process::ProcessEnd;
use crate::process::sys::{self, SignalSet, exit_now};
use rustix::io::Errno;
use rustix::process::{self as unix, Pid, PidfdFlags, Signal};
use std::io::Write;
use std::os::fd::OwnedFd;

/// Forks a process for a job: `None` in it. It is killed when the thread that called this ends.
pub(super) fn fork() -> Result<Option<Pid>, Errno> {
    let parent = unix::getpid();
    let child = sys::fork()?;
    if child.is_none() {
        let is_bound = unix::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
        if !is_bound || unix::getppid() != Some(parent) {
            exit_now(STATUS_NOT_BEGUN);
        }
    }
    Ok(child)
}

/// The job is done in a fork of this process, whose other threads wait.
pub(super) fn fork_here() -> Result<Place, Error> {
    let (ours, theirs) = channel()?;
    let Some(pid) = fork().map_err(system("fork"))? else {
        drop(ours);
        return Ok(Place::Instead(OutcomeWriter::new(theirs)));
    };
    let pidfd = unix::pidfd_open(pid, PidfdFlags::empty()).map_err(system("pidfd_open"))?;
    Ok(Place::Elsewhere(OutcomeReader::new(ours, Process::Child(Helper::new(pidfd)))))
}

/// Does `work` in a forked copy of this process, which must have one thread. The copy ends with it.
pub(crate) fn fork_for(work: impl FnOnce(OutcomeWriter)) -> Result<OutcomeReader, Error> {
    let (ours, theirs) = channel()?;
    let Some(pid) = fork().map_err(system("fork"))? else {
        drop(ours);
        work(OutcomeWriter::new(theirs));
        exit_now(0)
    };
    let pidfd = unix::pidfd_open(pid, PidfdFlags::empty()).map_err(system("pidfd_open"))?;
    Ok(OutcomeReader::new(ours, Process::Child(Helper::new(pidfd))))
}

/// This second start is at the call that it was started for: it does the job, or leaves.
pub(super) fn begin(wanted: &Wanted, call: &Occurrence, threads: Threads) -> Place {
    if wanted.occurrence != *call {
        leave_with(wanted, tag::OTHER, 0);
    }
    if let Threads::Several(count) = threads {
        leave_with(wanted, tag::THREADS, count);
    }
    let Ok(channel) = arrive(&wanted.channel) else { exit_now(STATUS_NOT_BEGUN) };
    if threads == Threads::One {
        return Place::Instead(OutcomeWriter::new(channel));
    }
    // Ctrl-C is for the process that does the job; this one waits for it.
    let Ok(before) = sys::block_signals(SignalSet::all()) else { exit_now(STATUS_NOT_BEGUN) };
    match fork() {
        Ok(None) => {
            let _ = sys::set_signal_mask(before);
            Place::Instead(OutcomeWriter::new(channel))
        }
        Ok(Some(pid)) => {
            drop(channel);
            stand_for(pid)
        }
        Err(_) => exit_now(STATUS_NOT_BEGUN),
    }
}

/// This second start has several threads at an evenly call before the one that it was started for.
pub(super) fn leave_early(wanted: &Wanted, count: u64) -> ! {
    leave_with(wanted, tag::THREADS_EARLIER, count)
}

fn leave_with(wanted: &Wanted, tag: u8, threads: u64) -> ! {
    let _ = send_all(&wanted.channel, &[&[tag], &threads.to_le_bytes()[..]].concat());
    exit_now(STATUS_NOT_BEGUN)
}

/// Takes the standard output and standard error of the caller, and reports that the call is reached.
fn arrive(channel: &OwnedFd) -> Result<OwnedFd, Errno> {
    let (_, descriptors) = descriptors::receive(channel, &mut [0])?;
    let [output, errors] = &descriptors[..] else { return Err(Errno::BADMSG) };
    // What the program has begun to print goes where the rest of it went.
    let _ = std::io::stdout().flush();
    rustix::stdio::dup2_stdout(output)?;
    rustix::stdio::dup2_stderr(errors)?;
    send_all(channel, &[tag::REACHED])?;
    rustix::io::fcntl_dupfd_cloexec(channel, 0)
}

/// Waits for the process that does the job, and ends as it ended.
fn stand_for(pid: Pid) -> ! {
    let waited = rustix::io::retry_on_intr(|| unix::waitpid(Some(pid), unix::WaitOptions::empty()));
    let end = match waited {
        Ok(Some((_, status))) => end_of(status),
        _ => ProcessEnd::Exit(STATUS_NOT_BEGUN),
    };
    match end {
        ProcessEnd::Exit(status) => exit_now(status),
        ProcessEnd::Signal(signal) => {
            sys::default_signal(signal);
            let _ = sys::unblock_signals(SignalSet::of(&[signal]));
            if let Some(signal) = Signal::from_named_raw(signal) {
                let _ = unix::kill_process(unix::getpid(), signal);
            }
            exit_now(STATUS_NOT_BEGUN)
        }
    }
}

pub(super) fn end_of(status: unix::WaitStatus) -> ProcessEnd {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(exit), _) => ProcessEnd::Exit(exit),
        (None, signal) => ProcessEnd::Signal(signal.unwrap_or(0)),
    }
}
