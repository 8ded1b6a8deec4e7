//! State that the simulated primary keeps for one agent: seat, packer, unpacker, silence.

use evenly_core::frame::{Body, Frame, Malformed, Packer, Unpacker};
use evenly_core::{Heard, InvalidFrame, WorkerId};
use std::num::NonZeroU32;

/// State that the primary keeps for an agent after it accepted the connection.
#[derive(Debug)]
pub(crate) struct AgentSeat {
    pub(crate) workers: NonZeroU32,
    /// The primary process, by name.
    pub(crate) incarnation: u32,
    /// Its seat and its name, from its first frame on.
    pub(crate) seat: Option<(usize, WorkerId)>,
    pub(crate) packer: Packer,
    pub(crate) unpacker: Unpacker,
    pub(crate) is_silent: bool,
    /// Whether it sent a frame that is invalid on purpose.
    pub(crate) is_faulty: bool,
}

/// Result of a frame from an agent.
pub(crate) enum AgentInput {
    First,
    Heard(Result<Heard, InvalidFrame>),
    NoFrame(Malformed),
    Stranger,
    Nothing,
}

impl AgentSeat {
    pub(crate) fn new(workers: NonZeroU32, limit: usize, incarnation: u32) -> Self {
        let packer = Packer::new(WorkerId(0), limit);
        let unpacker = Unpacker::new(limit, limit);
        Self {
            workers,
            incarnation,
            seat: None,
            packer,
            unpacker,
            is_silent: false,
            is_faulty: false,
        }
    }
}

/// Whether this is the first frame of an agent: a heartbeat without an entry.
pub(crate) fn is_first(frame: &Frame<'_>) -> bool {
    matches!(frame.body, Body::Answers(answers) if answers.iter().next().is_none())
}
