//! Memory limit in the event loop: kills workers above it and names the number that each is at.
//!
//! Only of workers that compute themselves: those that run commands look after them, as a command is ended
//! without its worker.

use super::EventLoop;
use crate::job::Job;
use crate::process::footprint::{PERIOD, PeriodicCheck, of_fork_is_above};
use crate::process::sys::crash_report;
use evenly_core::engine::LossReason;

impl EventLoop<'_> {
    /// The times to look, if there is anything to look at.
    pub(super) fn watch_over_memory(job: &Job) -> Option<PeriodicCheck> {
        let is_limited = job.memory.is_some() && job.function.command().is_none();
        is_limited.then(|| PeriodicCheck::every(PERIOD))
    }

    /// Ends workers that have too much, if it is time to look.
    pub(super) fn look_at_memory(&mut self) {
        let (Some(check), Some(limit)) = (&mut self.memory, self.job.memory) else { return };
        let (slots, can_speak) = (&mut self.pool.slots, self.job.function.says_at());
        let engine = &mut self.engine;
        check.run_if_due(|| {
            for (slot, place) in slots.iter_mut().enumerate() {
                let Some(pid) = place.child.pid() else { continue };
                if !place.is_asked && !of_fork_is_above(limit, pid) {
                    continue;
                }
                engine.note_reason(slot, LossReason::Memory);
                // One that was asked last time and lives is stopped, or does not want to hear of it.
                if can_speak && !place.is_asked {
                    place.is_asked = true;
                    crash_report::ask(pid);
                } else {
                    place.child.kill_with_group();
                }
            }
        });
    }
}
