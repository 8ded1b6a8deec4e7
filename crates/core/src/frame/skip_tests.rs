//! Frames behind bytes that are no frame, on a pipe to which each process writes whole frames.

use super::{Body, PIPE_FRAME, Packer, Unpacker};
use crate::lease::{LeaseId, WorkerId};
use proptest::prelude::*;
use std::vec::Vec;

fn frame(lease: u64) -> Vec<u8> {
    let mut packer = Packer::new(WorkerId(7), PIPE_FRAME);
    packer.answer(LeaseId(lease), 1);
    packer.seal(1);
    packer.bytes().to_vec()
}

/// Any bytes, or a frame that is cut off or has a wrong bit.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let spoilt = (any::<u64>(), any::<prop::sample::Index>(), any::<bool>());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        spoilt.prop_map(|(lease, at, is_cut)| {
            let mut bytes = frame(lease);
            let at = at.index(bytes.len());
            if is_cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1;
            }
            bytes
        }),
    ]
}

proptest! {
    #[test]
    fn a_frame_behind_garbage_is_found(garbage in garbage(), lease: u64) {
        let bytes = [garbage, frame(lease)].concat();
        let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..bytes.len()].copy_from_slice(&bytes);
        unpacker.filled(bytes.len());
        loop {
            if let Ok(Some(frame)) = unpacker.next_frame() {
                let Body::Answers(answers) = frame.body else { panic!("{frame:?}") };
                prop_assert!(answers.iter().eq([(LeaseId(lease), 1)]));
                break;
            }
            // All bytes are there, so those in front are no frame.
            prop_assert!(unpacker.skip() > 0, "the frame is passed over");
        }
        prop_assert!(!unpacker.is_inside_frame());
    }
}
