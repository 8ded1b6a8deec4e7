//! Sessions of agents: how each comes, sleeps, wakes and ends.

use crate::event_queue::{Event, Sid};
use crate::model::agent_link::{AGENT, Link, PRIMARY};
use crate::model::agent_seat::Guest;
use crate::model::primary_connection::{End, Upstream};
use crate::model::session_state::{PAUSE_NS, Session};
use crate::plan::Plan;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::frame::Packer;
use evenly_core::hello::{Hello, Program, Welcome};
use evenly_testkit::random::Random;
use std::num::NonZeroU32;

impl Session<World<'_>> {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped_ns.is_some()
    }

    /// The link, and where frames are packed at one end of it.
    pub(crate) fn link_and_packer(&mut self, side: usize) -> (&mut Link, Option<&mut Packer>) {
        let held = if side == PRIMARY {
            self.guest.as_mut().map(|guest| &mut guest.packer)
        } else {
            let upstream = self.agent.as_mut().and_then(|agent| agent.upstream.as_mut());
            upstream.map(|upstream| &mut upstream.packer)
        };
        (&mut self.link, held.or(self.last_words[side].as_mut()))
    }

    /// When the agent has something to do, on the clock of the primary.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        let agent = self.agent.as_ref().filter(|_| !self.is_stopped())?;
        Some(agent.next_ns().saturating_add(self.asleep_ns))
    }
}

impl<'a> World<'a> {
    /// Agents are on their way.
    pub(crate) fn invite(&mut self) {
        for (number, machine) in self.plan.party.machines.iter().enumerate() {
            self.queue.add(machine.comes_ns, Event::Come { machine: number });
            if self.plan.party.trouble.every_ns > 0 {
                let at_ns = machine.comes_ns + self.random.below(self.plan.party.trouble.every_ns);
                self.queue.add(at_ns, Event::Trouble { machine: number });
            }
        }
        self.at_home = vec![None; self.plan.party.machines.len()];
    }

    /// The session of which the agent has something to do first, and when.
    pub(crate) fn next_agent(&self) -> Option<(u64, Sid)> {
        let sessions = self.at_home.iter().flatten();
        sessions.filter_map(|sid| Some((self.sessions[*sid].due_ns()?, *sid))).min()
    }

    /// An agent does what is next, and says what it has to say.
    pub(crate) fn proceed_at(&mut self, sid: Sid) -> Outcome {
        let session = &mut self.sessions[sid];
        if let Some(agent) = &mut session.agent {
            let machine = session.machine + 1;
            agent.proceed().map_err(|reason| format!("agent {machine}: {reason}"))?;
        }
        self.consider_end(sid)?;
        self.send_packed(sid, AGENT)
    }

    /// The agent of a session, at the time that it is there.
    pub(crate) fn agent(&mut self, sid: Sid) -> Option<&mut World<'a>> {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        let agent = session.agent.as_deref_mut()?;
        agent.now_ns = session.stopped_ns.unwrap_or(now_ns) - session.asleep_ns;
        Some(agent)
    }

    /// The agent of a machine says hello, and is let in if there is a primary.
    pub(crate) fn come(&mut self, machine: usize) -> Outcome {
        if self.at_home[machine].is_some() {
            return Ok(());
        }
        if !self.is_gathering() {
            // No primary listens, or only to say that the run is over.
            self.come_again(machine, PAUSE_NS);
            return Ok(());
        }
        let place = self.plan.party.machines[machine].clone();
        let hello = Hello {
            workers: NonZeroU32::new(place.slowness.len() as u32).unwrap_or(NonZeroU32::MIN),
            pid: self.random.next() as u32,
            boot: [machine as u8; 16],
            program: Program::None,
            host: format!("machine {machine}"),
            program_name: String::new(),
        };
        let welcome = Welcome {
            job: u64::from(self.life),
            aggregate: self.plan.question.aggregate,
            retries: self.plan.retries,
            range: self.plan.range.interval(),
            timeout_ns: 0,
            grace_ns: 0,
            memory: 0,
            program: Program::None,
            function: "modulo".into(),
        };
        let hello = Hello::decode(&hello.encode()).map_err(|error| error.to_string())?;
        let welcome = Welcome::decode(&welcome.encode()).map_err(|error| error.to_string())?;
        let sid = self.sessions.len();
        let limit = self.plan.frame_limit;
        let plan = self.plan.at_machine(&place, welcome.retries);
        let agent = self.make_agent(plan, machine)?;
        self.sessions.push(Session {
            machine,
            agent: Some(Box::new(agent)),
            guest: Some(Guest::new(hello.workers, limit, self.life)),
            link: Link::new(&place, limit, self.now_ns),
            last_words: [None, None],
            asleep_ns: 0,
            stopped_ns: None,
            is_cut_off: false,
        });
        self.at_home[machine] = Some(sid);
        self.tape.note("agent comes", sid as u64, machine as u64 + 1);
        self.send_packed(sid, AGENT)
    }

    fn make_agent(&mut self, plan: Plan, machine: usize) -> Outcome<World<'a>> {
        let random = Random::new(self.random.next());
        let tape = self.tape.of_agent(machine + 1);
        let upstream = Upstream::new(&plan, self.now_ns);
        let deadly = self.deadly.clone();
        let mut agent = World::at_agent(plan, random, tape, (upstream, deadly), self.now_ns)?;
        agent.fill_all_seats()?;
        Ok(agent)
    }

    fn come_again(&mut self, machine: usize, after_ns: u64) {
        let in_ns = after_ns + self.random.magnitude(1_000, PAUSE_NS);
        self.queue.add(self.now_ns + in_ns, Event::Come { machine });
    }

    /// The agent of a session ends it: said or not, its workers are waited for.
    pub(crate) fn end_at_agent(&mut self, sid: Sid) {
        let session = &mut self.sessions[sid];
        let Some(mut agent) = session.agent.take() else { return };
        let machine = session.machine;
        if let Some(upstream) = agent.upstream.take() {
            session.last_words[AGENT] = Some(upstream.packer);
        }
        session.stopped_ns = None;
        self.at_home[machine] = None;
        self.add_up(&agent);
    }

    /// What happened at an agent happened in the run.
    pub(crate) fn add_up(&mut self, agent: &World<'_>) {
        let mut stats = agent.stats;
        stats.failed_at_agents = std::mem::take(&mut stats.quarantined);
        stats.failed_alone = 0;
        stats.stale_answers += agent.primary.engine.scheduler().stale_answers();
        self.stats.add(&stats);
    }

    /// Whether the agent of a session has come to its end, and what becomes of it then.
    pub(crate) fn consider_end(&mut self, sid: Sid) -> Outcome {
        let Some(agent) = self.agent(sid) else { return Ok(()) };
        let failures = std::mem::take(&mut agent.oracle.told);
        let begun = agent.oracle.fates.take_begun();
        let end = agent.upstream.as_ref().and_then(Upstream::end);
        self.oracle.elsewhere.extend(failures);
        self.note_begun_at_agent(begun)?;
        let Some(end) = end else { return Ok(()) };
        let machine = self.sessions[sid].machine;
        self.tape.note("agent ends", sid as u64, machine as u64 + 1);
        self.tape.remark(|| format!("{end:?}"));
        self.end_at_agent(sid);
        self.close_end(sid, AGENT)?;
        match end {
            // Its launcher starts it again for the next primary.
            End::Over => self.stats.agents_sent_home += 1,
            End::Left => self.stats.agents_left += 1,
            End::GivenUp => self.stats.agents_given_up += 1,
            End::Silent => self.stats.primaries_silent += 1,
            End::Protocol => {
                check(false, || "an honest primary is not understood".into())?;
            }
        }
        self.return_later(machine, PAUSE_NS);
        Ok(())
    }

    /// A machine is without its agent: whether and when it comes back.
    pub(crate) fn return_later(&mut self, machine: usize, after_ns: u64) {
        let is_faithful = self.plan.party.machines[machine].is_faithful;
        let is_lost = !is_faithful && self.random.happens(self.plan.party.trouble.for_ever);
        if is_lost {
            self.tape.note("stays away", machine as u64 + 1, 0);
        } else {
            self.come_again(machine, after_ns);
        }
    }

    /// The agent of a session is stopped, with its workers.
    pub(crate) fn put_to_sleep(&mut self, sid: Sid) {
        let now_ns = self.now_ns;
        let session = &mut self.sessions[sid];
        session.stopped_ns.get_or_insert(now_ns);
    }

    /// It goes on.
    pub(crate) fn wake_agent(&mut self, sid: Sid) -> Outcome {
        let (now_ns, until_ns) = (self.now_ns, self.plan.faults.until_ns);
        let session = &mut self.sessions[sid];
        let Some(since_ns) = session.stopped_ns.take() else { return Ok(()) };
        session.asleep_ns += now_ns - since_ns;
        let asleep_ns = session.asleep_ns;
        if let Some(agent) = self.agent(sid) {
            agent.plan.faults.until_ns = until_ns.saturating_sub(asleep_ns);
            agent.wake_in(1);
        }
        self.tape.note("agent goes on", sid as u64, 0);
        self.stats.agents_continued += 1;
        self.resume_link(sid);
        if std::mem::take(&mut self.sessions[sid].is_cut_off) {
            return self.leave_primary(sid);
        }
        self.send_packed(sid, AGENT)
    }

    /// The agent of a session learns that its primary or its connection is gone.
    pub(crate) fn leave_primary(&mut self, sid: Sid) -> Outcome {
        if self.sessions[sid].is_stopped() {
            self.sessions[sid].is_cut_off = true;
            return Ok(());
        }
        if let Some(agent) = self.agent(sid) {
            // What came before is read first.
            agent.wake()?;
        }
        self.consider_end(sid)?;
        if self.sessions[sid].agent.is_some() {
            self.end_at_agent(sid);
            self.return_later(self.sessions[sid].machine, 0);
        }
        self.close_end(sid, AGENT)
    }
}
