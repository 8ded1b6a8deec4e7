//! Loop of a worker with a coprocess: a program that reads chunks as lines and answers each with a line.
//!
//! If answers arrive in less than [`QUICK`], the worker writes chunks ahead, which saves a round trip per chunk. If the
//! coprocess fails with several chunks unanswered, any of them may be the cause: the worker starts another coprocess and
//! gives it these chunks one at a time. If the coprocess has answered other chunks before, they may be the cause, too,
//! or it ends after a fixed number of chunks. So a chunk fails only in a coprocess that was started for it.

use super::command_loop::{begin, describe, fail, note, note_recovery};
use super::command_run::CommandRun;
use super::command_runner::CommandRunner;
use super::coprocess::{Coprocess, GRACE, UNASKED};
use super::early_exit::EarlyExit;
use super::session::WorkerSession;
use super::timer::Timer;
use super::wait::wait;
use crate::process::ProcessEnd;
use crate::process::sys::position;
use evenly_core::worker::ChunkState;
use evenly_core::{Aggregate, Cause, Interval, Items};
use rustix::event::PollFlags;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Most chunks that the worker writes ahead of their answers.
const AHEAD: usize = 4096;
/// Time of an answer below which the worker writes ahead.
const QUICK: Duration = Duration::from_millis(1);

/// Time without a first answer after which the worker prints a hint.
const HINT_AFTER: Duration = Duration::from_secs(10);

/// Number of answers between two readings of the clock.
const ANSWERS_PER_READING: u64 = 256;

/// What the worker has learnt about its coprocess, and keeps when it starts another one.
struct Pipelining {
    /// Whether the last answer came within [`QUICK`].
    is_quick: bool,
    /// Number of chunks that the coprocess gets one at a time, because one of them ended its predecessor.
    one_at_a_time: usize,
    /// Whether a coprocess has timed out with several chunks. From then on it gets one at a time.
    is_slow: bool,
}

/// A coprocess, and whether it may still get the hint.
struct CurrentCoprocess {
    coprocess: Coprocess,
    /// Whether it has answered a chunk, or the worker has printed the hint.
    has_answered: bool,
}

/// Passes all chunks to a coprocess until end of file.
pub(super) fn run(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    items: &Items,
) -> Result<(), EarlyExit> {
    let mut pipelining = Pipelining { is_quick: false, one_at_a_time: 0, is_slow: false };
    let mut current: Option<CurrentCoprocess> = None;
    loop {
        let Some(step) = session.worker().next(runner.longest()) else {
            if current.as_mut().is_some_and(|running| running.coprocess.has_printed_more()) {
                return Err(UNASKED);
            }
            session.send()?;
            reap_left_behind(current.as_ref(), runner);
            match wait(session, runner, [], None) {
                Ok(_) => {}
                Err(exit @ (EarlyExit::PrimaryGone | EarlyExit::Requested)) => {
                    let closed = current.map_or(Ok(()), |running| running.coprocess.close(runner));
                    runner.stderr().finish();
                    return closed.and(Err(exit));
                }
                Err(exit) => return Err(exit),
            }
            session.restart_timing();
            continue;
        };
        if step.is_begun_again {
            session.send()?;
        }
        ask(session, runner, (items, step.slice), &mut current, &mut pipelining)?;
    }
}

/// Gets the answer for the numbers at these positions, or for a first part of them: up to a gap between the numbers, or
/// after a failure. Adds it to the tally.
fn ask(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    (items, mut positions): (&Items, Interval),
    current: &mut Option<CurrentCoprocess>,
    pipelining: &mut Pipelining,
) -> Result<(), EarlyExit> {
    let command = runner.command();
    let aggregate = session.worker().tally().aggregate();
    let (mut repeated, mut failed_try) = (0, None);
    loop {
        let numbers = begin(session, items, &mut positions);
        let running = match current {
            Some(running) => running,
            None => {
                let run = CommandRun { numbers, attempt: 1 + u32::from(repeated) };
                let coprocess = Coprocess::start(session, runner, &run)?;
                current.insert(CurrentCoprocess { coprocess, has_answered: false })
            }
        };
        let answer = wait_for_answer(session, runner, (items, numbers), running, pipelining);
        position::leave();
        let coprocess = &mut running.coprocess;
        let mut refused = None;
        let outcome = match answer? {
            Ok(place) => {
                let line = coprocess.line(place);
                let outcome = command.tell_output(numbers, line, session.worker().tally());
                refused = (outcome == Err(Cause::Garbage)).then(|| line.to_vec());
                outcome
            }
            Err(cause) => Err(cause),
        };
        let Err(cause) = outcome else {
            coprocess.count_answer();
            if coprocess.answers().is_multiple_of(ANSWERS_PER_READING) {
                reap_left_behind(Some(running), runner);
            }
            pipelining.one_at_a_time = pipelining.one_at_a_time.saturating_sub(1);
            runner.lengthen();
            note_recovery(session, positions, failed_try);
            return note_answer(session, positions.last());
        };
        // Another coprocess can answer a chunk that this one has not read.
        let is_unread = coprocess.reads_no_more();
        let has_done_others = coprocess.answers() > 0;
        // Its further output cannot be trusted.
        let others = current.take().map_or(0, |running| {
            running.coprocess.dismiss(runner, numbers, cause == Cause::Memory)
        });
        reap_left_behind(None, runner);
        if others > 0 {
            pipelining.is_slow |= cause == Cause::Timeout;
            pipelining.one_at_a_time = others + 1;
        } else if has_done_others && (is_unread || is_worth_another(cause, aggregate)) {
            // The next one gets the same numbers.
        } else if let Some(next) = runner.next_try(positions, &mut repeated, aggregate) {
            failed_try = (next == positions).then_some(cause);
            positions = next;
        } else {
            if let Some(line) = refused {
                let text = command.describe(aggregate, &line);
                describe(session, positions, cause, &text);
            }
            fail(session, numbers, cause, &[], &command);
            return note(session, positions.last());
        }
    }
}

/// Waits for the answer for these numbers: the place of its line in the bytes that were read, or the cause of the
/// failure.
fn wait_for_answer(
    session: &mut WorkerSession<'_>,
    runner: &mut CommandRunner,
    (items, numbers): (&Items, Interval),
    CurrentCoprocess { coprocess, has_answered }: &mut CurrentCoprocess,
    pipelining: &mut Pipelining,
) -> Result<Result<Range<usize>, Cause>, EarlyExit> {
    let mut timer = Timer::start(runner.timeout());
    let mut began: Option<Instant> = None;
    coprocess.ask_once(numbers);
    loop {
        // Chunks that were withdrawn after they were written have answers, too.
        while let Some((chunk, place)) = coprocess.next_answer()? {
            if chunk == numbers {
                *has_answered = true;
                pipelining.is_quick = began.is_none_or(|began| began.elapsed() < QUICK);
                return Ok(Ok(place));
            }
            coprocess.ask_once(numbers);
        }
        if coprocess.has_flooded() {
            return Ok(Err(Cause::Flood));
        }
        ask_ahead(session, (runner, items), coprocess, pipelining);
        // The primary gets the answers so far before the worker waits.
        if began.is_none() {
            session.send()?;
        }
        let began = *began.get_or_insert_with(Instant::now);
        coprocess.write()?;
        let hint = (!*has_answered).then_some(HINT_AFTER);
        let grace = coprocess.has_closed_a_pipe().then_some(GRACE);
        if coprocess.is_above_memory_limit() {
            return Ok(Err(Cause::Memory));
        }
        let memory = coprocess.next_memory_check();
        let timeout = [timer.next(), hint, grace, memory].into_iter().flatten().min();
        let found = wait(session, runner, coprocess.watched(), timeout);
        if let Err(EarlyExit::PrimaryGone | EarlyExit::Requested) = found {
            coprocess.end_in_grace(runner, numbers);
        }
        let [ended, has_errors, has_output, input] = found?;
        if !has_errors.is_empty() {
            coprocess.relay_errors(runner, numbers);
        }
        if !has_output.is_empty() && coprocess.read_answers()? {
            continue;
        }
        if input.contains(PollFlags::ERR) {
            coprocess.note_closed_input();
        }
        if coprocess.is_closed_for_good() {
            return Ok(Err(Cause::Garbage));
        }
        if !ended.is_empty()
            && let Some(end) = coprocess.end()?
            && !coprocess.has_line()
        {
            let is_for_memory = runner.was_killed_for_memory();
            return Ok(Err(if is_for_memory { Cause::Memory } else { cause_of(end) }));
        }
        if timer.is_over() {
            return Ok(Err(Cause::Timeout));
        }
        if !*has_answered && began.elapsed() >= HINT_AFTER {
            *has_answered = true;
            runner.stderr().write(
                b"evenly: the coprocess has not answered its first line for 10 s; does it read line by line, and \
                  flush its output after each answer?\n",
            );
        }
    }
}

/// Writes further chunks to the coprocess, if that saves round trips.
fn ask_ahead(
    session: &mut WorkerSession<'_>,
    (runner, items): (&CommandRunner, &Items),
    coprocess: &mut Coprocess,
    pipelining: &Pipelining,
) {
    // A coprocess that fails may have begun the chunks that it has, and `run` repeats no chunk that has begun.
    let is_run = matches!(session.worker().tally().aggregate(), Aggregate::Run { .. });
    let Pipelining { is_quick, one_at_a_time, is_slow } = *pipelining;
    let is_alone = is_run || one_at_a_time > 0 || is_slow || !is_quick;
    let unanswered = coprocess.unanswered().len();
    if is_alone || runner.longest() < u64::MAX || unanswered > AHEAD / 2 {
        return;
    }
    // The first chunk is in work. If the others are not the next ones of the queue, a chunk was withdrawn: then the
    // coprocess answers all that it has before it gets more.
    let known = unanswered - 1;
    let ahead = session.worker().ahead().map(|chunk| items.consecutive(chunk).hull());
    if ahead.take(known).eq(coprocess.unanswered().skip(1)) {
        let ahead = session.worker().ahead().map(|chunk| items.consecutive(chunk).hull());
        let more: Vec<_> = ahead.skip(known).take(AHEAD - known).collect();
        more.into_iter().for_each(|chunk| coprocess.ask(chunk));
    }
}

/// As [`note`], but answers wait for each other while there are more.
fn note_answer(session: &mut WorkerSession<'_>, last: i64) -> Result<(), EarlyExit> {
    session.add_computed(1);
    match session.worker().counted(last) {
        ChunkState::Answered => {
            if session.worker().is_due() {
                session.send()?;
            }
            if session.computed() >= ANSWERS_PER_READING && session.read_clock()? {
                session.poll_assignments(|_| {})?;
            }
            Ok(())
        }
        _ => session.report(),
    }
}

/// Whether another coprocess gets the same numbers, after one that had answered other chunks ended like this. `run`
/// does not repeat output, but a coprocess that exits with status 0 has not begun the chunk.
fn is_worth_another(cause: Cause, aggregate: Aggregate) -> bool {
    match cause {
        // It may have had most of the memory before it came to these numbers.
        Cause::Exit(0) | Cause::Memory => true,
        Cause::Exit(_) | Cause::Signal(_) => !matches!(aggregate, Aggregate::Run { .. }),
        _ => false,
    }
}

/// Reaps processes that a coprocess, or one before it, has left behind.
fn reap_left_behind(running: Option<&CurrentCoprocess>, runner: &CommandRunner) {
    match running {
        Some(running) => runner.orphans().reap_but(running.coprocess.pid()),
        None => runner.orphans().reap(),
    }
}

fn cause_of(end: ProcessEnd) -> Cause {
    match end {
        ProcessEnd::Exit(status) => Cause::Exit(status),
        ProcessEnd::Signal(signal) => Cause::Signal(signal),
    }
}
