//! Agents of a primary: their seats, frames and losses.

use super::primary::Primary;
use crate::frame::Frame;
use crate::scheduler::Violation;
use crate::supervisor::{Heard, InvalidFrame};
use core::num::NonZeroU32;

impl Primary {
    /// An agent with this many workers joins under the [next name](Self::next_name), and may hold `window` chunks.
    /// The slot of its seat.
    ///
    /// # Errors
    /// None, as long as names are used in order.
    pub fn agent_joined(
        &mut self,
        workers: NonZeroU32,
        window: usize,
        now_ns: u64,
    ) -> Result<usize, Violation> {
        self.heartbeats.agent_joined(now_ns);
        self.supervisor.welcome(workers, window, now_ns)
    }

    /// Takes a frame of the agent in a slot.
    ///
    /// # Errors
    /// If it is wrong. Nothing of it is used.
    pub fn hear_agent(
        &mut self,
        slot: usize,
        frame: Frame<'_>,
        now_ns: u64,
    ) -> Result<Heard, InvalidFrame> {
        self.supervisor.hear_agent(slot, frame, now_ns)
    }

    /// The agent in a slot is gone, with a farewell or without. How many chunks it held, and how many of their
    /// numbers were not covered. No number is to blame: a number that ends workers ends those of the agent, not the
    /// agent.
    ///
    /// # Errors
    /// None, as long as the slot has an agent.
    pub fn agent_ended(
        &mut self,
        slot: usize,
        has_said_farewell: bool,
        now_ns: u64,
    ) -> Result<(usize, u128), Violation> {
        if has_said_farewell {
            self.supervisor.note_farewell(slot);
        } else {
            self.endings.count_loss();
        }
        self.supervisor.lose(slot, None, now_ns)
    }
}
