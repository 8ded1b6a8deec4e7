//! Supplement of a welcome, as an agent reads it: frames between the welcome and the first assignment.

use super::PrimarySearch;
use crate::join::JoinError;
use crate::transport::{Arrival, Gone, Transport};
use evenly_core::agent::Leave;
use evenly_core::frame::{Body, Frame, Heartbeat, Malformed};
use std::time::Duration;

/// The only peer that there is at this end.
const PRIMARY: usize = 0;

/// Result of reading a supplement.
pub(super) enum SupplementRead {
    Whole(Vec<u8>),
    /// The job ended first.
    Over,
    /// The connection ended first.
    Failed(Gone),
}

impl PrimarySearch<'_> {
    /// Asks for the supplement by a first frame, and reads all of it.
    pub(super) fn supplement_of(
        &mut self,
        transport: &mut dyn Transport,
        length: usize,
    ) -> Result<SupplementRead, JoinError> {
        let mut bytes = Vec::new();
        if length == 0 {
            return Ok(SupplementRead::Whole(bytes));
        }
        if let Some(packer) = transport.packer(PRIMARY) {
            packer.heartbeat(Heartbeat::OfAgent);
        }
        let silence = self.join.worker_settings.silence.of_connection();
        let mut until = self.clock.elapsed() + silence;
        // The first frame is sent before the first wait.
        self.wait_for(transport, Duration::ZERO)?;
        while self.clock.elapsed() < until {
            while let Some(arrival) = transport.next() {
                match arrival {
                    Arrival::Gone { why, .. } => return Ok(SupplementRead::Failed(why)),
                    Arrival::Frame { frame, .. } => {
                        until = self.clock.elapsed() + silence;
                        if is_over(&frame) {
                            return Ok(SupplementRead::Over);
                        }
                        take(&frame, &mut bytes).map_err(JoinError::Nonsense)?;
                    }
                    _ => {}
                }
                if bytes.len() > length {
                    return Err(JoinError::Nonsense(Malformed::Entry));
                }
                if bytes.len() == length {
                    return Ok(SupplementRead::Whole(bytes));
                }
            }
            let due = transport.next_due_ns().map_or(until, Duration::from_nanos).min(until);
            self.wait_for(transport, due)?;
        }
        Ok(SupplementRead::Failed(Gone::Silent))
    }
}

fn is_over(frame: &Frame<'_>) -> bool {
    matches!(frame.body, Body::Farewell { call, errno } if Leave::from_code(call, errno) == Leave::Over)
}

/// Adds a part of a supplement. A primary that stands still sends heartbeats in between.
fn take(frame: &Frame<'_>, bytes: &mut Vec<u8>) -> Result<(), Malformed> {
    match frame.body {
        Body::Supplement(part) => bytes.extend_from_slice(part),
        Body::Assignments(assignments) if assignments.is_empty() => {}
        _ => return Err(Malformed::Entry),
    }
    Ok(())
}
