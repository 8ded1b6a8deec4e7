//! State of the connection that a simulated agent has to its primary.

use crate::model::datagram_link::SILENCE_LIMIT_NS;
use crate::plan::RunPlan;
use crate::plan::question::SimQuestion;
use evenly_core::WorkerId;
use evenly_core::engine::{AgentSession, SessionEnd, SessionTimes};
use evenly_core::frame::{Packer, Unpacker};

/// How often an end says that it lives.
pub(crate) const HEARTBEAT_INTERVAL_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct PrimaryConnection {
    pub(crate) session: AgentSession,
    pub(crate) packer: Packer,
    pub(crate) unpacker: Unpacker,
    /// What came and was not read.
    pub(crate) inbox: Vec<u8>,
    /// Why the agent left by itself.
    pub(crate) left: Option<SessionEndCause>,
}

/// Why an agent ends a session by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionEndCause {
    /// The primary says that it is over.
    Over,
    /// A signal asked it to leave.
    Left,
    /// It lost its workers too often.
    GivenUp,
    /// The primary was silent for too long.
    Silent,
    /// The primary said what cannot be.
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
