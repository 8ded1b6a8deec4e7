//! Execution of one command: starts it, reads its output, enforces its limits, and ends its process group.

use super::command_output::CommandOutput;
use super::command_pipes::{PipeRead, pipe_from_command};
use super::command_run::{CommandResult, CommandRun, LeftBehind};
use super::command_runner::CommandRunner;
use super::early_exit::EarlyExit;
use super::launch::launch;
use super::memory_watch::MemoryWatch;
use super::session::WorkerSession;
use super::stderr_relay::CapturedStderr;
use super::timer::Timer;
use super::wait::wait;
use crate::function::Form;
use crate::process::ProcessEnd;
use crate::process::command::Running;
use crate::process::system_call::{SystemCall, in_call};
use evenly_core::{Aggregate, Cause};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::process::Signal;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Period of checks whether the processes that an ended command left in its group have ended.
const GROUP_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Time for the processes of an ended command to end after they have closed its output. A filter closes its output
/// just before it ends.
const SETTLING: Duration = Duration::from_millis(50);

/// A started command with the read ends of its pipes.
struct StartedCommand {
    running: Running,
    output: Option<OwnedFd>,
    errors: Option<OwnedFd>,
}

/// Runs a command to its end. A command that exceeds a limit gets `SIGTERM`, and `SIGKILL` after the grace, together
/// with its process group. After the command itself has ended, its group may still write for the grace. If the worker
/// has to exit meanwhile, `runner` keeps the reason; the result is then [`Cause::Unknown`], unless the command had ended.
pub(super) fn execute(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    run: &CommandRun,
) -> Result<CommandResult, EarlyExit> {
    let grace = Some(runner.grace());
    let aggregate = session.worker().tally().aggregate();
    let mut output = CommandOutput::new(&runner.command(), aggregate, run.numbers);
    let mut memory = MemoryWatch::start(runner.memory_limit());
    let mut started = match start(session, runner, run) {
        Ok(Ok(started)) => started,
        Ok(Err((path, cause))) => {
            runner.report_no_output_file(run.numbers, &path, cause);
            let (end, errors) = (Ok(ProcessEnd::Exit(1)), CapturedStderr::default());
            return Ok(CommandResult { end, output, errors, not_started: None });
        }
        // Other numbers may have shorter arguments, or another program.
        Err(EarlyExit::Failed(SystemCall::EXECVE, cause))
            if cause == Errno::TOOBIG || runner.command().has_texts_for_programs() =>
        {
            return Ok(CommandResult::not_started(cause, output));
        }
        Err(EarlyExit::Failed(SystemCall::LINE, Errno::NOENT)) => {
            return Ok(CommandResult::not_started(Errno::NOENT, output));
        }
        Err(exit) => return Err(exit),
    };
    let mut errors = runner.new_capture();
    let mut timer = runner.timer(session);
    let mut failed: Option<Cause> = None;
    // Whether the command itself has ended, and whether its process group has got SIGTERM.
    let (mut has_ended, mut is_asked) = (false, false);
    // Since when no process holds the pipes.
    let mut silent_since: Option<Instant> = None;
    // Set if the group was ended after the command itself.
    let mut left_behind: Option<LeftBehind> = None;
    loop {
        let StartedCommand { running, output: out, errors: err } = &mut started;
        let may_read = output.may_read(session, runner.is_exiting());
        let ends = [
            (!has_ended).then(|| running.as_fd()),
            err.as_ref().map(AsFd::as_fd),
            out.as_ref().map(AsFd::as_fd).filter(|_| may_read),
        ];
        timer.set_limit(session.worker().time_limit_ns());
        let watched = ends.map(|end| end.map(|end| (end, PollFlags::IN)));
        let is_group_awaited = silent_since.is_some() || (has_ended && is_asked);
        let group_check = is_group_awaited.then_some(GROUP_CHECK_INTERVAL);
        let next = [timer.next(), memory.as_ref().map(MemoryWatch::next), group_check];
        let next = next.into_iter().flatten().min();
        let mut is_to_end = false;
        let [ended, erred, has_output] = match wait(session, runner, watched, next) {
            Ok(found) => found,
            Err(exit @ (EarlyExit::PrimaryGone | EarlyExit::Requested)) => {
                runner.exit_after_command(exit);
                is_to_end = !running.has_ended().map_err(in_call(SystemCall::WAITID))?;
                if is_to_end {
                    failed.get_or_insert(Cause::Unknown);
                }
                [PollFlags::empty(); 3]
            }
            Err(exit) => return Err(exit),
        };
        if !erred.is_empty() {
            err.take_if(|err| errors.read(err) == PipeRead::EndOfFile);
            runner.pass_on_lines(&mut errors, run.numbers);
        }
        if !has_output.is_empty() && output.read(session, out.as_ref())? == PipeRead::EndOfFile {
            *out = None;
        }
        if output.is_over() {
            failed.get_or_insert(Cause::Flood);
            is_to_end = true;
            // Other processes that hold the pipe get SIGPIPE.
            *out = None;
        }
        if !has_ended {
            has_ended = (!ended.is_empty() || runner.is_exiting())
                && running.has_ended().map_err(in_call(SystemCall::WAITID))?;
            if has_ended && !is_asked {
                timer = Timer::start(grace);
            }
        }
        if failed.is_none() && memory.as_mut().is_some_and(|it| it.is_above_limit(running)) {
            failed = Some(Cause::Memory);
            is_to_end = true;
        }
        if out.is_some() && !may_read && !is_asked {
            // The command may wait for room in its pipe, which is full because a reader of the lines is slow.
            timer.skip();
        }
        let is_silent = out.is_none() && err.is_none();
        if has_ended && (is_asked || is_silent) && !running.has_left_others() {
            break;
        }
        if has_ended && is_silent && !is_asked {
            let since = *silent_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= SETTLING {
                (left_behind, is_to_end) = (Some(LeftBehind::Silent), true);
            }
        }
        if timer.is_over() {
            if is_asked {
                running.signal(Signal::KILL);
                if has_ended {
                    break;
                }
                timer = Timer::start(grace);
            } else if has_ended {
                (left_behind, is_to_end) = (Some(LeftBehind::HoldsOutput), true);
            } else {
                failed.get_or_insert(Cause::Timeout);
                is_to_end = true;
            }
        }
        if is_to_end && !is_asked {
            is_asked = true;
            running.ask_to_end(runner.grace());
            timer = Timer::start(grace);
        }
    }
    let running = &mut started.running;
    let end = running.end().map_err(in_call(SystemCall::WAITID))?.unwrap_or(ProcessEnd::Signal(0));
    if let Some(kind) = left_behind {
        runner.report_left_behind(run.numbers, kind);
    }
    if failed.is_none() && runner.was_killed_for_memory() {
        failed = Some(Cause::Memory);
    }
    if let (Some(memory), Some(Cause::Memory)) = (&memory, failed) {
        memory.kill_left_behind(runner.orphans());
    }
    // The pipes hold what the group wrote before it ended. Processes outside of the group may still write to them.
    if let Some(err) = &started.errors {
        errors.read(err);
    }
    output.read_rest(session, started.output.as_ref(), runner.is_exiting())?;
    if output.is_over() {
        failed.get_or_insert(Cause::Flood);
    }
    let end = failed.map_or(Ok(end), Err);
    Ok(CommandResult { end, output, errors, not_started: None })
}

/// Starts the command with its standard output in a pipe, or in `/dev/null` if only its exit status counts; a batch
/// script with files in their place. The file that cannot be opened is given in place of the command.
fn start(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    run: &CommandRun,
) -> Result<Result<StartedCommand, (PathBuf, Errno)>, EarlyExit> {
    let aggregate = session.worker().tally().aggregate();
    let is_output_needed = match (runner.command().form(), aggregate) {
        (_, Aggregate::Failures { .. }) => false,
        (Form::PerNumber, aggregate) => !aggregate.wants_truth(),
        _ => true,
    };
    if let Some(files) = runner.command().open_batch_files(run.numbers.first()) {
        return match files {
            Ok((to, errors)) => {
                let running =
                    launch(session, runner, run, (None, Some(to.as_fd()), errors.as_fd()))?;
                Ok(Ok(StartedCommand { running, output: None, errors: None }))
            }
            Err((path, cause)) => Ok(Err((path, cause))),
        };
    }
    let output = if is_output_needed { Some(pipe_from_command()?) } else { None };
    let errors = pipe_from_command()?;
    let to = output.as_ref().map(|(_, to)| to.as_fd());
    let running = launch(session, runner, run, (None, to, errors.1.as_fd()))?;
    let output = output.map(|(from, _)| from);
    Ok(Ok(StartedCommand { running, output, errors: Some(errors.0) }))
}
