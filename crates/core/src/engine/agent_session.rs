//! An agent's session with its primary: leases in, answers out, heartbeats, and the silence of the primary.
//!
//! An agent is a [`Primary`] towards its own workers, with this session in the place of a journal and of a range.
//! Frames to the primary are packed where the owner says, so no frame is copied.

use super::primary::Primary;
use crate::agent::{Agent, Leave};
use crate::aggregate::Aggregate;
use crate::frame::{Body, Heartbeat, Malformed, Packer};
use crate::lease::WorkerId;
use crate::scheduler::{Record, Violation};

/// Interval of reports about chunks that are not done.
pub const REPORT_NS: u64 = 100_000_000;

/// Times of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// Interval of reports; see [`REPORT_NS`].
    pub report_ns: u64,
    /// Interval of heartbeats.
    pub heartbeat_ns: u64,
    /// The session ends when nothing came from the primary for this long. A connection can be dead in one direction:
    /// then the primary still hears the agent, and waits for answers to chunks that never arrived.
    pub silence_ns: u64,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The primary says that its run is over.
    Over,
    /// The agent left.
    Left,
    /// The primary was silent for too long.
    Silent,
    /// The primary sent a frame that makes no sense.
    Protocol(Malformed),
}

/// An agent's side of the connection to its primary.
#[derive(Debug)]
pub struct AgentSession {
    agent: Agent,
    times: SessionTimes,
    end: Option<SessionEnd>,
    /// Frames that a frame of the primary led to, while that one is borrowed.
    replies: Packer,
    heard_ns: u64,
    /// Since when there is work that no frame to the primary accounts for.
    busy_since_ns: Option<u64>,
    next_report_ns: u64,
    next_heartbeat_ns: u64,
}

impl AgentSession {
    /// A session that begins, with frames of at most `limit` bytes. Its first frame is a heartbeat: by that the
    /// primary knows that the hello was no recording.
    #[must_use]
    pub fn new(aggregate: Aggregate, limit: usize, times: SessionTimes, now_ns: u64) -> Self {
        Self {
            agent: Agent::new(aggregate),
            times,
            end: None,
            replies: Packer::new(WorkerId(0), limit),
            heard_ns: now_ns,
            busy_since_ns: None,
            next_report_ns: 0,
            next_heartbeat_ns: now_ns,
        }
    }

    /// The same for another credit than [`CREDIT`](crate::credit::CREDIT), which primary and workers must know.
    #[must_use]
    pub fn with_credit(mut self, bytes: u32) -> Self {
        self.agent = self.agent.with_credit(bytes);
        self
    }

    /// Takes a frame of the primary.
    pub fn hear(&mut self, body: Body<'_>, engine: &mut Primary, now_ns: u64) {
        self.heard_ns = now_ns;
        let outcome = match body {
            Body::Farewell { call, errno } => match Leave::from_code(call, errno) {
                Leave::Over => {
                    self.end.get_or_insert(SessionEnd::Over);
                    Ok(())
                }
                _ => Err(Malformed::Entry),
            },
            // The owner keeps them for its workers.
            Body::Lines(_) => Ok(()),
            body => self.agent.take(body, &mut engine.supervisor, &mut self.replies),
        };
        if let Err(malformed) = outcome {
            self.end.get_or_insert(SessionEnd::Protocol(malformed));
        }
        if self.agent.held() > 0 {
            self.busy_since_ns.get_or_insert(now_ns);
        }
    }

    /// Packs the replies to what was heard.
    pub fn reply(&mut self, packer: &mut Packer) {
        self.replies.seal(0);
        if !self.replies.is_empty() {
            packer.append(&self.replies);
        }
        self.replies.clear();
    }

    /// Takes a record that the engine [appends](super::EngineOutput::Append): packs what the primary must know of it, and
    /// counts it.
    ///
    /// # Errors
    /// If its numbers counted before.
    pub fn record(
        &mut self,
        mut record: Record,
        engine: &mut Primary,
        packer: &mut Packer,
        now_ns: u64,
    ) -> Result<(), Violation> {
        self.agent.record(&mut record, &mut engine.supervisor, packer);
        engine.confirm(record, now_ns)
    }

    /// Packs what running commands printed, as far as the primary gives credit for it.
    pub fn pass_texts(&mut self, engine: &mut Primary, packer: &mut Packer) {
        self.agent.pass_texts(&mut engine.supervisor, packer);
    }

    /// Packs what is due: a report, a heartbeat. Ends the session if the primary was silent for too long.
    pub fn keep_time(&mut self, packer: &mut Packer, now_ns: u64) {
        if self.next_report_ns <= now_ns && self.agent.has_news() {
            self.next_report_ns = now_ns + self.times.report_ns;
            let busy_ns = self.take_busy_ns(now_ns);
            self.agent.report(packer, busy_ns);
        }
        if self.heard_ns.saturating_add(self.times.silence_ns) <= now_ns {
            self.end.get_or_insert(SessionEnd::Silent);
        }
        if self.next_heartbeat_ns <= now_ns {
            self.next_heartbeat_ns = now_ns + self.times.heartbeat_ns;
            packer.heartbeat(Heartbeat::OfAgent);
        }
    }

    /// Closes the last frame, before it is sent.
    pub fn seal(&mut self, packer: &mut Packer, now_ns: u64) {
        if packer.is_open() {
            let busy_ns = self.take_busy_ns(now_ns);
            packer.seal(busy_ns);
        }
    }

    /// The time that the workers worked since a frame accounted for it.
    fn take_busy_ns(&mut self, now_ns: u64) -> u64 {
        let busy_ns = self.busy_since_ns.map_or(0, |since_ns| (now_ns - since_ns).max(1));
        self.busy_since_ns = (self.agent.held() > 0).then_some(now_ns);
        busy_ns
    }

    /// Gives everything back to the primary, and says why.
    pub fn leave(&mut self, engine: &mut Primary, packer: &mut Packer, why: Leave) {
        self.agent.leave(&mut engine.supervisor, packer, why);
        self.end.get_or_insert(SessionEnd::Left);
    }

    /// Why the session is over, if it is.
    #[must_use]
    pub fn end(&self) -> Option<SessionEnd> {
        self.end
    }

    /// Whether something was done of a lease that is not done, and not reported.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.agent.has_news()
    }

    /// Until when nothing changes by itself.
    #[must_use]
    pub fn next_due_ns(&self) -> u64 {
        let silent_ns = match self.end {
            None => self.heard_ns.saturating_add(self.times.silence_ns),
            Some(_) => u64::MAX,
        };
        let report_ns = if self.agent.has_news() { self.next_report_ns } else { u64::MAX };
        self.next_heartbeat_ns.min(report_ns).min(silent_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Unpacker;
    use crate::interval::Interval;
    use crate::lease::{Assignment, LeaseId};
    use crate::scheduler::Scheduler;

    const SECOND: u64 = 1_000_000_000;
    const TIMES: SessionTimes =
        SessionTimes { report_ns: REPORT_NS, heartbeat_ns: SECOND, silence_ns: 15 * SECOND };

    fn session() -> (AgentSession, Primary, Packer) {
        let scheduler = Scheduler::open_ended(Aggregate::Count, 1);
        let session = AgentSession::new(Aggregate::Count, 4096, TIMES, 0);
        (session, Primary::new(scheduler, Aggregate::Count, 1), Packer::new(WorkerId(0), 4096))
    }

    /// Lets the session hear what `pack` packs.
    fn tell(
        session: &mut AgentSession,
        engine: &mut Primary,
        now_ns: u64,
        pack: impl FnOnce(&mut Packer),
    ) {
        let mut packer = Packer::new(WorkerId(0), 4096);
        pack(&mut packer);
        packer.seal(0);
        let mut unpacker = Unpacker::new(4096, 4096);
        unpacker.room()[..packer.bytes().len()].copy_from_slice(packer.bytes());
        unpacker.filled(packer.bytes().len());
        while let Some(frame) = unpacker.next_frame().unwrap() {
            session.hear(frame.body, engine, now_ns);
        }
    }

    #[test]
    fn the_first_frame_is_a_heartbeat_and_one_follows_every_second() {
        let (mut session, _, mut packer) = session();
        session.keep_time(&mut packer, 0);
        assert!(!packer.is_empty());
        assert_eq!(session.next_due_ns(), SECOND);
        packer.clear();
        session.keep_time(&mut packer, SECOND - 1);
        assert!(packer.is_empty());
        session.keep_time(&mut packer, SECOND);
        assert!(!packer.is_empty());
    }

    #[test]
    fn a_silent_primary_ends_the_session_and_a_word_of_it_does_not() {
        let (mut session, mut engine, mut packer) = session();
        tell(&mut session, &mut engine, SECOND, |packer| packer.heartbeat(Heartbeat::OfPrimary));
        session.keep_time(&mut packer, 16 * SECOND - 1);
        assert_eq!(session.end(), None);
        session.keep_time(&mut packer, 16 * SECOND);
        assert_eq!(session.end(), Some(SessionEnd::Silent));
    }

    #[test]
    fn a_lease_becomes_work_for_the_workers_and_a_farewell_ends_the_session() {
        let (mut session, mut engine, _) = session();
        let lease = Assignment { lease: LeaseId(7), interval: Interval::new(5, 9).unwrap() };
        tell(&mut session, &mut engine, 0, |packer| packer.assign([lease]));
        assert_eq!((engine.scheduler().total(), session.end()), (5, None));
        let (code, detail) = Leave::Over.code();
        tell(&mut session, &mut engine, 0, |packer| packer.farewell(code, detail));
        assert_eq!(session.end(), Some(SessionEnd::Over));
    }

    #[test]
    fn a_frame_that_only_agents_send_ends_the_session() {
        let (mut session, mut engine, _) = session();
        tell(&mut session, &mut engine, 0, |packer| packer.release(LeaseId(1), 3));
        assert_eq!(session.end(), Some(SessionEnd::Protocol(Malformed::Entry)));
    }
}
