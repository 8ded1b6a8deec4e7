//! Receive buffer of a sealed stream: bytes cut anywhere in, records out.

use crate::secure::noise::{LONGEST, TAG};

/// The length before a record.
const HEAD: usize = 2;
/// What the memory begins with.
const LEAST: usize = 4096;
/// What it grows to when reads fill it: two records of any length, so that one read takes a whole
/// one wherever the last one ended.
pub(super) const MOST: usize = 2 * (HEAD + LONGEST);

/// The bytes in `start..end` have arrived and are not used yet. Like that of an unpacker, the memory
/// grows by what arrives and not by what a record claims.
#[derive(Debug)]
pub(super) struct ReceiveBuffer {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl ReceiveBuffer {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; LEAST], start: 0, end: 0 }
    }

    /// Room for the next bytes; say with [`filled`](Self::filled) how many have come. There is some
    /// if every whole record was taken.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.end == self.buffer.len() {
            self.buffer.resize((2 * self.buffer.len()).min(MOST), 0);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
    }

    /// Takes the next whole record, without its length. One too short for its tag is given as it is.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        let arrived = &self.buffer[self.start..self.end];
        let length = usize::from(u16::from_le_bytes(*arrived.first_chunk::<HEAD>()?));
        let record = arrived.get(HEAD..HEAD + length)?;
        self.start += HEAD + length;
        Some(record)
    }
}

/// Begins a record at the end of `out`. `length` is in bytes, before sealing.
pub(super) fn begin_record(out: &mut Vec<u8>, length: usize) {
    debug_assert!(length <= MOST_IN_RECORD);
    out.extend_from_slice(&((length + TAG) as u16).to_le_bytes());
}

/// The most that one record holds.
pub(super) const MOST_IN_RECORD: usize = LONGEST - TAG;
