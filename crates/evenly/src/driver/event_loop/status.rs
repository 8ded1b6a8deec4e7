//! Progress and status of the job: for observers, for SIGUSR1, and for other processes through a port.

use super::EventLoop;
use crate::driver::port_state::PortState;
use crate::driver::tokens::STATUS;
use crate::observe::{Observation, Status};
use crate::process::limits;
use evenly_core::Progress;
use rustix::event::epoll::EventFlags;
use std::os::fd::AsFd;
use std::time::Duration;

/// Time that a job must run before other processes can ask it: shorter jobs make no socket.
const PORT_AFTER: Duration = Duration::from_secs(1);

/// Descriptors that the port leaves to workers, agents, journals and logs.
const SPARE_DESCRIPTORS: usize = 24;

impl EventLoop<'_> {
    /// Progress of the job; without a remaining time while a number is stuck.
    fn progress(&self) -> Progress {
        let mut progress = self.engine.scheduler().progress(self.clock.now_ns());
        if let (Some(rate), Some(left)) = (self.engine.rate(), &mut progress.seconds_left)
            && !self.job.begins_by_chunk()
        {
            let remaining = self.engine.scheduler().ledger().remaining();
            *left = left.max(remaining as f64 / rate.per_second());
        }
        if self.positions.is_any_stuck() || self.job.items.is_open_ended() {
            progress.seconds_left = None;
        }
        progress
    }

    pub(super) fn tell_progress(&mut self) {
        let Some(period) = self.job.progress_every else { return };
        let now = self.clock.elapsed();
        if self.next_progress.is_some_and(|due| due <= now) {
            self.next_progress = Some(now + period);
            let progress = self.progress();
            self.observer.observe(&Observation::Progress(progress));
        }
    }

    fn status(&self) -> Status {
        Status {
            progress: self.progress(),
            failed: self.engine.scheduler().ledger().failed(),
            machines: self.agents.machines().table(&self.engine, self.clock.now_ns()),
            elapsed: self.clock.since_start(),
            is_agent: self.upstream.is_some(),
        }
    }

    /// Answers SIGUSR1.
    pub(super) fn tell_status(&mut self) {
        let status = self.status();
        self.observer.observe(&Observation::Status(&status));
    }

    /// Reports what each machine has done, at the end of the run.
    pub(super) fn tell_machines(&mut self) {
        let machines = self.agents.machines();
        let had_agents = machines.has_agents();
        let machines = machines.table(&self.engine, self.clock.now_ns());
        let machines = &machines[..];
        self.observer.observe(&Observation::Machines { machines, had_agents });
    }

    /// When the port is opened, if that is still to come.
    pub(super) fn port_due(&self) -> Option<Duration> {
        (self.port == PortState::Due).then_some(PORT_AFTER)
    }

    /// Opens the port of a job that has run long enough.
    pub(super) fn open_port_if_due(&mut self) {
        if self.port != PortState::Due || self.clock.elapsed() < PORT_AFTER {
            return;
        }
        self.port = PortState::Closed;
        let has_room = limits::free_descriptors().is_none_or(|free| free > SPARE_DESCRIPTORS);
        let descriptor = self.job.status_port.as_mut().filter(|_| has_room);
        if let Some(descriptor) = descriptor.and_then(|port| port.open()) {
            let registry = self.registry.also(STATUS);
            let is_added = registry.add(descriptor.as_fd(), 0, EventFlags::IN).is_ok();
            self.port = if is_added { PortState::Open } else { PortState::Closed };
        }
        if self.port == PortState::Closed {
            // Nothing would ever answer there.
            self.job.status_port = None;
        }
    }

    /// Answers other processes.
    pub(super) fn attend_port(&mut self) {
        let status = self.status();
        let port = self.job.status_port.as_mut();
        if !port.is_some_and(|port| port.answer(&status)) {
            // A descriptor that is closed leaves epoll by itself (epoll(7)).
            (self.port, self.job.status_port) = (PortState::Closed, None);
        }
    }
}
