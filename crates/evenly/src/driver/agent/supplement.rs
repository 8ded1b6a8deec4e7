//! Supplement of a welcome, as an agent reads it: frames between the welcome and the first assignment.

use crate::transport::{Arrival, Gone};
use evenly_core::agent::Leave;
use evenly_core::frame::{Body, Malformed};

/// The peer that sends it.
const PRIMARY: usize = 0;

/// A supplement in the making.
pub(super) struct SupplementReader {
    bytes: Vec<u8>,
    length: usize,
}

/// Result of reading a supplement.
pub(super) enum SupplementRead {
    Whole(Vec<u8>),
    /// The job ended first.
    Over,
    /// The connection ended first.
    Failed(Gone),
}

impl SupplementReader {
    /// For a supplement of this length.
    pub(super) fn new(length: usize) -> Self {
        Self { bytes: Vec::new(), length }
    }

    /// The result, if nothing more has to come.
    pub(super) fn whole(&mut self) -> Option<SupplementRead> {
        let is_whole = self.bytes.len() == self.length;
        is_whole.then(|| SupplementRead::Whole(std::mem::take(&mut self.bytes)))
    }

    /// Takes what came from the primary; the result, if that ends it. A primary that stands still sends heartbeats in
    /// between.
    pub(super) fn take(
        &mut self,
        arrival: &Arrival<'_>,
    ) -> Result<Option<SupplementRead>, Malformed> {
        let frame = match arrival {
            Arrival::Gone { peer: PRIMARY, why } => return Ok(Some(SupplementRead::Failed(*why))),
            Arrival::Frame { peer: Some(PRIMARY), frame } => frame,
            _ => return Ok(None),
        };
        match frame.body {
            Body::Farewell { call, errno } if Leave::from_code(call, errno) == Leave::Over => {
                return Ok(Some(SupplementRead::Over));
            }
            Body::Supplement(part) if part.len() <= self.length - self.bytes.len() => {
                self.bytes.extend_from_slice(part);
            }
            Body::Assignments(assignments) if assignments.is_empty() => {}
            _ => return Err(Malformed::Entry),
        }
        Ok(self.whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::WorkerId;
    use evenly_core::frame::{Frame, Heartbeat, PIPE_FRAME, Packer};

    /// What comes of frames, in hand of a reader of 5 bytes.
    fn after(pack: impl FnOnce(&mut Packer)) -> Result<Option<SupplementRead>, Malformed> {
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        pack(&mut packer);
        packer.seal(0);
        let mut reader = SupplementReader::new(5);
        let mut last = Ok(None);
        for bytes in packer.frames() {
            let frame = Frame::whole(bytes, PIPE_FRAME)?;
            last = reader.take(&Arrival::Frame { peer: Some(0), frame });
        }
        last
    }

    #[test]
    fn parts_come_together_and_nothing_more_is_taken() {
        let whole = after(|packer| {
            packer.supplement(b"ab");
            packer.supplement(b"cde");
        });
        assert!(matches!(whole, Ok(Some(SupplementRead::Whole(bytes))) if bytes == b"abcde"));
        assert!(matches!(after(|packer| packer.heartbeat(Heartbeat::OfPrimary)), Ok(None)));
        let (call, errno) = Leave::Over.code();
        let over = after(|packer| packer.farewell(call, errno));
        assert!(matches!(over, Ok(Some(SupplementRead::Over))));
        assert!(matches!(after(|packer| packer.supplement(b"abcdef")), Err(Malformed::Entry)));
        assert!(matches!(after(|packer| packer.credit(1)), Err(Malformed::Entry)));
    }
}
