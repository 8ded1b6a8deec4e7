//! Channels: frames both ways, each once and in order, over datagrams that get lost, repeated,
//! reordered and late.
//!
//! ```text
//! offset  size  a segment: what one datagram carries (little-endian)
//!      0     4  number of what it carries; if it carries nothing, of what will be sent next
//!      4     4  awaited: the first number that has not come from the other side
//!      8     4  later: bit i is set if the number awaited + 1 + i has come all the same
//!     12     1  what it carries: 0 nothing, 1 a frame, 2 the end
//!     13     …  the frame, from one byte to the limit
//! ```
//!
//! Each side numbers its frames from 0; the end comes behind the last one and is numbered like a
//! frame. Segments have the lowest 32 bits of a number: the rest follows, because numbers that
//! matter are never far from one another.
//!
//! A segment is valid if and only if
//! 1. it has at least 13 bytes, and carries one of these,
//! 2. a frame has from one byte to the limit, and nothing follows where there is no frame,
//! 3. whatever it says has come was sent,
//! 4. what it carries is less than 32 numbers ahead of the first that has not come,
//! 5. no frame is numbered as the end or behind it, and there is one end.
//!
//! Anything else is [`Malformed::Segment`], and nothing of it is used. There is no checksum: the
//! frame has one, and so has the datagram.
//!
//! # What it rests on
//!
//! A side sends up to 32 numbers that are not acknowledged, and no more. What is lost is noticed as
//! TCP notices it: the time that a segment and its acknowledgement take is measured and the timer
//! set as RFC 6298 says (one timer; segments sent twice are not measured, after Karn), except that
//! the first timeout is 200 ms, the least 20 ms, the most 2 s, and that the doubling ends with the
//! first news; acknowledgements are selective (RFC 2018), and one for a segment that was sent three
//! later shows that a segment is lost (RFC 9002, section 6.1.1; RFC 8985). After a timeout
//! everything that is older than a round trip is sent again, half as many numbers as before at
//! once, but eight, and one more for each that comes (after RFC 5681). Acknowledgements wait for
//! 2 ms or for a second segment, or not at all where something is missing or came twice (RFC 1122,
//! RFC 5681), or with the end. Numbers are compared as RFC 1982 says.
//!
//! Where fewer than eight are missing, they are sent in turn: one segment more with each timeout that follows
//! without news, up to eight at once. So a long silence means that a path is interrupted, not that chance
//! took the few copies of one segment.
//!
//! So a side that is not heard sends eight segments every two seconds, and one that loses much does
//! not press. It does not share a path as fairly as TCP does (RFC 8085): it is made for few frames
//! between machines that stand together.
//!
//! There is no handshake and no session here, no clock and no randomness. The driver of a channel
//! gives it what arrives, sends what [`poll_transmit`](Channel::poll_transmit) gives until there is
//! nothing, and comes back when [`next_due_ns`](Channel::next_due_ns) says. Segments of an older
//! session must not reach it, nor forged segments: that is for a layer below.

mod incoming;
mod outgoing;
mod round_trip;
mod segment;

use crate::frame::Malformed;
use alloc::vec::Vec;
use incoming::Incoming;
use outgoing::Outgoing;
use segment::{END, FRAME, NOTHING, Segment};
pub use segment::{SEGMENT_HEAD, WINDOW};

/// One end of a channel.
///
/// Its memory is at most two windows of frames, whatever arrives.
#[derive(Clone, Debug)]
pub struct Channel {
    limit: usize,
    outgoing: Outgoing,
    incoming: Incoming,
}

impl Channel {
    /// A channel for frames of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self::beginning_at(limit, 0)
    }

    /// The same with another first number, so that tests see numbers pass 2^32.
    fn beginning_at(limit: usize, first: u64) -> Self {
        Self { limit, outgoing: Outgoing::new(first), incoming: Incoming::new(first) }
    }

    /// How many more frames [`send`](Self::send) takes now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.outgoing.room()
    }

    /// Takes a frame to send; `false` if there is no room for it, or the end was said.
    ///
    /// # Panics
    /// If the frame is empty or longer than the limit, which is a mistake in the calling program.
    pub fn send(&mut self, frame: &[u8]) -> bool {
        assert!((1..=self.limit).contains(&frame.len()), "a frame of {} bytes", frame.len());
        self.outgoing.send(frame)
    }

    /// Says that no frame follows. The other side learns it behind the last frame.
    pub fn end(&mut self) {
        self.outgoing.end();
    }

    /// Whether everything that was given to be sent has arrived, the end included.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.outgoing.is_settled()
    }

    /// Appends the next segment to send now; `false` if there is none. Call it after anything else,
    /// and when something is due, until there is none.
    pub fn poll_transmit(&mut self, now_ns: u64, out: &mut Vec<u8>) -> bool {
        self.outgoing.keep_time(now_ns);
        let next = self.outgoing.next(now_ns);
        if next.is_none() && !self.incoming.is_due(now_ns) {
            debug_assert!(self.next_due_ns().is_none_or(|due_ns| due_ns > now_ns));
            return false;
        }
        let (awaited, later) = self.incoming.acknowledge();
        let number = next.unwrap_or(self.outgoing.next_new());
        out.extend_from_slice(&(number as u32).to_le_bytes());
        out.extend_from_slice(&(awaited as u32).to_le_bytes());
        out.extend_from_slice(&later.to_le_bytes());
        match next.map(|number| self.outgoing.carried(number)) {
            None => out.push(NOTHING),
            Some([]) => out.push(END),
            Some(frame) => {
                out.push(FRAME);
                out.extend_from_slice(frame);
            }
        }
        true
    }

    /// Takes a segment that arrived.
    ///
    /// # Errors
    /// If it is not valid. Nothing has changed then.
    pub fn arrived(&mut self, segment: &[u8], now_ns: u64) -> Result<(), Malformed> {
        let segment = Segment::parse(segment, self.limit).ok_or(Malformed::Segment)?;
        let awaited = self.outgoing.check(&segment).ok_or(Malformed::Segment)?;
        let number = self.incoming.check(&segment).ok_or(Malformed::Segment)?;
        self.outgoing.acknowledged(awaited, segment.later, now_ns);
        self.incoming.take(number, segment.carried, now_ns);
        Ok(())
    }

    /// The next frame in order, if it has come.
    pub fn next_frame(&mut self) -> Option<&[u8]> {
        self.incoming.next_frame()
    }

    /// Whether [`next_frame`](Self::next_frame) would give one.
    #[must_use]
    pub fn has_frame(&self) -> bool {
        self.incoming.has_frame()
    }

    /// Whether the other side has said the end, and every frame before it was given out.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.incoming.is_at_end()
    }

    /// When [`poll_transmit`](Self::poll_transmit) has something to do, if nothing arrives before. In
    /// the future, if it was polled until there was none.
    #[must_use]
    pub fn next_due_ns(&self) -> Option<u64> {
        let due = [self.outgoing.due_ns(), self.incoming.due_ns()];
        due.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
