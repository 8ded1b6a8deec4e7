//! State of one agent session, from hello to farewell.
//!
//! Each agent has a world of its own with the same clock; its clock stands still while it is stopped.

use crate::model::agent_link::AgentLink;
use crate::model::agent_seat::AgentSeat;
use evenly_core::frame::Packer;

/// How long an agent waits before it tries again.
pub(crate) const PAUSE_NS: u64 = 200_000_000;

pub(crate) struct SessionState<A> {
    pub(crate) machine: usize,
    /// The agent, until it leaves this session.
    pub(crate) agent: Option<Box<A>>,
    /// What the primary keeps for the agent, until it drops the session.
    pub(crate) agent_seat: Option<AgentSeat>,
    pub(crate) link: AgentLink,
    /// Frames that an end without a process still has to send.
    pub(crate) unsent: [Option<Packer>; 2],
    /// Total time for which the agent was stopped, and since when it is stopped now.
    pub(crate) paused_total_ns: u64,
    pub(crate) paused_since_ns: Option<u64>,
    /// Whether the connection ended while the agent was stopped.
    pub(crate) is_cut_off: bool,
}
