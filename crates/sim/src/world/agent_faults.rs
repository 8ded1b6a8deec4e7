//! Injects faults into the machines of agents: kills, stops and cut connections, in phase one of a run.

use crate::event_queue::{Event, Sid};
use crate::model::agent_link::{AGENT, GONE_NS, PRIMARY};
use crate::model::primary_connection::End;
use crate::plan::agent_plan::{Kind, Trouble};
use crate::step_result::Outcome;
use crate::world::World;
use evenly_core::frame::{Heartbeat, Packer, gasp};
use evenly_core::{Assignment, Interval, LeaseId, WorkerId};

impl World<'_> {
    /// It is time that something befell a machine.
    pub(crate) fn befall(&mut self, machine: usize) -> Outcome {
        if !self.is_phase_one() || self.is_over {
            return Ok(());
        }
        let Trouble { every_ns, .. } = self.plan.party.trouble;
        let in_ns = self.random.between(1, 2 * every_ns);
        self.queue.add(self.now_ns + in_ns, Event::Trouble { machine });
        let Some(sid) = self.at_home[machine] else { return Ok(()) };
        if self.sessions[sid].is_stopped() {
            return Ok(());
        }
        let trouble = self.plan.party.trouble.clone();
        let kind = trouble.pick(&mut self.random);
        self.tape.note("befalls", sid as u64, kind as u64);
        self.tape.remark(|| format!("{kind:?}"));
        match kind {
            Kind::Lose => self.lose_machine(sid),
            Kind::Stop => self.stop_agent(sid, trouble.for_ever),
            Kind::Cut => self.cut(sid),
            // Only silence ends what goes over datagrams.
            Kind::Break if !self.sessions[sid].link.is_stream() => self.cut(sid),
            Kind::Break => {
                self.stats.links_broken += 1;
                let is_soon = [self.random.once_in(2), self.random.once_in(2)];
                self.break_stream(sid, is_soon);
                Ok(())
            }
            Kind::Leave => {
                if let Some(agent) = self.agent(sid) {
                    agent.part(End::Left);
                }
                self.consider_end(sid)
            }
            Kind::Garbage => self.say_garbage(sid),
        }
    }

    /// The agent is killed, or all of its machine with what is on its way.
    fn lose_machine(&mut self, sid: Sid) -> Outcome {
        self.stats.machines_fallen += 1;
        let machine = self.sessions[sid].machine;
        // What it had quarantined it may have said.
        self.consider_end(sid)?;
        self.end_at_agent(sid);
        let is_machine = self.random.once_in(2);
        self.abandon_end(sid, AGENT, is_machine);
        let away_ns = self.random.magnitude(1_000_000, 20_000_000_000);
        self.return_later(machine, away_ns);
        Ok(())
    }

    fn stop_agent(&mut self, sid: Sid, for_ever: u32) -> Outcome {
        self.stats.agents_stopped += 1;
        let is_faithful = self.plan.party.machines[self.sessions[sid].machine].is_faithful;
        self.put_to_sleep(sid);
        if is_faithful || !self.random.happens(for_ever) {
            // Some as long as it takes to be silent and not to be gone.
            let ns = if self.random.once_in(2) {
                self.random.between(4_000_000_000, 14_000_000_000)
            } else {
                self.random.magnitude(1_000_000, 30_000_000_000)
            };
            self.queue.add(self.now_ns + ns, Event::Wake { sid });
        }
        Ok(())
    }

    /// Nothing comes through for a while; a stream does not survive that if it is long.
    fn cut(&mut self, sid: Sid) -> Outcome {
        self.stats.links_cut += 1;
        let ns = self.random.magnitude(1_000_000, 40_000_000_000);
        self.tape.note("cut", sid as u64, ns);
        let link = &mut self.sessions[sid].link;
        link.cut_until_ns = self.now_ns + ns;
        if ns > GONE_NS && link.is_stream() {
            self.break_stream(sid, [false; 2]);
        }
        Ok(())
    }

    /// An agent says what cannot be: no frame, or one that no agent says.
    fn say_garbage(&mut self, sid: Sid) -> Outcome {
        let limit = self.plan.frame_limit;
        if self.plan.gasps.are_possible && self.random.once_in(4) {
            // It hears those of its workers itself.
            let Some(guest) = &mut self.sessions[sid].guest else { return Ok(()) };
            guest.is_liar = true;
            self.stats.agent_garbage += 1;
            return self.hear_at(sid, PRIMARY, &gasp(WorkerId(0), 7, None));
        }
        let mut lie = Packer::new(WorkerId(0), limit);
        let is_stream = self.sessions[sid].link.is_stream();
        let kind = self.random.below(if is_stream { 5 } else { 3 });
        match kind {
            0 => {
                let (lease, interval) = (LeaseId(self.random.next()), Interval::single(7));
                lie.assign(&[Assignment { lease, interval }]);
            }
            1 => lie.withdraw(LeaseId(self.random.next()), 2),
            2 => lie.partial(LeaseId(self.random.next()), &[1, 2, 3], 0),
            3 => lie.heartbeat(Heartbeat::OfAgent),
            _ => lie.farewell(1, 2),
        }
        lie.seal(0);
        let is_spoilt = kind >= 3 || is_stream && self.random.once_in(2);
        let bit = self.random.below(8 * lie.bytes().len() as u64) as usize;
        let Some(guest) = &mut self.sessions[sid].guest else { return Ok(()) };
        guest.is_liar = true;
        self.stats.agent_garbage += 1;
        if is_spoilt {
            // One bit of a frame is wrong, whatever it says.
            let mut bytes = lie.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            return self.hear_at(sid, PRIMARY, &bytes);
        }
        if let Some(agent) = self.agent(sid)
            && let Some(upstream) = &mut agent.upstream
        {
            upstream.packer.append(&lie);
        }
        self.send_packed(sid, AGENT)
    }
}
