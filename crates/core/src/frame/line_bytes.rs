//! Lines frame: a part of the file whose lines are the items, sent to an agent before the numbers that need it.

use super::Malformed;

/// The bytes of a lines frame before those of the file.
pub(super) const LINE_HEAD: usize = 8;

/// A part of a file of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineBytes<'a> {
    /// Where it stands in the file.
    pub offset: u64,
    /// At least one byte.
    pub bytes: &'a [u8],
}

impl<'a> LineBytes<'a> {
    /// Reads the body of a frame.
    pub(super) fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        match body.split_first_chunk::<LINE_HEAD>() {
            Some((offset, bytes)) if !bytes.is_empty() => {
                Ok(Self { offset: u64::from_le_bytes(*offset), bytes })
            }
            _ => Err(Malformed::Entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Body, Frame, PIPE_FRAME, Packer};
    use crate::lease::WorkerId;
    use alloc::vec::Vec;

    #[test]
    fn a_part_of_a_file_keeps_its_place_in_as_many_frames_as_it_takes() {
        let file: Vec<u8> = (0..=255).cycle().take(9000).collect();
        let mut packer = Packer::new(WorkerId(0), PIPE_FRAME);
        packer.lines(1 << 40, &file);
        let mut read = Vec::new();
        for bytes in packer.frames() {
            let frame = Frame::whole(bytes, PIPE_FRAME).unwrap();
            let Body::Lines(part) = frame.body else { panic!("{frame:?}") };
            assert_eq!(part.offset, (1 << 40) + read.len() as u64);
            read.extend_from_slice(part.bytes);
        }
        assert_eq!(read, file);
        assert_eq!(LineBytes::open(&[0; 8]), Err(Malformed::Entry));
    }
}
