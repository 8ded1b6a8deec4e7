//! The primary as a process around the supervisor, in the way of the real driver: it reads before it
//! writes, never waits for a pipe, hears a worker out before it takes its work back, and has garbage
//! cost those their lives who may have written it.

use crate::books::Books;
use crate::options::Transport;
use crate::oracle::check;
use crate::plan::Plan;
use crate::process::Process;
use crate::queue::{Pid, Sid};
use crate::summary::Summary;
use crate::world::{Outcome, World};
use evenly_core::engine::{self, Durability, Lines};
use evenly_core::frame::{Packer, Unpacker};
use evenly_core::{Assignment, Interval, IntervalSet, Scheduler, WorkerId};
use std::collections::BTreeMap;

/// What the primary is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Gathering,
    /// The assignment pipes are closed; whoever still lives after the grace is killed.
    Closing {
        until_ns: u64,
    },
}

/// How long workers get to leave by themselves.
pub(crate) const GRACE_NS: u64 = 10_000_000_000;
/// How long it is waited at the end for agents to be told.
pub(crate) const LINGER_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Primary {
    pub(crate) engine: engine::Primary,
    pub(crate) unpacker: Unpacker,
    pub(crate) peers: Vec<Peer>,
    /// By name: which process, if it is one of this machine.
    pub(crate) pids: Vec<Option<Pid>>,
    /// Workers that are known to have ended, and not heard out.
    pub(crate) ended: Vec<Pid>,
    pub(crate) stage: Stage,
    /// When it looks again. In no queue: it is put forward far more often than it comes.
    pub(crate) wake_at_ns: Option<u64>,
    /// Agents, by their slots beyond those of the workers; and when they are next told that it lives.
    pub(crate) guests: BTreeMap<usize, Sid>,
    pub(crate) next_beat_ns: u64,
}

/// What the primary knows of a seat.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) pid: Option<Pid>,
    pub(crate) packer: Packer,
    /// How many chunks its pipe holds, and how often it was silent: what bounds what waits.
    pub(crate) window: usize,
    pub(crate) silences: usize,
    /// When it was last heard, and whether it is treated as stopped since: for those far away.
    pub(crate) heard_ns: u64,
    pub(crate) is_quiet: bool,
    /// Whether its work was taken back since it was stopped.
    pub(crate) is_silent: bool,
    /// Losses in a row, counted apart from the roster.
    pub(crate) losses: u32,
    /// What it was given since it had nothing in hand, and the number that it said it is at.
    pub(crate) lent: Vec<Interval>,
    pub(crate) gasp: Option<i64>,
    /// Whether it said farewell.
    pub(crate) has_left: bool,
}

impl Primary {
    /// A primary that goes on with what is durable.
    pub(crate) fn begin(plan: &Plan, durable: &Books) -> Outcome<Self> {
        let mut done = IntervalSet::new();
        for interval in durable.covered.iter() {
            done.insert(interval).map_err(|overlap| overlap.to_string())?;
        }
        let scheduler =
            Scheduler::new(plan.range, plan.question.aggregate, plan.policy, plan.seats as u32)
                .opening(plan.opening)
                .retries(plan.retries)
                .credit(plan.question.credit);
        let scheduler = plan.once(scheduler);
        let scheduler =
            if plan.question.leaves_out { scheduler.leave_out_failures() } else { scheduler };
        let value = durable.value.clone();
        let scheduler = if done.is_empty() {
            scheduler
        } else {
            let resumed = scheduler.resume(&done, value, &durable.failures());
            resumed.map_err(|overlap| format!("cannot resume: {overlap}"))?
        };
        let mut scheduler = scheduler;
        scheduler.keep_lines(&durable.pieces(), durable.lowest_failure());
        let mut primary = Self::around(plan, scheduler);
        plan.terms.apply(&mut primary.engine);
        let engine = &mut primary.engine;
        if plan.sync_ns.is_some() {
            engine.set_durability(Durability::Journal { is_ahead: plan.once.is_some() });
        }
        if plan.question.aggregate.is_streamed() {
            engine.set_lines(Lines::Written { most: plan.reader.most_kept });
        }
        Ok(primary)
    }

    /// An agent towards its own workers.
    pub(crate) fn at_agent(plan: &Plan) -> Self {
        let scheduler = Scheduler::open_ended(plan.question.aggregate, plan.seats as u32)
            .credit(plan.question.credit)
            .opening(plan.opening)
            .retries(plan.retries);
        let mut primary = Self::around(plan, plan.once(scheduler));
        primary.engine.set_durability(Durability::Confirmed);
        primary
    }

    fn around(plan: &Plan, scheduler: Scheduler) -> Self {
        let peer = || Peer {
            pid: None,
            packer: Packer::new(WorkerId(0), plan.frame_limit),
            window: 0,
            silences: 0,
            heard_ns: 0,
            is_quiet: false,
            is_silent: false,
            losses: 0,
            lent: Vec::new(),
            gasp: None,
            has_left: false,
        };
        let at_once = usize::try_from(plan.read_most).unwrap_or(usize::MAX);
        let mut engine = engine::Primary::new(scheduler, plan.question.aggregate, plan.seats);
        engine.watch_records();
        Self {
            engine,
            unpacker: Unpacker::new(plan.frame_limit, at_once),
            peers: (0..plan.seats).map(|_| peer()).collect(),
            pids: Vec::new(),
            ended: Vec::new(),
            stage: Stage::Gathering,
            wake_at_ns: None,
            guests: BTreeMap::new(),
            next_beat_ns: 0,
        }
    }
}

impl World<'_> {
    /// Wakes the primary after so long, or earlier if that is arranged.
    pub(crate) fn wake_in(&mut self, ns: u64) {
        let at_ns = self.now_ns.saturating_add(ns);
        if self.primary.wake_at_ns.is_none_or(|before| at_ns < before) {
            self.primary.wake_at_ns = Some(at_ns);
        }
    }

    /// Wakes the primary when it gets round to it.
    pub(crate) fn wake_in_a_turn(&mut self) {
        let ns = self.random.between(1, self.plan.turn_ns);
        self.wake_in(ns);
    }

    /// The first workers.
    pub(crate) fn fill_all_seats(&mut self) -> Outcome {
        for slot in 0..self.plan.seats {
            self.fill(slot)?;
        }
        self.wake_in(1);
        Ok(())
    }

    /// Forks a worker into an empty seat, or fails to.
    pub(crate) fn fill(&mut self, slot: usize) -> Outcome {
        if self.is_phase_one() && self.random.happens(self.plan.faults.refuse) {
            self.stats.refusals += 1;
            self.tape.note("fork refused", slot as u64, 0);
            self.primary.engine.worker_refused(slot, self.now_ns);
            return Ok(());
        }
        let pid = self.processes.len();
        let engine = &mut self.primary.engine;
        let name = engine.next_name();
        let window = (self.plan.assignment_pipe / 24).max(1);
        engine
            .worker_joined(slot, window, self.now_ns)
            .map_err(|violation| violation.to_string())?;
        check(name.0 as usize == self.primary.pids.len(), || "a name came twice".into())?;
        self.primary.pids.push(Some(pid));
        let peer = &mut self.primary.peers[slot];
        peer.pid = Some(pid);
        peer.packer = Packer::new(name, self.plan.frame_limit);
        (peer.window, peer.silences) = (window, 0);
        (peer.heard_ns, peer.is_quiet, peer.is_silent) = (self.now_ns, false, false);
        (peer.lent, peer.gasp, peer.has_left) = (Vec::new(), None, false);
        self.processes.push(Process::new(&self.plan, slot, name, self.now_ns));
        self.stats.forks += 1;
        self.tape.note("forked", pid as u64, slot as u64);
        let moment_ns = self.moment_ns();
        self.step_in(pid, moment_ns);
        Ok(())
    }

    /// One turn of the primary's loop.
    pub(crate) fn wake(&mut self) -> Outcome {
        self.primary.wake_at_ns = None;
        self.receive()?;
        self.bury()?;
        self.mind_the_quiet();
        self.attend_upstream()?;
        if self.is_reader_gone()? {
            return Ok(());
        }
        self.retry_lines();
        self.act()?;
        if self.is_over {
            return Ok(());
        }
        self.let_read();
        self.look_what_waits()?;
        self.flush()?;
        self.flush_upstream();
        self.flush_guests()?;
        let scheduler = self.primary.engine.scheduler();
        self.oracle.look(scheduler)?;
        self.oracle.look_what_is_begun(scheduler)?;
        self.look_for_the_idle()?;
        match self.primary.stage {
            Stage::Gathering if self.upstream.is_some() => {}
            Stage::Gathering => {
                if self.primary.engine.is_over() {
                    self.close()?;
                }
            }
            Stage::Closing { until_ns } => self.see_off(until_ns)?,
        }
        self.arrange_to_wake()
    }

    /// Sends chunks to the worker or agent in a slot.
    pub(crate) fn assign(&mut self, slot: usize) -> Outcome {
        let assignments = self.primary.engine.assignments().to_vec();
        check(!assignments.is_empty(), || "an empty assignment".into())?;
        self.tape.note("assign", slot as u64, assignments.len() as u64);
        self.note_assigned(slot, &assignments)?;
        let packer = self.packer(slot).ok_or("an assignment for an empty seat")?;
        packer.assign(&assignments);
        let numbers = assignments.iter().map(|one| one.interval.len()).sum::<u128>();
        let numbers = u64::try_from(numbers).unwrap_or(u64::MAX);
        self.most_at_once = self.most_at_once.max(numbers);
        Ok(())
    }

    /// Somebody is given chunks.
    pub(crate) fn note_assigned(&mut self, slot: usize, assignments: &[Assignment]) -> Outcome {
        let Summary { refusals, stops, agents_joined, .. } = self.stats;
        let is_here = slot < self.plan.seats;
        let has_done_others = is_here && !self.primary.peers[slot].lent.is_empty();
        // Where everybody who is lost is replaced, and nobody is silent.
        let is_replaced = refusals + stops + agents_joined == 0;
        let must_be_fresh =
            has_done_others && is_replaced && self.plan.transport == Transport::Pipes;
        for assignment in assignments {
            self.oracle.culprits.assign(assignment.interval, must_be_fresh)?;
            self.oracle.fates.hand_out(assignment.interval)?;
            if is_here {
                self.primary.peers[slot].lent.push(assignment.interval);
            } else {
                self.oracle.fates.doubt(assignment.interval);
            }
        }
        let is_much = is_here && assignments.len() > 1 && self.plan.once.is_some();
        check(!is_much, || "a worker has in hand what it does not begin".into())
    }

    /// What the worker in a slot has in hand may be lost with it: the last that it was given, where nobody
    /// has more than it begins.
    pub(crate) fn doubt(&mut self, slot: usize) {
        for held in self.primary.engine.held_for(slot) {
            self.oracle.fates.doubt(held);
        }
        if let Some(peer) = self.primary.peers.get(slot)
            && let Some(last) = peer.lent.last()
        {
            self.oracle.fates.doubt(*last);
        }
    }

    /// Nobody who can work has nothing to do while there is work.
    fn look_for_the_idle(&self) -> Outcome {
        let Primary { engine, peers, .. } = &self.primary;
        if !engine.is_work() || engine.scheduler().awaits_a_fresh_worker() {
            return Ok(());
        }
        self.look_for_idle_agents()?;
        for (slot, peer) in peers.iter().enumerate() {
            let is_idle = peer.pid.is_some() && !peer.is_silent && !engine.owes(slot);
            check(!is_idle, || format!("the worker in seat {slot} is idle while there is work"))?;
        }
        Ok(())
    }

    /// Wakes again when there is more to read or something is due.
    fn arrange_to_wake(&mut self) -> Outcome {
        if !self.results.is_empty() {
            self.wake_in_a_turn();
        }
        if let Some(due_ns) = self.primary.engine.next_due_ns() {
            check(due_ns > self.now_ns, || "what is due is not given out".into())?;
            self.wake_in(due_ns - self.now_ns);
        }
        if let Some(quiet_ns) = self.next_quiet_ns() {
            self.wake_in(quiet_ns.saturating_sub(self.now_ns).max(1));
        }
        Ok(())
    }
}
