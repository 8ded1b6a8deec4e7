//! State of a worker that runs commands: settings, signals, standard error, orphans, and the retries after a failure.

use super::command_output::CommandOutput;
use super::command_run::{CommandRun, LeftBehind};
use super::early_exit::EarlyExit;
use super::session::WorkerSession;
use super::settings::WorkerContext;
use super::stderr_relay::{CapturedStderr, StderrRelay, named};
use super::timer::Timer;
use crate::function::{Command, Form, MOST_OUTPUT, NoText, NoWords};
use crate::process::cgroup::OomKills;
use crate::process::command::Running;
use crate::process::orphans::Orphans;
use crate::process::signals;
use crate::process::sys::spawn::{Launch, Launcher, SpawnError};
use crate::process::sys::{self, SignalSet};
use crate::process::system_call::{SystemCall, in_call};
use crate::process::task_directories::WorkerDirectory;
use crate::quoted::quoted;
use evenly_core::{Aggregate, Cause, Interval};
use rustix::io::Errno;
use std::ffi::CString;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Standard input, output and error of a command. Input or output `None` is `/dev/null`.
pub(super) type StandardFds<'a> = (Option<BorrowedFd<'a>>, Option<BorrowedFd<'a>>, BorrowedFd<'a>);

/// Time for which commands are held back before a line says so.
const REPORT_HOLD_AFTER: Duration = Duration::from_secs(10);

/// State of a worker that runs commands.
pub(super) struct CommandRunner {
    command: Rc<Command>,
    launcher: Launcher,
    /// Readable when this worker has received `SIGTERM`.
    requests: OwnedFd,
    /// Set when the worker has to exit as soon as its command has ended.
    exit: Option<EarlyExit>,
    mask: SignalSet,
    slot: usize,
    timeout: Option<Duration>,
    median_timeout: Option<NonZeroU32>,
    grace: Duration,
    memory: Option<u64>,
    /// Counter of oom_kills by the kernel for memory, if there is a control group.
    oom_kills: Option<OomKills>,
    stderr: StderrRelay,
    /// Most numbers per run: halved after a chunk has failed, doubled after a success.
    longest: u64,
    orphans: Orphans,
    /// Temporary directories of array tasks.
    directory: Option<WorkerDirectory>,
    /// Since when no command may start; and whether a line has said so.
    held_since: Option<Instant>,
    has_reported_hold: bool,
    /// Number of commands that left processes in their group.
    left_behind: u64,
    /// Whether the next process that it starts stops to be seen.
    stops_to_be_seen: bool,
}

impl CommandRunner {
    pub(super) fn new(
        command: Rc<Command>,
        settings: WorkerContext<'_>,
        oom_kills: Option<OomKills>,
    ) -> Result<Self, (SystemCall, Errno)> {
        sys::forget_handlers();
        // When a coprocess closes its input, or the primary ends, the write fails with EPIPE. Commands get the
        // signal mask from before the job.
        signals::block_signals_of_writes();
        let requests = signals::take_requests_to_leave().map_err(in_call(SystemCall::SIGNALFD))?;
        let orphans = Orphans::adopt().map_err(|(_, cause)| (SystemCall::PRCTL, cause))?;
        let WorkerContext { slot, timeout, median_timeout, grace, memory, mask, .. } = settings;
        let directory = settings.directory.map(|run| WorkerDirectory::make(run, slot));
        let directory = directory.transpose().map_err(in_call(SystemCall::MKDIR))?;
        let longest = if command.form() == Form::PerNumber { 1 } else { u64::MAX };
        Ok(Self {
            command,
            launcher: Launcher::new(),
            requests,
            exit: None,
            mask: mask.set(),
            slot,
            timeout,
            median_timeout,
            grace,
            memory,
            oom_kills,
            stderr: StderrRelay::new(),
            longest,
            orphans,
            directory,
            held_since: None,
            has_reported_hold: false,
            left_behind: 0,
            stops_to_be_seen: settings.stops_to_be_seen,
        })
    }

    pub(super) fn command(&self) -> Rc<Command> {
        Rc::clone(&self.command)
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Timer for one run of the command. A limit that follows the median may come while the command runs.
    pub(super) fn timer(&self, session: &mut WorkerSession<'_>) -> Timer {
        match self.median_timeout {
            None => Timer::start(self.timeout),
            Some(_) => Timer::start_with_changes(session.worker().time_limit_ns()),
        }
    }

    /// Describes a run that exceeded the limit that follows the median; `None` under another limit.
    pub(super) fn describe_timeout(&self, limit_ns: Option<u64>) -> Option<String> {
        let (percent, limit) = (self.median_timeout?, Duration::from_nanos(limit_ns?));
        let limit = limit.as_secs_f64();
        Some(format!("timeout: longer than {limit:.3} s, {percent}% of the median (--timeout)"))
    }

    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    pub(super) fn memory_limit(&self) -> Option<u64> {
        self.memory
    }

    pub(super) fn orphans(&self) -> &Orphans {
        &self.orphans
    }

    pub(super) fn stderr(&mut self) -> &mut StderrRelay {
        &mut self.stderr
    }

    /// Empty capture of the standard error of one run. Result files have more of it than is passed on.
    pub(super) fn new_capture(&self) -> CapturedStderr {
        match self.command.result_files() {
            Some(_) => CapturedStderr::up_to(MOST_OUTPUT),
            None => CapturedStderr::default(),
        }
    }

    /// Passes on whole lines of the standard error of a running command, if that is wanted.
    pub(super) fn pass_on_lines(&mut self, errors: &mut CapturedStderr, numbers: Interval) {
        if self.command.has_live_lines() {
            self.pass_on(errors.take_lines(), numbers);
        }
    }

    /// Writes the result files of a run, if the command has a directory for them.
    pub(super) fn keep_results(
        &self,
        numbers: Interval,
        output: &CommandOutput,
        errors: &CapturedStderr,
        outcome: Result<(), Cause>,
    ) -> Result<(), EarlyExit> {
        let Some(files) = self.command.result_files() else { return Ok(()) };
        let name = self.command.run_name(numbers);
        let line = self.command.text_of(numbers.first());
        let texts = (line.as_deref(), output.kept(), errors.text());
        files.write(&name, texts, outcome).map_err(|error| {
            let cause = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            EarlyExit::Failed(SystemCall::RESULT_FILE, cause)
        })
    }

    /// Passes on the standard error of a command for these numbers.
    pub(super) fn pass_on(&mut self, errors: CapturedStderr, numbers: Interval) {
        let command = &self.command;
        self.stderr.put(errors, numbers, |text| command.tag_lines(numbers, text));
    }

    /// Readable when this worker has received `SIGTERM`.
    pub(super) fn requests(&self) -> BorrowedFd<'_> {
        self.requests.as_fd()
    }

    /// Standard error of this worker, to wait for room; `None` if no text waits for room.
    pub(super) fn stderr_to_wait_for(&self) -> Option<BorrowedFd<'static>> {
        self.stderr.to_wait_for()
    }

    /// Makes the worker exit as soon as its command has ended.
    pub(super) fn exit_after_command(&mut self, exit: EarlyExit) {
        self.exit = Some(exit);
    }

    pub(super) fn is_exiting(&self) -> bool {
        self.exit.is_some()
    }

    pub(super) fn take_exit(&mut self) -> Option<EarlyExit> {
        self.exit.take()
    }

    /// Starts a process of the command, without a second try.
    pub(super) fn start(
        &mut self,
        run: &CommandRun,
        (input, output, errors): StandardFds<'_>,
    ) -> Result<Running, (SystemCall, Errno)> {
        let batch = self.directory.as_ref().and_then(|own| self.command.batch_words(own.script()));
        let (program, arguments) = match batch {
            Some(words) => words,
            None => self.command.words_for(run.numbers).map_err(|why| match why {
                NoWords::Program(cause) => (SystemCall::EXECVE, cause),
                NoWords::Text(NoText::TooLong) => (SystemCall::EXECVE, Errno::TOOBIG),
                NoWords::Text(NoText::Absent) => (SystemCall::LINE, Errno::NOENT),
                NoWords::Text(NoText::Changed) => (SystemCall::LINE, Errno::STALE),
                NoWords::Text(NoText::Unreadable(cause)) => (SystemCall::LINE, cause),
            })?,
        };
        let working_directory = self.command.batch_directory().map(c_path);
        let begun = |directory: &WorkerDirectory| directory.begin(run.numbers.first(), run.attempt);
        let files =
            self.directory.as_ref().map(begun).transpose().map_err(in_call(SystemCall::MKDIR))?;
        let variables =
            self.command.variables_for(run.numbers, self.slot + 1, run.attempt, files.as_ref());
        let launch = Launch {
            program: &program,
            arguments: &arguments,
            environment: [self.command.environment(), &variables],
            input,
            // The worker's standard input is /dev/null, open for reading and writing.
            output: output.unwrap_or(rustix::stdio::stdin()),
            errors,
            mask: self.mask,
            directory: working_directory.as_deref(),
            kept: None,
            stops_to_be_seen: self.stops_to_be_seen,
        };
        let started = Running::start(&mut self.launcher, &launch);
        // Only the first process is shown.
        self.stops_to_be_seen &= matches!(started, Err(SpawnError::Process(_)));
        started.map_err(|refused| match refused {
            SpawnError::Program(cause) => (SystemCall::EXECVE, cause),
            SpawnError::Process(cause) => (SystemCall::CLONE, cause),
        })
    }

    /// Removes the temporary directory of the command that has ended.
    pub(super) fn remove_directory(&self) {
        if let Some(directory) = &self.directory {
            directory.end();
        }
    }

    /// Most numbers for one run of the command.
    pub(super) fn longest(&self) -> u64 {
        self.longest
    }

    /// Chooses what follows a failure: the same numbers again if fewer than `--retries` repetitions were made, else
    /// their lower half. `None`: the numbers have failed.
    pub(super) fn next_try(
        &mut self,
        numbers: Interval,
        repeated: &mut u8,
        aggregate: Aggregate,
    ) -> Option<Interval> {
        if *repeated < self.command.repeats_of_failed() {
            *repeated += 1;
            return Some(numbers);
        }
        // The lower half would run twice. `run` would print its output twice, and --at-most-once forbids it.
        let is_done_once =
            matches!(aggregate, Aggregate::Run { .. }) || self.command.is_at_most_once();
        if numbers.len() == 1 || is_done_once {
            return None;
        }
        let half = numbers.split_front(numbers.len() / 2).0;
        self.longest = half.len() as u64;
        *repeated = 0;
        Some(half)
    }

    /// Doubles the numbers per run, after a success.
    pub(super) fn lengthen(&mut self) {
        if self.command.form() != Form::PerNumber {
            self.longest = self.longest.saturating_mul(2);
        }
    }

    /// Whether the kernel has killed a process of a command for its memory since the last call.
    pub(super) fn was_killed_for_memory(&mut self) -> bool {
        self.oom_kills.as_mut().is_some_and(OomKills::has_killed)
    }

    /// Reports that processes which a command left in its group were ended. Only the first such command gets a line;
    /// [`finish`](Self::finish) gives the number of the others.
    pub(super) fn report_left_behind(&mut self, numbers: Interval, kind: LeftBehind) {
        self.left_behind += 1;
        if self.left_behind > 1 {
            return;
        }
        let of = named(numbers);
        let grace = self.grace.as_secs_f64();
        let message = match kind {
            LeftBehind::HoldsOutput => format!(
                "evenly: {of}: a process that the command left in the background held its output {grace} s after the \
                 command ended; its process group was ended (--grace)\n"
            ),
            LeftBehind::Silent => {
                format!(
                    "evenly: {of}: processes that the command left in the background were ended\n"
                )
            }
        };
        self.stderr.write(message.as_bytes());
    }

    /// Reports that a file for the output of a batch script cannot be opened.
    pub(super) fn report_no_output_file(&mut self, numbers: Interval, path: &Path, cause: Errno) {
        let (of, path) = (named(numbers), quoted(path));
        let message = format!("evenly: {of}: cannot open {path} for the output: {cause}\n");
        self.stderr.write(message.as_bytes());
    }

    /// Notes whether something keeps the next command from starting; returns whether it does. The first worker says so
    /// once.
    pub(super) fn note_obstacle(&mut self, obstacle: Option<String>) -> bool {
        let Some(obstacle) = obstacle else {
            self.held_since = None;
            return false;
        };
        let since = *self.held_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= REPORT_HOLD_AFTER && self.slot == 0 && !self.has_reported_hold {
            self.has_reported_hold = true;
            let message = format!("evenly: the next command waits to start: {obstacle}\n");
            self.stderr.write(message.as_bytes());
        }
        true
    }

    /// Writes the last messages, before the worker exits.
    pub(super) fn finish(&mut self) {
        if let Some(more @ 1..) = self.left_behind.checked_sub(1) {
            let (worker, s) = (self.slot + 1, if more == 1 { "" } else { "s" });
            let message = format!(
                "evenly: worker {worker}: {more} more command{s} left processes in the background, which were ended\n"
            );
            self.stderr.write(message.as_bytes());
        }
        self.stderr.finish();
    }
}

/// A path for a system call. Paths have no NUL in them.
fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}
