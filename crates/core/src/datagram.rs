//! Datagrams: what travels between a primary and an agent where messages are read whole, or not at all.
//!
//! ```text
//! offset  size  a datagram, 1200 bytes at most (little-endian)
//!      0     1  type: 1 hello, 2 answer, 3 sealed
//!      1     8  session: chosen at random by the side that says hello
//!
//!               hello and answer
//!      9     2  length of the message
//!     11     …  message of the handshake
//!           …  hello only: zeros up to 1200 bytes
//!
//!               sealed
//!      9     8  counter: another for each datagram of one direction
//!     17     …  sealed segment of a channel, from 1 byte on
//! ```
//!
//! A datagram is valid if and only if
//! 1. its type is one of these, and it has at most 1200 bytes,
//! 2. a hello has exactly 1200 bytes: the message, and zeros behind it,
//! 3. an answer ends with its message,
//! 4. there is something behind the counter.
//!
//! A datagram of 1200 bytes is never cut into pieces on its way: every network carries 1280 with their
//! heads (RFC 8200, section 5), save for a few that speak IPv4 alone. A hello is as long as any answer
//! to it, so that no attacker can have a third party flooded with what was not sent to it (RFC 9000,
//! section 8.1).

use alloc::vec::Vec;

/// The longest datagram, and the length of every hello.
pub const LONGEST: usize = 1200;

/// The bytes of a sealed datagram before what is sealed.
pub const SEALED_HEAD: usize = 17;

const HELLO: u8 = 1;
const ANSWER: u8 = 2;
const SEALED: u8 = 3;

/// A valid datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Which session it is of.
    pub session: u64,
    /// What it is.
    pub content: Content<'a>,
}

/// What a datagram is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// The first message of a handshake.
    Hello(&'a [u8]),
    /// The second one.
    Answer(&'a [u8]),
    /// A segment of a channel.
    Sealed {
        /// Another for each.
        counter: u64,
        /// The segment, as it is sealed.
        sealed: &'a [u8],
    },
}

impl<'a> Datagram<'a> {
    /// Reads a datagram; `None` if it is not valid.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let (kind, rest) = bytes.split_first()?;
        let (session, rest) = rest.split_first_chunk()?;
        let content = match *kind {
            HELLO if bytes.len() == LONGEST => {
                let (message, padding) = message(rest)?;
                padding.iter().all(|byte| *byte == 0).then_some(Content::Hello(message))?
            }
            ANSWER => match message(rest)? {
                (message, []) => Content::Answer(message),
                _ => return None,
            },
            SEALED => {
                let (counter, sealed) = rest.split_first_chunk()?;
                let counter = u64::from_le_bytes(*counter);
                (!sealed.is_empty()).then_some(Content::Sealed { counter, sealed })?
            }
            _ => return None,
        };
        Some(Self { session: u64::from_le_bytes(*session), content })
    }

    /// Appends these bytes. What is sealed may be appended behind them, if there is nothing yet.
    ///
    /// # Panics
    /// If it is too long, which is a mistake in the calling program.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let (kind, message) = match self.content {
            Content::Hello(message) => (HELLO, message),
            Content::Answer(message) => (ANSWER, message),
            Content::Sealed { sealed, .. } => (SEALED, sealed),
        };
        out.push(kind);
        out.extend_from_slice(&self.session.to_le_bytes());
        match self.content {
            Content::Sealed { counter, .. } => out.extend_from_slice(&counter.to_le_bytes()),
            _ => out.extend_from_slice(&(message.len() as u16).to_le_bytes()),
        }
        out.extend_from_slice(message);
        assert!(out.len() - start <= LONGEST, "a datagram of {} bytes", out.len() - start);
        if kind == HELLO {
            out.resize(start + LONGEST, 0);
        }
    }
}

/// The message behind its length, and what follows.
fn message(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(u16::from_le_bytes(*length).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    fn written(datagram: &Datagram<'_>) -> Vec<u8> {
        let mut bytes = vec![];
        datagram.write(&mut bytes);
        bytes
    }

    #[test]
    fn the_format_is_pinned_byte_by_byte() {
        let session = 0x0807_0605_0403_0201;
        let hello = written(&Datagram { session, content: Content::Hello(b"hi") });
        assert_eq!(hello[..14], *b"\x01\x01\x02\x03\x04\x05\x06\x07\x08\x02\0hi\0");
        assert_eq!(hello.len(), 1200);
        let answer = written(&Datagram { session, content: Content::Answer(b"yes") });
        assert_eq!(answer, *b"\x02\x01\x02\x03\x04\x05\x06\x07\x08\x03\0yes");
        let content = Content::Sealed { counter: 9, sealed: b"?" };
        let sealed = written(&Datagram { session, content });
        assert_eq!(sealed, *b"\x03\x01\x02\x03\x04\x05\x06\x07\x08\x09\0\0\0\0\0\0\0?");
        let (head, _) = sealed.split_at(SEALED_HEAD);
        let nothing = Content::Sealed { counter: 9, sealed: &[] };
        assert_eq!(written(&Datagram { session, content: nothing }), head);
        assert_eq!(Datagram::parse(head), None);
    }

    #[test]
    fn what_is_not_valid_is_refused() {
        let session = 7;
        let hello = written(&Datagram { session, content: Content::Hello(b"hi") });
        for len in 0..hello.len() {
            assert_eq!(Datagram::parse(&hello[..len]), None);
        }
        assert_eq!(Datagram::parse(&[&hello[..], &[0]].concat()), None);
        let refused = |at: usize, byte: u8| {
            let mut bytes = hello.clone();
            bytes[at] = byte;
            assert_eq!(Datagram::parse(&bytes), None, "{byte} at {at}");
        };
        refused(0, 0);
        refused(0, 4);
        refused(13, 1);
        refused(1199, 1);
        refused(9, 1);
        refused(10, 255);
        let answer = written(&Datagram { session, content: Content::Answer(b"yes") });
        assert_eq!(Datagram::parse(&[&answer[..], b"!"].concat()), None);
        assert_eq!(Datagram::parse(&answer[..13]), None);
        let content = Content::Sealed { counter: 1, sealed: &[5; LONGEST - SEALED_HEAD] };
        let mut sealed = written(&Datagram { session, content });
        assert_eq!(Datagram::parse(&sealed), Some(Datagram { session, content }));
        sealed.push(5);
        assert_eq!(Datagram::parse(&sealed), None);
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            session: u64,
            counter: u64,
            bytes in prop::collection::vec(any::<u8>(), 1..LONGEST - SEALED_HEAD),
        ) {
            let sealed = Content::Sealed { counter, sealed: &bytes };
            for content in [Content::Hello(&bytes), Content::Answer(&bytes), sealed] {
                let datagram = Datagram { session, content };
                let bytes = written(&datagram);
                prop_assert_eq!(Datagram::parse(&bytes), Some(datagram));
            }
        }

        /// Whatever is read is written as the same bytes again: there is one way to say it.
        #[test]
        fn any_bytes_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..1300), kind in 0..5_u8) {
            if let Some(first) = bytes.first_mut() {
                *first = kind;
            }
            if let Some(datagram) = Datagram::parse(&bytes) {
                prop_assert_eq!(written(&datagram), bytes);
            }
        }
    }
}
