//! State of the connection that a simulated agent has to its primary.

use crate::model::datagram_link::SILENCE_LIMIT_NS;
use crate::plan::RunPlan;
use crate::plan::question::SimQuestion;
use evenly_core::WorkerId;
use evenly_core::engine::{AgentSession, SessionEnd, SessionTimes};
use evenly_core::frame::{Packer, Unpacker};

/// Interval of the heartbeats of an end.
pub(crate) const HEARTBEAT_INTERVAL_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct PrimaryConnection {
    pub(crate) session: AgentSession,
    pub(crate) packer: Packer,
    pub(crate) unpacker: Unpacker,
    /// Bytes that arrived and are not read yet.
    pub(crate) inbox: Vec<u8>,
    /// Why the agent ended the session, if it did.
    pub(crate) left: Option<SessionEndCause>,
}

/// Why an agent ends a session by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionEndCause {
    /// The primary said that the run is over.
    Over,
    /// A signal asked the agent to leave.
    Left,
    /// The agent lost its workers too often.
    GivenUp,
    /// The primary was silent for longer than the limit.
    Silent,
    /// The primary sent an invalid frame.
    Protocol,
}

impl PrimaryConnection {
    pub(crate) fn new(plan: &RunPlan, now_ns: u64) -> Self {
        let limit = plan.frame_limit;
        let times = SessionTimes {
            report_ns: plan.agents.report_ns,
            heartbeat_ns: HEARTBEAT_INTERVAL_NS,
            silence_ns: SILENCE_LIMIT_NS,
        };
        let SimQuestion { aggregate, credit, .. } = plan.question;
        let session = AgentSession::new(aggregate, limit, times, now_ns).with_credit(credit);
        let mut upstream = Self {
            session,
            packer: Packer::new(WorkerId(0), limit),
            unpacker: Unpacker::new(limit, limit),
            inbox: Vec::new(),
            left: None,
        };
        upstream.session.keep_time(&mut upstream.packer, now_ns);
        upstream.packer.seal(0);
        upstream
    }

    /// Why the session is over, if it is.
    pub(crate) fn end(&self) -> Option<SessionEndCause> {
        let end = self.session.end()?;
        Some(match end {
            SessionEnd::Over => SessionEndCause::Over,
            SessionEnd::Left => self.left.unwrap_or(SessionEndCause::Left),
            SessionEnd::Silent => SessionEndCause::Silent,
            SessionEnd::Protocol(_) => SessionEndCause::Protocol,
        })
    }
}
