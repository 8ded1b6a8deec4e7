//! Loop of a worker that runs commands: one after the other, each for a number or for a chunk.
//!
//! While a command runs, the worker also waits for its assignment pipe. It releases withdrawn chunks at once, except for
//! the numbers of the running command. At end of file, and at `SIGTERM`, it ends the process group of the command, and
//! exits. Processes that commands have moved to other groups end with the worker.
//!
//! A failed command costs no worker: the worker reports that its numbers have no value. It halves a chunk that failed
//! until it finds the number. It does not halve the output of `run`, which would appear twice, nor any chunk under
//! `--at-most-once`.

use super::command_output::CommandOutput;
use super::command_run::{CommandResult, CommandRun};
use super::command_runner::CommandRunner;
use super::early_exit::EarlyExit;
use super::execution::execute;
use super::output_relay::pass_on_output;
use super::session::WorkerSession;
use super::wait::wait;
use crate::function::{Asked, Command, Function};
use crate::os_error::OsError;
use crate::process::ProcessEnd;
use crate::process::sys::position;
use evenly_core::frame::Description;
use evenly_core::worker::ChunkState;
use evenly_core::{Aggregate, Cause, Failure, Interval, Items, LeaseId};
use std::time::Duration;

/// Period of checks whether a command that is held back may start.
const HOLD_CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Runs the commands of all chunks until end of file.
pub(super) fn run(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    function: &mut dyn Function,
    items: &Items,
) -> Result<(), EarlyExit> {
    let outcome = run_until_end_of_file(session, runner, function, items);
    runner.finish();
    outcome
}

fn run_until_end_of_file(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    function: &mut dyn Function,
    items: &Items,
) -> Result<(), EarlyExit> {
    let is_conditional = function.condition().is_some();
    let longest = if is_conditional { u64::MAX } else { runner.longest() };
    loop {
        // Handles waiting withdrawals before the next command starts.
        wait(session, runner, [], Some(Duration::ZERO))?;
        if is_held_back(session, runner) {
            session.send()?;
            wait(session, runner, [], Some(HOLD_CHECK_INTERVAL))?;
            session.restart_timing();
            continue;
        }
        let Some(step) = session.worker().next(longest) else {
            session.send()?;
            wait(session, runner, [], None)?;
            session.restart_timing();
            continue;
        };
        if step.is_begun_again {
            session.send()?;
        }
        let last = match skip(session, function, items, step.slice) {
            Some(last) => last,
            None => {
                let first = Interval::single(step.slice.first());
                let positions = if is_conditional { first } else { step.slice };
                if is_conditional && runner.command().is_at_most_once() {
                    session.worker().say_start();
                    session.send()?;
                }
                run_one(session, runner, items, positions)?
            }
        };
        note(session, last)?;
    }
}

/// Skips the numbers at the first of these positions that are no part of the question, and fails the first number if the
/// condition has no value for it. Returns the last position done; `None` if the first number is due.
fn skip(
    session: &mut WorkerSession<'_>,
    function: &mut dyn Function,
    items: &Items,
    positions: Interval,
) -> Option<i64> {
    function.condition()?;
    let run = items.consecutive(positions);
    match function.asked(run.hull()) {
        Asked::First => None,
        Asked::NoneUpTo(last) => Some(run.position_of(last)),
        Asked::Failed(why) => {
            let tally = session.worker().tally();
            tally.stand_at(run.first(), run.positions().first());
            tally.fail(run.first(), Cause::Arithmetic(why));
            Some(run.positions().first())
        }
    }
}

/// Whether there is work, and the machine is too busy to start a command (`--load`, `--memfree`). The chunks stay in the
/// queue, so that the primary can withdraw them.
fn is_held_back(session: &mut WorkerSession<'_>, runner: &mut CommandRunner) -> bool {
    let worker = session.worker();
    if worker.lease().is_none() && worker.ahead().next().is_none() {
        return false;
    }
    let obstacle = runner.command().obstacle_to_start();
    runner.note_obstacle(obstacle)
}

/// Notes that all numbers up to the position `last` are in the tally, and reports it to the primary.
pub(super) fn note(session: &mut WorkerSession<'_>, last: i64) -> Result<(), EarlyExit> {
    match session.worker().counted(last) {
        ChunkState::Answered => session.send(),
        ChunkState::Going | ChunkState::ToReport => {
            session.report()?;
            session.write_frames()
        }
    }
}

/// Runs a command for the numbers at these positions, or for a first part of them: up to a gap between the numbers, or
/// after a failure. Returns the last position done. Passes on the standard error of the last attempt; that of earlier
/// attempts only with `-v`, because they wrote about the same numbers.
fn run_one(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    items: &Items,
    mut positions: Interval,
) -> Result<i64, EarlyExit> {
    let command = runner.command();
    let aggregate = session.worker().tally().aggregate();
    let attempt = session.worker().lease().map_or(1, LeaseId::attempt);
    let (mut repeated, mut failed_try) = (0, None);
    loop {
        let numbers = begin(session, items, &mut positions);
        let run = CommandRun { numbers, attempt: u32::from(attempt) + u32::from(repeated) };
        let result = execute(session, runner, &run);
        position::leave();
        runner.remove_directory();
        let CommandResult { end, mut output, errors, not_started } = result?;
        runner.orphans().reap();
        if end == Ok(ProcessEnd::Exit(0))
            && let Err(exit) = pass_on_output(session, runner, &mut output, numbers)
        {
            runner.pass_on(errors, numbers);
            return Err(exit);
        }
        let tally = session.worker().tally();
        let outcome = end.and_then(|end| command.tell(numbers, end, output.with_answer(), tally));
        if outcome.is_ok() {
            note_recovery(session, positions, failed_try);
        }
        if runner.is_exiting() {
            // A command that the worker had to end is not done.
            if outcome != Err(Cause::Unknown) {
                runner.keep_results(numbers, &output, &errors, outcome)?;
            }
            runner.pass_on(errors, numbers);
            let outcome = outcome.map_err(|cause| {
                let next = runner.next_try(positions, &mut repeated, aggregate);
                next.map_or(cause, |_| Cause::Unknown)
            });
            report_before_exit(session, runner, (numbers, positions), outcome, &mut output);
            return Err(runner.take_exit().unwrap_or(EarlyExit::PrimaryGone));
        }
        let Err(cause) = outcome else {
            runner.keep_results(numbers, &output, &errors, Ok(()))?;
            runner.pass_on(errors, numbers);
            runner.lengthen();
            return Ok(positions.last());
        };
        match runner.next_try(positions, &mut repeated, aggregate) {
            Some(next) => {
                output.pass_last_line(session, true)?;
                if command.shows_failed_attempts() || command.has_live_lines() {
                    runner.pass_on(errors, numbers);
                }
                failed_try = (next == positions).then_some(cause);
                positions = next;
            }
            None => {
                let passed = pass_on_output(session, runner, &mut output, numbers);
                runner.keep_results(numbers, &output, &errors, outcome)?;
                runner.pass_on(errors, numbers);
                passed?;
                if let Some(text) = describe_failure(session, runner, cause, &output) {
                    describe(session, positions, cause, &text);
                }
                if let Some(why) = not_started {
                    let text = format!("the command cannot be started: {}", OsError::of(why));
                    describe(session, positions, cause, &text);
                }
                fail(session, numbers, cause, output.with_answer(), &command);
                return Ok(positions.last());
            }
        }
    }
}

/// The text about a failure for which the cause does not say enough.
fn describe_failure(
    session: &mut WorkerSession<'_>,
    runner: &CommandRunner,
    cause: Cause,
    output: &CommandOutput,
) -> Option<String> {
    match cause {
        Cause::Garbage => {
            let aggregate = session.worker().tally().aggregate();
            Some(runner.command().describe(aggregate, output.with_answer()))
        }
        Cause::Flood => Some(output.describe_excess()),
        Cause::Timeout => runner.describe_timeout(session.worker().time_limit_ns()),
        _ => None,
    }
}

/// Reports that the numbers at these positions passed, if an earlier try of the same numbers failed.
pub(super) fn note_recovery(
    session: &mut WorkerSession<'_>,
    positions: Interval,
    failed_try: Option<Cause>,
) {
    if let Some(cause) = failed_try {
        session.worker().recover(Failure { interval: positions, cause });
    }
}

/// Begins the longest beginning of these positions whose numbers are consecutive, and returns the numbers.
pub(super) fn begin(
    session: &mut WorkerSession<'_>,
    items: &Items,
    positions: &mut Interval,
) -> Interval {
    let run = items.consecutive(*positions);
    *positions = run.positions();
    session.worker().hold(*positions);
    session.worker().tally().stand_at(run.first(), positions.first());
    position::enter(run);
    run.hull()
}

/// Reports the last command before the worker exits. Of a command that the worker had to end, only `run` keeps the
/// output.
fn report_before_exit(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    (numbers, positions): (Interval, Interval),
    outcome: Result<(), Cause>,
    output: &mut CommandOutput,
) {
    if let Err(cause) = outcome {
        let is_run = matches!(session.worker().tally().aggregate(), Aggregate::Run { .. });
        if is_run && pass_on_output(session, runner, output, numbers).is_err() {
            return;
        }
        if cause == Cause::Unknown && (!is_run || output.with_answer().is_empty()) {
            return;
        }
        fail(session, numbers, cause, output.with_answer(), &runner.command());
    }
    // If this fails, the primary assigns the numbers again.
    let _ = note(session, positions.last()).and_then(|()| session.write_frames());
}

/// Packs the text for a failure, before the failure itself.
pub(super) fn describe(
    session: &mut WorkerSession<'_>,
    positions: Interval,
    cause: Cause,
    text: &str,
) {
    session.worker().describe(Description { n: positions.first(), cause, text });
}

/// Adds a failure to the tally.
pub(super) fn fail(
    session: &mut WorkerSession<'_>,
    numbers: Interval,
    cause: Cause,
    output: &[u8],
    command: &Command,
) {
    command.tell_failure(numbers, cause, output, session.worker().tally());
}
