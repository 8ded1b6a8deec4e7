//! One run under faults, from its start to its verdict.

use std::collections::HashSet;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use super::injector::Injector;
use super::journal::Journal;
use super::launch;
use super::plan::Plan;
use super::process::{Process, with_environment};
use super::signals::Signals;
use super::target::Blows;
use super::verdict::{Fault, Seen, judge, lost};

/// Environment variable that marks all processes of a run; each run has its own value.
const MARK: &str = "XTASK_CHAOS_RUN";
/// Longest life of workers after their primary was killed.
const ORPHANED_MAX: Duration = Duration::from_secs(1);
/// Longest time until a killed process is gone.
const KILLED_MAX: Duration = Duration::from_secs(10);
/// Most bytes read from the output of a run.
const OUTPUT_MAX: u64 = 64 << 20;

/// Result of a run.
pub(crate) struct Report {
    pub(crate) plan: Plan,
    pub(crate) blows: Blows,
    /// Whether it was resumed afterwards.
    pub(crate) is_resumed: bool,
    /// The signal that asked it to end.
    pub(crate) asked: Option<Signal>,
    /// Number of losses that the run reported.
    pub(crate) losses: usize,
    pub(crate) elapsed: Duration,
    pub(crate) faults: Vec<Fault>,
    pub(crate) stderr: String,
}

/// Runs `evenly` under the planned faults and judges the run.
///
/// # Errors
/// If it could not be started, or its processes could not be looked at.
pub(crate) fn carry_out(plan: Plan, evenly: &Path, signals: &Signals) -> Result<Report, String> {
    let answer = plan.job.answer();
    let (xtask, seed) = (std::process::id(), plan.seed);
    let mark = format!("{xtask}-{seed}");
    let failed = |error| format!("cannot start {}: {error}", evenly.display());
    let journal = plan.is_kept.then(|| Journal::new(&mark));
    let words = plan.words() + &journal.as_ref().map(Journal::words).unwrap_or_default();
    let mut child = launch::start(evenly, &words, (MARK, &mark)).map_err(failed)?;
    let primary = Process::with_number(child.id());
    let Some((primary, descriptor)) = primary.and_then(|it| Some((it, it.descriptor()?))) else {
        // Nothing can have waited for it yet, so this is not about a process that has gone.
        let _ = child.kill();
        let _ = child.wait();
        return Err("cannot look at processes in /proc".into());
    };

    let outputs = (child.stdout.take(), child.stderr.take());
    let mut injector = Injector::new(&plan.faults, seed, primary, signals);
    let started = Instant::now();
    let environment = (MARK, &*mark);
    let mark = format!("{MARK}={mark}");
    let (end, stdout, stderr) = thread::scope(|scope| {
        let stdout = scope.spawn(|| read(outputs.0));
        let stderr = scope.spawn(|| read(outputs.1));
        let end = End::of(&mut child, primary, &descriptor, &mut injector, &mark);
        (end, stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default())
    });
    let end = end?;
    let asked = injector.end;
    let seen = Seen {
        status: end.status,
        hung: &end.hung,
        asked: asked.map(|asked| (asked.signal.as_raw(), end.at.duration_since(asked.at))),
        answer,
        stdout: &stdout,
        stderr: &stderr,
        survivors: &end.survivors,
        hit: &injector.target.hit,
        stop_errors: &injector.stop_errors,
    };
    let mut faults = judge(&seen);
    let is_resumed = journal.is_some_and(|journal| {
        let is_to_be_gone_on_with = end.status.is_some_and(|status| !status.success());
        if is_to_be_gone_on_with {
            faults.extend(journal.go_on(evenly, &words, environment, answer));
        }
        is_to_be_gone_on_with
    });
    Ok(Report {
        plan,
        blows: injector.target.blows,
        is_resumed,
        asked: asked.map(|asked| asked.signal),
        losses: stderr.lines().filter(|line| lost(line).is_some()).count(),
        elapsed: end.at.duration_since(started),
        faults,
        stderr,
    })
}

/// How a run came to its end.
struct End {
    /// `None` if the primary did not end in its time.
    status: Option<ExitStatus>,
    at: Instant,
    hung: String,
    /// The processes that outlived it; they are gone now.
    survivors: Vec<u32>,
}

impl End {
    /// Injects faults until the primary ends or its time is over, then kills remaining processes.
    fn of(
        child: &mut Child,
        primary: Process,
        descriptor: &OwnedFd,
        injector: &mut Injector<'_>,
        mark: &str,
    ) -> Result<Self, String> {
        let outcome = watch(child, descriptor, injector);
        let at = Instant::now();
        let (status, hung) = match outcome {
            Ok(Some(status)) => (Some(status), String::new()),
            _ => (None, picture(primary)),
        };
        let was_killed = injector.end.is_some_and(|end| end.signal == Signal::KILL);
        let patience = if was_killed { ORPHANED_MAX } else { Duration::ZERO };
        let mut survivors = Vec::new();
        if status.is_some() {
            let living = living(&injector.target.seen, mark, patience);
            survivors = living.iter().map(|process| process.pid).collect();
        } else {
            // Its workers die with it, and do not count as having outlived it.
            let _ = child.kill();
            let _ = child.wait();
        }
        clean_up(&injector.target.seen, mark)?;
        outcome.map(|_| Self { status, at, hung, survivors })
    }
}

/// Injects faults until the primary ends; `None` if it does not end in time.
fn watch(
    child: &mut Child,
    descriptor: &OwnedFd,
    injector: &mut Injector<'_>,
) -> Result<Option<ExitStatus>, String> {
    loop {
        let ended = child.try_wait().map_err(|error| format!("cannot wait: {error}"))?;
        if ended.is_some() || Instant::now() > injector.deadline() {
            return Ok(ended);
        }
        injector.act();
        wait(descriptor, injector.next().saturating_duration_since(Instant::now()));
    }
}

/// Waits until the process behind the descriptor ends, but not for longer than this.
fn wait(descriptor: &OwnedFd, at_most: Duration) {
    let timeout =
        Timespec { tv_sec: at_most.as_secs() as i64, tv_nsec: i64::from(at_most.subsec_nanos()) };
    let descriptor = descriptor.as_fd();
    // Whatever comes of it, the caller looks and comes back.
    let _ = poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&timeout));
}

/// Those that were seen, or have the mark, and are still alive when patience is at its end.
fn living(seen: &HashSet<Process>, mark: &str, patience: Duration) -> HashSet<Process> {
    let started = Instant::now();
    loop {
        let is_last = started.elapsed() >= patience;
        let mut living: HashSet<Process> = with_environment(mark).into_iter().collect();
        living.extend(seen.iter().filter(|process| process.state().is_some()));
        if living.is_empty() || is_last {
            return living;
        }
        sleep(Duration::from_millis(10));
    }
}

/// Kills all remaining processes of a run.
fn clean_up(seen: &HashSet<Process>, mark: &str) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let living = living(seen, mark, Duration::ZERO);
        if living.is_empty() {
            return Ok(());
        }
        if started.elapsed() > KILLED_MAX {
            return Err(format!("{} processes cannot be killed", living.len()));
        }
        for process in living {
            process.signal(Signal::KILL, None);
        }
        sleep(Duration::from_millis(10));
    }
}

/// The states of a primary and its workers, in a few words.
fn picture(primary: Process) -> String {
    let state = |process: Process| process.state().unwrap_or('-');
    let workers: String = primary.children().into_iter().map(state).collect();
    format!("primary in state {}, workers in states `{workers}`", state(primary))
}

fn read(output: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        // What could be read until an error is judged all the same.
        let _ = output.take(OUTPUT_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
