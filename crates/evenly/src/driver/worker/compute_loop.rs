//! Loop of a worker that computes with a function in its own process, slice by slice.
//!
//! The worker blocks in `read` while its queue is empty. It computes a long chunk in slices of about 20 ms, and looks at
//! its assignment pipe between two slices, because the primary may withdraw chunks or end. Every [`REPORT_NS`] it
//! reports how far it is in the chunk: progress shows, and the loss of a worker repeats little.

use super::early_exit::EarlyExit;
use super::session::{OVERDUE_NS, WorkerSession};
use crate::function::Function;
use crate::process::sys::position;
use evenly_core::worker::ChunkState;

/// Time between two reports about a long chunk. A worker that is killed every few hundredths of a second
/// still makes progress.
const REPORT_NS: u64 = 10_000_000;
/// Size in bytes of a report for which the worker waits one more [`REPORT_NS`] before it sends it.
const LARGE_REPORT: u64 = 64 << 10;

/// Computes chunks until end of file.
pub(super) fn run(
    session: &mut WorkerSession<'_>,
    function: &mut dyn Function,
) -> Result<(), EarlyExit> {
    while session.receive()? {
        session.restart_timing();
        empty_the_queue(session, function)?;
        session.send()?;
    }
    Ok(())
}

/// Computes slices until the queue is empty.
fn empty_the_queue(
    session: &mut WorkerSession<'_>,
    function: &mut dyn Function,
) -> Result<(), EarlyExit> {
    while let Some(step) = session.next_slice() {
        if step.is_begun_again {
            session.send()?;
        }
        position::enter(step.slice.first(), step.slice.last());
        let last = function.fold(step.slice, session.worker().tally());
        position::leave();
        session.add_computed(last.abs_diff(step.slice.first()) + 1);
        match session.worker().counted(last) {
            ChunkState::Answered => {
                if session.worker().is_due() {
                    session.send()?;
                }
                if session.is_clock_due() && session.read_clock()? {
                    session.poll_assignments()?;
                }
            }
            ChunkState::ToReport => {
                session.report()?;
                session.read_clock()?;
                if session.ns_since_poll() >= OVERDUE_NS {
                    session.poll_assignments()?;
                }
            }
            ChunkState::Going => {
                session.read_clock()?;
                session.poll_assignments()?;
                let size = session.worker().weight() as u64;
                if session.unreported_ns() >= REPORT_NS * (1 + size / LARGE_REPORT) {
                    session.report()?;
                }
            }
        }
    }
    Ok(())
}
