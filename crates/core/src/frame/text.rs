//! Text frame: a part of what a command of `run` prints, passed on before its number is answered.

use super::Malformed;
use crate::lease::LeaseId;

/// The bytes of a text frame before its text.
pub(super) const TEXT_HEAD: usize = 24;

/// A part of what a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// The lease of the number.
    pub lease: LeaseId,
    /// The first position that the command is for.
    pub first: i64,
    /// Whether output of other commands must not stand before the next part of this command, or before the answer
    /// that follows.
    pub is_open: bool,
    /// At least one byte, or nothing where the output is not open any more.
    pub bytes: &'a [u8],
}

impl<'a> Text<'a> {
    /// Reads the body of a frame.
    pub(super) fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        let (lease, rest) = body.split_first_chunk().ok_or(Malformed::Entry)?;
        let (first, rest) = rest.split_first_chunk().ok_or(Malformed::Entry)?;
        let (mark, bytes) = rest.split_first_chunk().ok_or(Malformed::Entry)?;
        let is_open = match u64::from_le_bytes(*mark) {
            0 => false,
            1 => true,
            _ => return Err(Malformed::Entry),
        };
        if bytes.is_empty() && is_open {
            return Err(Malformed::Entry);
        }
        let (lease, first) = (LeaseId(u64::from_le_bytes(*lease)), i64::from_le_bytes(*first));
        Ok(Self { lease, first, is_open, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Body, Frame, PIPE_FRAME, Packer};
    use crate::lease::WorkerId;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn text_longer_than_a_frame_stays_open_up_to_its_last_part() {
        let text: Vec<u8> = (0..=255).cycle().take(9000).collect();
        for is_open in [false, true] {
            let mut packer = Packer::new(WorkerId(7), PIPE_FRAME);
            packer.text(LeaseId(8), -3, &text, is_open);
            let (mut read, mut marks) = (vec![], vec![]);
            for bytes in packer.frames() {
                let frame = Frame::whole(bytes, PIPE_FRAME).unwrap();
                let Body::Text(part) = frame.body else { panic!("{frame:?}") };
                assert_eq!((part.lease, part.first), (LeaseId(8), -3));
                read.extend_from_slice(part.bytes);
                marks.push(part.is_open);
            }
            assert_eq!((read, marks), (text.clone(), vec![true, true, is_open]));
        }
        let mut packer = Packer::new(WorkerId(7), PIPE_FRAME);
        packer.text(LeaseId(8), -3, b"", true);
        assert!(packer.is_empty());
        packer.text(LeaseId(8), -3, b"", false);
        let end = Frame::whole(packer.frames().next().unwrap(), PIPE_FRAME).unwrap();
        assert!(matches!(end.body, Body::Text(Text { bytes: b"", is_open: false, .. })));
    }

    #[test]
    fn text_that_cannot_be_is_refused() {
        let body = |mark: u64, text: &[u8]| [&[0; 16], &mark.to_le_bytes()[..], text].concat();
        for body in [body(1, b""), body(2, b"x"), body(1 << 32, b"x"), vec![0; 23]] {
            assert_eq!(Text::open(&body), Err(Malformed::Entry));
        }
        assert!(Text::open(&body(1, b"x")).is_ok_and(|text| text.is_open));
    }
}
