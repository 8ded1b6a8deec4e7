//! Bytes for one agent that wait for room in its packer, so that a slow connection costs a bounded amount of memory.

use evenly_core::frame::Packer;

/// A packer with fewer bytes has room for more.
const MOST_PACKED: usize = 256 << 10;

/// Bytes that are packed at once.
const PIECE: usize = 16 << 10;

/// What waits to be packed for one agent.
#[derive(Debug, Default)]
pub(super) struct AgentFeed {
    /// How much of the supplement is packed; `None` before the first frame of the agent.
    supplement: Option<usize>,
    is_full: bool,
}

impl AgentFeed {
    /// Begins to send the supplement, if there is one; whether it does.
    pub(super) fn begin(&mut self, supplement: &[u8]) -> bool {
        let begins = self.supplement.is_none() && !supplement.is_empty();
        if begins {
            (self.supplement, self.is_full) = (Some(0), true);
        }
        begins
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        !self.is_full
    }

    /// Whether more can be packed there.
    pub(super) fn has_room(packer: &Packer) -> bool {
        packer.len() < MOST_PACKED
    }

    /// Packs as much as there is room for; whether something still waits.
    pub(super) fn fill(&mut self, packer: &mut Packer, supplement: &[u8]) -> bool {
        if let Some(packed) = &mut self.supplement {
            while *packed < supplement.len() && Self::has_room(packer) {
                let end = supplement.len().min(*packed + PIECE);
                packer.supplement(&supplement[*packed..end]);
                *packed = end;
            }
            self.is_full = *packed < supplement.len();
        }
        self.is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::WorkerId;
    use evenly_core::frame::{Body, Frame, PIPE_FRAME};

    #[test]
    fn a_supplement_is_packed_whole_and_never_more_than_there_is_room_for() {
        let supplement: Vec<u8> = (0..=250).cycle().take(1_000_000).collect();
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        let mut feed = AgentFeed::default();
        assert!(feed.begin(&supplement) && !feed.begin(&supplement) && !feed.is_empty());
        let mut read = Vec::new();
        loop {
            let goes_on = feed.fill(&mut packer, &supplement);
            assert!(packer.len() < MOST_PACKED + 2 * PIECE, "{}", packer.len());
            for bytes in packer.frames() {
                match Frame::whole(bytes, PIPE_FRAME).unwrap().body {
                    Body::Supplement(part) => read.extend_from_slice(part),
                    body => panic!("{body:?}"),
                }
            }
            packer.clear();
            if !goes_on {
                break;
            }
        }
        assert!(read == supplement && feed.is_empty() && !feed.begin(&supplement));
    }

    #[test]
    fn nothing_waits_for_an_agent_without_a_supplement() {
        let mut feed = AgentFeed::default();
        assert!(!feed.begin(&[]) && feed.is_empty());
    }
}
