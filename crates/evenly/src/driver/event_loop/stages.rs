//! Stages of `--wiring` in the event loop: results, the first command, agents, and each closed assignment pipe.

use super::EventLoop;
use crate::driver::stages::LIMIT;
use crate::driver::tokens::AGENTS;
use crate::error::{Error, system};
use crate::observe::AgentSeen;
use crate::observe::stages::Stage;
use crate::process::{end_is_asked_for, orphans};
use crate::transport::EpollToken;
use crate::transport::pipe::ResultRead;
use rustix::event::{Timespec, epoll};
use rustix::process::{Signal, kill_process};
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
        let deadline = self.clock.elapsed() + LIMIT;
        while self.stages.awaited_of_command().is_some() && self.clock.elapsed() < deadline {
            self.show_command()?;
            sleep(GLANCE);
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

    /// Shows the process of the first worker's first command, before and after its execve(2), if it stands still there.
    pub(super) fn show_command(&mut self) -> Result<(), Error> {
        let Some(stage) = self.stages.awaited_of_command() else { return Ok(()) };
        let Some(worker) = self.pool.slots.first() else { return Ok(()) };
        let Some(pid) = worker.child.pid() else { return Ok(()) };
        if stage == Stage::CommandForked {
            let Some(command) = orphans::stopped_child(pid) else { return Ok(()) };
            self.stages.note_command(command.as_raw_nonzero().get().cast_unsigned());
            self.pause_with_agents(stage)?;
            // It dies with its worker, and is not reaped before it has executed the program.
            let _ = kill_process(command, Signal::CONT);
            return Ok(());
        }
        if worker.child.has_ended().map_err(system("waitid"))? {
            self.stages.forget_command();
        } else if worker.is_stopped || worker.child.can_be_seen().map_err(system("waitid"))? {
            self.pause_with_agents(stage)?;
            self.stages.forget_command();
            // It lets the command go on.
            self.pool.slots[0].child.signal(Signal::CONT);
        }
        Ok(())
    }

    /// Shows an agent that has joined.
    pub(super) fn show_agent(&mut self, agent: &AgentSeen) -> Result<(), Error> {
        if !self.stages.is_wanted() {
            return Ok(());
        }
        self.stages.note_agent(agent);
        self.pause_with_agents(Stage::AgentJoined)
    }

    /// Shows a connection that waits to be accepted, and lets the hook look before an answer may be read.
    pub(super) fn show_before_reading(&mut self, token: EpollToken) -> Result<(), Error> {
        if self.stages.shows_connecting() && self.agents.has_waiting(token) {
            self.stages.note_connecting();
            self.pause_with_agents(Stage::AgentConnecting)?;
        }
        self.stages.remember();
        Ok(())
    }

    /// Shows the first ranges of agents that have been sent.
    pub(super) fn show_sent_ranges(&mut self) -> Result<(), Error> {
        while self.stages.note_range_sent() {
            self.pause_with_agents(Stage::AgentRangeSent)?;
        }
        Ok(())
    }

    /// Shows the first answer of an agent, if its last frame had it.
    pub(super) fn show_agent_answer(&mut self, slot: usize) -> Result<(), Error> {
        let has_answered = self.agents.take_answered() == Some(slot);
        if has_answered && self.stages.note_answer(slot) {
            self.pause_with_agents(Stage::AgentAnswered)?;
        }
        Ok(())
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
        // The first connection is shown before it is accepted, also one that comes now.
        let awaits_first = self.stages.awaits_first();
        self.stages.pause_while(stage, &mut self.clock, |remember| {
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
                    if awaits_first && agents.has_waiting(token) {
                        continue;
                    }
                    remember();
                    agents.attend(token, now_ns)?;
                }
            }
            agents.flush(now_ns)
        })
    }
}
