//! Agents at the primary: joins, frames, losses and heartbeats.

use crate::event_queue::SessionId;
use crate::model::agent_link::{AGENT, PRIMARY};
use crate::model::agent_seat::{AgentInput, is_first};
use crate::model::primary_process::RunPhase;
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::agent::Leave;
use evenly_core::frame::Packer;
use evenly_core::{Heard, InvalidFrame};

impl SimWorld<'_> {
    pub(crate) fn is_running(&self) -> bool {
        self.primary.phase == RunPhase::Running && !self.is_over
    }

    /// Where frames for the agent in a slot are packed.
    pub(crate) fn agent_packer(&mut self, slot: usize) -> Option<&mut Packer> {
        let sid = *self.primary.agent_sessions.get(&slot)?;
        Some(&mut self.sessions[sid].agent_seat.as_mut()?.packer)
    }

    /// Reads bytes that arrived at one end of a link.
    pub(crate) fn receive_at_end(
        &mut self,
        sid: SessionId,
        side: usize,
        bytes: &[u8],
    ) -> StepResult {
        if side == AGENT {
            if let Some(agent) = self.agent(sid) {
                agent.receive_from_primary(bytes);
            }
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(seat) = &mut self.sessions[sid].agent_seat else { return Ok(()) };
            let room = seat.unpacker.room();
            let count = room.len().min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            seat.unpacker.filled(count);
            rest = &rest[count..];
            self.process_agent_frames(sid)?;
        }
        self.wake_within_a_turn();
        Ok(())
    }

    fn process_agent_frames(&mut self, sid: SessionId) -> StepResult {
        loop {
            match self.next_agent_input(sid) {
                AgentInput::Nothing => return Ok(()),
                AgentInput::First => self.seat_agent(sid)?,
                AgentInput::Heard(Ok(Heard::Farewell { call, errno, .. })) => {
                    let why = Leave::from_code(call, errno);
                    self.trace.comment(|| format!("farewell: {why:?}"));
                    let is_known = matches!(why, Leave::Signal(15) | Leave::NoWorker(0));
                    check(is_known, || format!("an agent leaves for {why:?}"))?;
                    self.lose_agent(sid, true)?;
                    self.close_link_end(sid, PRIMARY)?;
                }
                AgentInput::Heard(Ok(_)) => self.note_agent_awake(sid),
                AgentInput::Heard(Err(InvalidFrame::Run { violation, .. })) => {
                    return Err(format!("no answer can be trusted: {violation}"));
                }
                AgentInput::Heard(Err(fault)) => {
                    let is_faulty = self.has_sent_garbage(sid);
                    check(is_faulty, || format!("an honest agent is accused: {fault:?}"))?;
                    self.stats.agents_accused += 1;
                    self.disconnect_agent(sid)?;
                }
                AgentInput::NoFrame(malformed) => {
                    let is_faulty = self.has_sent_garbage(sid);
                    check(is_faulty, || format!("an agent cannot be read: {malformed}"))?;
                    self.stats.agents_accused += 1;
                    self.disconnect_agent(sid)?;
                }
                AgentInput::Stranger => {
                    let is_faulty = self.has_sent_garbage(sid);
                    check(is_faulty, || "an agent does not say its first word first".into())?;
                    self.disconnect_agent(sid)?;
                }
            }
        }
    }

    fn has_sent_garbage(&self, sid: SessionId) -> bool {
        self.sessions[sid].agent_seat.as_ref().is_some_and(|seat| seat.is_faulty)
    }

    fn next_agent_input(&mut self, sid: SessionId) -> AgentInput {
        let now_ns = self.now_ns;
        let is_gathering = self.primary.phase == RunPhase::Running;
        let Some(seat) = &mut self.sessions[sid].agent_seat else { return AgentInput::Nothing };
        let frame = match seat.unpacker.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return AgentInput::Nothing,
            Err(malformed) => return AgentInput::NoFrame(malformed),
        };
        self.stats.agent_frames += 1;
        self.trace.record("agent says", sid as u64, frame.busy_ns);
        self.trace.comment(|| format!("{:?}", frame.body));
        match seat.seat {
            Some((slot, _)) => {
                AgentInput::Heard(self.primary.engine.hear_agent(slot, frame, now_ns))
            }
            None if !is_gathering => AgentInput::Nothing,
            None if is_first(&frame) => AgentInput::First,
            None => AgentInput::Stranger,
        }
    }

    /// The first frame of an agent has arrived.
    fn seat_agent(&mut self, sid: SessionId) -> StepResult {
        let (now_ns, window) = (self.now_ns, self.plan.agents.window);
        let Some(seat) = &mut self.sessions[sid].agent_seat else { return Ok(()) };
        check(seat.incarnation == self.incarnation, || "an agent of an earlier primary".into())?;
        let engine = &mut self.primary.engine;
        let name = engine.next_name();
        let slot = engine.agent_joined(seat.workers, window, now_ns);
        let slot = slot.map_err(|violation| violation.to_string())?;
        seat.seat = Some((slot, name));
        check(slot >= self.plan.seats, || "an agent sits in the seat of a worker".into())?;
        check(name.0 as usize == self.primary.pids.len(), || "a name came twice".into())?;
        self.primary.pids.push(None);
        let before = self.primary.agent_sessions.insert(slot, sid);
        check(before.is_none(), || "two agents in one seat".into())?;
        self.stats.agents_joined += 1;
        self.trace.record("agent joined", sid as u64, slot as u64);
        Ok(())
    }

    fn note_agent_awake(&mut self, sid: SessionId) {
        if let Some(seat) = &mut self.sessions[sid].agent_seat
            && std::mem::take(&mut seat.is_silent)
        {
            self.stats.agents_awoken += 1;
            self.trace.record("agent awake", sid as u64, 0);
        }
    }

    /// Ends the connection to an agent, and returns its leases to the ledger.
    fn disconnect_agent(&mut self, sid: SessionId) -> StepResult {
        self.lose_agent(sid, false)?;
        self.close_link_end(sid, PRIMARY)
    }

    /// Forgets an agent, but not the frames packed for it; returns its seat.
    fn remove_agent_seat(&mut self, sid: SessionId) -> Option<usize> {
        let seat = self.sessions[sid].agent_seat.take()?;
        let mut packer = seat.packer;
        packer.seal(0);
        self.sessions[sid].unsent[PRIMARY] = Some(packer);
        seat.seat.map(|(slot, _)| slot)
    }

    /// The primary loses an agent, which may have said farewell.
    fn lose_agent(&mut self, sid: SessionId, has_said_farewell: bool) -> StepResult {
        let Some(slot) = self.remove_agent_seat(sid) else { return Ok(()) };
        self.primary.agent_sessions.remove(&slot);
        self.mark_doubtful(slot);
        let lost = self.primary.engine.agent_ended(slot, has_said_farewell, self.now_ns);
        let (chunks, numbers) = lost.map_err(|violation| violation.to_string())?;
        self.stats.agents_lost += 1;
        self.stats.agent_losses_with_chunks += u64::from(chunks > 0);
        self.trace.record("agent lost", sid as u64, chunks as u64);
        check((chunks > 0) == (numbers > 0), || "chunks without numbers".into())?;
        self.wake_in(1);
        Ok(())
    }

    /// An end of a link learns that the other end is gone.
    pub(crate) fn link_is_lost(&mut self, sid: SessionId, side: usize) -> StepResult {
        self.trace.record("gone", sid as u64, side as u64);
        if side == AGENT {
            return self.end_lost_session(sid);
        }
        self.lose_agent(sid, false)?;
        self.close_link_end(sid, PRIMARY)
    }

    /// The silent agent in a slot has lost its leases.
    pub(crate) fn note_agent_silent(&mut self, slot: usize) -> StepResult {
        let sid = self.primary.agent_sessions.get(&slot).copied();
        let seat = sid.and_then(|sid| self.sessions[sid].agent_seat.as_mut());
        let Some(seat) = seat else {
            return check(!self.is_running(), || "no agent is silent".into());
        };
        seat.is_silent = true;
        self.stats.agents_silenced += 1;
        self.trace.record("agent silent", slot as u64, 0);
        Ok(())
    }

    /// Sends the frames packed for agents.
    pub(crate) fn flush_to_agents(&mut self) -> StepResult {
        for sid in self.primary.agent_sessions.values().copied().collect::<Vec<_>>() {
            if let Some(seat) = &mut self.sessions[sid].agent_seat {
                seat.packer.seal(0);
            }
            self.send_packed(sid, PRIMARY)?;
        }
        Ok(())
    }

    /// Rule: no agent that can work is idle while there is work.
    pub(crate) fn check_no_idle_agent(&self) -> StepResult {
        let scheduler = self.primary.engine.scheduler();
        for sid in self.primary.agent_sessions.values() {
            let Some(seat) = &self.sessions[*sid].agent_seat else { continue };
            let Some((slot, name)) = seat.seat else { continue };
            check(seat.is_silent || scheduler.owes(name), || {
                format!("the agent in seat {slot} is idle while there is work")
            })?;
        }
        Ok(())
    }

    /// Tells every agent that the run is over.
    pub(crate) fn send_over_to_agents(&mut self) -> StepResult {
        let (code, detail) = Leave::Over.code();
        for sid in 0..self.sessions.len() {
            if let Some(seat) = &mut self.sessions[sid].agent_seat {
                if seat.seat.is_some() {
                    seat.packer.farewell(code, detail);
                }
                self.remove_agent_seat(sid);
                self.close_link_end(sid, PRIMARY)?;
            }
        }
        self.primary.agent_sessions.clear();
        Ok(())
    }

    /// The primary is gone, and its state of agents with it.
    pub(crate) fn drop_agent_seats(&mut self) {
        for sid in 0..self.sessions.len() {
            if self.sessions[sid].agent_seat.take().is_some() {
                self.drop_link_end(sid, PRIMARY, false);
            }
        }
    }

    /// Whether every agent that listens has left.
    pub(crate) fn have_all_agents_left(&self) -> bool {
        self.session_of_machine.iter().flatten().all(|sid| self.sessions[*sid].is_stopped())
    }
}
