//! Bounded pipe as in pipe(7): short writes are atomic, and a closed pipe ends in end of file.

use std::collections::VecDeque;

/// Longer writes may be taken in part.
const PIPE_BUF: usize = 4096;

#[derive(Debug)]
pub(crate) struct BoundedPipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Whether every write end is closed.
    is_closed: bool,
}

impl BoundedPipe {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { bytes: VecDeque::new(), capacity, is_closed: false }
    }

    /// Writes without blocking; returns how many bytes the pipe took.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let room = self.capacity - self.bytes.len();
        let is_whole = bytes.len() <= PIPE_BUF.min(self.capacity);
        let taken = match (bytes.len() <= room, is_whole) {
            (true, _) => bytes.len(),
            (false, true) => 0,
            (false, false) => room,
        };
        self.bytes.extend(&bytes[..taken]);
        taken
    }

    /// Reads at most as many bytes as `room` holds; returns how many.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> usize {
        let count = room.len().min(self.bytes.len());
        for (to, from) in room.iter_mut().zip(self.bytes.drain(..count)) {
            *to = from;
        }
        count
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether a read would give end of file.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_closed && self.bytes.is_empty()
    }
}
