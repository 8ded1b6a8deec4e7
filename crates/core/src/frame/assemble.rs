//! Reassembly of partials from their numbered parts.

use super::{Malformed, Part};
use crate::lease::{LeaseId, WorkerId};
use crate::partial::Partial;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The longest encoded partial, in bytes: 64 MiB.
pub const MAX_PARTIAL: usize = 64 << 20;

/// Partials under way, at most one from each worker: a worker sends the parts of one partial in
/// order before it begins the next, and a transport keeps the order of each worker.
#[derive(Debug, Default)]
pub struct Assembler {
    under_way: BTreeMap<WorkerId, UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    lease: LeaseId,
    next_part: u32,
    bytes: Vec<u8>,
}

impl Assembler {
    /// Takes a part; with the last one, gives the partial.
    ///
    /// # Errors
    /// If the part is not the one that was due, if the partial grows beyond [`MAX_PARTIAL`], or if
    /// the whole is no valid partial. What had arrived of it is then dropped.
    pub fn take(&mut self, worker: WorkerId, part: Part<'_>) -> Result<Option<Partial>, Malformed> {
        if part.number == 0 && part.is_last && !self.under_way.contains_key(&worker) {
            return Ok(Some(Partial::decode(part.bytes)?));
        }
        let mut partial = match self.under_way.remove(&worker) {
            Some(partial) => partial,
            None => UnderWay { lease: part.lease, next_part: 0, bytes: Vec::new() },
        };
        if part.number != partial.next_part || part.lease != partial.lease {
            let (part, expected) = (part.number, partial.next_part);
            return Err(Malformed::PartOrder { part, expected });
        }
        if partial.bytes.len() + part.bytes.len() > MAX_PARTIAL {
            return Err(Malformed::PartialTooLong);
        }
        partial.bytes.extend_from_slice(part.bytes);
        if part.is_last {
            return Ok(Some(Partial::decode(&partial.bytes)?));
        }
        partial.next_part += 1;
        self.under_way.insert(worker, partial);
        Ok(None)
    }

    /// Drops what has arrived from a worker that is lost.
    pub fn forget(&mut self, worker: WorkerId) {
        self.under_way.remove(&worker);
    }
}
