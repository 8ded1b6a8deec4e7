//! Channels step by step: the bytes, what is refused, and when what is sent.

mod paths;

use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const LIMIT: usize = 200;
const MILLISECOND: u64 = 1_000_000;

proptest! {
    #[test]
    fn any_bytes_do_no_harm(segment in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut channel = Channel::new(LIMIT);
        let before = std::format!("{channel:?}");
        if channel.arrived(&segment, 1).is_err() {
            prop_assert_eq!(before, std::format!("{:?}", channel));
        }
    }
}

fn transmitted(channel: &mut Channel, now_ns: u64) -> Vec<Vec<u8>> {
    let mut all = vec![];
    let mut segment = vec![];
    while channel.poll_transmit(now_ns, &mut segment) {
        all.push(std::mem::take(&mut segment));
    }
    all
}

#[test]
fn the_format_is_pinned_byte_by_byte() {
    let (mut here, mut there) = (Channel::new(LIMIT), Channel::new(LIMIT));
    for frame in [&b"zero"[..], b"one", b"two"] {
        assert!(there.send(frame));
    }
    let segments = transmitted(&mut there, 1);
    here.arrived(&segments[0], 1).unwrap();
    here.arrived(&segments[2], 1).unwrap();
    assert!(here.send(b"hi"));
    here.end();
    let sent = transmitted(&mut here, 1);
    assert_eq!(sent[0], *b"\0\0\0\0\x01\0\0\0\x01\0\0\0\x01hi");
    assert_eq!(sent[1], *b"\x01\0\0\0\x01\0\0\0\x01\0\0\0\x02");
    there.arrived(&sent[0], 1).unwrap();
    there.arrived(&sent[1], 1).unwrap();
    assert_eq!(there.next_frame(), Some(&b"hi"[..]));
    assert_eq!(there.next_frame(), None);
    assert!(there.is_at_end());
    // Nothing but what has come; the next to be sent would be 3.
    assert_eq!(transmitted(&mut there, 1), [*b"\x03\0\0\0\x02\0\0\0\0\0\0\0\0"]);
}

#[test]
fn what_is_not_valid_is_refused() {
    let mut channel = Channel::new(4);
    assert!(channel.send(b"a") && channel.send(b"b"));
    assert_eq!(transmitted(&mut channel, 1).len(), 2);
    let segment = |number: u32, awaited: u32, later: u32, rest: &[u8]| {
        [&number.to_le_bytes(), &awaited.to_le_bytes(), &later.to_le_bytes(), rest].concat()
    };
    let refused = [
        vec![],
        segment(0, 0, 0, &[]),
        segment(0, 0, 0, &[3]),
        segment(0, 0, 0, &[3, 1]),
        segment(0, 0, 0, &[0, 1]),
        segment(0, 0, 0, &[2, 1]),
        segment(0, 0, 0, &[1]),
        segment(0, 0, 0, b"\x01abcde"),
        segment(0, 3, 0, &[0]),
        segment(0, 1, 1, &[0]),
        segment(0, 0, 2, &[0]),
        segment(0, 0, 1 << 31, &[0]),
        segment(0, u32::MAX, 0, &[0]),
        segment(32, 0, 0, b"\x01a"),
        segment(32, 0, 0, &[2]),
        segment(u32::MAX, 0, 0, b"\x01a"),
    ];
    for bytes in refused {
        let mut copy = channel.clone();
        assert_eq!(copy.arrived(&bytes, 2), Err(Malformed::Segment), "{bytes:?}");
    }
    channel.arrived(&segment(5, 0, 1, b"\x01abcd"), 2).unwrap();
    // The end in front of a frame that has come; then frames behind it, and another end.
    assert!(channel.clone().arrived(&segment(5, 0, 0, &[2]), 2).is_err());
    assert!(channel.clone().arrived(&segment(4, 0, 0, &[2]), 2).is_err());
    channel.arrived(&segment(6, 0, 0, &[2]), 2).unwrap();
    channel.arrived(&segment(6, 2, 0, &[2]), 2).unwrap();
    assert!(channel.clone().arrived(&segment(6, 0, 0, b"\x01a"), 2).is_err());
    assert!(channel.clone().arrived(&segment(7, 0, 0, b"\x01a"), 2).is_err());
    assert!(channel.clone().arrived(&segment(7, 0, 0, &[2]), 2).is_err());
    assert!(channel.is_settled() && !channel.is_at_end());
}

#[test]
fn no_more_than_a_window_is_kept_or_sent() {
    let (mut here, mut there) = (Channel::new(LIMIT), Channel::new(LIMIT));
    assert_eq!(here.room(), WINDOW);
    while here.send(&[7; LIMIT]) {}
    assert_eq!(here.room(), 0);
    let segments = transmitted(&mut here, 1);
    assert_eq!(segments.len(), WINDOW);
    for segment in &segments {
        there.arrived(segment, 2).unwrap();
    }
    // All have come and are acknowledged, and none is taken out: another window finds no room.
    for segment in transmitted(&mut there, 2) {
        here.arrived(&segment, 3).unwrap();
    }
    assert!(here.is_settled());
    while here.send(b"more") {}
    for segment in transmitted(&mut here, 3) {
        there.arrived(&segment, 4).unwrap();
    }
    for segment in transmitted(&mut there, 4) {
        here.arrived(&segment, 5).unwrap();
    }
    assert_eq!(here.room(), 0);
    for _ in 0..WINDOW {
        assert_eq!(there.next_frame(), Some(&[7; LIMIT][..]));
    }
    assert_eq!(there.next_frame(), None);
    // Now there is room, and it comes again when the time is up.
    let due_ns = here.next_due_ns().unwrap();
    for segment in transmitted(&mut here, due_ns) {
        there.arrived(&segment, due_ns).unwrap();
    }
    assert_eq!(there.next_frame(), Some(&b"more"[..]));
}

#[test]
fn acknowledgements_wait_for_a_second_segment_or_two_milliseconds() {
    let (mut here, mut there) = (Channel::new(LIMIT), Channel::new(LIMIT));
    for _ in 0..3 {
        here.send(b"frame");
    }
    let segments = transmitted(&mut here, 0);
    there.arrived(&segments[0], 10).unwrap();
    assert_eq!(transmitted(&mut there, 10).len(), 0);
    assert_eq!(there.next_due_ns(), Some(10 + 2 * MILLISECOND));
    there.arrived(&segments[1], 20).unwrap();
    assert_eq!(transmitted(&mut there, 20).len(), 1);
    there.arrived(&segments[2], 30).unwrap();
    assert_eq!(transmitted(&mut there, 30 + 2 * MILLISECOND).len(), 1);
    assert_eq!(there.next_due_ns(), None);
    // What came twice is said at once: the acknowledgement may have been lost.
    there.arrived(&segments[2], 40).unwrap();
    assert_eq!(transmitted(&mut there, 40).len(), 1);
    // And it travels with a frame, if there is one.
    here.send(b"fourth");
    there.arrived(&transmitted(&mut here, 50)[0], 60).unwrap();
    there.send(b"answer");
    assert_eq!(transmitted(&mut there, 60).len(), 1);
    assert_eq!(there.incoming.due_ns(), None);
}

#[test]
fn a_segment_that_three_later_ones_overtook_is_sent_again_at_once() {
    let (mut here, mut there) = (Channel::new(LIMIT), Channel::new(LIMIT));
    for _ in 0..5 {
        here.send(b"frame");
    }
    let segments = transmitted(&mut here, 0);
    for (overtaken, segment) in [(false, &segments[2]), (true, &segments[3])] {
        there.arrived(segment, 5).unwrap();
        for answer in transmitted(&mut there, 5) {
            here.arrived(&answer, 6).unwrap();
        }
        let again = transmitted(&mut here, 6);
        assert_eq!(again.len(), usize::from(overtaken));
        assert!(again.iter().all(|segment| segment[..4] == [0; 4]));
    }
}

#[test]
fn a_side_without_acknowledgements_sends_less_and_less() {
    let mut channel = Channel::new(LIMIT);
    while channel.send(b"frame") {}
    let (mut now_ns, mut sent, mut pauses_ms) = (0, vec![], vec![]);
    for _ in 0..8 {
        sent.push(transmitted(&mut channel, now_ns).len());
        let due_ns = channel.next_due_ns().unwrap();
        pauses_ms.push((due_ns - now_ns) / MILLISECOND);
        now_ns = due_ns;
    }
    assert_eq!(sent, [32, 16, 8, 8, 8, 8, 8, 8]);
    assert_eq!(pauses_ms, [200, 400, 800, 1600, 2000, 2000, 2000, 2000]);
}

/// Else a path that loses half takes all of the few that are sent until the other side counts as gone.
#[test]
fn a_lone_segment_without_acknowledgement_is_sent_more_and_more_often_up_to_eight_times_at_once() {
    let (mut here, mut there) = (Channel::new(LIMIT), Channel::new(LIMIT));
    assert!(here.send(b"frame"));
    let (mut now_ns, mut sent) = (0, vec![]);
    for _ in 0..11 {
        let segments = transmitted(&mut here, now_ns);
        assert!(segments.iter().all(|segment| segment[..4] == [0; 4]));
        sent.push(segments.len());
        now_ns = here.next_due_ns().unwrap();
    }
    assert_eq!(sent, [1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8]);
    // Two of them take turns.
    assert!(here.send(b"second"));
    assert_eq!(transmitted(&mut here, now_ns - 1).len(), 1);
    let segments = transmitted(&mut here, now_ns);
    let numbers: Vec<u8> = segments.iter().map(|segment| segment[0]).collect();
    assert_eq!(numbers, [0, 1, 0, 1, 0, 1, 0, 1]);
    // What comes ends it: one acknowledgement is enough for all copies.
    for segment in &segments {
        there.arrived(segment, now_ns).unwrap();
    }
    here.arrived(&transmitted(&mut there, now_ns)[0], now_ns + 1).unwrap();
    assert!(here.is_settled());
    assert!(here.send(b"third"));
    assert_eq!(transmitted(&mut here, now_ns + 1).len(), 1);
}
