//! State of one agent session, from hello to farewell.
//!
//! The agent is a world of its own with the same clock, except that its time stands still while it is stopped.

use crate::model::agent_link::AgentLink;
use crate::model::agent_seat::AgentSeat;
use evenly_core::frame::Packer;

/// How long an agent waits before it tries again.
pub(crate) const PAUSE_NS: u64 = 200_000_000;

pub(crate) struct SessionState<A> {
    pub(crate) machine: usize,
    /// The agent, as long as it is in this session.
    pub(crate) agent: Option<Box<A>>,
    /// What the primary knows of it, as long as it does.
    pub(crate) agent_seat: Option<AgentSeat>,
    pub(crate) link: AgentLink,
    /// Frames that are still to be sent at an end that no process holds any more.
    pub(crate) unsent: [Option<Packer>; 2],
    /// How long the agent was stopped so far, and since when it is.
    pub(crate) paused_total_ns: u64,
    pub(crate) paused_since_ns: Option<u64>,
    /// The connection ended in the meantime.
    pub(crate) is_cut_off: bool,
}
