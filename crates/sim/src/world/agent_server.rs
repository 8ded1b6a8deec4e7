//! Agents at the primary: joins, frames, losses and heartbeats.

use crate::event_queue::Sid;
use crate::model::agent_link::{AGENT, PRIMARY};
use crate::model::agent_seat::{Said, is_first};
use crate::model::primary_process::Stage;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::agent::Leave;
use evenly_core::frame::Packer;
use evenly_core::{Fault, Heard};

impl World<'_> {
    pub(crate) fn is_gathering(&self) -> bool {
        self.primary.stage == Stage::Gathering && !self.is_over
    }

    /// Where frames for the agent in a slot are packed.
    pub(crate) fn packer_of_guest(&mut self, slot: usize) -> Option<&mut Packer> {
        let sid = *self.primary.guests.get(&slot)?;
        Some(&mut self.sessions[sid].guest.as_mut()?.packer)
    }

    /// Bytes come out at one end of a link.
    pub(crate) fn hear_at(&mut self, sid: Sid, side: usize, bytes: &[u8]) -> Outcome {
        if side == AGENT {
            if let Some(agent) = self.agent(sid) {
                agent.told_by_primary(bytes);
            }
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(guest) = &mut self.sessions[sid].guest else { return Ok(()) };
            let room = guest.unpacker.room();
            let count = room.len().min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            guest.unpacker.filled(count);
            rest = &rest[count..];
            self.hear_guest(sid)?;
        }
        self.wake_in_a_turn();
        Ok(())
    }

    fn hear_guest(&mut self, sid: Sid) -> Outcome {
        loop {
            match self.next_said(sid) {
                Said::Nothing => return Ok(()),
                Said::First => self.seat_guest(sid)?,
                Said::Heard(Ok(Heard::Farewell { call, errno, .. })) => {
                    let why = Leave::from_code(call, errno);
                    self.tape.remark(|| format!("farewell: {why:?}"));
                    let is_known = matches!(why, Leave::Signal(15) | Leave::NoWorker(0));
                    check(is_known, || format!("an agent leaves for {why:?}"))?;
                    self.turn_out(sid)?;
                }
                Said::Heard(Ok(_)) => self.note_awake(sid),
                Said::Heard(Err(Fault::Run { violation, .. })) => {
                    return Err(format!("no answer can be trusted: {violation}"));
                }
                Said::Heard(Err(fault)) => {
                    let is_liar = self.is_liar(sid);
                    check(is_liar, || format!("an honest agent is accused: {fault:?}"))?;
                    self.stats.agents_accused += 1;
                    self.turn_out(sid)?;
                }
                Said::NoFrame(malformed) => {
                    let is_liar = self.is_liar(sid);
                    check(is_liar, || format!("an agent cannot be read: {malformed}"))?;
                    self.stats.agents_accused += 1;
                    self.turn_out(sid)?;
                }
                Said::Stranger => {
                    let is_liar = self.is_liar(sid);
                    check(is_liar, || "an agent does not say its first word first".into())?;
                    self.turn_out(sid)?;
                }
            }
        }
    }

    fn is_liar(&self, sid: Sid) -> bool {
        self.sessions[sid].guest.as_ref().is_some_and(|guest| guest.is_liar)
    }

    fn next_said(&mut self, sid: Sid) -> Said {
        let now_ns = self.now_ns;
        let is_gathering = self.primary.stage == Stage::Gathering;
        let Some(guest) = &mut self.sessions[sid].guest else { return Said::Nothing };
        let frame = match guest.unpacker.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Said::Nothing,
            Err(malformed) => return Said::NoFrame(malformed),
        };
        self.stats.agent_frames += 1;
        self.tape.note("agent says", sid as u64, frame.busy_ns);
        self.tape.remark(|| format!("{:?}", frame.body));
        match guest.seat {
            Some((slot, _)) => Said::Heard(self.primary.engine.hear_agent(slot, frame, now_ns)),
            None if !is_gathering => Said::Nothing,
            None if is_first(&frame) => Said::First,
            None => Said::Stranger,
        }
    }

    /// An agent has said its first word.
    fn seat_guest(&mut self, sid: Sid) -> Outcome {
        let (now_ns, window) = (self.now_ns, self.plan.party.window);
        let Some(guest) = &mut self.sessions[sid].guest else { return Ok(()) };
        check(guest.life == self.life, || "an agent of an earlier primary".into())?;
        let engine = &mut self.primary.engine;
        let name = engine.next_name();
        let slot = engine.agent_joined(guest.workers, window, now_ns);
        let slot = slot.map_err(|violation| violation.to_string())?;
        guest.seat = Some((slot, name));
        check(slot >= self.plan.seats, || "an agent sits in the seat of a worker".into())?;
        check(name.0 as usize == self.primary.pids.len(), || "a name came twice".into())?;
        self.primary.pids.push(None);
        let before = self.primary.guests.insert(slot, sid);
        check(before.is_none(), || "two agents in one seat".into())?;
        self.stats.agents_joined += 1;
        self.tape.note("agent joined", sid as u64, slot as u64);
        Ok(())
    }

    fn note_awake(&mut self, sid: Sid) {
        if let Some(guest) = &mut self.sessions[sid].guest
            && std::mem::take(&mut guest.is_silent)
        {
            self.stats.agents_awoken += 1;
            self.tape.note("agent awake", sid as u64, 0);
        }
    }

    /// Ends the connection to an agent, and gives what it had to others.
    fn turn_out(&mut self, sid: Sid) -> Outcome {
        self.lose_guest(sid)?;
        self.close_end(sid, PRIMARY)
    }

    /// Forgets an agent, but not what is packed for it. Where it sat.
    fn dismiss(&mut self, sid: Sid) -> Option<usize> {
        let guest = self.sessions[sid].guest.take()?;
        let mut packer = guest.packer;
        packer.seal(0);
        self.sessions[sid].last_words[PRIMARY] = Some(packer);
        guest.seat.map(|(slot, _)| slot)
    }

    /// An agent is gone.
    fn lose_guest(&mut self, sid: Sid) -> Outcome {
        let Some(slot) = self.dismiss(sid) else { return Ok(()) };
        self.primary.guests.remove(&slot);
        self.doubt(slot);
        let lost = self.primary.engine.agent_ended(slot, false, self.now_ns);
        let (chunks, numbers) = lost.map_err(|violation| violation.to_string())?;
        self.stats.agents_lost += 1;
        self.stats.agent_losses_with_chunks += u64::from(chunks > 0);
        self.tape.note("agent lost", sid as u64, chunks as u64);
        check((chunks > 0) == (numbers > 0), || "chunks without numbers".into())?;
        self.wake_in(1);
        Ok(())
    }

    /// An end of a link learns that there is no other any more.
    pub(crate) fn gone(&mut self, sid: Sid, side: usize) -> Outcome {
        self.tape.note("gone", sid as u64, side as u64);
        if side == AGENT {
            return self.leave_primary(sid);
        }
        self.lose_guest(sid)?;
        self.close_end(sid, PRIMARY)
    }

    /// The agent in a slot has lost what it had by saying nothing.
    pub(crate) fn note_silent(&mut self, slot: usize) -> Outcome {
        let sid = self.primary.guests.get(&slot).copied();
        let guest = sid.and_then(|sid| self.sessions[sid].guest.as_mut());
        let Some(guest) = guest else {
            return check(!self.is_gathering(), || "no agent is silent".into());
        };
        guest.is_silent = true;
        self.stats.agents_silenced += 1;
        self.tape.note("agent silent", slot as u64, 0);
        Ok(())
    }

    /// Sends what is packed for agents.
    pub(crate) fn flush_guests(&mut self) -> Outcome {
        for sid in self.primary.guests.values().copied().collect::<Vec<_>>() {
            if let Some(guest) = &mut self.sessions[sid].guest {
                guest.packer.seal(0);
            }
            self.send_packed(sid, PRIMARY)?;
        }
        Ok(())
    }

    /// No agent that can work has nothing to do while there is work.
    pub(crate) fn look_for_idle_agents(&self) -> Outcome {
        let scheduler = self.primary.engine.scheduler();
        for sid in self.primary.guests.values() {
            let Some(guest) = &self.sessions[*sid].guest else { continue };
            let Some((slot, name)) = guest.seat else { continue };
            check(guest.is_silent || scheduler.owes(name), || {
                format!("the agent in seat {slot} is idle while there is work")
            })?;
        }
        Ok(())
    }

    /// Says to every agent that it is over.
    pub(crate) fn say_over(&mut self) -> Outcome {
        let (code, detail) = Leave::Over.code();
        for sid in 0..self.sessions.len() {
            if let Some(guest) = &mut self.sessions[sid].guest {
                if guest.seat.is_some() {
                    guest.packer.farewell(code, detail);
                }
                self.dismiss(sid);
                self.close_end(sid, PRIMARY)?;
            }
        }
        self.primary.guests.clear();
        Ok(())
    }

    /// The primary is gone, and with it all that it knew of agents.
    pub(crate) fn forget_guests(&mut self) {
        for sid in 0..self.sessions.len() {
            if self.sessions[sid].guest.take().is_some() {
                self.abandon_end(sid, PRIMARY, false);
            }
        }
    }

    /// Whether every agent that listens has left.
    pub(crate) fn is_everybody_told(&self) -> bool {
        self.at_home.iter().flatten().all(|sid| self.sessions[*sid].is_stopped())
    }
}
