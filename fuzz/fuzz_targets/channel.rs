//! Channels: any segments do no harm; and what two of them say arrives once and in order, whatever
//! is lost, repeated or overtaken on the way.
#![no_main]

use evenly_core::channel::Channel;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 64;

fuzz_target!(|input: (Vec<u8>, Vec<Vec<u8>>)| {
    let (steps, garbage) = input;
    let mut alone = Channel::new(LIMIT);
    for (now_ns, segment) in garbage.iter().enumerate() {
        let _ = alone.arrived(segment, now_ns as u64);
        while alone.next_frame().is_some() {}
    }
    let (mut one, mut other) = (Channel::new(LIMIT), Channel::new(LIMIT));
    let (mut there, mut back): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    let (mut sent, mut heard, mut now_ns) = (0_u32, 0_u32, 0_u64);
    let mut hear = |other: &mut Channel| {
        while let Some(frame) = other.next_frame() {
            assert_eq!(frame, heard.to_le_bytes());
            heard += 1;
        }
    };
    for step in steps {
        now_ns += u64::from(step) * 1_000_000;
        let pick = |air: &Vec<Vec<u8>>| (!air.is_empty()).then(|| usize::from(step) % air.len());
        match step % 6 {
            0 => sent += u32::from(one.send(&sent.to_le_bytes())),
            1 => {
                let mut segment = Vec::new();
                if one.poll_transmit(now_ns, &mut segment) {
                    there.push(segment);
                }
            }
            2 => {
                let mut segment = Vec::new();
                if other.poll_transmit(now_ns, &mut segment) {
                    back.push(segment);
                }
            }
            3 => {
                // Delivered and kept: it may come again.
                if let Some(at) = pick(&there) {
                    other.arrived(&there[at], now_ns).unwrap();
                    hear(&mut other);
                }
            }
            4 => {
                if let Some(at) = pick(&back) {
                    one.arrived(&back[at], now_ns).unwrap();
                }
            }
            _ => {
                if let Some(at) = pick(&there) {
                    there.swap_remove(at);
                }
            }
        }
    }
    drop(hear);
    assert!(heard <= sent);
});
