//! Length-prefixed message at the beginning of a connection.

use super::socket::receive;
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// A message of which a part may have arrived. Nothing behind it is read.
#[derive(Debug)]
pub(super) struct Message {
    bytes: Vec<u8>,
    /// How many bytes stand before it; the last two of them are its length.
    head: usize,
    longest: usize,
}

/// Progress of reading a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageProgress {
    /// The rest has not arrived.
    More,
    /// All of it is there.
    Whole,
    /// It is longer than any that is meant.
    TooLong,
    /// The other end closed the connection.
    EndOfFile,
    /// The connection broke.
    Broken(Errno),
}

impl Message {
    pub(super) fn new(head: usize, longest: usize) -> Self {
        Self { bytes: Vec::new(), head, longest }
    }

    /// Reads what is there of it.
    pub(super) fn read(&mut self, socket: &OwnedFd) -> MessageProgress {
        let mut room = [0; 2048];
        loop {
            let whole = self.head + self.length().unwrap_or(0);
            if whole > self.head + self.longest {
                return MessageProgress::TooLong;
            }
            let missing = whole - self.bytes.len();
            if missing == 0 {
                return MessageProgress::Whole;
            }
            let wanted = missing.min(room.len());
            match receive(socket, &mut room[..wanted]) {
                Ok(0) => return MessageProgress::EndOfFile,
                Ok(count) => self.bytes.extend_from_slice(&room[..count]),
                Err(Errno::AGAIN) => return MessageProgress::More,
                Err(cause) => return MessageProgress::Broken(cause),
            }
        }
    }

    /// As soon as it is known.
    fn length(&self) -> Option<usize> {
        let length = self.bytes.get(self.head - 2..self.head)?.first_chunk()?;
        Some(usize::from(u16::from_le_bytes(*length)))
    }

    /// What stands before it and the message, once it is whole.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at(self.head.min(self.bytes.len()))
    }
}

/// Adds a message with its length before it.
pub(super) fn append(out: &mut Vec<u8>, message: &[u8]) {
    out.extend_from_slice(&(message.len() as u16).to_le_bytes());
    out.extend_from_slice(message);
}
