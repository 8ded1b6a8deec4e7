//! Agents in the event loop: joins, frames, losses, and timers of their connections.

use super::EventLoop;
use crate::driver::agent_server::AgentMessage;
use crate::driver::launcher::News;
use crate::error::Error;
use crate::observe::{Observation, Parting};
use crate::transport::Gone;
use evenly_core::agent::Leave;
use evenly_core::{Heard, InvalidFrame};

impl EventLoop<'_> {
    /// Hears what has come at one address.
    pub(super) fn hear_agents(&mut self, listener: usize) -> Result<(), Error> {
        let now_ns = self.clock.now_ns();
        while let Some(said) = self.agents.next_said(listener, &mut self.engine, now_ns)? {
            match said {
                AgentMessage::Hello(None) | AgentMessage::Nothing => {}
                AgentMessage::Hello(Some((address, why))) => {
                    if let Some(unreported) = self.agents.report_refusal(self.clock.elapsed()) {
                        let (address, why) = (&address, &why);
                        let refused = Observation::AgentRefused { address, why, unreported };
                        self.observer.observe(&refused);
                    }
                }
                AgentMessage::First(peer) => self.seat_agent(listener, peer, now_ns)?,
                AgentMessage::Heard(slot, heard) => {
                    self.answer_agent(slot, heard)?;
                    self.show_agent_answer(slot)?;
                }
                AgentMessage::Gone(slot, why) => self.lose_agent(slot, Parting::Gone(why))?,
            }
        }
        self.tell_pieces();
        Ok(())
    }

    /// Acts on a frame of the agent in a seat.
    fn answer_agent(
        &mut self,
        slot: usize,
        heard: Result<Heard, InvalidFrame>,
    ) -> Result<(), Error> {
        match heard {
            Ok(Heard::Farewell { call, errno, .. }) => {
                let leave = Leave::from_code(call, errno);
                self.dismiss_agent(slot, Parting::Left(leave))?;
                match leave {
                    Leave::Untrusted => Err(Error::Untrusted { worker: slot + 1 }),
                    _ => Ok(()),
                }
            }
            Ok(_) => {
                if let Some(agent) = self.agents.note_awake(slot) {
                    self.observer.observe(&Observation::AgentAwake(agent));
                }
                Ok(())
            }
            Err(InvalidFrame::Run { violation, .. }) => Err(self.contradiction(slot, violation)),
            Err(InvalidFrame::Worker { violation, .. }) => {
                self.dismiss_agent(slot, Parting::Said(violation))
            }
            Err(InvalidFrame::UnknownName) => self.dismiss_agent(slot, Parting::Gone(Gone::Forged)),
        }
    }

    fn seat_agent(&mut self, listener: usize, peer: usize, now_ns: u64) -> Result<(), Error> {
        let seen = self.agents.seat(listener, peer, &mut self.engine, now_ns)?.cloned();
        let Some(seen) = seen else { return Ok(()) };
        self.observer.observe(&Observation::AgentJoined(&seen));
        self.show_agent(&seen)
    }

    /// Ends the connection to an agent, and returns its chunks.
    fn dismiss_agent(&mut self, slot: usize, why: Parting) -> Result<(), Error> {
        self.agents.hang_up(slot);
        self.lose_agent(slot, why)
    }

    fn lose_agent(&mut self, slot: usize, why: Parting) -> Result<(), Error> {
        let Some(lost) = self.agents.unseat(slot) else { return Ok(()) };
        self.stages.note_agent_lost(slot);
        let has_left = matches!(why, Parting::Left(_));
        let reclaimed = self.engine.agent_ended(slot, has_left, self.clock.now_ns())?;
        self.tell_pieces();
        let lost = Observation::AgentLost { agent: &lost.seen, why, reclaimed };
        self.observer.observe(&lost);
        Ok(())
    }

    /// Reports an agent whose chunks were taken back because it was not heard.
    pub(super) fn tell_silent_agent(&mut self, slot: usize, reclaimed: (usize, u128)) {
        self.tell_pieces();
        let limit = self.job.worker_settings.silence.limit();
        if let Some(agent) = self.agents.note_silent(slot) {
            self.observer.observe(&Observation::AgentSilent { agent, limit, reclaimed });
        }
    }

    /// Does what is due at the addresses of agents: timers, the report about strangers.
    pub(super) fn keep_time_of_agents(&mut self) -> Result<(), Error> {
        let (now, now_ns) = (self.clock.elapsed(), self.clock.now_ns());
        for listener in 0..self.agents.listeners() {
            self.agents.keep_time(listener, now_ns)?;
            self.hear_agents(listener)?;
        }
        if let Some((count, wrong_key)) = self.agents.take_strangers(now) {
            let wrong_key = wrong_key.as_deref();
            self.observer.observe(&Observation::Strangers { count, wrong_key });
        }
        self.agents.keep_launcher_time(now)?;
        self.hear_launcher(now_ns)
    }

    /// Reports news of the programs that start agents.
    fn hear_launcher(&mut self, now_ns: u64) -> Result<(), Error> {
        while let Some(news) = self.agents.next_launcher_news(now_ns)? {
            match &news {
                News::Failed { name, why, again } => {
                    let failed = Observation::LaunchFailed { name, why, again: *again };
                    self.observer.observe(&failed);
                }
                News::Wrote { name, text } => {
                    self.observer.observe(&Observation::LauncherWrote { name, text });
                }
                News::Waiting { names } if self.pool.slots.is_empty() => {
                    self.observer.observe(&Observation::AwaitingAgents { names });
                }
                News::Waiting { .. } | News::Connected { .. } => {}
            }
        }
        if self.pool.slots.is_empty() && self.agents.is_deserted() && !self.is_over() {
            return Err(Error::NoHostLeft);
        }
        Ok(())
    }
}
