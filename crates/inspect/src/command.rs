//! A command that is started to be inspected, and the wait until nothing moves in it.

use crate::gather::Movement;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing may move for this long before the command is inspected.
const QUIET: Duration = Duration::from_secs(1);
/// Longest time between two checks.
const STEP: Duration = Duration::from_millis(100);
/// Time between the first two checks: most commands end soon.
const FIRST_STEP: Duration = Duration::from_millis(2);
/// Time between TERM and KILL.
const GRACE: Duration = Duration::from_secs(1);

/// Signals by which scripts end processes, and that of a writer whose reader has all that it wants.
const ORDINARY: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGPIPE, libc::SIGTERM];

/// A command that was started, with all its descendants. Dropped before it has ended, it is ended.
#[derive(Debug)]
pub struct Started {
    child: Child,
    status: Option<ExitStatus>,
    /// Its descendants that a signal ended unexpectedly, as far as it was seen, and the signal.
    killed: BTreeMap<u32, i32>,
    last: Option<Movement>,
    requests: Option<OwnedFd>,
}

/// What happened to a command.
#[derive(Debug)]
pub enum Event {
    /// No process used CPU time, moved a byte or changed its state for a second.
    Quiet(BTreeSet<u32>),
    /// The command has ended.
    Ended(ExitStatus),
    /// The time of [`Started::next_event_until`] has come.
    Late,
    /// The descriptor of [`Started::until_readable`] can be read.
    EndRequested,
}

impl Started {
    /// Starts a command. Its standard output goes to standard error, because that of the caller has the report.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(words: &[OsString]) -> io::Result<Self> {
        let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Self::spawn(Command::new(program).args(arguments).stdout(output))
    }

    /// Starts a command with the descriptors that it names.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        // Orphans become children of this process, so that they can be ended.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let child = command.spawn()?;
        Ok(Self { child, status: None, killed: BTreeMap::new(), last: None, requests: None })
    }

    /// The process of the command.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The descendants that a signal such as `SIGSEGV` ended, and the signal of each. One for which its parent waited
    /// at once is not among them: its status is gone.
    #[must_use]
    pub fn killed(&self) -> &BTreeMap<u32, i32> {
        &self.killed
    }

    /// Ends each wait when this descriptor can be read. It is that of the signals that ask for the end (signalfd(2)).
    #[must_use]
    pub fn until_readable(mut self, requests: OwnedFd) -> Self {
        self.requests = Some(requests);
        self
    }

    /// Waits until nothing has moved for a second, or the command has ended. Each quiet time is reported once.
    ///
    /// # Errors
    /// If the command cannot be waited for.
    pub fn next_event(&mut self) -> io::Result<Event> {
        self.wait_for_event(None)
    }

    /// As [`Started::next_event`], until a time.
    ///
    /// # Errors
    /// If the command cannot be waited for.
    pub fn next_event_until(&mut self, limit: Instant) -> io::Result<Event> {
        self.wait_for_event(Some(limit))
    }

    fn wait_for_event(&mut self, limit: Option<Instant>) -> io::Result<Event> {
        let own = BTreeSet::from([std::process::id()]);
        let mut step = FIRST_STEP;
        let mut since = Instant::now();
        let mut is_reported = self.last.is_some();
        loop {
            self.reap()?;
            if let Some(status) = self.status {
                return Ok(Event::Ended(status));
            }
            if limit.is_some_and(|limit| Instant::now() >= limit) {
                return Ok(Event::Late);
            }
            let now = Movement::of(&own, true);
            for &(pid, status) in now.ended() {
                self.note_signal(pid, ExitStatus::from_raw(status));
            }
            if self.last.as_ref() != Some(&now) {
                (since, is_reported) = (Instant::now(), false);
                self.last = Some(now);
            } else if !is_reported && since.elapsed() >= QUIET {
                return Ok(Event::Quiet(now.processes().collect()));
            }
            if self.is_end_requested(step)? {
                return Ok(Event::EndRequested);
            }
            step = STEP.min(step * 2);
        }
    }

    /// Waits for a time, or until the end is requested.
    fn is_end_requested(&self, time: Duration) -> io::Result<bool> {
        let Some(requests) = &self.requests else {
            thread::sleep(time);
            return Ok(false);
        };
        let time = Timespec::try_from(time).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(requests, PollFlags::IN)], Some(&time)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for children that have ended, also for orphans.
    fn reap(&mut self) -> io::Result<()> {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    let pid = pid.as_raw_nonzero().get().cast_unsigned();
                    let status = ExitStatus::from_raw(status.as_raw());
                    if pid == self.child.id() {
                        self.status = Some(status);
                    }
                    self.note_signal(pid, status);
                }
                Err(rustix::io::Errno::INTR) => {}
                Ok(None) | Err(rustix::io::Errno::CHILD) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Notes the signal that ended a descendant.
    fn note_signal(&mut self, pid: u32, status: ExitStatus) {
        let signal = status.signal().filter(|signal| !ORDINARY.contains(signal));
        if let Some(signal) = signal.filter(|_| pid != self.child.id()) {
            self.killed.insert(pid, signal);
        }
    }

    /// Ends the command and all its descendants: TERM, and after a second KILL.
    pub fn end(mut self) {
        self.end_all();
    }

    fn end_all(&mut self) {
        let own = BTreeSet::from([std::process::id()]);
        let until = Instant::now() + GRACE;
        signal(&own, Signal::TERM);
        // A stopped process handles the signal when it continues.
        signal(&own, Signal::CONT);
        loop {
            let is_alive = Movement::of(&own, true).is_alive();
            // After the look: what has ended by then leaves no zombie.
            let _ = self.reap();
            // This process may not kill those of another user (sudo(8)).
            if !is_alive || Instant::now() >= until + GRACE {
                return;
            }
            if Instant::now() >= until {
                signal(&own, Signal::KILL);
            }
            thread::sleep(STEP / 4);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // What it left in the background on purpose goes on when it has ended by itself.
        if self.status.is_none() {
            self.end_all();
        }
    }
}

fn signal(own: &BTreeSet<u32>, signal: Signal) {
    for pid in Movement::of(own, true).processes() {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}
