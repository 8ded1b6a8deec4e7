//! Stages of `--wiring` in the event loop: results, agents, and each closed assignment pipe.

use super::EventLoop;
use crate::driver::stages::LIMIT;
use crate::driver::tokens::AGENTS;
use crate::error::{Error, system};
use crate::observe::AgentSeen;
use crate::observe::stages::Stage;
use crate::process::end_is_asked_for;
use crate::transport::EpollToken;
use crate::transport::pipe::ResultRead;
use rustix::event::{Timespec, epoll};
use std::mem::MaybeUninit;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time between two looks at a state that the kernel does not announce.
const GLANCE: Duration = Duration::from_millis(2);

/// Time without new results after which the result pipe is shown.
const REST: Duration = Duration::from_millis(150);

impl EventLoop<'_> {
    /// Waits until results have arrived and no more follow for [`REST`], then shows them.
    pub(super) fn show_results(&mut self) -> Result<(), Error> {
        if !self.stages.is_wanted() || self.pool.slots.is_empty() || self.is_over() {
            return Ok(());
        }
        while self.waiting_results()? == 0 && !self.is_over() {
            let ready = self.wait(self.next_deadline())?;
            if ready.results && self.waiting_results()? == 0 {
                // End of file: every worker is gone, and SIGCHLD has them replaced.
                self.receive()?;
            }
            self.attend(ready)?;
        }
        let (mut waiting, mut rested) = (0, Duration::ZERO);
        let deadline = self.clock.elapsed() + LIMIT;
        while rested < REST && self.clock.elapsed() < deadline {
            let now_waiting = self.waiting_results()?;
            rested = if now_waiting == waiting { rested + GLANCE } else { Duration::ZERO };
            waiting = now_waiting;
            sleep(GLANCE);
        }
        self.pause_with_agents(Stage::Results)
    }

    /// Shows an agent that has joined.
    pub(super) fn show_agent(&mut self, agent: &AgentSeen) -> Result<(), Error> {
        if !self.stages.is_wanted() {
            return Ok(());
        }
        self.stages.note_agent(agent);
        self.pause_with_agents(Stage::AgentJoined)
    }

    /// Waits until the worker whose assignment pipe was closed has left, and shows what is left. The worker is
    /// not reaped yet.
    pub(super) fn show_closed_pipe(&mut self, slot: usize) -> Result<(), Error> {
        if !self.stages.is_wanted() {
            return Ok(());
        }
        let deadline = self.clock.elapsed() + LIMIT;
        while !self.pool.slots[slot].child.has_ended().map_err(system("waitid"))?
            && self.clock.elapsed() < deadline
            && !end_is_asked_for()
        {
            // A worker that still writes must not wait for room.
            if self.receive()? != ResultRead::Bytes {
                sleep(GLANCE);
            }
        }
        self.stages.pause(Stage::WriteEndClosed, &mut self.clock);
        self.heed_signals()
    }

    fn waiting_results(&self) -> Result<u64, Error> {
        self.worker_pipes.waiting_results().map_err(system("ioctl FIONREAD"))
    }

    /// Stands still in the middle of the work, and keeps the connections to agents alive.
    fn pause_with_agents(&mut self, stage: Stage) -> Result<(), Error> {
        // For the transports no time passes.
        let now_ns = self.clock.now_ns();
        let (registry, agents) = (&self.registry, &mut self.agents);
        let heartbeat = self.job.worker_settings.silence.heartbeat();
        let mut next = Instant::now();
        self.stages.pause_while(stage, &mut self.clock, || {
            if next <= Instant::now() {
                next = Instant::now() + heartbeat;
                agents.beat_while_standing();
            }
            // An agent whose frames are not read gets no acknowledgement and would give up the connection.
            let mut events = [MaybeUninit::<epoll::Event>::uninit(); 64];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            if let Ok((events, _)) = epoll::wait(registry.epoll(), &mut events, Some(&at_once)) {
                let tokens = events.iter().map(|event| EpollToken::from_data(event.data));
                for token in tokens.filter(|token| token.transport >= AGENTS) {
                    agents.attend(token, now_ns)?;
                }
            }
            agents.flush(now_ns)
        })
    }
}
