//! Frames and partials: any bytes, cut anywhere, are whole valid frames, a wait for more, or malformed.
#![no_main]

use evenly_core::Partial;
use evenly_core::frame::{Body, PIPE_FRAME, Unpacker};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let mut unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
    for piece in bytes.chunks(1 + usize::from(cut)) {
        let room = unpacker.room();
        let length = piece.len().min(room.len());
        room[..length].copy_from_slice(&piece[..length]);
        unpacker.filled(length);
        loop {
            let has_frame = unpacker.has_frame();
            match unpacker.next_frame() {
                Ok(Some(frame)) => {
                    assert!(has_frame);
                    if let Body::Part(part) = frame.body
                        && let Ok(partial) = Partial::decode(part.bytes)
                    {
                        let mut again = Vec::new();
                        partial.encode(&mut again);
                        assert_eq!(again, part.bytes);
                    }
                }
                Ok(None) => break,
                Err(_) => assert!(unpacker.skip() > 0),
            }
        }
    }
    if let Ok(partial) = Partial::decode(bytes) {
        let mut again = Vec::new();
        partial.encode(&mut again);
        assert_eq!(again, bytes);
    }
});
