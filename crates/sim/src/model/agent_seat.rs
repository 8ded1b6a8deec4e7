//! State that the simulated primary keeps for one agent: seat, packer, unpacker, silence.

use evenly_core::frame::{Body, Frame, Malformed, Packer, Unpacker};
use evenly_core::{Heard, InvalidFrame, WorkerId};
use std::num::NonZeroU32;

/// What the primary knows of an agent that it has let in.
#[derive(Debug)]
pub(crate) struct AgentSeat {
    pub(crate) workers: NonZeroU32,
    /// Which primary.
    pub(crate) incarnation: u32,
    /// Where it sits, and under which name, once it has said its first word.
    pub(crate) seat: Option<(usize, WorkerId)>,
    pub(crate) packer: Packer,
    pub(crate) unpacker: Unpacker,
    pub(crate) is_silent: bool,
    /// Whether it said on purpose what cannot be.
    pub(crate) is_faulty: bool,
}

/// What came of a frame.
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

/// Whether it is what an agent says first: that it lives, and nothing else.
pub(crate) fn is_first(frame: &Frame<'_>) -> bool {
    matches!(frame.body, Body::Answers(answers) if answers.iter().next().is_none())
}
