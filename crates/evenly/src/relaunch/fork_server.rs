//! A process that was forked before the program had threads, and that forks a primary for each call.

use super::descriptors;
use super::fork_here::{end_of, fork};
use super::helper::Helper;
use super::outcome::{OutcomeReader, Process, channel, report_end, send_all};
use super::place::Request;
use super::threads::{Threads, threads};
use super::token;
use crate::error::Error;
use crate::process::sys::relaunched::work_at;
use crate::process::sys::{self, SignalSet, exit_now};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{self as unix, Pid, PidfdFlags, Signal, WaitOptions};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The server, as the calling program sees it.
struct Server {
    requests: OwnedFd,
    process: Mutex<Helper>,
}

static SERVER: OnceLock<Server> = OnceLock::new();

/// Prepares this process for calls that are made when it has several threads. Write it as the first line of `main`.
///
/// While there is one thread, it forks a small process that waits. A later call in a process with several threads,
/// whose functions capture no variables, is done by a fork of that process: it sees the memory of the program as it
/// was at `init`. Statics that are set later are unset there, and libraries that are loaded later are absent. Working directory, standard
/// output and standard error are those of the call.
///
/// A call with captured variables starts the program again, with or without `init`: see the
/// [crate documentation](crate#processes-with-threads).
///
/// The waiting process is a child of this one until this one ends. A program that waits for all of its children
/// (wait(2)) waits for this one, too. If this process has several threads already, or no process can be
/// forked, `init` does nothing, and such calls start the program again.
///
/// ```
/// evenly::init();
/// ```
pub fn init() {
    // A second start takes its channel over before the program starts children.
    let _ = token::wanted();
    if SERVER.get().is_none()
        && threads(false) == Ok(Threads::One)
        && let Ok(server) = start()
    {
        // Without threads there is no race for it.
        let _ = SERVER.set(server);
    }
}

fn start() -> Result<Server, Errno> {
    let (ours, theirs) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    let before = sys::block_signals(SignalSet::all())?;
    let forked = fork();
    if forked == Ok(None) {
        drop(ours);
        exit_now(i32::from(serve(&theirs, before).is_err()));
    }
    sys::set_signal_mask(before)?;
    let pid = forked?.ok_or(Errno::CHILD)?;
    let pidfd = unix::pidfd_open(pid, PidfdFlags::empty())?;
    Ok(Server { requests: ours, process: Mutex::new(Helper::new(pidfd)) })
}

/// Has the server do a job; `None` if there is no server, or if it cannot do this job.
pub(super) fn call(request: &Request) -> Result<Option<OutcomeReader>, Error> {
    let (Some(server), Some(entry)) = (SERVER.get(), request.entry) else { return Ok(None) };
    let (ours, theirs) = channel()?;
    let Ok(directory) =
        open(c".", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    else {
        return Ok(None);
    };
    let (report, reports) = channel()?;
    let passed = [
        theirs.as_fd(),
        reports.as_fd(),
        rustix::stdio::stdout(),
        rustix::stdio::stderr(),
        directory.as_fd(),
    ];
    if descriptors::send(&server.requests, &entry.address().to_le_bytes(), &passed).is_err() {
        // It was killed.
        server.process.lock().unwrap_or_else(PoisonError::into_inner).wait();
        return Ok(None);
    }
    drop((theirs, reports));
    let length = (request.settings.len() as u64).to_le_bytes();
    // If the process for the job has ended, the reader says so.
    let _ = send_all(&ours, &[&length[..], &request.settings].concat());
    Ok(Some(OutcomeReader::new(ours, Process::OfServer(report))))
}

/// A process that does a job, and where its end is reported.
struct Running {
    pid: Pid,
    reports: OwnedFd,
}

/// The server: forks a process for each request, and reports how it ended. All signals are blocked. It ends with the
/// program, or when the program closes its end.
fn serve(requests: &OwnedFd, mask: SignalSet) -> Result<(), Errno> {
    let null = open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    drop(null);
    // An ignored SIGCHLD would have the kernel reap what this process has to report.
    sys::default_signal(Signal::CHILD.as_raw());
    let ends = sys::signal_descriptor(SignalSet::of(&[Signal::CHILD.as_raw()]))?;
    let mut running: Vec<Running> = Vec::new();
    loop {
        let mut fds = vec![PollFd::new(requests, PollFlags::IN), PollFd::new(&ends, PollFlags::IN)];
        fds.extend(running.iter().map(|job| PollFd::new(&job.reports, PollFlags::RDHUP)));
        rustix::io::retry_on_intr(|| poll(&mut fds, None))?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        for (job, _) in running.iter().zip(&ready[2..]).filter(|(_, is_gone)| **is_gone) {
            // The reader is gone. The process is not reaped, so the number is still its own.
            let _ = unix::kill_process(job.pid, Signal::KILL);
        }
        if ready[1] {
            let mut record = [0; 128];
            let _ = rustix::io::read(&ends, &mut record);
        }
        reap(&mut running);
        if !ready[0] {
            continue;
        }
        let mut address = [0; 8];
        let (count, passed) = descriptors::receive(requests, &mut address)?;
        if count == 0 {
            // The program has ended. The processes of its jobs end with this one.
            return Ok(());
        }
        let Ok([channel, reports, output, errors, directory]) = <[OwnedFd; 5]>::try_from(passed)
        else {
            continue;
        };
        match fork() {
            Ok(None) => {
                drop((running, reports));
                let given = (&output, &errors, &directory);
                let status = work(channel, given, mask, u64::from_le_bytes(address));
                exit_now(i32::from(status.is_err()));
            }
            Ok(Some(pid)) => running.push(Running { pid, reports }),
            // The closed channels say that there is no outcome.
            Err(_) => {}
        }
    }
}

/// Reaps what has ended.
fn reap(running: &mut Vec<Running>) {
    running.retain(|job| match unix::waitpid(Some(job.pid), WaitOptions::NOHANG) {
        Ok(None) => true,
        Ok(Some((_, status))) => {
            report_end(&job.reports, end_of(status));
            false
        }
        Err(_) => false,
    });
}

/// In the process for one job: takes over what the call has sent, does the job, and leaves.
fn work(
    channel: OwnedFd,
    (output, errors, directory): (&OwnedFd, &OwnedFd, &OwnedFd),
    mask: SignalSet,
    address: u64,
) -> Result<(), Errno> {
    rustix::stdio::dup2_stdout(output)?;
    rustix::stdio::dup2_stderr(errors)?;
    unix::fchdir(directory)?;
    sys::set_signal_mask(mask)?;
    let mut channel = File::from(channel);
    let mut length = [0; 8];
    let io = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    channel.read_exact(&mut length).map_err(io)?;
    let mut settings = Vec::new();
    let count =
        (&channel).take(u64::from_le_bytes(length)).read_to_end(&mut settings).map_err(io)?;
    if count as u64 != u64::from_le_bytes(length) {
        return Err(Errno::PIPE);
    }
    work_at(address, &settings, channel.into());
    Ok(())
}
