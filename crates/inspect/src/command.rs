//! A command that is started to be inspected, and the wait until nothing moves in it.

use crate::gather::Movement;
use rustix::process::{Pid, Signal, WaitOptions};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing may move for this long before the command is inspected.
const QUIET: Duration = Duration::from_secs(1);
/// Time between two checks.
const STEP: Duration = Duration::from_millis(100);
/// Time between TERM and KILL.
const GRACE: Duration = Duration::from_secs(1);

/// A command that was started, with all its descendants.
#[derive(Debug)]
pub struct Started {
    child: Child,
    status: Option<ExitStatus>,
    last: Option<Movement>,
}

/// What happened to a command.
#[derive(Debug)]
pub enum Event {
    /// No process used CPU time, moved a byte or changed its state for a second.
    Quiet(BTreeSet<u32>),
    /// The command has ended.
    Ended(ExitStatus),
}

impl Started {
    /// Starts a command. Its standard output goes to standard error, because that of the caller has the report.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(words: &[OsString]) -> io::Result<Self> {
        // Orphans become children of this process, so that they can be ended.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let output = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let child = Command::new(program).args(arguments).stdout(output).spawn()?;
        Ok(Self { child, status: None, last: None })
    }

    /// Waits until nothing has moved for a second, or the command has ended. Each quiet time is reported once.
    ///
    /// # Errors
    /// If the command cannot be waited for.
    pub fn next_event(&mut self) -> io::Result<Event> {
        let own = BTreeSet::from([std::process::id()]);
        let mut since = Instant::now();
        let mut is_reported = self.last.is_some();
        loop {
            self.reap()?;
            if let Some(status) = self.status {
                return Ok(Event::Ended(status));
            }
            let now = Movement::of(&own, true);
            if self.last.as_ref() != Some(&now) {
                (since, is_reported) = (Instant::now(), false);
                self.last = Some(now);
            } else if !is_reported && since.elapsed() >= QUIET {
                return Ok(Event::Quiet(now.processes().collect()));
            }
            thread::sleep(STEP);
        }
    }

    /// Waits for children that have ended, also for orphans.
    fn reap(&mut self) -> io::Result<()> {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid.as_raw_nonzero().get() == self.child.id() as i32 => {
                    self.status = Some(ExitStatus::from_raw(status.as_raw()));
                }
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) | Err(rustix::io::Errno::CHILD) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the command and all its descendants: TERM, and after a second KILL.
    pub fn end(mut self) {
        let own = BTreeSet::from([std::process::id()]);
        let until = Instant::now() + GRACE;
        signal(&own, Signal::TERM);
        // A stopped process handles the signal when it continues.
        signal(&own, Signal::CONT);
        loop {
            let is_alive = Movement::of(&own, true).is_alive();
            // After the look: what has ended by then leaves no zombie.
            let _ = self.reap();
            if !is_alive {
                return;
            }
            if Instant::now() >= until {
                signal(&own, Signal::KILL);
            }
            thread::sleep(STEP / 4);
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
