//! Segment of a channel: layout of one datagram, with sequence numbers of 32 bits.

/// How many numbers may be on their way at once, each way: as many as `later` has bits.
pub const WINDOW: usize = 32;

/// The bytes of a segment before its frame.
pub const SEGMENT_HEAD: usize = 13;

pub(super) const NOTHING: u8 = 0;
pub(super) const FRAME: u8 = 1;
pub(super) const END: u8 = 2;

/// The head of a segment, and what it carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub(super) number: u32,
    pub(super) awaited: u32,
    pub(super) later: u32,
    pub(super) carried: Carried<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried<'a> {
    Nothing,
    Frame(&'a [u8]),
    End,
}

impl<'a> Segment<'a> {
    pub(super) fn parse(bytes: &'a [u8], limit: usize) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<SEGMENT_HEAD>()?;
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let carried = match (head[12], rest) {
            (NOTHING, []) => Carried::Nothing,
            (END, []) => Carried::End,
            (FRAME, [_, ..]) if rest.len() <= limit => Carried::Frame(rest),
            _ => return None,
        };
        Some(Self { number: word(0), awaited: word(4), later: word(8), carried })
    }
}

/// The number with these lowest bits that is next to `near`, if there is one (RFC 1982).
pub(super) fn number_near(near: u64, low: u32) -> Option<u64> {
    let ahead = low.wrapping_sub(near as u32).cast_signed();
    near.checked_add_signed(i64::from(ahead))
}
