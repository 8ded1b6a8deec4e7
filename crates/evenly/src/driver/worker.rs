//! Entry point of a forked worker: prepares the process, runs the loop for its function, and returns the exit status.
//!
//! One of three loops computes chunks: [`compute_loop`] calls a function in this process, [`command_loop`] runs a
//! command for each number or chunk, and [`coprocess_loop`] passes chunks to a coprocess. All three exchange frames
//! with the primary through [`session`]. The queue of chunks is [`evenly_core::Worker`], which makes no system call.

mod command_loop;
mod command_output;
mod command_pipes;
mod command_run;
mod command_runner;
mod compute_loop;
mod coprocess;
mod coprocess_loop;
mod early_exit;
mod execution;
mod launch;
mod memory_watch;
mod output_relay;
mod session;
mod settings;
mod stderr_relay;
mod timer;
mod unlinked_file;
mod wait;

use crate::function::{Form, Function};
use crate::process::WorkerExit;
use crate::process::cgroup::OomKills;
use crate::process::signals;
use crate::process::sys::{copies, crash_report, position};
use crate::process::workers::{SetupFailure, SystemCall};
use command_runner::CommandRunner;
use early_exit::EarlyExit;
use evenly_core::WorkerId;
use rustix::io::Errno;
use session::WorkerSession;
pub(super) use session::WorkerState;
pub(super) use settings::WorkerContext;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

/// Exit status of a worker that read end of file, or whose primary has ended.
const STATUS_DONE: i32 = 0;

/// Runs the worker until end of file, and returns its exit status. `pipes` are its assignment pipe and the result pipe.
pub(super) fn work(
    name: WorkerId,
    state: &mut WorkerState,
    function: &mut dyn Function,
    settings: WorkerContext<'_>,
    pipes: Result<(&File, &File), SetupFailure<'_>>,
) -> i32 {
    state.rename(name);
    copies::mark();
    position::begin();
    let (assignments, results) = match pipes {
        Ok(pipes) => pipes,
        Err(SetupFailure { call, cause, results }) => {
            state.say_farewell(results, call, cause);
            return WorkerExit::CannotBegin.status();
        }
    };
    let oom_kills = settings.cgroups.and_then(|cgroups| cgroups.enter(settings.slot));
    if let Err((call, cause)) = prepare(name, function, settings, results.as_fd()) {
        state.say_farewell(results.as_fd(), call, cause);
        return WorkerExit::CannotBegin.status();
    }
    let mut session = WorkerSession::new(state, assignments, results);
    match run(&mut session, function, settings, oom_kills) {
        Ok(()) | Err(EarlyExit::PrimaryGone) => STATUS_DONE,
        Err(EarlyExit::Requested) => {
            signals::leave_as_asked();
            STATUS_DONE
        }
        Err(EarlyExit::Protocol) => WorkerExit::AssignmentPipe.status(),
        Err(EarlyExit::Failed(call, cause)) => {
            session.say_farewell(call, cause);
            WorkerExit::ResultPipe.status()
        }
    }
}

/// Prepares the function and the crash handlers. This happens before the first number, so that `--timeout` does not
/// count it and a failure blames no number.
fn prepare(
    name: WorkerId,
    function: &mut dyn Function,
    settings: WorkerContext<'_>,
    results: BorrowedFd<'_>,
) -> Result<(), (SystemCall, Errno)> {
    if let Err(error) = function.begin() {
        let cause = Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let is_command = function.command().is_some();
        return Err((if is_command { SystemCall::LINE } else { SystemCall::DLOPEN }, cause));
    }
    if function.says_at() {
        crash_report::prepare(name, settings.timeout, settings.memory.is_some(), results)?;
    }
    Ok(())
}

/// Runs the loop that fits the function.
fn run(
    session: &mut WorkerSession<'_>,
    function: &mut dyn Function,
    settings: WorkerContext<'_>,
    oom_kills: Option<OomKills>,
) -> Result<(), EarlyExit> {
    let Some(command) = function.command() else {
        return compute_loop::run(session, function, settings.items);
    };
    let form = command.form();
    let mut runner = CommandRunner::new(command, settings, oom_kills)?;
    match form {
        Form::PerNumber | Form::PerChunk => {
            command_loop::run(session, &mut runner, function, settings.items)
        }
        Form::Coprocess => coprocess_loop::run(session, &mut runner, settings.items),
    }
}
