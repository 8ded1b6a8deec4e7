//! The primary of an agent, as the agent knows it: what it says, what it is told, and when. As in the
//! real driver.

use crate::oracle::check;
use crate::plan::Plan;
use crate::question::Question;
use crate::world::{Outcome, World};
use evenly_core::agent::Leave;
use evenly_core::frame::{Body, EVERY_LEASE, Heartbeat, Packer, Unpacker};
use evenly_core::{Agent, Record, WorkerId};

/// How often an end says that it lives.
pub(crate) const BEAT_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Upstream {
    agent: Agent,
    pub(crate) packer: Packer,
    unpacker: Unpacker,
    /// What came and was not read.
    inbox: Vec<u8>,
    /// What is said while something is being heard.
    meanwhile: Packer,
    busy_since_ns: Option<u64>,
    report_ns: u64,
    next_report_ns: u64,
    next_beat_ns: u64,
    pub(crate) end: Option<End>,
}

/// Why an agent ends a session by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The primary says that it is over.
    Over,
    /// Somebody asked it to leave.
    Left,
    /// It lost its workers too often.
    GivenUp,
    /// The primary said what cannot be.
    Protocol,
}

impl Upstream {
    pub(crate) fn new(plan: &Plan, now_ns: u64) -> Self {
        let (limit, report_ns) = (plan.frame_limit, plan.party.report_ns);
        let Question { aggregate, credit, .. } = plan.question;
        let mut upstream = Self {
            agent: Agent::new(aggregate).with_credit(credit),
            packer: Packer::new(WorkerId(0), limit),
            unpacker: Unpacker::new(limit, limit),
            inbox: Vec::new(),
            meanwhile: Packer::new(WorkerId(0), limit),
            busy_since_ns: None,
            report_ns,
            next_report_ns: 0,
            next_beat_ns: now_ns + BEAT_NS,
            end: None,
        };
        upstream.packer.heartbeat(Heartbeat::OfAgent);
        upstream.packer.seal(0);
        upstream
    }

    fn next_due_ns(&self) -> u64 {
        if self.agent.has_news() {
            self.next_report_ns.min(self.next_beat_ns)
        } else {
            self.next_beat_ns
        }
    }

    /// The time worked since a frame said so, counted anew from now on.
    fn take_busy_ns(&mut self, now_ns: u64) -> u64 {
        let busy_ns = self.busy_since_ns.map_or(0, |since_ns| (now_ns - since_ns).max(1));
        self.busy_since_ns = (self.agent.held() > 0).then_some(now_ns);
        busy_ns
    }
}

impl World<'_> {
    /// Bytes of the primary are there to be read.
    pub(crate) fn told_by_primary(&mut self, bytes: &[u8]) {
        if let Some(upstream) = &mut self.upstream {
            upstream.inbox.extend_from_slice(bytes);
            self.wake_in_a_turn();
        }
    }

    /// Hears the primary, and does what is due for it.
    pub(crate) fn attend_upstream(&mut self) -> Outcome {
        let now_ns = self.now_ns;
        let Self { upstream: Some(upstream), primary, oracle, tape, stats, .. } = self else {
            return Ok(());
        };
        let inbox = std::mem::take(&mut upstream.inbox);
        let mut rest = inbox.as_slice();
        loop {
            let room = upstream.unpacker.room();
            let count = room.len().min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            upstream.unpacker.filled(count);
            rest = &rest[count..];
            let Upstream { agent, unpacker, meanwhile, end, .. } = upstream;
            let malformed = |malformed| format!("the primary cannot be read: {malformed}");
            while let Some(frame) = unpacker.next_frame().map_err(malformed)? {
                tape.remark(|| format!("told {:?}", frame.body));
                match frame.body {
                    Body::Farewell { call, errno } => {
                        let why = Leave::from_code(call, errno);
                        check(why == Leave::Over, || format!("a primary says {why:?}"))?;
                        end.get_or_insert(End::Over);
                    }
                    body => {
                        if let Body::Assignments(assignments) = &body {
                            for assignment in assignments.iter().flatten() {
                                oracle.lent(assignment.interval);
                                stats.agent_chunks += 1;
                            }
                        }
                        let mut is_all = false;
                        if let Body::Withdrawals(withdrawals) = &body {
                            stats.agent_withdrawals += withdrawals.iter().count() as u64;
                            is_all = withdrawals.iter().any(|entry| entry == (EVERY_LEASE, 0));
                        }
                        let taken = agent.take(body, primary.engine.supervisor_mut(), meanwhile);
                        if taken.is_err() {
                            end.get_or_insert(End::Protocol);
                        }
                        if is_all {
                            oracle.forget();
                            primary.peers.iter_mut().for_each(|peer| peer.lent.clear());
                        }
                    }
                }
            }
            if rest.is_empty() && count == 0 {
                break;
            }
        }
        if upstream.agent.held() > 0 {
            upstream.busy_since_ns.get_or_insert(now_ns);
        }
        upstream.meanwhile.seal(0);
        upstream.packer.append(&upstream.meanwhile);
        upstream.meanwhile.clear();
        if upstream.next_report_ns <= now_ns && upstream.agent.has_news() {
            upstream.next_report_ns = now_ns + upstream.report_ns;
            let busy_ns = upstream.take_busy_ns(now_ns);
            upstream.agent.report(&mut upstream.packer, busy_ns);
            stats.agent_reports += 1;
        }
        if upstream.next_beat_ns <= now_ns {
            upstream.next_beat_ns = now_ns + BEAT_NS;
            upstream.packer.heartbeat(Heartbeat::OfAgent);
        }
        Ok(())
    }

    /// Tells the primary what the workers have done.
    pub(crate) fn pass_on(&mut self, record: &mut Record) {
        if let Some(upstream) = &mut self.upstream {
            let supervisor = self.primary.engine.supervisor_mut();
            upstream.agent.record(record, supervisor, &mut upstream.packer);
        }
    }

    /// Closes the frames for the primary, and arranges to say more in time.
    pub(crate) fn flush_upstream(&mut self) {
        let now_ns = self.now_ns;
        let Some(upstream) = &mut self.upstream else { return };
        if upstream.packer.is_open() {
            let busy_ns = upstream.take_busy_ns(now_ns);
            upstream.packer.seal(busy_ns);
        }
        let due_ns = upstream.next_due_ns();
        self.wake_in(due_ns.saturating_sub(now_ns).max(1));
    }

    /// Gives everything back and leaves.
    pub(crate) fn part(&mut self, end: End) {
        let (primary, Some(upstream)) = (&mut self.primary, &mut self.upstream) else { return };
        let why = match end {
            End::GivenUp => Leave::NoWorker(0),
            _ => Leave::Signal(15),
        };
        upstream.agent.leave(primary.engine.supervisor_mut(), &mut upstream.packer, why);
        upstream.packer.seal(0);
        upstream.end.get_or_insert(end);
    }
}
