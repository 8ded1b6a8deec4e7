//! Loop of a worker that computes with a function in its own process, slice by slice.
//!
//! The worker blocks in `read` while its queue is empty. It computes a long chunk in slices of about 20 ms, and looks at
//! its assignment pipe between two slices, because the primary may withdraw chunks or end. Every [`REPORT_NS`] it
//! reports how far it is in the chunk: progress shows, and the loss of a worker repeats little.

use super::early_exit::EarlyExit;
use super::session::{OVERDUE_NS, WorkerSession};
use crate::function::Function;
use crate::process::sys::position;
use evenly_core::frame::Description;
use evenly_core::items::Run;
use evenly_core::worker::ChunkState;
use evenly_core::{Cause, Interval, Items, Tally};
use std::num::NonZeroU64;

/// Time between two reports about a long chunk. A worker that is killed every few hundredths of a second
/// still makes progress.
const REPORT_NS: u64 = 10_000_000;
/// Size in bytes of a report for which the worker waits one more [`REPORT_NS`] before it sends it.
const LARGE_REPORT: u64 = 64 << 10;

/// Computes chunks until end of file.
pub(super) fn run(
    session: &mut WorkerSession<'_>,
    function: &mut dyn Function,
    items: &Items,
) -> Result<(), EarlyExit> {
    while session.receive()? {
        session.restart_timing();
        empty_the_queue(session, function, items)?;
        session.send()?;
    }
    Ok(())
}

/// Computes slices until the queue is empty.
fn empty_the_queue(
    session: &mut WorkerSession<'_>,
    function: &mut dyn Function,
    items: &Items,
) -> Result<(), EarlyExit> {
    while let Some(step) = session.next_slice() {
        if step.is_begun_again {
            session.send()?;
        }
        if step.rest.len() > 1 && items.as_range().is_some() {
            function.announce(items.consecutive(step.rest).hull());
        }
        let last = fold(function, items, step.slice, session.worker().tally());
        if last == step.rest.last() || session.worker().tally().is_full() {
            function.settle(session.worker().tally());
        }
        session.add_computed(last.abs_diff(step.slice.first()) + 1);
        describe_errors(session, function, items);
        let mut state = session.worker().counted(last);
        if state == ChunkState::Answered {
            state = session.compute_row(|positions, tally| {
                let last = fold(function, items, positions, tally);
                function.settle(tally);
                last
            });
            describe_errors(session, function, items);
        }
        match state {
            ChunkState::Answered => {
                if session.worker().is_due() {
                    session.send()?;
                }
                if session.is_clock_due() && session.read_clock()? {
                    session.poll_assignments(|_| {})?;
                }
            }
            ChunkState::ToReport => {
                session.report()?;
                session.read_clock()?;
                if session.ns_since_poll() >= OVERDUE_NS {
                    session.poll_assignments(|_| {})?;
                }
            }
            ChunkState::Going => {
                session.read_clock()?;
                // What the primary takes back is reported first.
                session.poll_assignments(|tally| function.settle(tally))?;
                let size = (session.worker().weight() + function.kept_bytes()) as u64;
                if session.unreported_ns() >= REPORT_NS * (1 + size / LARGE_REPORT) {
                    function.settle(session.worker().tally());
                    session.report()?;
                }
            }
        }
    }
    Ok(())
}

/// Packs the texts of errors that the function returned for numbers.
#[inline]
fn describe_errors(session: &mut WorkerSession<'_>, function: &mut dyn Function, items: &Items) {
    if session.worker().tally().failed().is_empty() {
        return;
    }
    for (n, text) in function.take_errors() {
        let position = items.position_of(n).unwrap_or(n);
        session.worker().describe(Description { n: position, cause: Cause::Error, text: &text });
    }
}

/// Applies a function to the numbers at these positions. Returns the last position that it was applied to: it stops when
/// the tally is full.
#[inline]
fn fold(function: &mut dyn Function, items: &Items, positions: Interval, tally: &mut Tally) -> i64 {
    // A plain range is one run. The search for runs costs more than a quick function of one number.
    match items.as_range() {
        Some(_) => fold_consecutive(function, items.consecutive(positions), tally),
        None => fold_runs(function, items, positions, tally),
    }
}

/// Applies a function to a run without gaps.
#[inline]
fn fold_consecutive(function: &mut dyn Function, run: Run, tally: &mut Tally) -> i64 {
    position::enter(run);
    tally.stand_at(run.first(), run.positions().first());
    let last = run.position_of(function.fold(run.hull(), tally));
    position::leave();
    last
}

/// Not inlined, because the loop over chunks of one number must stay short.
#[inline(never)]
fn fold_runs(
    function: &mut dyn Function,
    items: &Items,
    positions: Interval,
    tally: &mut Tally,
) -> i64 {
    for run in items.runs(positions) {
        let last = match run.step() {
            NonZeroU64::MIN => fold_consecutive(function, run, tally),
            _ => fold_steps(function, run, tally),
        };
        if last < run.positions().last() || tally.is_full() {
            return last;
        }
    }
    positions.last()
}

/// Applies a function to a run whose numbers have gaps, one by one.
fn fold_steps(function: &mut dyn Function, run: Run, tally: &mut Tally) -> i64 {
    let positions = run.positions();
    position::enter(run);
    let mut last = positions.last();
    for place in positions.first()..=positions.last() {
        let n = run.at(place);
        position::at(n);
        tally.stand_at(n, place);
        function.fold(Interval::single(n), tally);
        if tally.is_full() {
            last = place;
            break;
        }
    }
    position::leave();
    last
}
